"""A budget of memory for what is kept, weighed once, to half or twice what the process grows by; what is shared counts once."""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from operator import is_
from threading import Lock
from typing import Any, ClassVar
from weakref import WeakSet, WeakValueDictionary

from msgspec.structs import force_setattr

from emulator.kernel.limits import Limits
from emulator.kernel.machine import PROGRESSING, OwnTiming
from emulator.kernel.resource import Struct
from emulator.kernel.weight import LARGE, Shared, WeighingPlan, Weight, fields_of, plan_of, weigh, weigh_all

KEEPING = 757
"""Bytes that a store, its indexes, the agenda and the history need for a value, on average, and those of its status."""
SHARED_CHARGE, GROUPED = 250, 9
"""Bytes that the charge of a large part takes itself, and those of the place of a value in a group."""
FRAGMENTED = 8
"""One byte of so many is lost between large parts, where the allocator cannot use it."""


MOST_RETURNED = 1_000
"""Charges that are given back before they are counted, whoever looks."""


class Charge(Struct, eq=False, gc=False):
    """The bytes of a value that is kept, counted by its quota. They are given back when the value, which holds it, is gone.

    Whatever shares the value (a store, the history, a snapshot, a fork, the beginning of many worlds) shares the charge, so
    nothing has to be told when one of them is dropped. `parts` are the charges of large parts that others may share, too.
    """

    quota: Quota
    size: int
    parts: tuple[SharedCharge, ...] = ()

    def __del__(self) -> None:
        """Give the bytes back. It never waits: the garbage collector may call it while the lock is held."""
        quota = self.quota
        returned = quota.budget.returned
        returned.append((quota, self.size))
        if len(returned) > MOST_RETURNED:
            quota.budget.settle_if_free()

    def become(self, size: int) -> None:
        """Count so many bytes from now on."""
        self.quota.take(size - self.size)
        self.size = size


class SharedCharge(Charge, eq=False, gc=True, weakref=True):
    """The charge of a large part that kept values share, held so that no other value gets its identity; it counts once."""

    value: object = None


class Metered(Struct, frozen=True, gc=False, kw_only=True):
    """A resource, and its charge once a world keeps it, which is no part of the value.

    While it is `progressing` it looks different as time passes, without any change. It is with somebody `outside` in these
    statuses, and in the group OUTSIDE. Its `timing` replaces that of the world. It is in `more_groups` than most are in.
    """

    timing: OwnTiming | None = None
    charge: Charge | None = None
    progressing: ClassVar[Container[str]] = ()
    outside: ClassVar[Container[str]] = ()
    is_tally: ClassVar[bool] = False
    more_groups: ClassVar[int] = 0

    def index(self) -> tuple[Any, ...]:
        """Return the keys of the groups that the value is found in."""
        return (PROGRESSING,) if self.status in self.progressing else ()  # type: ignore[attr-defined]  # as resources have

    def __eq__(self, other: object) -> bool:
        return self.__class__ is other.__class__ and (values := fields_of(self.__class__))(self) == values(other)

    def __hash__(self) -> int:
        return hash(fields_of(self.__class__)(self))


class Budget:
    """The bytes that one server may keep, and keeps, in all of its worlds; `caches` are cleared before anything is refused.

    What is `returned` by charges is taken off once somebody asks whether there is room.
    """

    def __init__(self, limit: int, of_world: int | None = None) -> None:
        self.limit = limit
        self.of_world = limit if of_world is None else of_world
        self.parts: WeakValueDictionary[int, SharedCharge] = WeakValueDictionary()
        self.caches: WeakSet[Any] = WeakSet()
        self.bytes = 0
        self.lock = Lock()
        self.returned: deque[tuple[Quota, int]] = deque()

    @classmethod
    def of(cls, limits: Limits) -> Budget:
        """Return the budget of a server under these bounds."""
        return cls(limits.memory, limits.world_memory)

    @property
    def used(self) -> int:
        """Bytes that are kept at present."""
        with self.lock:
            self.settle()
            return self.bytes

    def settle_if_free(self) -> None:
        """Count what was given back, unless somebody else counts at this moment."""
        if self.lock.acquire(blocking=False):
            self.settle()
            self.lock.release()

    def settle(self) -> None:
        """Count what was given back, however much that is, while the lock is held."""
        while self.returned:
            quota, size = self.returned.popleft()
            quota.bytes -= size
            self.bytes -= size


class Quota:
    """The bytes that one world has brought into a budget. What it shares with an earlier world counts there."""

    __slots__ = ("budget", "bytes", "limit")

    def __init__(self, budget: Budget) -> None:
        self.budget, self.limit, self.bytes = budget, budget.of_world, 0

    @property
    def over(self) -> bool:
        """True if more is kept than may be, in this world or on the server, without what was returned and not counted yet."""
        budget = self.budget
        if budget.bytes <= budget.limit and self.bytes <= self.limit:
            return False
        return budget.used > budget.limit or self.bytes > self.limit

    @property
    def used(self) -> int:
        """Bytes that this world keeps at present."""
        with self.budget.lock:
            self.budget.settle()
            return self.bytes

    def take(self, size: int) -> None:
        """Count bytes that this world takes."""
        budget = self.budget
        with budget.lock:
            self.bytes += size
            budget.bytes += size

    def keep(self, size: int) -> Charge:
        """Count bytes for as long as the charge that this returns is held."""
        self.take(size)
        return Charge(self, size)

    def charge(self, value: Any, former: Any = None) -> Charge:
        """Charge a value that is kept from now on, unless it is charged already, and return its charge.

        Where it shares all that is weighed with the `former` value, nothing is weighed again.
        """
        charge: Charge | None = value.charge
        if charge is None:
            fields = (plan := plan_of(value.__class__)).weighed(value)
            if former is not None and all(map(is_, fields, plan.weighed(former))):
                size, parts = former.charge.size, former.charge.parts
            else:
                size, parts = self._weigh(value, fields, plan)
            self.take(size)
            force_setattr(value, "charge", charge := Charge(self, size, parts))
        return charge

    def share(self, part: Shared) -> Charge | None:
        """Count a part that values will share, for as long as this is held; None where each of them counts all of it."""
        return None if part.small_size is not None else self._charge_part(part)

    def _weigh(self, value: Any, fields: tuple[Any, ...], plan: WeighingPlan) -> tuple[int, tuple[SharedCharge, ...]]:
        """Return the bytes of a value of such fields, and the charges of its large parts."""
        texts, parts = fields[: plan.texts], list[SharedCharge]()
        size = sum(map(str.__sizeof__, filter(None, texts)))
        if size >= LARGE:
            size, large = weigh_all(texts)
            parts += map(self._charge_part, large)
        for field, default in zip(fields[plan.texts :], plan.defaults, strict=True):
            is_shared = isinstance(field, Shared)
            if field is default or not (is_shared or field):
                pass
            elif is_shared and (small := field.small_size) is not None:
                size += small
            elif part := self.budget.parts.get(id(field)):
                parts.append(part)
            else:
                size += self._charge_field(field, parts)
        return KEEPING + plan.least + size + GROUPED * value.more_groups, tuple(parts)

    def _charge_field(self, field: Any, parts: list[SharedCharge]) -> int:
        """Return the bytes of a field, and add its large parts, or the field itself where it is large."""
        own, large = weigh_all((field,))
        parts += [self._new_part(field, Weight(own, large))] if own >= LARGE else map(self._charge_part, large)
        return 0 if own >= LARGE else own

    def _charge_part(self, value: Any) -> SharedCharge:
        return self.budget.parts.get(id(value)) or self._new_part(value, weigh(value))

    def _new_part(self, value: Any, weight: Weight) -> SharedCharge:
        size = SHARED_CHARGE + weight.own + weight.own // FRAGMENTED
        parts = tuple(map(self._charge_part, weight.large))
        self.take(size)
        part = self.budget.parts[id(value)] = SharedCharge(self, size, parts, value)
        return part
