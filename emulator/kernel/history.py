"""The history of a world: what its newest transactions replaced, so that they can be undone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from emulator.kernel.budget import Charge, Quota
from emulator.kernel.resource import Struct, structs
from emulator.kernel.weight import weigh

MAX_REPLACED = 200_000
"""Replaced values that a history keeps at most; of the newest commit, all are."""


class ResourceChange(Struct, frozen=True, gc=False):
    """A resource before and after; None where it was not there.

    `number` is its place in the order of arrival, where that was given up in between.
    """

    kind: str
    id: str
    before: Any | None
    after: Any | None
    number: int | None = None


class Written(NamedTuple):
    """A part of the state as a controller wrote it. `charge` counts its bytes for as long as it is remembered."""

    state: Any
    charge: Charge


class Commit(Struct, frozen=True, gc=False):
    """A transaction that changed the world: when, why, and what it replaced.

    `first` and `last` are the journal's newest numbers before and after. `counters` are the former values of those that it
    moved on, None for new ones. `written` is what a controller wrote that changed the state.
    """

    at: datetime
    why: str
    first: int
    last: int
    changed_resources: tuple[ResourceChange, ...]
    counters: Mapping[str, int | None]
    written: Written | None = None

    @property
    def exchange(self) -> int | None:
        """The number of the exchange whose transaction this was; None where time or a controller did it."""
        return self.last if self.last > self.first else None


HistoryMark = tuple[int, Commit | None]
"""A point in a history: how many commits there had been, and the newest of them."""


class History:
    """The newest commits: `capacity` at most, with MAX_REPLACED values at most between them. `count` is of all there were.

    The oldest of them may be `_promised`: so many of the newest that `_make` returns, which is asked when one of them is read.
    """

    __slots__ = ("_commits", "_make", "_promised", "_size", "capacity", "count")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.count = 0
        self._commits: deque[Commit] = deque()
        self._size = self._promised = 0
        self._make: Callable[[], list[Commit]] = list

    @classmethod
    def holding(cls, capacity: int, commits: Iterable[Commit], count: int) -> History:
        """Return a history that holds the newest of so many commits."""
        history = cls(capacity)
        for commit in commits:
            history.add(commit)
        history.count = count
        return history

    def __iter__(self) -> Iterator[Commit]:
        return iter(self._all())

    def __len__(self) -> int:
        return self._promised + len(self._commits)

    @property
    def newest(self) -> datetime | None:
        """The instant of the newest commit; None where none is remembered."""
        return self._commits[-1].at if self._commits else None

    def add(self, commit: Commit) -> None:
        """Remember a commit, and forget the oldest where there is no room for all."""
        self._commits.append(commit)
        self.count += 1
        self._size += len(commit.changed_resources)
        while self._promised + len(self._commits) > self.capacity or self._size > MAX_REPLACED:
            if not self.forget_oldest():
                break

    def note_written(self, state: Any, quota: Quota) -> None:
        """Note of the newest commit what a controller wrote to make it."""
        newest = self._commits.pop()
        self._commits.append(structs.replace(newest, written=Written(state, quota.keep(weigh(state).own))))

    def clear(self) -> None:
        """Forget all commits, but not how many there were."""
        self._commits.clear()
        self._size = self._promised = 0
        self._make = list

    def promise(self, count: int, make: Callable[[], list[Commit]]) -> None:
        """Put so many commits, the last of which `make` returns, in the place of the newest and of all before it.

        Another is to be added at once, since the newest is always there.
        """
        self.clear()
        self.count += count - 1
        self._promised, self._make = min(count, self.capacity), make

    def forget_oldest(self) -> bool:
        """Forget the oldest commit, and return whether there was one besides the newest."""
        if self._promised + len(self._commits) < 2:
            return False
        if self._promised:
            self._promised -= 1
            self._make = self._make if self._promised else list
        else:
            self._size -= len(self._commits.popleft().changed_resources)
        return True

    def reaches(self, count: int) -> bool:
        """Return whether there have been so many commits, and every one after the first `count` is remembered."""
        return self.count - len(self) <= count <= self.count

    def mark(self) -> HistoryMark:
        """Return the present point, to ask later whether it was undone."""
        return self.count, self._commits[-1] if self._commits else None

    def has(self, mark: HistoryMark) -> bool:
        """Return whether nothing before a point was undone. A commit that is forgotten, or only promised, cannot be."""
        count, newest = mark
        place = count - 1 - (self.count - len(self._commits))
        return count <= self.count and (place < 0 or self._commits[place] is newest)

    def since(self, mark: HistoryMark) -> list[Commit] | None:
        """Return the commits after a point, oldest first; None where it was undone, or they are not all there at once."""
        count, newest = mark
        place = count - (self.count - len(self._commits))
        is_there = 0 <= place <= len(self._commits)
        is_kept = is_there and (self._commits[place - 1] is newest if place else count == 0)
        return [*islice(reversed(self._commits), len(self._commits) - place)][::-1] if is_kept else None

    def of(self, n: int) -> Commit | None:
        """Return the commit of exchange `n`; None where it changed nothing or is forgotten."""
        return next((commit for commit in reversed(self._commits) if commit.exchange == n), None)

    def truncate_from(self, count: int) -> Iterator[Commit]:
        """Remove the commits after the first `count` and yield them, newest first."""
        commits = self._commits if self.count - count <= len(self._commits) else self._all()
        while self.count > count:
            commit = commits.pop()
            self.count -= 1
            self._size -= len(commit.changed_resources)
            yield commit

    def bounded(self, capacity: int) -> History:
        """Return a history of the newest of these commits, so many at most."""
        return History.holding(capacity, self._all(), self.count)

    def copy(self) -> History:
        """Return the same commits, to be added to apart."""
        twin = History(self.capacity)
        twin._commits, twin._size, twin.count = self._commits.copy(), self._size, self.count
        twin._promised, twin._make = self._promised, self._make
        return twin

    def _all(self) -> deque[Commit]:
        """Return the commits, with those that were promised."""
        if self._promised:
            made = self._make()[-self._promised :]
            self._promised, self._make = 0, list
            self._commits.extendleft(reversed(made))
            self._size += sum(len(it.changed_resources) for it in made)
        return self._commits
