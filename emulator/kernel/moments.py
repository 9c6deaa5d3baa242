"""Moments of a world by the entries of its journal: a copy in which what was committed after an entry is reverted."""

from __future__ import annotations

import re

from emulator.kernel.budget import Quota
from emulator.kernel.errors import Conflict, EmulatorError, NotFound
from emulator.kernel.exchange import Change
from emulator.kernel.history import Commit
from emulator.kernel.journal import Entry
from emulator.kernel.past import ENTRY, Moment
from emulator.kernel.world import World
from emulator.text.pattern import pattern

_NUMBER = pattern(r"[1-9][0-9]{0,15}", re.ASCII)


class OutOfReach(Conflict):
    """A moment before what journal and history keep; `oldest` is the number of the oldest entry that names one, if any does."""

    def __init__(self, n: int, oldest: int | None) -> None:
        reach = "name no entry any more" if oldest is None else f"reach back to entry {oldest}"
        super().__init__(f"entry {n} is too long ago: the journal and the history of this world {reach}")
        self.oldest = oldest


class NoMoment(NotFound):
    """The journal has no entry of that number yet, or it was withdrawn."""

    def __init__(self, n: int, last: int) -> None:
        has = f"its newest is {last}" if last else "it is empty"
        EmulatorError.__init__(self, f"this journal has no entry {n}: {has}")


def entry_number(name: str) -> int | None:
    """Return the number of the entry that the name of a moment holds; None where it is no such name."""
    number = name.removeprefix(ENTRY)
    return int(number) if name.startswith(ENTRY) and _NUMBER.fullmatch(number) else None


def oldest_entry(world: World) -> int | None:
    """Return the number of the oldest entry that names a moment; None where none does."""
    history = world.history
    first = next(iter(history), None)
    floor = 0 if history.reaches(0) else first.first if first else world.journal.last - 1
    return next((entry.n for entry in world.journal.since(floor)), None)


def commits_after(world: World, n: int) -> list[Commit]:
    """Return the commits after the transaction that wrote entry `n`, newest first.

    Raises:
        NoMoment: there is no such entry yet, or its request was entered again under another number.
        OutOfReach: it is too long ago.
    """
    journal, oldest = world.journal, oldest_entry(world)
    if n > journal.last:
        raise NoMoment(n, journal.last)
    if oldest is None or n < oldest:
        raise OutOfReach(n, oldest)
    if journal.entry(n) is None:
        raise NoMoment(n, journal.last)
    return [commit for commit in reversed([*world.history]) if commit.first >= n]


def moment_of_entry(world: World, name: str, quota: Quota | None = None) -> Moment:
    """Return the world as it was when the transaction that wrote an entry was done. The copy counts in the quota.

    It costs what changed since, not what there is.

    Raises:
        NotFound: the name is that of no entry.
        OutOfReach: the entry is too long ago.
    """
    n = entry_number(name)
    if n is None:
        raise NotFound("moment", name, ())
    world.settle()
    later = commits_after(world, n)
    twin = world.copy(quota)
    for commit in twin.history.truncate_from(twin.history.count - len(later)):
        twin.revert(commit.changed_resources, commit.counters)
    last = _last_of_transaction(world, n, {commit.first for commit in later})
    twin.journal.truncate_from(last.n + 1)
    at = max(filter(None, (last.event.at, twin.history.newest)))
    return Moment(at, twin)


def _last_of_transaction(world: World, n: int, ends: set[int]) -> Entry:
    """Return the last entry of the transaction that wrote entry `n`; `ends` are the numbers at which others began."""
    entries = iter([*world.journal.since(n - 1)])
    last = next(entries)
    for entry in entries:
        if last.n in ends or not (isinstance(last.event, Change) and isinstance(entry.event, Change)):
            break
        last = entry
    return last
