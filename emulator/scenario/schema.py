"""The JSON Schema of scenario files, into which each vendor puts the schema of its own state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from emulator.kernel.calls import EACH, EVERYTHING
from emulator.kernel.delivery_faults import EFFECTS
from emulator.kernel.faults import CLOCKS, DO, NEXT, WHERE
from emulator.kernel.limits import CARRIERS, SIGNS
from emulator.scenario.document import JsonDict, JsonObject
from emulator.scenario.state_schema import closed, credentials_schema, state_schema, with_kept_ids
from emulator.sdk.delivery import STATUSES
from emulator.sdk.durations import TIMER, duration, offset
from emulator.sdk.vendor import Vendor
from emulator.text.pattern import pattern

INSTANT: JsonDict = {"type": "string", "format": "date-time"}
DURATION, DELAY, SKEW = duration(), duration(NEXT), offset()
"""Schemas of a duration, of the delay of an answer, and of how far the vendors' clocks are ahead."""

LADDER: JsonDict = {"type": "array", "items": DURATION, "maxItems": 100}
"""The schema of the times before further attempts."""

STATE: JsonObject = {"$ref": "#/$defs/state"}
STEP_STATE: JsonObject = {"$ref": "#/$defs/step-state"}
STEPS: JsonObject = {"type": "array", "items": {"$ref": "#/$defs/step"}}

BODY = {"description": "a text as it is, which is the body whole; anything else as JSON"}
COUNT = {"type": "integer", "minimum": 1, "maximum": 1_000_000_000}
ANY_COUNT = {**COUNT, "minimum": 0}

PLACEHOLDER = pattern(r"\{([^{}]*)\}")
"""A name in braces: in a step, of what a step before it kept; in a path, of a parameter."""
TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
FIELDS = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}, "minProperties": 1}
"""The schema of some fields of a request: those of a query, or headers."""
MATCH = {
    "type": "object",
    "properties": {"query": FIELDS, "headers": FIELDS, "body": {}},
    "additionalProperties": False,
    "minProperties": 1,
}
"""The schema of what a call must hold."""
STATUS = {"type": "integer", "minimum": 200, "maximum": 599}
STATUS_OR_CLASS = {"anyOf": [STATUS, {"enum": [f"{first}xx" for first in range(2, 6)]}]}
STATUSES_OF_ANSWERS = {"anyOf": [*STATUS_OR_CLASS["anyOf"], {"type": "array", "items": STATUS_OR_CLASS, "minItems": 1}]}
"""The schema of the statuses that an answer may have: one, a class such as 4xx, or a list of these."""
RESPONSE = {"status": STATUS, "headers": TEXTS, "body": BODY, "json": {}, "text": {"type": "string"}}
"""The schemas of the words that say what a response holds."""
RATE = {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1_000_000}, {"enum": ["frozen", "real"]}]}

JUMP = {"by": DURATION, "to": INSTANT, "until": {"enum": ["next", "idle"]}}
"""The ways in which time can be advanced."""

FORMAT = 1
"""The version of the grammar; a file may name it."""
FORMAT_MEANS = "1, the only format that this version reads"

VERBS = ("send", "advance", "set", "revoke", "fault", "reply", "see", "expect_delivery")
"""The actions of a step, which has exactly one of them, or a group of steps."""

GROUPS = ("steps", "together")
"""Keys of a step that hold steps: those that come one after the other, perhaps repeatedly, and those that run at once."""

MAX_STEPS = 10_000
"""Steps that a scenario with repetitions comes to, at most."""


def scenario_schema(vendors: Mapping[str, Vendor], titled: bool = True) -> JsonObject:
    """The JSON Schema (2020-12) of scenario files; a scenario that is sent to a server need not be `titled`."""
    everyone = vendors.values()
    choices = {it.id: {"enum": [*it.choices, *_numbers(it.choices)]} for vendor in everyone for it in vendor.assumptions}
    timers = {name: TIMER for vendor in everyone for name in vendor.settable_timers}
    ladders = {outbox.ladder: LADDER for vendor in everyone for outbox in vendor.outboxes}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "batch-emulator scenario",
        **closed(
            {
                "title": {"type": "string", "minLength": 1, "description": "a full sentence in the present tense"},
                "$schema": {"type": "string"},
                "format": {"const": FORMAT, "description": FORMAT_MEANS},
                "include": {"type": "array", "items": {"type": "string"}},
                "parameters": {"type": "object"},
                "proves": {"type": "array", "items": {"type": "string"}, "description": "evidence that the scenario is about"},
                "clock": closed({"start": INSTANT, "rate": RATE, "skew": SKEW}),
                "seed": {"type": "integer", "minimum": 0},
                "provenance": {"type": "boolean", "description": "false: replies do not say where they come from"},
                "credentials": closed({vendor.name: credentials_schema(vendor) for vendor in everyone}),
                "assume": closed(choices),
                "timing": closed(timers | ladders),
                "deliveries": closed({"carrier": {"enum": list(CARRIERS)}, "sign": {"enum": list(SIGNS)}}),
                "given": STATE,
                "faults": {"type": "array", "items": fault_schema(everyone)},
                "replies": {"type": "array", "items": reply_schema(everyone)},
                "timeline": {"type": "array", "items": event_schema(everyone, STATE)},
                "steps": STEPS,
            },
            *(("title",) if titled else ()),
        ),
        "$defs": {
            "state": state_schema(everyone),
            "step-state": with_kept_ids(state_schema(everyone)),
            "step": step_schema(everyone),
            **rule_schemas(everyone),
        },
    }


def rule_schemas(vendors: Iterable[Vendor]) -> JsonDict:
    """The JSON Schemas of a fault and of a reply, by the names under which others refer to them."""
    everyone = list(vendors)
    return {"new-fault": fault_schema(everyone), "new-reply": reply_schema(everyone)}


def fault_schema(vendors: Iterable[Vendor]) -> JsonObject:
    """The JSON Schema of one fault."""
    everyone = list(vendors)
    outboxes = [outbox for vendor in everyone for outbox in vendor.outboxes]
    return closed(
        {
            **_rule_words(everyone, [it.name for it in outboxes]),
            "event": {"enum": [event for it in outboxes for event in it.events]},
            "where": {"enum": list(WHERE)},
            "do": {"enum": list(dict.fromkeys((*DO, *EFFECTS)))},
            **RESPONSE,
            "retry_after": DURATION,
            "delay": DELAY,
            "clock": {"enum": list(CLOCKS)},
            "pace": DURATION,
        },
        "at",
        "do",
        examples=[{"at": "serpwow.batches.stop", "where": "after-commit", "do": "drop", "times": 1}],
    )


def event_schema(vendors: Iterable[Vendor], state: JsonObject) -> JsonObject:
    """The JSON Schema of one event of the timeline, in which `state` is that of a state by vendor."""
    everyone = list(vendors)
    call = {"enum": _targets(everyone)}
    return closed(
        {
            "after": DURATION,
            "after_call": {"anyOf": [call, {"type": "array", "items": call, "minItems": 1}]},
            "id": {"type": "string", "description": "only calls whose path names this resource"},
            "match": MATCH,
            "status": STATUSES_OF_ANSWERS,
            "every": COUNT,
            "times": COUNT,
            "wait": DURATION,
            "set": state,
            "revoke": _revoked_schema(everyone),
        },
        examples=[{"after": "30s", "set": {"serpwow": {"batches": [{"id": "B1", "deleted": True}]}}}],
    )


def _revoked_schema(vendors: Iterable[Vendor]) -> JsonObject:
    return closed({vendor.name: {**credentials_schema(vendor), "minItems": 1} for vendor in vendors})


def _targets(vendors: Sequence[Vendor]) -> list[str]:
    """Return what a fault, a reply or an event may be for: everything, a vendor or an operation."""
    names = [operation.name for vendor in vendors for operation in vendor.operations]
    return [EVERYTHING, *(vendor.name for vendor in vendors), *names]


def reply_schema(vendors: Iterable[Vendor]) -> JsonObject:
    """The JSON Schema of one reply."""
    example = {"at": "serpwow.batches.stop", "after": 2, "times": 1, "status": 503, "body": {"message": "busy"}}
    return closed({**_rule_words(vendors), **RESPONSE}, "at", "status", examples=[example])


def _rule_words(vendors: Iterable[Vendor], outboxes: Sequence[str] = ()) -> JsonDict:
    """Return the schemas of the words that say which calls, or deliveries, a fault or a reply is for."""
    names = {"enum": [*_targets([*vendors]), *outboxes]}
    return {
        "at": {"anyOf": [names, {"type": "array", "items": names, "minItems": 1, "uniqueItems": True}]},
        "id": {"type": "string", "description": "only requests whose path names this resource"},
        "match": MATCH,
        "times": COUNT,
        "after": ANY_COUNT,
        "every": COUNT,
        "probability": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "between": {"type": "array", "items": INSTANT, "minItems": 2, "maxItems": 2},
        "for": DURATION,
        "rate_limit": closed({"calls": COUNT, "per": DURATION, "of": {"enum": list(EACH)}}, "calls", "per"),
    }


def step_schema(vendors: Iterable[Vendor]) -> JsonObject:
    """The JSON Schema of one step."""
    everyone = list(vendors)
    events = [event for vendor in everyone for outbox in vendor.outboxes for event in outbox.events]
    delivery = closed(
        {
            "event": {"enum": events},
            "status": {"enum": list(STATUSES)},
            "times": ANY_COUNT,
            "to": {"type": "string"},
            "id": {"type": "string"},
        },
        "event",
    )
    expected = closed(
        {
            "status": STATUSES_OF_ANSWERS,
            "json": {},
            "text": {"type": "string"},
            "headers": {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
            "exactly": {"type": "boolean"},
            "fails": {"const": True, "description": "true, which says that no whole reply comes back"},
        }
    )
    return closed(
        {
            "send": {
                "type": "string",
                "pattern": r"^[A-Z]+ [/{]\S*$",
                "description": "METHOD /path?query, or METHOD {a link that was kept}",
            },
            "headers": TEXTS,
            "json": {},
            "body": {"type": "string"},
            "expect": expected,
            "get": expected,
            "capture": TEXTS,
            "keep": TEXTS,
            "advance": {"anyOf": [DURATION, closed(JUMP)]},
            "set": STEP_STATE,
            "revoke": _revoked_schema(everyone),
            "fault": {"$ref": "#/$defs/new-fault"},
            "reply": {"$ref": "#/$defs/new-reply"},
            "expect_state": STEP_STATE,
            "see": STEP_STATE,
            "expect_delivery": delivery,
            "repeat": {"type": "integer", "minimum": 1, "maximum": MAX_STEPS},
            "steps": {**STEPS, "minItems": 1},
            "together": {**STEPS, "minItems": 2},
        }
    )


def _numbers(choices: Iterable[str]) -> list[int]:
    """Return the choices that are numbers, such as 404, which may be written as such."""
    return [int(choice) for choice in choices if choice.isdecimal()]
