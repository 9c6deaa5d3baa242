"""Sequences of which each value of a resource has nearly all items of the value before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from operator import is_not
from typing import Any, NamedTuple

Grow = Callable[[Sequence[Any], Sequence[Any], int], Sequence[Any]]


class Growing(NamedTuple):
    """Marks a field whose sequence gets items at its end and loses some at its beginning: a store keeps only what changed.

    `grow` returns a sequence with newer items, and without so many of its oldest.
    """

    grow: Grow


class Growth(NamedTuple):
    """The difference of a sequence from the one before: how many of the oldest items are gone, and the newer ones."""

    gone: int
    newest: tuple[Any, ...]


def growth(former: Sequence[Any], value: Sequence[Any]) -> Growth | None:
    """Return how a sequence came of the one before it; None where it did not begin with the very items of that."""
    first = next(iter(value), None)
    gone = next((n for n, it in enumerate(former) if it is first), None)
    if gone is None:
        return None
    rest = len(former) - gone
    if rest > len(value) or any(map(is_not, islice(former, gone, None), value)):
        return None
    return Growth(gone, tuple(islice(value, rest, None)))
