"""Faults of deliveries, as values: failures injected into notifications, or into the attempts to deliver them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import ClassVar

from emulator.kernel.calls import Call, CallRule, CallView, covering, flaws_of_rule
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.exchange import FaultHit
from emulator.kernel.faults import DELAY, DROP, NEXT, Fault
from emulator.kernel.resource import Struct, replace

POINTS = NOTIFICATION, ATTEMPT = "notification", "attempt"
"""The points at which they act: when a notification is made, and when an attempt to deliver it is."""

DUPLICATE, REORDER, BEFORE_RESPONSE = "duplicate", "reorder", "before-response"
OUTAGE, LOSE_RESPONSE, WRONG_SECRET, STALE_TIMESTAMP, CORRUPT = (
    "outage",
    "lose-response",
    "wrong-secret",
    "stale-timestamp",
    "corrupt",
)

HELD_FOR = timedelta(hours=1)
"""The default time after which a delivery comes that is to come after the next one, where none comes."""

SIGNED, FIRST, EVENT = "signed", "first", "event"
"""Parts of a delivery as faults see it: whether it is signed, whether no attempt was made before, and its event."""


class DeliveryEffect(Struct, frozen=True):
    """An effect of such faults: the point at which it acts, and whether it takes a `delay`.

    It strikes only deliveries that are `signed`, where it says so. `error` is that of an attempt that it lets fail.
    """

    point: str
    takes_delay: bool = False
    signed: bool = False
    error: str | None = None


EFFECTS: Mapping[str, DeliveryEffect] = {
    DUPLICATE: DeliveryEffect(NOTIFICATION, takes_delay=True),
    DELAY: DeliveryEffect(NOTIFICATION, takes_delay=True),
    REORDER: DeliveryEffect(NOTIFICATION, takes_delay=True),
    DROP: DeliveryEffect(NOTIFICATION),
    BEFORE_RESPONSE: DeliveryEffect(NOTIFICATION),
    OUTAGE: DeliveryEffect(ATTEMPT, error="the receiver was not reached"),
    LOSE_RESPONSE: DeliveryEffect(ATTEMPT, error="the receiver's answer was lost"),
    WRONG_SECRET: DeliveryEffect(ATTEMPT, signed=True),
    STALE_TIMESTAMP: DeliveryEffect(ATTEMPT, signed=True),
    CORRUPT: DeliveryEffect(ATTEMPT),
}
"""What faults do to deliveries."""

FOREIGN_OPTIONS = {
    "where": "a fault of a delivery has no 'where'",
    "status": "the receiver gives the answer",
    "body": "the receiver gives the answer",
    "json": "the receiver gives the answer",
    "text": "the receiver gives the answer",
    "headers": "the receiver gives the answer",
    "retry_after": "the receiver gives the answer",
    "clock": "deliveries come by the world's clock",
    "pace": "a delivery is sent whole",
    "rate_limit": "a rate limit counts calls",
}
"""The options of faults of calls, each with the reason why a fault of deliveries has none."""


class DeliveryFault(CallRule, frozen=True, gc=False, kw_only=True):
    """One failure, of the deliveries that its rule strikes: `do` is what it does to them, at the point of that effect.

    Raises:
        BadInput: on construction, with every reason why it means nothing.
    """

    do: str
    delay: timedelta | str | None = None
    kind: ClassVar[str] = Fault.kind

    def __post_init__(self) -> None:
        if not self.seen and (problems := list(_flaws(self))):
            raise BadInput(problems)

    @property
    def phase(self) -> str:
        return EFFECTS[self.do].point

    def covers(self, now: datetime, call: Call) -> bool:
        return super().covers(now, call) and self._fits(call)

    def _fits(self, call: Call) -> bool:
        """Tell whether its effect means something to a delivery; unless it says how often, one answer of each is lost."""
        if EFFECTS[self.do].signed:
            return bool(call.read(SIGNED))
        return self.do != LOSE_RESPONSE or self.times is not None or bool(call.read(FIRST))

    def hit(self) -> FaultHit:
        """Return its record in the journal and in a delivery."""
        return FaultHit(self.id, self.phase, self.do, self.place or None)


class Strike(Struct, frozen=True):
    """The fault that strikes a delivery, if one does, and all that cover it, as they are once they have counted it."""

    fault: DeliveryFault | None = None
    counted: tuple[DeliveryFault, ...] = ()


def strike_of(view: CallView, point: str, call: Call, spared: Collection[str] = ()) -> Strike:
    """Return what strikes a delivery at a point: the nearest of the faults that are due, and do none of what is `spared`.

    Nothing is counted yet: whoever asks puts those that have `counted` it.
    """
    counted = [replace(it, seen=it.seen + 1) for it in covering(view, DeliveryFault, point, call)]
    first = next((it for it in counted if it.do not in spared and it.should_strike(view, None)), None)
    if first is None:
        return Strike(None, tuple(counted))
    hit = replace(first, struck=first.struck + 1)
    return Strike(hit, tuple([hit if it is first else it for it in counted]))


def _flaws(fault: DeliveryFault) -> Iterator[Problem]:
    for option, reason in FOREIGN_OPTIONS.items():
        if option in fault.written:
            yield Problem(f"{reason}: leave out {option!r}", (option,))
    if "query" in (fault.match or {}):
        yield Problem("a delivery is looked at by its body and its headers: leave out 'query'", ("match", "query"))
    if (effect := EFFECTS.get(fault.do)) is None:
        yield Problem(f"{fault.do!r} is not one of {', '.join(EFFECTS)}", ("do",))
    elif "delay" in fault.written and not effect.takes_delay:
        takers = " or ".join(name for name, it in EFFECTS.items() if it.takes_delay)
        yield Problem(f"'delay' belongs to do: {takers}, not to {fault.do}", ("delay",))
    elif fault.do == DELAY and fault.delay is None:
        yield Problem("how long? a duration such as 30s", ("delay",))
    elif fault.delay == NEXT:
        yield Problem("a delivery comes at an instant: give a duration such as 30s", ("delay",))
    elif fault.do != DUPLICATE and fault.delay == timedelta(0):
        yield Problem("a delay of no time delays nothing", ("delay",))
    yield from flaws_of_rule(fault)
