"""Transactions: all or nothing. Each remembers what it replaced, to take it back at once, or later from the history."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from emulator.kernel.errors import TooMany
from emulator.kernel.journal import AppliedRow, Change
from emulator.kernel.limits import Limits
from emulator.kernel.machine import ABSENT, Ask, Machine, Row, Timer
from emulator.kernel.room import admit_resources, make_room, make_room_for
from emulator.kernel.store import Key, Resource

if TYPE_CHECKING:
    from emulator.kernel.world import World

MAX_REPLACED = 200_000
"""Replaced values that a history keeps at most; of the newest commit, all are."""


class Transition(NamedTuple):
    """The row that was taken, and the resource as it is now (None when it is absent)."""

    row: Row
    resource: Any | None


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

    `first` and `last` are the journal's newest numbers before and after. `counters` are the former values of those that it
    moved on, None for new ones.
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


class Transaction:
    """One cause at one instant, acting on one world. Use it as a context manager: an exception rolls it back.

    One that is not `bounded` may add more resources than there may be, since what time does cannot be refused. `context` is
    the request that is carried out, None where time or a controller acts; the kernel never looks into it. `changes` are the
    states that were left and entered, `applied_rows` the rows that were taken, and `consulted` the assumptions read.
    """

    __slots__ = (
        *("_before", "_bounded", "_counters", "_first", "_numbers", "_world", "accepts", "applied_rows", "changes"),
        *("consulted", "context", "find", "group", "now", "size", "sorted_group", "why"),
    )

    def __init__(self, world: World, now: datetime, why: str, bounded: bool = True, context: Any = None) -> None:
        store = world.store
        self.find, self.group, self.sorted_group, self.size = store.find, store.group, store.sorted_group, store.size
        self.accepts = world.accepts
        self._world = world
        self._bounded = bounded
        self._first = world.journal.last
        self._before: dict[Key, Any | None] = {}
        self._numbers: dict[Key, int] = {}
        self._counters: dict[str, int | None] = {}
        self.now = now
        self.why = why
        self.context = context
        self.changes: list[Change] = []
        self.applied_rows: list[AppliedRow] = []
        self.consulted: dict[str, None] = {}

    def __enter__(self) -> Transaction:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        world = self._world
        if kind is not None:
            self.roll_back()
        elif self._before or self._counters:
            commit = Commit(self.now, self.why, self._first, world.journal.last, self.changed_resources(), self._counters)
            world.history.add(commit)
        if world.quota.over:
            make_room(world)

    def changed_resources(self) -> tuple[ResourceChange, ...]:
        """Return every resource that was put or removed, as it was before and as it is now."""
        find, numbers = self.find, self._numbers
        return tuple([ResourceChange(*key, before, find(*key), numbers.get(key)) for key, before in self._before.items()])

    def choice(self, assumption: str) -> str:
        """Return the choice of an assumption that is in force in this world."""
        self.consulted[assumption] = None
        return self._world.rules.choices[assumption]

    def length(self, timer: Timer, resource: Any) -> timedelta | None:
        """Return how long a timer runs for a resource in this world; None for ever."""
        return timer.length(resource, self._world.rules.timing)

    def lists_credential(self, vendor: str, credential: str) -> bool:
        """Return whether this world's scenario names a credential among those that it accepts."""
        return credential in (self._world.rules.credentials.get(vendor) or ())

    @property
    def world_id(self) -> str:
        """The id of the world that this acts on."""
        return self._world.id

    def digest(self, purpose: str) -> bytes:
        """Return 32 bytes that only the seed and the purpose decide."""
        return blake2b(f"{self._world.seed}/{purpose}".encode(), digest_size=32).digest()

    def mint(self, purpose: str) -> bytes:
        """Return 32 bytes for a new id: the seed, the purpose and a counter of it decide them."""
        counters = self._world.counters
        before = counters.get(purpose)
        self._counters.setdefault(purpose, before)
        counters[purpose] = number = (before or 0) + 1
        return self.digest(f"{purpose}/{number}")

    def admit(self, resources: int) -> None:
        """Make sure that the world has room for so many more resources, or raise TooMany."""
        admit_resources(self._world.quota, resources)

    def put(self, resource: Resource) -> None:
        """Add or replace a resource. Where a machine governs it, note a change of its status."""
        old = self._put(resource)
        before = ABSENT if old is None else old.status
        if before != resource.status and resource.kind in self._world.rules.machines:
            self._note(resource.kind, resource.id, before, resource.status, None)

    def remove(self, kind: str, id: str) -> None:
        """Remove a resource, and note that where a machine governs it."""
        old = self._remove(kind, id)
        if old is not None and kind in self._world.rules.machines:
            self._note(kind, id, old.status, ABSENT, None)

    def ask(self, machine: Machine, id: str, command: str, new: Resource | None = None) -> Transition:
        """Let a resource take the row of a command; `new` is the value where the row leads out of absence."""
        resource = self.find(machine.kind, id)
        return self._take(machine.kind, id, machine.ask(self, resource, command), resource or new)

    def expire(self, machine: Machine, resource: Resource, timer: Timer) -> Transition:
        """Let a resource take the row of a timer that has run out."""
        return self._take(machine.kind, resource.id, machine.expire(self, resource, timer), resource)

    def roll_back(self) -> None:
        """Restore the world as it was before."""
        self._world.revert(self.changed_resources(), self._counters)
        for memory in (self._before, self._numbers, self._counters, self.changes, self.applied_rows):
            memory.clear()

    def _take(self, kind: str, id: str, row: Row, resource: Any | None) -> Transition:
        moved = resource
        self.applied_rows.append(AppliedRow(kind, id, row))
        if row.to != row.state:
            moved = self._move(kind, id, row, resource)
        if row.effect is not None:
            for consequence in row.effect(self, moved):
                if isinstance(consequence, Ask):
                    self.ask(consequence.machine, consequence.id, consequence.command)
                else:
                    self.put(consequence)
        return Transition(row, self.find(kind, id))

    def _move(self, kind: str, id: str, row: Row, resource: Any) -> Any:
        self._note(kind, id, row.state, row.to, row.evidence)
        if row.to == ABSENT:
            self._remove(kind, id)
            return resource
        moved = replace(resource, status=row.to, since=self.now)
        self._put(moved)
        return moved

    def _put(self, resource: Resource) -> Any | None:
        world, capacity = self._world, self._world.rules.limits.resources
        if self._bounded and len(world.store) >= capacity and self.find(resource.kind, resource.id) is None:
            raise TooMany(f"this world holds {capacity} resources, and no more are allowed: {Limits.more('resources')}")
        before = world.quota.bytes
        world.quota.charge(resource)
        if world.quota.over:
            make_room_for(world, resource, world.quota.bytes - before, self._bounded, self._before.values())
        old = world.put(resource)
        self._before.setdefault((resource.kind, resource.id), old)
        return old

    def _remove(self, kind: str, id: str) -> Any | None:
        store, key = self._world.store, (kind, id)
        old: Resource | None = store.find(kind, id)
        if old is not None:
            if self._before.setdefault(key, old) is not None:
                self._numbers.setdefault(key, store.number(kind, id))
            store.remove(kind, id)
        return old

    def _note(self, kind: str, id: str, source: str, to: str, evidence: str | None) -> None:
        self.changes.append(Change(self.now, kind, id, source, to, self.why, evidence))


HistoryMark = tuple[int, Commit | None]
"""A point in a history: how many commits there had been, and the newest of them."""


class History:
    """The newest commits: `capacity` at most, with MAX_REPLACED values at most between them. `count` is of all there were."""

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
        """The instant of the newest commit; None where none is remembered."""
        return self._commits[-1].at if self._commits else None

    def add(self, commit: Commit) -> None:
        """Remember a commit, and forget the oldest where there is no room for all."""
        self._commits.append(commit)
        self.count += 1
        self._size += len(commit.changed_resources)
        while (len(self._commits) > self.capacity or self._size > MAX_REPLACED) and self.forget_oldest():
            pass

    def forget_oldest(self) -> bool:
        """Forget the oldest commit, and return whether there was one besides the newest."""
        if len(self._commits) < 2:
            return False
        self._size -= len(self._commits.popleft().changed_resources)
        return True

    def reaches(self, count: int) -> bool:
        """Return whether there have been so many commits, and every one after the first `count` is remembered."""
        return self.count - len(self._commits) <= count <= self.count

    def mark(self) -> HistoryMark:
        """Return the present point, to ask later whether it was undone."""
        return self.count, self._commits[-1] if self._commits else None

    def has(self, mark: HistoryMark) -> bool:
        """Return whether nothing before a point was undone. A commit that is forgotten cannot be."""
        count, newest = mark
        place = count - 1 - (self.count - len(self._commits))
        return count <= self.count and (place < 0 or self._commits[place] is newest)

    def of(self, n: int) -> Commit | None:
        """Return the commit of exchange `n`; None where it changed nothing or is forgotten."""
        return next((commit for commit in reversed(self._commits) if commit.exchange == n), None)

    def truncate_from(self, count: int) -> Iterator[Commit]:
        """Remove the commits after the first `count` and yield them, newest first."""
        while self.count > count:
            commit = self._commits.pop()
            self.count -= 1
            self._size -= len(commit.changed_resources)
            yield commit

    def copy(self) -> History:
        """Return the same commits, to be added to apart."""
        twin = History(self.capacity)
        twin._commits, twin._size, twin.count = self._commits.copy(), self._size, self.count
        return twin
