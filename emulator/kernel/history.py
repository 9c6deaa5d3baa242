"""What the newest transactions replaced, so that they can be taken back, told apart, and counted. Bounded, and it says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

REMEMBERED = 200_000
"""How many replaced values are kept at most; of the newest commit, all are."""


class ResourceChange(NamedTuple):
    """A resource before and after; None where it was not there.

    `number` is its place in the order of arrival, where that was given up in between.
    """

    kind: str
    id: str
    before: Any | None
    after: Any | None
    number: int | None = None


class Commit(NamedTuple):
    """A transaction that changed the world: when, why, and what it replaced.

    `first` and `last` are the journal's newest numbers before and after; `counters` what those had counted that it moved on,
    None where they had not begun.
    """

    at: datetime
    why: str
    first: int
    last: int
    changed_resources: tuple[ResourceChange, ...]
    counters: Mapping[str, int | None]

    @property
    def exchange(self) -> int | None:
        """The number of the exchange whose transaction this was; None where time or a controller did it."""
        return self.last if self.last > self.first else None


class Mark(NamedTuple):
    """A point in a history: how many commits there had been, and the newest of them."""

    commits: int
    newest: Commit | None


class History:
    """The newest commits: `capacity` at most, and no more than hold REMEMBERED values between them. `count` is of all."""

    __slots__ = ("_commits", "_size", "capacity", "count")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.count = 0
        self._commits: deque[Commit] = deque()
        self._size = 0

    def __iter__(self) -> Iterator[Commit]:
        return iter(self._commits)

    @property
    def newest(self) -> datetime | None:
        """When the newest commit was made; None where none is remembered."""
        return self._commits[-1].at if self._commits else None

    def add(self, commit: Commit) -> None:
        """Remembers a commit, and forgets the oldest where there is no room for all."""
        commits = self._commits
        commits.append(commit)
        self.count += 1
        self._size += len(commit.changed_resources)
        while len(commits) > self.capacity or (self._size > REMEMBERED and len(commits) > 1):
            self._forget()

    def make_room(self) -> bool:
        """Forget the oldest commit, and return whether there was one besides the newest."""
        if len(self._commits) < 2:
            return False
        self._forget()
        return True

    def reaches(self, count: int) -> bool:
        """Whether there have been so many commits, and every one after the first `count` is remembered."""
        return self.count - len(self._commits) <= count <= self.count

    def mark(self) -> Mark:
        """The present point, to ask later whether it was taken back."""
        return Mark(self.count, self._commits[-1] if self._commits else None)

    def has(self, mark: Mark) -> bool:
        """Tell whether nothing before that point was taken back. A commit that is forgotten cannot be."""
        place = mark.commits - 1 - (self.count - len(self._commits))
        return mark.commits <= self.count and (place < 0 or self._commits[place] is mark.newest)

    def of(self, n: int) -> Commit | None:
        """The commit of the exchange of that number; None where it changed nothing or is forgotten."""
        return next((commit for commit in reversed(self._commits) if commit.exchange == n), None)

    def truncate_from(self, count: int) -> Iterator[Commit]:
        """Takes out the commits after the first `count` and gives them back, newest first."""
        while self.count > count:
            commit = self._commits.pop()
            self.count -= 1
            self._size -= len(commit.changed_resources)
            yield commit

    def _forget(self) -> None:
        self._size -= len(self._commits.popleft().changed_resources)

    def copy(self) -> History:
        """The same commits, to be added to apart."""
        twin = History(self.capacity)
        twin._commits, twin._size, twin.count = self._commits.copy(), self._size, self.count
        return twin
