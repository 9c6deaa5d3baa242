"""All or nothing: a transaction changes the world at once, remembers what was, and can take everything back."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from emulator.kernel.errors import TooMany
from emulator.kernel.history import Commit, ResourceChange
from emulator.kernel.journal import AppliedRow, Change
from emulator.kernel.limits import Limits
from emulator.kernel.machine import ABSENT, Ask, Machine, Row, Timer
from emulator.kernel.room import admit, charge, make_room
from emulator.kernel.sorted_pages import SortedGroup
from emulator.kernel.store import Resource

if TYPE_CHECKING:
    from emulator.kernel.world import World


class Transition(NamedTuple):
    """The row that was taken, and the resource as it is now (None when it is absent)."""

    row: Row
    resource: Any | None


class Transaction:
    """One cause at one instant, acting on one world. Use as a context: an exception that leaves it takes everything back.

    One that is not `bounded` may add more resources than there may be: what time brings about cannot be refused.
    `context` is the request that is carried out, None where time or a controller acts; the kernel never looks into it.
    `changes` are the states that were left and entered, `applied_rows` the rows that were taken, and `consulted` the
    assumptions that were asked about.
    """

    __slots__ = (
        "_before",
        "_bounded",
        "_counted",
        "_first",
        "_numbers",
        "_world",
        "applied_rows",
        "changes",
        "consulted",
        "context",
        "now",
        "why",
    )

    def __init__(self, world: World, now: datetime, why: str, bounded: bool = True, context: Any = None) -> None:
        self._world = world
        self._bounded = bounded
        self._first = world.journal.last
        self._before: dict[tuple[str, str], Any | None] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._counted: dict[str, int | None] = {}
        self.now = now
        self.why = why
        self.context = context
        self.changes: list[Change] = []
        self.applied_rows: list[AppliedRow] = []
        self.consulted: dict[str, None] = {}

    def __enter__(self) -> Transaction:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.roll_back()
        elif self._before or self._counted:
            last = self._world.journal.last
            self._world.history.add(Commit(self.now, self.why, self._first, last, self.changed_resources(), self._counted))
        if self._world.quota.over:
            make_room(self._world)

    def changed_resources(self) -> tuple[ResourceChange, ...]:
        """Every resource that was put or removed, as it was before and as it is now."""
        find, numbers = self._world.store.find, self._numbers
        return tuple([ResourceChange(*key, before, find(*key), numbers.get(key)) for key, before in self._before.items()])

    def find(self, kind: str, id: str) -> Any | None:
        """The resource as it is now, or None."""
        return self._world.store.find(kind, id)

    def group(self, kind: str, *key: Hashable) -> list[Any]:
        """The resources of a kind in the group of that key, in order of arrival."""
        return self._world.store.group(kind, *key)

    def sorted_group(self, kind: str, *key: Hashable) -> SortedGroup:
        """The resources of a kind in a group, to be read from anywhere in it before anything is changed."""
        return self._world.store.sorted_group(kind, *key)

    def all(self, kind: str) -> Iterable[Any]:
        """Every resource of a kind, in order of arrival."""
        return self._world.store.all(kind)

    def size(self, kind: str, *key: Hashable) -> int:
        """How many resources of a kind there are, or are in a group."""
        return self._world.store.size(kind, *key)

    def choice(self, assumption: str) -> str:
        """The choice of an assumption that is in force in this world."""
        self.consulted[assumption] = None
        return self._world.rules.choices[assumption]

    def length(self, wait: Timer, resource: Any) -> timedelta | None:
        """How long a wait lasts for a resource in this world; None for ever."""
        return wait.length(resource, self._world.rules.timing)

    def accepts(self, vendor: str, credential: str | None) -> bool:
        """Whether a credential is good for this world."""
        return self._world.accepts(vendor, credential)

    def lists_credential(self, vendor: str, credential: str) -> bool:
        """Return whether the scenario of this world names a credential among those that it accepts."""
        return credential in (self._world.rules.credentials.get(vendor) or ())

    @property
    def world_id(self) -> str:
        """The id of the world that this acts on."""
        return self._world.id

    def digest(self, purpose: str) -> bytes:
        """32 bytes that only the seed and the purpose decide."""
        return blake2b(f"{self._world.seed}/{purpose}".encode(), digest_size=32).digest()

    def mint(self, purpose: str) -> bytes:
        """32 bytes for a new id: decided by the seed, the purpose, and how often it was asked before."""
        counters = self._world.counters
        before = counters.get(purpose)
        self._counted.setdefault(purpose, before)
        counters[purpose] = number = (before or 0) + 1
        return self.digest(f"{purpose}/{number}")

    def admit(self, resources: int) -> None:
        """Make sure that the world has room for so many resources more, or raise TooMany."""
        admit(self._world.quota, resources)

    def put(self, resource: Resource) -> None:
        """Adds or replaces a resource. Where a machine governs it, a status that differs from before is noted as a change."""
        old = self._put(resource)
        before = ABSENT if old is None else old.status
        if before != resource.status and resource.kind in self._world.rules.machines:
            self._note(resource.kind, resource.id, before, resource.status, None)

    def remove(self, kind: str, id: str) -> None:
        """Takes a resource out of the world."""
        old = self._remove(kind, id)
        if old is not None and kind in self._world.rules.machines:
            self._note(kind, id, old.status, ABSENT, None)

    def ask(self, machine: Machine, id: str, command: str, new: Resource | None = None) -> Transition:
        """Lets a resource take the row of a command; `new` is what comes into being where the row leads out of absence."""
        resource = self._world.store.find(machine.kind, id)
        row = machine.ask(self, resource, command)
        return self._take(machine.kind, id, row, resource or new)

    def expire(self, machine: Machine, resource: Resource, wait: Timer) -> Transition:
        """Lets a resource take the row of a wait that is over."""
        return self._take(machine.kind, resource.id, machine.expire(self, resource, wait), resource)

    def roll_back(self) -> None:
        """Makes the world what it was before."""
        revert(self._world, self.changed_resources(), self._counted)
        for memory in (self._before, self._numbers, self._counted, self.changes, self.applied_rows):
            memory.clear()

    def _take(self, kind: str, id: str, row: Row, resource: Any | None) -> Transition:
        moved = resource
        self.applied_rows.append(AppliedRow(kind, id, row))
        if row.to != row.state:
            moved = self._move(kind, id, row, resource)
        if row.effect is not None:
            self._follow(row.effect(self, moved))
        return Transition(row, self.find(kind, id))

    def _move(self, kind: str, id: str, row: Row, resource: Any) -> Any:
        self._note(kind, id, row.state, row.to, row.evidence)
        if row.to == ABSENT:
            self._remove(kind, id)
            return resource
        moved = replace(resource, status=row.to, since=self.now)
        self._put(moved)
        return moved

    def _follow(self, steps: Iterable[Any]) -> None:
        for step in steps:
            if isinstance(step, Ask):
                self.ask(step.machine, step.id, step.command)
            else:
                self.put(step)

    def _put(self, resource: Resource) -> Any | None:
        world, capacity = self._world, self._world.rules.limits.resources
        if self._bounded and len(world.store) >= capacity and world.store.find(resource.kind, resource.id) is None:
            raise TooMany(f"this world holds {capacity} resources, and no more are allowed: {Limits.more('resources')}")
        charge(world, resource, self._bounded, self._before.values())
        old = world.put(resource)
        key = resource.kind, resource.id
        if key not in self._before:
            self._before[key] = old
        return old

    def _remove(self, kind: str, id: str) -> Any | None:
        store, key = self._world.store, (kind, id)
        old: Resource | None = store.find(kind, id)
        if old is None:
            return None
        if key not in self._before:
            self._before[key] = old
        if self._before[key] is not None:
            self._numbers.setdefault(key, store.number(kind, id))
        self._world.remove(kind, id)
        return old

    def _note(self, kind: str, id: str, source: str, to: str, evidence: str | None) -> None:
        self.changes.append(Change(self.now, kind, id, source, to, self.why, evidence))


def revert(world: World, changed_resources: Iterable[ResourceChange], counters: Mapping[str, int | None]) -> None:
    """Gives a world back what was replaced in it: values, their places in the order of arrival, and counts."""
    replaced = tuple(changed_resources)
    for kind, id, before, _, number in replaced:
        if before is None or number is not None:
            world.remove(kind, id)
    for _, _, before, _, number in replaced:
        if before is not None:
            world.put(before, number)
    for purpose, count in counters.items():
        if count is None:
            world.counters.pop(purpose, None)
        else:
            world.counters[purpose] = count
