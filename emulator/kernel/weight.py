"""The bytes that values take in memory, near enough to budget them: within half and twice of what the process grows by."""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter
from sys import getsizeof
from typing import Any, NamedTuple

LARGE = 1_024
"""Bytes from which on a part of a value is charged by itself, so that it counts once wherever it is shared."""

KEEPING = 700
"""Bytes that a store, its indexes, the agenda and the history need for a value, on average."""

_FLAT = frozenset((bool, int, float, datetime, timedelta, type(None), Fraction))
_FLAT_SIZE = 32
_LEAVES = frozenset((str, bytes, bytearray, array, Decimal))
_SERIES = (tuple, list, set, frozenset)
_KEY = 24
"""Bytes of a key of a map, besides its letters: many maps share the keys that are usual."""

_PLAIN = frozenset(
    name + optional for name in ("bool", "int", "float", "datetime", "timedelta", "Decimal") for optional in ("", " | None")
)
"""The annotations of fields whose values have nearly the same size always."""

_TEXT = frozenset(("str", "str | None", "bytes"))


class Weight(NamedTuple):
    """The bytes of a value, without those of its large parts."""

    own: int
    large: list[Any]


class Shared:
    """A part of values that is not changed any more and that many of them share."""

    __slots__ = ()

    def weigh(self) -> Weight:
        """Return its bytes without those of its large parts, which those that it shares with others belong to."""
        return weigh_all(_fields_of(type(self))(self), getsizeof(self))


def weigh(value: object) -> Weight:
    """Return the weight of a part of a value, all of it, whatever it is made of."""
    return value.weigh() if isinstance(value, Shared) else weigh_all((value,), keep_large=False)


def weigh_all(values: Iterable[Any], own: int = 0, *, keep_large: bool = True) -> Weight:
    """Return the weight of values together; of single long texts, only that they are there, if they are kept apart."""
    large: list[Any] = []
    waiting = [*values]
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind in _FLAT:
            own += _FLAT_SIZE
        elif kind in _LEAVES:
            size = getsizeof(value)
            if size >= LARGE and keep_large:
                large.append(value)
            else:
                own += size
        elif isinstance(value, Shared):
            large.append(value)
        elif isinstance(value, dict):
            own += getsizeof(value) + sum([_KEY + len(key) for key in value if isinstance(key, str)])
            waiting.extend(value.values())
        elif isinstance(value, _SERIES):
            own += getsizeof(value)
            waiting.extend(value)
        else:
            own += getsizeof(value)
            waiting.extend(filter(None, _fields_of(kind)(value)))
        keep_large = True
    return Weight(own, large)


Getter = Callable[[Any], tuple[Any, ...]]
"""A function from a value to those of some of its fields."""


class Plan(NamedTuple):
    """How the values of one class are weighed: what each weighs at least, its texts, and its other fields.

    `usual` are the defaults of the other fields, which all values share.
    """

    least: int
    texts: Getter
    others: Getter
    usual: tuple[Any, ...]


def plan_of(kind: type) -> Plan:
    """Return how the values of a dataclass are weighed."""
    plan = _plans.get(kind)
    if plan is None:
        fields = dataclasses.fields(kind)
        plain = sum(field.type in _PLAIN for field in fields)
        texts = [field.name for field in fields if field.type in _TEXT]
        others = [field for field in fields if field.type not in _PLAIN | _TEXT]
        least = KEEPING + kind.__basicsize__ + _FLAT_SIZE * plain
        usual = tuple(field.default for field in others)
        plan = _plans[kind] = Plan(least, _getter(texts), _getter([field.name for field in others]), usual)
    return plan


_plans: dict[type, Plan] = {}
_getters: dict[type, Getter] = {}


def _fields_of(kind: type) -> Getter:
    """Return a function to the values of a dataclass's fields; of anything else, nothing is looked into."""
    getter = _getters.get(kind)
    if getter is None:
        names = [field.name for field in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else []
        getter = _getters[kind] = _getter(names)
    return getter


def _getter(names: list[str]) -> Getter:
    if not names:
        return lambda _: ()
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda value: (get(value),)
