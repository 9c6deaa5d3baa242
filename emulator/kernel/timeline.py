"""The timeline of a world: what somebody else does in it, at an instant or after a call that was answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from emulator.kernel.budget import Metered
from emulator.kernel.calls import EVERYTHING
from emulator.kernel.machine import ABSENT, Machine, Row, Timer, View
from emulator.kernel.resource import field, replace
from emulator.kernel.sorted_pages import IndexKey, SortedKey
from emulator.kernel.time import END_OF_TIME, format_duration
from emulator.kernel.transaction import Transaction
from emulator.text.guids import fold

Happen = Callable[[Transaction], Iterable[Any]]
"""A pure function from a view of the world to the values and Consequences that follow."""

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

    def index(self) -> tuple[IndexKey, ...]:
        by_instant = SortedKey(("by instant",), self.at)
        return (by_instant,) if self.of is None else (by_instant, ("of", self.of))


class Reaction(Metered, frozen=True, gc=False):
    """A reaction of somebody to answered calls of some operations, `wait` after each of them.

    `at` are operations, vendors or EVERYTHING; `of` the id of a resource in the path, None for any; `statuses` those of the
    answers, such as 200 or 4xx, none for any. The first `after` such calls have no effect, then every `every`th has one,
    `times` times (None: without end). `seen` counts the calls, `happened` those that had an effect. `size` is how many
    resources it adds or changes, and `number` its place among all that were arranged.
    """

    id: str
    place: str
    since: datetime
    number: int
    at: tuple[str, ...]
    happen: Happen
    of: str | None = None
    statuses: tuple[int | str, ...] = ()
    after: int = 0
    every: int = 1
    times: int | None = None
    wait: timedelta = timedelta()
    size: int = 0
    written: Mapping[str, Any] = field(default_factory=dict)
    seen: int = 0
    happened: int = 0
    status: str = "waiting"
    kind: ClassVar[str] = "emulator.reaction"

    def index(self) -> tuple[IndexKey, ...]:
        spent = self.times is not None and self.happened >= self.times
        return () if spent else tuple([("after", at, self.of and fold(self.of)) for at in self.at])

    def counts(self, status: int) -> bool:
        """Return whether it counts an answer of this status."""
        return not self.statuses or status in self.statuses or f"{status // 100}xx" in self.statuses

    def after_call(self) -> Reaction:
        """Return it with one more call counted, which has an effect or not."""
        turn = self.seen + 1 - self.after
        return replace(self, seen=self.seen + 1, happened=self.happened + (turn > 0 and turn % self.every == 0))

    def event(self, now: datetime, call: str) -> TimelineEvent:
        """Return what happens because of a call that was answered now."""
        wait = f"{format_duration(self.wait)} after {call}" if self.wait else f"right after {call}"
        at = now + min(self.wait, END_OF_TIME - now)
        why = f"{wait} ({self.place or self.id})"
        return TimelineEvent(f"{self.id}/{self.happened}", self.place, now, at, self.happen, why, self.id)


def react(tx: Transaction, ids: Iterable[str], status: int, entry: int) -> bool:
    """Count an answered call of the operation that is carried out for each Reaction to it, and plan what follows.

    `ids` are those in the path of the request, and `entry` is the number that it gets in the journal. Return whether anything
    is to follow.
    """
    follows, operation = False, tx.why
    for reaction in _reactions_to(tx, (operation, operation.partition(".")[0], EVERYTHING), ids):
        if reaction.counts(status):
            counted = reaction.after_call()
            tx.put(counted)
            if counted.happened > reaction.happened:
                tx.put(counted.event(tx.now, f"{operation}, entry {entry}"))
                follows = True
    return follows


def _reactions_to(tx: Transaction, at: Iterable[str], ids: Iterable[str]) -> Iterable[Reaction]:
    """Return the reactions to a call, in the order in which they were arranged."""
    of = [*dict.fromkeys(map(fold, ids)), None]
    found = {it.id: it for where in at for id in of for it in tx.group(Reaction, "after", where, id)}
    return sorted(found.values(), key=lambda it: it.number)


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
