"""The weights of values: near enough to the bytes that they take, whatever they are made of."""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from operator import attrgetter
from sys import getsizeof
from typing import Any, NamedTuple

LARGE = 1_024
"""Bytes from which on a part of a value is charged by itself, so that it counts once wherever it is shared."""

_FLAT = frozenset((bool, int, float, datetime, timedelta, type(None), Fraction))
FLAT_SIZE = 32
_LEAVES = frozenset((str, bytes, bytearray, array, Decimal))
_SERIES = (tuple, list, set, frozenset)
_KEY_SIZE = 24
"""Bytes of a key of a map, besides its letters: many maps share the keys that are usual."""

Getter = Callable[[Any], tuple[Any, ...]]
"""A function from a value to those of some of its fields."""


class Weight(NamedTuple):
    """The bytes of a value, without those of its large parts."""

    own: int
    large: list[Any]


class Shared:
    """A part of values that does not change any more and that many of them share."""

    __slots__ = ()

    @property
    def is_small(self) -> bool:
        """True if it counts wherever it is, as it is smaller than the charge of a large part."""
        return False

    def weigh(self) -> Weight:
        """Return its weight; the large parts are those that it shares with others."""
        kind: Any = type(self)
        return weigh_all(_fields_of(kind)(self), getsizeof(self))


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
            if value.is_small:
                own += value.weigh().own
            else:
                large.append(value)
        else:
            own += getsizeof(value)
            if isinstance(value, dict):
                own += sum([_KEY_SIZE + len(key) for key in value if isinstance(key, str)])
                waiting.extend(value.values())
            else:
                waiting.extend(value if isinstance(value, _SERIES) else filter(None, _fields_of(kind)(value)))
        keep_large = True
    return Weight(own, large)


@cache
def _fields_of(kind: type) -> Getter:
    """Return a function to the values of a dataclass's fields; of anything else, nothing is looked into."""
    return getter([field.name for field in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else [])


def getter(names: list[str]) -> Getter:
    if not names:
        return lambda _: ()
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda value: (get(value),)
