"""Faults as people write them, in scenarios and on the control plane: read, and added to a world."""

from __future__ import annotations

from datetime import datetime, timedelta

from emulator.kernel.delivery_faults import EVENT, DeliveryFault
from emulator.kernel.faults import NEXT, PACE, Fault
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.scenario.calls import NO_SKEW, body_of, duration_of, headers_of, rule_fields
from emulator.scenario.document import JsonObject

DURATIONS = ("for", "retry_after", "delay", "pace")
"""The keys of a fault that say how long something lasts."""

TOO_MANY_REQUESTS = 429


AnyFault = Fault | DeliveryFault


def read_fault(fields: JsonObject, id: str, now: datetime, place: str = "", skew: timedelta = NO_SKEW) -> AnyFault:
    """Return the fault that has these fields, which fit the schema, added at this instant of the vendors, who are so far ahead.

    One of calls has a `where`, one of deliveries has none.

    Raises:
        BadInput: it means nothing, and why.
    """
    return _fault_of_calls(fields, id, now, place, skew) if "where" in fields else _of_deliveries(fields, id, now, place, skew)


def _of_deliveries(fields: JsonObject, id: str, now: datetime, place: str, skew: timedelta) -> DeliveryFault:
    rule, delay = rule_fields(fields, now, place, skew), fields.get("delay")
    if "event" in fields:
        rule["match"] = {EVENT: fields["event"], **(rule["match"] or {})}
    return DeliveryFault(id=id, **rule, do=fields["do"], delay=delay if delay == NEXT else duration_of(fields, "delay"))


def _fault_of_calls(fields: JsonObject, id: str, now: datetime, place: str, skew: timedelta) -> Fault:
    delay, pace = fields.get("delay"), duration_of(fields, "pace")
    return Fault(
        id=id,
        **rule_fields(fields, now, place, skew),
        **{key: fields[key] for key in ("where", "do", "clock") if key in fields},
        code=fields.get("status", TOO_MANY_REQUESTS if "rate_limit" in fields else None),
        headers=headers_of(fields),
        body=body_of(fields),
        retry_after=duration_of(fields, "retry_after"),
        delay=delay if delay == NEXT else duration_of(fields, "delay"),
        pace=PACE if pace is None else pace,
    )


def add_fault(world: World, fields: JsonObject, place: str = "") -> AnyFault:
    """Add a fault that fits the schema to a world, under an id of its own.

    Raises:
        BadInput: it means nothing, and why.
    """
    with world.transaction("lay a fault") as tx:
        return add_fault_to(tx, world, fields, place)


def add_fault_to(tx: Transaction, world: World, fields: JsonObject, place: str = "") -> AnyFault:
    """Add a fault to a world in a transaction that is open.

    Raises:
        BadInput: it means nothing, and why.
    """
    tx.mint("fault")
    fault = read_fault(fields, f"fault-{world.counters['fault']}", tx.now, place, world.clock.skew)
    tx.put(fault)
    return fault
