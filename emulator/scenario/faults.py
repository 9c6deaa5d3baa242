"""Faults as people write them, in scenarios and on the control plane: their schema, and how they are read and laid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from emulator.kernel.faults import NEXT, PACE, Fault
from emulator.kernel.time import parse_duration_at, parse_instant
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.sdk.exact_json import dump

DURATIONS = ("for", "retry_after", "delay", "pace")
"""The keys of a fault that say how long something lasts."""


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


def add_fault(world: World, written: Mapping[str, Any], place: str = "") -> Fault:
    """Lays a fault that fits the schema over a world, under an id of its own.

    Raises:
        BadInput: it means nothing, and why.
    """
    with world.transaction("lay a fault") as tx:
        return add_fault_to(tx, world, written, place)


def add_fault_to(tx: Transaction, world: World, written: Mapping[str, Any], place: str = "") -> Fault:
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
