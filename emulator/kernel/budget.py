"""A budget in bytes for what is kept. What is shared counts once, and gives its bytes back when nothing keeps it any more."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from sys import getsizeof
from threading import Lock
from typing import Any
from weakref import WeakSet, WeakValueDictionary

from emulator.kernel.errors import TooMany
from emulator.kernel.limits import Limits
from emulator.kernel.weight import LARGE, Weight, plan_of, weigh, weigh_all

CHARGE_SIZE = 250
"""Bytes that the charge of a large part takes itself."""

FEW = 8
"""Items of a field up to which it is weighed again, rather than looked up first."""

_SIZED = (dict, tuple)

RESERVE = 16
"""The part of a limit, one of so many, that only what follows from a change may use."""

LOST = 8
"""One byte of so many is lost between large parts, where the allocator cannot use it."""


class Charge:
    """The bytes of a value that is kept. They are given back when the value, which holds its charge, is gone.

    Whatever shares the value (a store, the history, a snapshot, a fork, the beginning of many worlds) shares the charge, so
    nothing has to be told when one of them is dropped. `parts` are the charges of large parts that others may share, too.
    """

    __slots__ = ("parts", "quota", "size")

    def __init__(self, quota: Quota, size: int, parts: tuple[SharedCharge, ...] = ()) -> None:
        self.quota = quota
        self.size = size
        self.parts = parts
        quota.budget.take(quota, size)

    def __del__(self) -> None:
        quota = self.quota
        quota.budget.give_back(quota, self.size)

    def become(self, size: int) -> None:
        """Count so many bytes from now on."""
        self.quota.budget.take(self.quota, size - self.size)
        self.size = size


class SharedCharge(Charge):
    """The charge of a large part of kept values: of all values that share it, it counts once."""

    __slots__ = ("__weakref__", "value")

    def __init__(self, quota: Quota, size: int, parts: tuple[SharedCharge, ...], value: object) -> None:
        super().__init__(quota, size, parts)
        self.value = value
        """Held, so that no other value can have its identity meanwhile."""


class Metered:
    """A value that a world keeps, a frozen dataclass, and its charge once it is kept."""

    __slots__ = ("charge",)

    charge: Charge

    def index(self) -> tuple[Any, ...]:
        """Return the keys of the groups that the value is found in: none, unless its kind has groups."""
        return ()


class Budget:
    """The bytes that one server may keep, and those that it keeps, in all of its worlds."""

    def __init__(self, limit: int, of_world: int | None = None) -> None:
        self.limit = limit
        self.of_world = limit if of_world is None else of_world
        self.parts: WeakValueDictionary[int, SharedCharge] = WeakValueDictionary()
        self.caches: WeakSet[EvictableCache] = WeakSet()
        self.bytes = 0
        self._lock = Lock()
        self._returned: deque[tuple[Quota, int]] = deque()

    @classmethod
    def of(cls, limits: Limits) -> Budget:
        """Return the budget of a server under these bounds."""
        return cls(limits.memory, limits.world_memory)

    @property
    def used(self) -> int:
        """Bytes that are kept at present."""
        self.settle()
        return self.bytes

    def take(self, quota: Quota, size: int) -> None:
        """Count bytes that an quota takes."""
        self._count(quota, size)
        if self._returned:
            self.settle()

    def _count(self, quota: Quota, size: int) -> None:
        with self._lock:
            quota.bytes += size
            self.bytes += size

    def give_back(self, quota: Quota, size: int) -> None:
        """Count bytes that are free again. It never waits: the collector of garbage may call it while the lock is held."""
        if self._lock.acquire(blocking=False):
            quota.bytes -= size
            self.bytes -= size
            self._lock.release()
        else:
            self._returned.append((quota, size))

    def settle(self) -> None:
        """Count what was given back while the lock was held."""
        with suppress(IndexError):  # another thread may have counted the last
            while self._returned:
                quota, size = self._returned.popleft()
                self._count(quota, -size)

    def clear_caches(self) -> None:
        """Drop what is kept only to save work."""
        for spare in [*self.caches]:
            spare.drop()


class EvictableCache:
    """What is kept only to save work, by key, the newest `capacity` of it. It gives way before anything is refused."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._kept: dict[Any, Any] = {}

    def get(self, key: object) -> Any | None:
        """Return what is kept under a key, or None."""
        return self._kept.get(key)

    def put(self, key: object, value: object, budget: Budget) -> None:
        """Keep a value, in place of the oldest where there are too many."""
        while len(self._kept) >= self._capacity:
            self._kept.pop(next(iter(self._kept)), None)
        self._kept[key] = value
        budget.caches.add(self)

    def drop(self) -> None:
        """Keep nothing any more."""
        self._kept.clear()


class Quota:
    """The bytes that one world has brought into a budget. What it shares with an earlier world counts there."""

    __slots__ = ("budget", "bytes", "limit")

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.limit = budget.of_world
        self.bytes = 0

    @property
    def over(self) -> bool:
        """Whether more is kept than may be, in this world or on the server."""
        budget = self.budget
        return budget.bytes > budget.limit or self.bytes > self.limit

    @property
    def is_beyond_reserve(self) -> bool:
        """True once more is kept than the limit and the reserve for what follows from a change, a RESERVE-th of it."""
        budget = self.budget
        return budget.bytes > budget.limit * (1 + 1 / RESERVE) or self.bytes > self.limit * (1 + 1 / RESERVE)

    def charge(self, value: Any) -> Charge:
        """Charge a value that is kept from now on, unless it is charged already, and return its charge."""
        known: Charge | None = getattr(value, "charge", None)
        if known is not None:
            return known
        plan = plan_of(type(value))
        parts: list[SharedCharge] = []
        texts = plan.texts(value)
        size = sum(map(getsizeof, texts))
        if size >= LARGE:
            size, large = weigh_all(texts)
            parts += map(self._part, large)
        for other, usual in zip(plan.others(value), plan.usual, strict=False):
            if other is not usual and other:
                size += self._charge_field(other, parts)
        charge = Charge(self, plan.least + size, tuple(parts))
        object.__setattr__(value, "charge", charge)
        return charge

    def admit(self, size: int, what: str) -> None:
        """Make sure that there is room for so many bytes, before the work is done.

        Raises:
            TooMany: there is not.
        """
        if not self._has_room(size):
            self.budget.clear_caches()
            if not self._has_room(size):
                raise self.refusal(what, size)

    def refusal(self, what: str, size: int = 0) -> TooMany:
        """Return why something has no room, and what to do."""
        budget, keeper, name = self.budget, "this server keeps", "memory"
        if self.limit < budget.limit and self.bytes + size > self.limit:
            keeper, name = "this world keeps", "world_memory"
        limit = min(self.limit, budget.limit) if name == "world_memory" else budget.limit
        cure = f"delete, reset or drop what is not needed, or {Limits.more(name)}"
        return TooMany(f"{what} has no room, since {keeper} {limit} bytes at most: {cure}")

    def _has_room(self, size: int) -> bool:
        budget = self.budget
        return budget.used + size <= budget.limit and self.bytes + size <= self.limit

    def _charge_field(self, field: Any, parts: list[SharedCharge]) -> int:
        """Return the bytes of a field, and add its large parts, or the field itself where it is large."""
        known = self.budget.parts
        part = known.get(id(field)) if isinstance(field, _SIZED) and len(field) > FEW else None
        if part is None:
            own, large = weigh_all((field,))
            if own < LARGE:
                parts += map(self._part, large)
                return own
            part = known.get(id(field)) or self._new_part(field, Weight(own, large))
        parts.append(part)
        return 0

    def _part(self, value: Any) -> SharedCharge:
        """Return the charge of a large part, which others may share."""
        part = self.budget.parts.get(id(value))
        return self._new_part(value, weigh(value)) if part is None else part

    def _new_part(self, value: Any, weight: Weight) -> SharedCharge:
        part = SharedCharge(self, CHARGE_SIZE + weight.own + weight.own // LOST, tuple(map(self._part, weight.large)), value)
        self.budget.parts[id(value)] = part
        return part
