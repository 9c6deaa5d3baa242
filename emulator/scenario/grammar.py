"""The grammar of scenario files, as a JSON Schema into which each vendor puts how its own state is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emulator.scenario.faults import BODY, fault_schema
from emulator.scenario.schema_types import DURATION, INSTANT, WAIT
from emulator.sdk.vendor import Vendor

HEADERS = {"type": "object", "additionalProperties": {"type": "string"}}
STATUS = {"type": "integer", "minimum": 200, "maximum": 599}
RATE = {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1_000_000}, {"enum": ["frozen", "real"]}]}

VERBS = ("send", "advance", "set", "see")
"""What a step can do; a step has exactly one of them."""

CREDENTIALS: Mapping[str, Any] = {"type": "array", "items": {"type": "string"}, "maxItems": 1_000}
"""Those of one vendor by which clients pick a world."""


def state_schema(vendors: Iterable[Vendor]) -> dict[str, Any]:
    """The JSON Schema of a state by vendor: of `given`, of `set` and `see`, and of PATCH /state."""
    return _closed({vendor.name: vendor.state.schema for vendor in vendors})


def scenario_schema(vendors: Mapping[str, Vendor], titled: bool = True) -> dict[str, Any]:
    """The JSON Schema (2020-12) of scenario files; a scenario that is sent to a server need not be `titled`."""
    everyone = vendors.values()
    state = {"$ref": "#/$defs/state"}
    choices = {it.id: {"enum": [*it.choices, *_numbers(it.choices)]} for vendor in everyone for it in vendor.assumptions}
    waits = {name: WAIT for vendor in everyone for name in vendor.settable_timers}
    operations = {"enum": [operation.name for vendor in everyone for operation in vendor.operations]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "batch-emulator scenario",
        **_closed(
            {
                "title": {"type": "string", "minLength": 1, "description": "a full sentence in the present tense"},
                "proves": {"type": "array", "items": {"type": "string"}, "description": "evidence that no row can show"},
                "clock": _closed({"start": INSTANT, "rate": RATE}),
                "seed": {"type": "integer", "minimum": 0},
                "provenance": {"type": "boolean", "description": "false: replies do not say where they come from"},
                "credentials": _closed({vendor.name: CREDENTIALS for vendor in everyone}),
                "assume": _closed(choices),
                "timing": _closed(waits),
                "given": state,
                "faults": {"type": "array", "items": fault_schema(everyone)},
                "replies": {"type": "array", "items": _reply(operations)},
                "timeline": {"type": "array", "items": _closed({"after": DURATION, "set": state}, "after", "set")},
                "steps": {"type": "array", "items": _step(state)},
            },
            *(("title",) if titled else ()),
        ),
        "$defs": {"state": state_schema(everyone)},
    }


def _reply(operations: Mapping[str, Any]) -> dict[str, Any]:
    times = {"type": "integer", "minimum": 1}
    said = {"status": STATUS, "headers": HEADERS, "body": BODY, "json": {}}
    return _closed({"at": operations, "times": times, **said}, "at", "status")


def _step(state: Mapping[str, Any]) -> dict[str, Any]:
    expected = _closed(
        {
            "status": STATUS,
            "json": {},
            "text": {"type": "string"},
            "headers": HEADERS,
            "exactly": {"type": "boolean"},
            "fails": {"const": True, "description": "true: no whole reply comes back"},
        }
    )
    jump = _closed({"by": DURATION, "to": INSTANT, "until": {"enum": ["next", "idle"]}})
    return _closed(
        {
            "send": {
                "type": "string",
                "pattern": r"^[A-Z]+ [/{]\S*$",
                "description": "METHOD /path?query, or METHOD {a link that was kept}",
            },
            "headers": HEADERS,
            "json": {},
            "body": {"type": "string"},
            "get": expected,
            "keep": {"type": "object", "additionalProperties": {"type": "string"}},
            "advance": {"anyOf": [DURATION, jump]},
            "set": state,
            "see": state,
        }
    )


def _closed(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    closed: dict[str, Any] = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return closed | ({"required": list(required)} if required else {})


def _numbers(choices: Iterable[str]) -> list[int]:
    """Choices such as 404 may be written as the numbers they are."""
    return [int(choice) for choice in choices if choice.isdecimal()]
