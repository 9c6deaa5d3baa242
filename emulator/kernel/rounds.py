"""Many rounds at once: what a lone resource does again and again, up to what the journal and the history keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from emulator.kernel.errors import TooMany
from emulator.kernel.exchange import Change
from emulator.kernel.history import Commit
from emulator.kernel.machine import Rounds
from emulator.kernel.resource import Struct
from emulator.kernel.settling import Member
from emulator.kernel.store import AGENDA, Key
from emulator.kernel.transaction import Transaction
from emulator.text.checkpoint import checkpoint

if TYPE_CHECKING:
    from emulator.kernel.world import World

Round = tuple[datetime, ...]


class Coming(Struct, frozen=True):
    """The rounds that a resource makes next, with the view in which they were found and the instants of each."""

    key: Key
    view: Transaction
    rounds: Rounds
    made: list[Round]

    def pass_over(self, count: int) -> None:
        """Put what the first so many rounds come to, in one transaction."""
        with self.view as view:
            view.follow(self.rounds.after(view, self.made[:count]))

    def changes(self, count: int) -> list[Change]:
        """Return the changes that the steps of the first so many rounds make."""
        causes = [(*self.key, row.state, row.to, str(row.cause), row.evidence) for row in self.rounds.rows]
        return [Change(at, *cause) for each in self.made[:count] for at, cause in zip(each, causes, strict=True)]

    def step(self, world: World, start: int, stop: int) -> list[Change]:
        """Make the rounds from one index up to another step by step, and return the changes."""
        changes = list[Change]()
        for row, at in [(row, at) for each in self.made[start:stop] for row, at in zip(self.rounds.rows, each, strict=True)]:
            with Transaction(world, at, str(row.cause), by_time=True) as step:
                step.take(*self.key, row, world.store.find(*self.key))
            world.journal.extend(step.changes)
            changes += step.changes
        return changes


def make_rounds(world: World, first: Member, until: datetime) -> list[Change]:
    """Make the rounds of the resource that is due first, if it goes round and nothing else happens, and return the changes.

    Of more than the journal and the history keep, all but the last are passed over; their commits are made when they are read.
    """
    coming, changes = _coming(world, first, until), list[Change]()
    if coming is None:
        return []
    passed = len(coming.made) - 1 if _forgotten(world, coming) else 0
    with suppress(TooMany):  # the step for which there is no room says so
        if passed:
            twin = world.copy()
            twin.journal.clear()
            twin.history.clear()
            coming.pass_over(passed)
            changes += coming.changes(passed)
            world.history.promise(len(changes), partial(_commits, twin, (coming.view.now, *first[1:]), until))
            world.journal.drop(len(changes) - world.journal.capacity)
            world.journal.extend(changes[-world.journal.capacity :])
        changes += coming.step(world, passed, len(coming.made))
    return changes


def _commits(world: World, first: Member, until: datetime) -> list[Commit]:
    """Return the commits of the newest rounds but the last, made step by step in a world that was copied before them."""
    twin = world.copy()
    if coming := _coming(twin, first, until):
        passed = _forgotten(twin, coming)
        with suppress(TooMany):  # what has no room is forgotten
            coming.pass_over(passed)
            twin.journal.drop(passed * len(coming.rounds.rows))
            twin.history.clear()
            coming.step(twin, passed, len(coming.made) - 1)
            return [*twin.history]
    return []


def _coming(world: World, first: Member, until: datetime) -> Coming | None:
    due, _, key = first
    find_rounds = world.rules.machines[key[0]].rounds
    view = Transaction(world, max(due, world.history.newest or due), "rounds", by_time=True)
    rounds = find_rounds and find_rounds(view, world.store.find(*key), min([until, *_others(world, key)]))
    return Coming(key, view, rounds, _all(rounds.instants)) if rounds else None


def _forgotten(world: World, coming: Coming) -> int:
    """Return how many of the rounds that come neither journal nor history will keep."""
    kept = max(world.journal.capacity, world.history.capacity) // len(coming.rounds.rows) + 1
    return max(len(coming.made) - kept, 0)


def _others(world: World, key: Key) -> Iterator[datetime]:
    """Yield the instant at which anything but one resource is due first, in each group of the agenda."""
    for group in AGENDA:
        yield from islice((instant for instant, _, other in world.store.agenda(group) if other != key), 1)


def _all(instants: Iterable[Round]) -> list[Round]:
    made = []
    for each in instants:
        checkpoint()
        made.append(each)
    return made
