"""Faults of deliveries at work: which strike one, and what becomes of a new notification."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from emulator.kernel.calls import Call
from emulator.kernel.delivery_faults import (
    ATTEMPT,
    BEFORE_RESPONSE,
    DUPLICATE,
    EVENT,
    FIRST,
    HELD_FOR,
    NOTIFICATION,
    REORDER,
    SIGNED,
    DeliveryFault,
    Strike,
    strike_of,
)
from emulator.kernel.faults import DELAY, DROP
from emulator.kernel.machine import View
from emulator.kernel.matching import Fields
from emulator.kernel.resource import replace
from emulator.sdk.delivery import DROPPED, Delivery
from emulator.sdk.exact_json import load

if TYPE_CHECKING:
    from emulator.sdk.deliveries import Outbox

STALE = timedelta(minutes=10)
"""The age of a stale signature, beyond what the vendors' libraries tolerate."""

BEHIND = timedelta(seconds=1)
"""The time after the next delivery at which one comes that is to come after it."""

NO_STRIKE = Strike()

Outcomes = Iterator[Delivery]


def strike_at(view: View, outbox: Outbox, delivery: Delivery, point: str, *spared: str) -> Strike:
    """Return what strikes a delivery at a point; a delivery to no URL is not attempted."""
    if not view.size(DeliveryFault) or (point == ATTEMPT and delivery.url is None):
        return NO_STRIKE
    return strike_of(view, point, call_of(view, outbox, delivery), spared)


def call_of(view: View, outbox: Outbox, delivery: Delivery) -> Call:
    """Return a delivery as rules see it; its signature is over the time of the world."""
    ids = tuple(filter(None, (delivery.subject, delivery.destination, delivery.event_id)))
    return Call(delivery.vendor, outbox.name, ids, None, cache(partial(_read, view, outbox, delivery)))


def _read(view: View, outbox: Outbox, delivery: Delivery, part: str) -> Any:
    if part == EVENT:
        return delivery.event
    if part == FIRST:
        return not delivery.attempts
    if part == SIGNED:
        return bool(outbox.secrets(view, delivery))
    if part == "headers":
        headers = outbox.headers(view, delivery, int(view.now.timestamp()))
        return Fields({name.lower(): [value] for name, value in headers})
    with suppress(ValueError):
        return load(delivery.body.encode())
    return delivery.body


def owe(view: View, outbox: Outbox, delivery: Delivery) -> Iterator[Any]:
    """Yield a new delivery as faults leave it, one that was held until it came, and the faults as they have counted it."""
    held = view.group(outbox.of, *delivery.held_until)
    strike = strike_at(view, outbox, delivery, NOTIFICATION, *((REORDER,) if held else ()))
    yield from strike.counted
    if strike.fault is None:
        yield delivery
    else:
        struck = replace(delivery, faults=(strike.fault.hit(),))
        yield from _OUTCOMES[strike.fault.do](view, outbox, struck, strike.fault)
    if strike.fault is None or strike.fault.do != DROP:
        yield from (_behind(view, outbox, it, delivery) for it in held)


def _behind(view: View, outbox: Outbox, held: Delivery, other: Delivery) -> Delivery:
    """Return a delivery that was held until another one came, and comes after it."""
    delay = view.length(outbox.delay, other)
    at = None if delay is None else view.now + delay + BEHIND - held.since
    return replace(held, held=False, timing=((outbox.delay.name, at),))


def _later(view: View, outbox: Outbox, delivery: Delivery, by: timedelta) -> Delivery:
    delay = view.length(outbox.delay, delivery)
    return replace(delivery, timing=((outbox.delay.name, None if delay is None else delay + by),))


def _delay_of(fault: DeliveryFault, default: timedelta) -> timedelta:
    return fault.delay if isinstance(fault.delay, timedelta) else default


def _twice(view: View, outbox: Outbox, delivery: Delivery, fault: DeliveryFault) -> Outcomes:
    yield delivery
    yield _later(view, outbox, replace(delivery, id=f"{delivery.id}-2", duplicate=True), _delay_of(fault, timedelta()))


def _late(view: View, outbox: Outbox, delivery: Delivery, fault: DeliveryFault) -> Outcomes:
    yield _later(view, outbox, delivery, _delay_of(fault, timedelta()))


def _after_the_next(view: View, outbox: Outbox, delivery: Delivery, fault: DeliveryFault) -> Outcomes:
    yield replace(_later(view, outbox, delivery, _delay_of(fault, HELD_FOR)), held=True)


def _never(_: View, __: Outbox, delivery: Delivery, fault: DeliveryFault) -> Outcomes:
    yield replace(delivery, status=DROPPED, because=f"a fault drops it: {fault.place or fault.id}")


def _at_once(_: View, outbox: Outbox, delivery: Delivery, __: DeliveryFault) -> Outcomes:
    yield replace(delivery, timing=((outbox.delay.name, timedelta()),))


_OUTCOMES: Mapping[str, Callable[[View, Outbox, Delivery, DeliveryFault], Outcomes]] = {
    DUPLICATE: _twice,
    DELAY: _late,
    REORDER: _after_the_next,
    DROP: _never,
    BEFORE_RESPONSE: _at_once,
}
"""What becomes of a new delivery, by the effect of the fault that strikes it."""
