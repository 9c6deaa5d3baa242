"""A budget of memory for what is kept, weighed once, to half or twice what the process grows by; what is shared counts once."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Container, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from operator import attrgetter, is_
from sys import getsizeof
from threading import Lock
from typing import Any, ClassVar, NamedTuple
from weakref import WeakSet, WeakValueDictionary

from msgspec import Struct
from msgspec.structs import force_setattr

from emulator.kernel.limits import Limits
from emulator.kernel.machine import PROGRESSING, OwnTiming
from emulator.text.checkpoint import WORK

LARGE = 1_024
"""Bytes from which on a part of a value is charged by itself, so that it counts once wherever it is shared."""

_FLAT, FLAT_SIZE = frozenset((bool, int, float, datetime, timedelta, type(None), Fraction)), 32
_LEAVES = frozenset((str, bytes, bytearray, array, Decimal))
_KEY_SIZE = 24
"""Bytes of a key of a map, besides its letters: many maps share the keys that are usual."""

Getter = Callable[[Any], tuple[Any, ...]]
KEEPING = 757
"""Bytes that a store, its indexes, the agenda and the history need for a value, on average, and those of its status."""
SHARED_CHARGE, GROUPED = 250, 9
"""Bytes that the charge of a large part takes itself, and those of the place of a value in a group."""
FRAGMENTED = 8
"""One byte of so many is lost between large parts, where the allocator cannot use it."""

_PLAIN = {name + end for name in ("bool", "int", "float", "datetime", "timedelta", "Decimal") for end in ("", " | None")}
"""The annotations of fields whose values have nearly the same size always."""
_TEXT = {"str", "str | None"}


class Weight(NamedTuple):
    """The bytes of a value, without those of its large parts."""

    own: int
    large: list[Any]


class Shared:
    """A part of values that does not change any more and that many of them share."""

    __slots__ = ()

    small_size: int | None = None
    """Bytes of one that counts wherever it is, as it is smaller than the charge of a large part."""

    def weigh(self) -> Weight:
        """Return its weight; the large parts are those that it shares with others."""
        plan = _plan_of(type(self))  # type: ignore[arg-type]  # a type has a hash
        return weigh_all(filter(None, plan.weighed(self)), plan.least)


def weigh(value: object) -> Weight:
    """Return the weight of a part of a value, all of it, whatever it is made of."""
    return value.weigh() if isinstance(value, Shared) else weigh_all((value,), keep_large=False)


def weigh_all(values: Iterable[Any], own: int = 0, *, keep_large: bool = True) -> Weight:
    """Return the weight of values together; single long texts count as large parts if `keep_large`."""
    large: list[Any] = []
    waiting = [*values]
    while waiting:
        value = waiting.pop()
        kind: Any = type(value)
        if kind in _FLAT:
            own += FLAT_SIZE
        elif kind in _LEAVES:
            size = getsizeof(value)
            if size >= LARGE and keep_large:
                large.append(value)
            else:
                own += size
        elif isinstance(value, Shared):
            if value.small_size is None:
                large.append(value)
            else:
                own += value.small_size
        else:
            if WORK.pause is not None:
                WORK.pause()
            own += getsizeof(value)
            if isinstance(value, dict):
                own += sum([_KEY_SIZE + len(key) for key in value if isinstance(key, str)])
                waiting.extend(value.values())
            else:
                is_plain = isinstance(value, (tuple, list, set, frozenset))
                waiting.extend(value if is_plain else filter(None, _fields_of(kind)(value)))
        keep_large = True
    return Weight(own, large)


@cache
def _fields_of(kind: Any) -> Getter:
    """Return a function to the values of the fields of a struct, but its charge, or of a dataclass; of anything else, none."""
    names: Any = getattr(kind, "__struct_fields__", None) or getattr(kind, "__dataclass_fields__", ())
    return _getter([name for name in names if name != "charge"])


def _getter(names: Sequence[str]) -> Getter:
    return attrgetter(*names) if len(names) > 1 else lambda value: tuple([getattr(value, name) for name in names])


class WeighingPlan(Struct, frozen=True):
    """Parts of a class by weight: the bytes of each value at least, texts, other fields with their defaults, and both."""

    least: int
    texts: Getter
    others: Getter
    weighed: Getter
    defaults: tuple[Any, ...]


@cache
def _plan_of(kind: Any) -> WeighingPlan:
    types = {name: type for base in reversed(kind.__mro__) for name, type in vars(base).get("__annotations__", {}).items()}
    names = [name for name in kind.__struct_fields__ if name not in ("charge", "status")]
    defaults = dict(zip(reversed(kind.__struct_fields__), reversed(kind.__struct_defaults__), strict=False))
    least = kind.__basicsize__ + FLAT_SIZE * sum(types[name] in _PLAIN for name in names)
    others = [name for name in names if types[name] not in _PLAIN | _TEXT]
    texts = [name for name in names if types[name] in _TEXT]
    weighed = _getter(texts + others)
    return WeighingPlan(least, _getter(texts), _getter(others), weighed, tuple(defaults.get(name) for name in others))


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
        self.quota.budget.give_back(self.quota, self.size)

    def become(self, size: int) -> None:
        """Count so many bytes from now on."""
        self.quota.budget.take(self.quota, size - self.size)
        self.size = size


class SharedCharge(Charge):
    """The charge of a large part that kept values share, held so that no other value gets its identity; it counts once."""

    __slots__ = ("__weakref__", "value")

    def __init__(self, quota: Quota, size: int, parts: tuple[SharedCharge, ...], value: object) -> None:
        super().__init__(quota, size, parts)
        self.value = value


class Metered(Struct, frozen=True, gc=False, kw_only=True):
    """A resource, and its charge once a world keeps it, which is no part of the value.

    While it is `progressing` it looks different as time passes, without any change. Its `timing` replaces that of the world.
    It is in `more_groups` than the few that most are in.
    """

    timing: OwnTiming | None = None
    charge: Charge | None = None
    progressing: ClassVar[Container[str]] = ()
    is_tally: ClassVar[bool] = False
    more_groups: ClassVar[int] = 0

    def index(self) -> tuple[Any, ...]:
        """Return the keys of the groups that the value is found in."""
        return (PROGRESSING,) if self.status in self.progressing else ()  # type: ignore[attr-defined]  # as resources have

    def __eq__(self, other: object) -> bool:
        return self.__class__ is other.__class__ and (values := _fields_of(self.__class__))(self) == values(other)

    def __hash__(self) -> int:
        return hash(_fields_of(self.__class__)(self))


class Budget:
    """The bytes that one server may keep, and keeps, in all of its worlds; `caches` are cleared before anything is refused."""

    def __init__(self, limit: int, of_world: int | None = None) -> None:
        self.limit = limit
        self.of_world = limit if of_world is None else of_world
        self.parts: WeakValueDictionary[int, SharedCharge] = WeakValueDictionary()
        self.caches: WeakSet[Any] = WeakSet()
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
        with self._lock:
            self._settle()
            return self.bytes

    def take(self, quota: Quota, size: int) -> None:
        """Count bytes that a world takes."""
        with self._lock:
            quota.bytes += size
            self.bytes += size
            if self._returned:
                self._settle()

    def give_back(self, quota: Quota, size: int) -> None:
        """Count bytes that are free again. It never waits: the garbage collector may call it while the lock is held."""
        self._returned.append((quota, size))
        if self._lock.acquire(blocking=False):
            self._settle()
            self._lock.release()

    def _settle(self) -> None:
        """Count what was given back, however much that is, while the lock is held."""
        while self._returned:
            quota, size = self._returned.popleft()
            quota.bytes -= size
            self.bytes -= size


class Quota:
    """The bytes that one world has brought into a budget. What it shares with an earlier world counts there."""

    __slots__ = ("budget", "bytes", "limit")

    def __init__(self, budget: Budget) -> None:
        self.budget, self.limit, self.bytes = budget, budget.of_world, 0

    @property
    def over(self) -> bool:
        """True if more is kept than may be, in this world or on the server."""
        return self.budget.bytes > self.budget.limit or self.bytes > self.limit

    def charge(self, value: Any, former: Any = None) -> Charge:
        """Charge a value that is kept from now on, unless it is charged already, and return its charge.

        Where it shares all that is weighed with the `former` value, nothing is weighed again.
        """
        charge: Charge | None = value.charge
        if charge is None:
            plan = _plan_of(value.__class__)
            is_alike = former is not None and all(map(is_, plan.weighed(value), plan.weighed(former)))
            charge = Charge(self, *((former.charge.size, former.charge.parts) if is_alike else self._weigh(value, plan)))
            force_setattr(value, "charge", charge)
        return charge

    def _weigh(self, value: Any, plan: WeighingPlan) -> tuple[int, tuple[SharedCharge, ...]]:
        """Return the bytes of a value, and the charges of its large parts."""
        texts, parts = plan.texts(value), list[SharedCharge]()
        size = sum(map(str.__sizeof__, filter(None, texts)))
        if size >= LARGE:
            size, large = weigh_all(texts)
            parts += map(self._charge_part, large)
        for field, default in zip(plan.others(value), plan.defaults, strict=False):
            if field is default:
                pass
            elif isinstance(field, Shared) and field.small_size is not None:
                size += field.small_size
            elif part := self.budget.parts.get(id(field)):
                parts.append(part)
            elif isinstance(field, Shared) or field:
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
        part = self.budget.parts[id(value)] = SharedCharge(self, size, tuple(map(self._charge_part, weight.large)), value)
        return part
