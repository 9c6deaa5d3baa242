"""The weight of values in memory: each text by its letters, what is made of parts by these, what is shared by itself."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from operator import attrgetter
from sys import getsizeof
from typing import Any, NamedTuple

from emulator.kernel.resource import Struct
from emulator.text.checkpoint import WORK

LARGE = 1_024
"""Bytes from which on a part of a value is charged by itself, so that it counts once wherever it is shared."""

_FLAT, FLAT_SIZE = frozenset((bool, int, float, datetime, timedelta, type(None), Fraction)), 32
_LEAVES = frozenset((str, bytes, bytearray, array, Decimal))
_KEY_SIZE = 24
"""Bytes of a key of a map, besides its letters: many maps share the keys that are usual."""

Getter = Callable[[Any], tuple[Any, ...]]

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
        plan = plan_of(type(self))  # type: ignore[arg-type]  # a type has a hash
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
            if (small := value.small_size) is None:
                large.append(value)
            else:
                own += small
        else:
            if WORK.pause is not None:
                WORK.pause()
            own += getsizeof(value)
            if isinstance(value, dict):
                own += sum([_KEY_SIZE + len(key) for key in value if isinstance(key, str)])
                waiting.extend(value.values())
            else:
                is_plain = isinstance(value, (tuple, list, set, frozenset))
                waiting.extend(value if is_plain else filter(None, fields_of(kind)(value)))
        keep_large = True
    return Weight(own, large)


@cache
def fields_of(kind: Any) -> Getter:
    """Return a function to the values of the fields of a struct, but its charge, or of a dataclass; of anything else, none."""
    names: Any = getattr(kind, "__struct_fields__", None) or getattr(kind, "__dataclass_fields__", ())
    return _getter([name for name in names if name != "charge"])


def _getter(names: Sequence[str]) -> Getter:
    return attrgetter(*names) if len(names) > 1 else lambda value: tuple([getattr(value, name) for name in names])


class WeighingPlan(Struct, frozen=True):
    """Fields of a class by weight: the bytes of all of them at least, and those that are weighed, so many texts first.

    `defaults` are those of the others.
    """

    least: int
    weighed: Getter
    texts: int
    defaults: tuple[Any, ...]


@cache
def plan_of(kind: Any) -> WeighingPlan:
    types = {name: type for base in reversed(kind.__mro__) for name, type in vars(base).get("__annotations__", {}).items()}
    names = [name for name in kind.__struct_fields__ if name not in ("charge", "status")]
    defaults = dict(zip(reversed(kind.__struct_fields__), reversed(kind.__struct_defaults__), strict=False))
    least = kind.__basicsize__ + FLAT_SIZE * sum(types[name] in _PLAIN for name in names)
    others = [name for name in names if types[name] not in _PLAIN | _TEXT]
    texts = [name for name in names if types[name] in _TEXT]
    return WeighingPlan(least, _getter(texts + others), len(texts), tuple(defaults.get(name) for name in others))
