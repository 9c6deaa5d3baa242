"""The timeline of a world: what somebody else does in it, at an instant or after a call that was answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from emulator.kernel.budget import Metered
from emulator.kernel.calls import Call, CallRule, count_call, covering, fits_status, strike
from emulator.kernel.machine import ABSENT, Machine, Row, Timer, View
from emulator.kernel.resource import field
from emulator.kernel.sorted_pages import IndexKey, SortedKey
from emulator.kernel.time import END_OF_TIME, format_duration
from emulator.kernel.transaction import Transaction

Happen = Callable[[Transaction], Iterable[Any]]
"""A pure function from a view of the world to the values and Consequences that follow."""

ANSWERED = "answered"
"""The phase of reactions: the call was answered."""

CALL_OFF = "call off"
"""The cause of a change by which events do not happen any more."""

IMPOSSIBLE = "impossible"
"""In the cause of a change: the event contradicts what the world has become, and nothing happened."""


class TimelineEvent(Metered, frozen=True, gc=False):
    """At `at`, `happen` says what becomes of the world.

    `why` is the cause of its changes, and names the line of the scenario that arranged it. `of` is the Reaction that it comes
    from, if it does. Where `happen` contradicts what the world has become by then (BadInput), or adds more than it may hold
    (TooMany), nothing happens, and the journal says why. `written` is the event as a scenario writes it.
    """

    id: str
    place: str
    since: datetime
    at: datetime
    happen: Happen
    why: str
    of: str | None = None
    written: Mapping[str, Any] = field(default_factory=dict)
    status: str = "planned"
    kind: ClassVar[str] = "emulator.timeline"

    def index(self) -> tuple[IndexKey | SortedKey, ...]:
        by_instant = SortedKey(("by instant",), self.at)
        return (by_instant,) if self.of is None else (by_instant, ("of", self.of))


class Reaction(CallRule, frozen=True, gc=False, kw_only=True):
    """A reaction of somebody to the answered calls that its rule strikes, `wait` after each of them.

    `statuses` are those of the answers that it counts, such as 200 or 4xx, none for any. `size` is how many resources it adds
    or changes, and `number` its place among all that were arranged.
    """

    number: int
    happen: Happen
    statuses: tuple[int | str, ...] = ()
    wait: timedelta = timedelta()
    size: int = 0
    kind: ClassVar[str] = "emulator.reaction"

    @property
    def phase(self) -> str:
        return ANSWERED

    def counts(self, status: int) -> bool:
        """Return whether it counts an answer of this status."""
        return not self.statuses or fits_status(status, self.statuses)

    def event(self, now: datetime, call: str) -> TimelineEvent:
        """Return what happens because of a call that was answered now."""
        wait = f"{format_duration(self.wait)} after {call}" if self.wait else f"right after {call}"
        at = now + min(self.wait, END_OF_TIME - now)
        why = f"{wait} ({self.place or self.id})"
        return TimelineEvent(f"{self.id}/{self.struck}", self.place, now, at, self.happen, why, self.id)


def react(tx: Transaction, call: Call, status: int, entry: int) -> bool:
    """Count an answered call for each Reaction to it, in the order in which they were arranged, and plan what follows.

    `entry` is the number that it gets in the journal. Return whether anything is to follow.
    """
    follows = False
    for reaction in sorted(covering(tx, Reaction, ANSWERED, call), key=lambda it: it.number):
        if reaction.counts(status):
            verdict = count_call(tx, reaction, call)
            if verdict.strikes:
                tx.put(strike(tx, verdict.rule).event(tx.now, f"{call.operation}, entry {entry}"))
                follows = True
    return follows


def _until_event(planned: TimelineEvent) -> timedelta:
    return planned.at - planned.since


def _happen(view: View, planned: TimelineEvent) -> Iterator[Any]:
    assert isinstance(view, Transaction)  # noqa: S101  nothing else lets an event happen
    yield from planned.happen(view)


_MOMENT = Timer("timeline", None, "the scenario", measure=_until_event)

TIMELINE = Machine(
    of=TimelineEvent,
    states=("planned",),
    commands=(),
    timers=(_MOMENT,),
    rows=(Row("planned", _MOMENT, ABSENT, None, "the scenario", _happen),),
    entry=("planned",),
)
