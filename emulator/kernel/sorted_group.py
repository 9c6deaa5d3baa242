"""A sorted group, read page by page from anywhere in it, from either end; costs what is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from emulator.kernel.pages import SortedPages


class SortedGroup:
    """The resources of a group in its order. Whoever reads it changes nothing meanwhile."""

    __slots__ = ("_get", "_members")

    def __init__(self, members: SortedPages, get: Callable[[str], Any]) -> None:
        self._members = members
        self._get = get

    def __len__(self) -> int:
        return len(self._members)

    def ascending(self, start: int = 0) -> Iterator[Any]:
        """Yield the resources from an index on."""
        return (self._get(member[-1]) for member in self._members.onward_from(start))

    def reversed(self, start: int = 0) -> Iterator[Any]:
        """Yield the resources last first, from an index on that is counted from the end."""
        return (self._get(member[-1]) for member in self._members.back_from(len(self._members) - start))

    def descending(self, start: int = 0) -> Iterator[Any]:
        """Yield the resources from an index on as a stable sort in descending order has them.

        The greatest value comes first; those that have the same value stay in order of arrival.
        """
        members, total = self._members, len(self._members)
        while start < total:
            last = total - 1 - start
            value = members[last][0]
            first = members.rank((value,))
            end = members.rank((value, float("inf")))
            begin = first + start - (total - end)
            yield from (self._get(member[-1]) for member in islice(members.onward_from(begin), end - begin))
            start = total - first
