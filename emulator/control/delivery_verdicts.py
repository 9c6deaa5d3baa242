"""Verdicts of faults on a delivery, in words: whether each struck it at a point, and why, or why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice

from emulator.control.journal_models import RuleVerdict
from emulator.control.verdicts import MOST_RULES, times
from emulator.kernel.calls import Call
from emulator.kernel.delivery_faults import EFFECTS, EVENT, LOSE_RESPONSE, SIGNED, DeliveryFault
from emulator.kernel.faults import Fault
from emulator.kernel.time import format_instant
from emulator.kernel.world import World
from emulator.sdk.deliveries import Outbox
from emulator.sdk.delivery import Delivery
from emulator.sdk.delivery_faults import call_of
from emulator.sdk.vendor import Vendors
from emulator.text.guids import fold
from emulator.text.redact import redact_text


def verdicts_on_delivery(
    world: World, vendors: Vendors, delivery: Delivery, at: datetime, point: str, struck: set[str]
) -> tuple[RuleVerdict, ...]:
    """Return the verdicts on a delivery at an instant of those faults of its kind that strike at a point.

    `struck` are the ids of those that did.
    """
    outbox = next(it for it in vendors[delivery.vendor].outboxes if it.of.kind == delivery.kind)
    standing = islice(_standing(world, outbox, point), MOST_RULES)
    shown = world.clock.client_time
    with world.transaction("look") as tx:
        call = call_of(tx, outbox, delivery)
        return tuple(
            RuleVerdict(it.id, it.place or None, it.id in struck, redact_text(_why(it, call, at, struck, shown)))
            for it in standing
        )


def _standing(world: World, outbox: Outbox, point: str) -> Iterator[DeliveryFault]:
    for rule in world.store.group(Fault.kind):
        if isinstance(rule, DeliveryFault) and rule.phase == point and outbox.name in rule.at:
            yield rule


def _why(rule: DeliveryFault, call: Call, at: datetime, struck: set[str], shown: Callable[[datetime], datetime]) -> str:
    if rule.id in struck:
        return f"it covers this {rule.phase}, and its turn had come"
    if rule.since > at:
        return f"it was laid at {format_instant(shown(rule.since))}"
    if rule.begins is not None and at < rule.begins:
        return f"it begins at {format_instant(shown(rule.begins))}"
    if rule.ends is not None and rule.ends <= at:
        return f"it ended at {format_instant(shown(rule.ends))}"
    return _mismatch(rule, call) or _turn(rule, struck)


def _mismatch(rule: DeliveryFault, call: Call) -> str | None:
    """Return why a delivery is none that a fault is for."""
    if rule.of is not None and fold(rule.of) not in map(fold, call.ids):
        return f"it is for {rule.of}, and this is of {', '.join(call.ids)}"
    if rule.match is not None and rule.match.get(EVENT, call.read(EVENT)) != call.read(EVENT):
        return f"it is for the event {rule.match[EVENT]}"
    if rule.match is not None and (path := call.mismatch(rule.match)):
        return f"this does not hold what its match wants at {'.'.join(map(str, path))}"
    return "this is not signed" if EFFECTS[rule.do].signed and not call.read(SIGNED) else None


def _turn(rule: DeliveryFault, struck: set[str]) -> str:
    if rule.is_spent:
        return f"it has struck {times(rule.struck)}, as often as it may"
    if rule.do == LOSE_RESPONSE and rule.times is None:
        return "it loses the first answer of each delivery, where times does not say how many"
    if struck:
        return f"{' and '.join(sorted(struck))} comes first"
    return f"its turn has not come: of what it covers, it has counted {rule.seen} by now, and struck {rule.struck}"
