"""Faults as people write them, in scenarios and on the control plane: read, and added to a world."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from emulator.kernel.faults import NEXT, PACE, Fault
from emulator.kernel.time import parse_duration_at, parse_instant
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.scenario.document import JsonObject
from emulator.sdk.exact_json import dump

DURATIONS = ("for", "retry_after", "delay", "pace")
"""The keys of a fault that say how long something lasts."""


def read_fault(fields: JsonObject, id: str, now: datetime, place: str = "", skew: timedelta = timedelta(0)) -> Fault:
    """Return the fault that has these fields, which fit the schema, added at this instant of the vendors, who are so far ahead.

    Raises:
        BadInput: it means nothing, and why.
    """
    begins, ends = (parse_instant(it) + skew for it in fields["between"]) if "between" in fields else (None, None)
    lasts, delay = _duration(fields, "for"), fields.get("delay")
    plain = {key: fields[key] for key in ("at", "where", "do", "times", "after", "every", "body", "clock") if key in fields}
    plain |= {"body": body_of(fields)} if "json" in fields else {}
    pace = _duration(fields, "pace")
    return Fault(
        id,
        now,
        of=fields.get("id"),
        probability=float(fields.get("probability", 1)),
        begins=begins,
        ends=ends if lasts is None else now + lasts,
        code=fields.get("status"),
        retry_after=_duration(fields, "retry_after"),
        delay=delay if delay == NEXT else _duration(fields, "delay"),
        place=place,
        written=fields,
        pace=PACE if pace is None else pace,
        **plain,
    )


def body_of(fields: JsonObject) -> Any:
    """Return the body of a fault or a reply: `body` as it is written, or the bytes of `json`."""
    return dump(fields["json"]) if "json" in fields else fields.get("body")


def add_fault(world: World, fields: JsonObject, place: str = "") -> Fault:
    """Add a fault that fits the schema to a world, under an id of its own.

    Raises:
        BadInput: it means nothing, and why.
    """
    with world.transaction("lay a fault") as tx:
        return add_fault_to(tx, world, fields, place)


def add_fault_to(tx: Transaction, world: World, fields: JsonObject, place: str = "") -> Fault:
    """Add a fault to a world in a transaction that is open.

    Raises:
        BadInput: it means nothing, and why.
    """
    tx.mint("fault")
    fault = read_fault(fields, f"fault-{world.counters['fault']}", tx.now, place, world.clock.skew)
    tx.put(fault)
    return fault


def _duration(fields: JsonObject, key: str) -> timedelta | None:
    return parse_duration_at(fields[key], key) if key in fields else None
