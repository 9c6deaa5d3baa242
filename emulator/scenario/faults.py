"""Faults as people write them, in scenarios and on the control plane: their schema, and how they are read and laid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from emulator.kernel.faults import CLOCKS, DO, EVERYTHING, NEXT, PACE, WHERE, Fault
from emulator.kernel.time import parse_duration_at, parse_instant
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.scenario.schema_types import DELAY, DURATION, INSTANT
from emulator.sdk.exact_json import dump
from emulator.sdk.vendor import Vendor

BODY = {"description": "a text as it is, which is the body whole; anything else as JSON"}
COUNT = {"type": "integer", "minimum": 1, "maximum": 1_000_000_000}
DURATIONS = ("for", "retry_after", "delay", "pace")
"""The keys of a fault that say how long something lasts."""


def fault_schema(vendors: Iterable[Vendor]) -> dict[str, Any]:
    """The JSON Schema of one fault."""
    everyone = list(vendors)
    names = [operation.name for vendor in everyone for operation in vendor.operations]
    return {
        "type": "object",
        "properties": {
            "at": {"enum": [EVERYTHING, *(vendor.name for vendor in everyone), *names]},
            "id": {"type": "string", "description": "only requests whose path names this resource"},
            "where": {"enum": list(WHERE)},
            "do": {"enum": list(DO)},
            "times": COUNT,
            "after": {"type": "integer", "minimum": 0, "maximum": 1_000_000_000},
            "every": COUNT,
            "probability": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "between": {"type": "array", "items": INSTANT, "minItems": 2, "maxItems": 2},
            "for": DURATION,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "body": BODY,
            "json": {},
            "retry_after": DURATION,
            "delay": DELAY,
            "clock": {"enum": list(CLOCKS)},
            "pace": DURATION,
        },
        "additionalProperties": False,
        "required": ["at", "where", "do"],
        "examples": [{"at": "serpwow.batches.stop", "where": "after-commit", "do": "drop", "times": 1}],
    }


def read_fault(written: Mapping[str, Any], id: str, now: datetime, place: str = "") -> Fault:
    """The fault that fits the schema and was written so, laid at this instant.

    Raises:
        BadInput: it means nothing, and why.
    """
    begins, ends = map(parse_instant, written.get("between", ())) if "between" in written else (None, None)
    lasts, delay = _duration(written, "for"), written.get("delay")
    plain = {key: written[key] for key in ("at", "where", "do", "times", "after", "every", "body", "clock") if key in written}
    plain |= {"body": body_of(written)} if "json" in written else {}
    pace = _duration(written, "pace")
    return Fault(
        id,
        now,
        of=written.get("id"),
        probability=float(written.get("probability", 1)),
        begins=begins,
        ends=ends if lasts is None else now + lasts,
        code=written.get("status"),
        retry_after=_duration(written, "retry_after"),
        delay=delay if delay == NEXT else _duration(written, "delay"),
        place=place,
        written=written,
        pace=PACE if pace is None else pace,
        **plain,
    )


def body_of(written: Mapping[str, Any]) -> Any:
    """Return the body of a fault or a reply: `body` as it is written, or the bytes of `json`."""
    return dump(written["json"]) if "json" in written else written.get("body")


def lay(world: World, written: Mapping[str, Any], place: str = "") -> Fault:
    """Lays a fault that fits the schema over a world, under an id of its own.

    Raises:
        BadInput: it means nothing, and why.
    """
    with world.transaction("lay a fault") as tx:
        return lay_in(tx, world, written, place)


def lay_in(tx: Transaction, world: World, written: Mapping[str, Any], place: str = "") -> Fault:
    """Lays a fault over a world as a part of a transaction that is open.

    Raises:
        BadInput: it means nothing, and why.
    """
    tx.mint("fault")
    fault = read_fault(written, f"fault-{world.counters['fault']}", tx.now, place)
    tx.put(fault)
    return fault


def _duration(written: Mapping[str, Any], key: str) -> timedelta | None:
    return parse_duration_at(written[key], key) if key in written else None
