"""Sorted sets in pages that copies share, and groups of resources that are read from anywhere in them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import chain, islice
from typing import Any

from emulator.kernel.resource import Struct

IndexKey = tuple[Hashable, ...]

PAGE = 256
"""Entries of a page on average."""

FEW = 8
"""Entries up to which each is put into a page, or taken out of it, by itself."""


class SortedPages:
    """A set of tuples in their order, in pages of up to 2 * PAGE, which copies share: no page changes any more.

    `owner` is whoever may change the set: another takes a copy first.
    """

    __slots__ = ("_lasts", "_pages", "_size", "owner")

    def __init__(self, entries: Iterable[tuple[Any, ...]] = (), owner: object = None) -> None:
        self._pages: list[list[tuple[Any, ...]]] = []
        self._lasts: list[tuple[Any, ...]] = []
        self._size = 0
        self.owner = owner
        self.change([], [*entries])

    def change(self, leaving: list[tuple[Any, ...]], joining: list[tuple[Any, ...]]) -> None:
        """Take out entries that are there, and add others that are not."""
        moves: defaultdict[int, tuple[list[tuple[Any, ...]], ...]] = defaultdict(lambda: ([], []))
        for side, entries in enumerate((leaving, joining)):
            entries.sort()
            for place, part in _by_page(entries, self._lasts):
                moves[place][side].extend(part)
        for place in sorted(moves, reverse=True):
            self._replace(place, *moves[place])
        self._size += len(joining) - len(leaving)

    def _replace(self, place: int, gone: list[tuple[Any, ...]], new: list[tuple[Any, ...]]) -> None:
        """Put pages in the place of one: its entries but those that are gone, and new ones."""
        page = self._pages[place].copy() if self._pages else []
        if len(gone) + len(new) > FEW:
            leaving = set(gone)
            page = sorted(([entry for entry in page if entry not in leaving] if gone else page) + new)
        else:
            for entry in gone:
                del page[bisect_left(page, entry)]
            for entry in new:
                insort(page, entry)
        pages = [page[at : at + PAGE] for at in range(0, len(page), PAGE)] if len(page) > 2 * PAGE else [page][: len(page)]
        self._pages[place : place + 1], self._lasts[place : place + 1] = pages, [it[-1] for it in pages]

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return chain.from_iterable(self._pages)

    def __reversed__(self) -> Iterator[tuple[Any, ...]]:
        return self.back_from(self._size)

    def __getitem__(self, place: int) -> tuple[Any, ...]:
        return self._pages[0][0] if place == 0 else next(self.onward_from(place))

    def rank(self, entry: tuple[Any, ...]) -> int:
        """Return how many entries come before one, whether or not that is there."""
        place = bisect_left(self._lasts, entry)
        before = sum(map(len, islice(self._pages, place)))
        return before + (bisect_left(self._pages[place], entry) if place < len(self._pages) else 0)

    def onward_from(self, place: int) -> Iterator[tuple[Any, ...]]:
        """Yield the entries in order, beginning with that of an index. Nothing may be changed meanwhile."""
        for page in self._pages:
            if place < len(page):
                yield from islice(page, place, None)
            place = max(place - len(page), 0)

    def back_from(self, place: int) -> Iterator[tuple[Any, ...]]:
        """Yield the entries before that of an index, last first. Nothing may be changed meanwhile."""
        end = self._size
        for page in reversed(self._pages):
            end -= len(page)
            if place > end:
                yield from reversed(page if place >= end + len(page) else page[: place - end])

    def copy(self, owner: object = None) -> SortedPages:
        """Return the same entries, to be changed apart by another owner."""
        twin = SortedPages(owner=owner)
        twin._pages, twin._lasts, twin._size = self._pages.copy(), self._lasts.copy(), self._size
        return twin

    def empty(self) -> None:
        """Drop the pages one after the other."""
        while self._pages:
            self._pages.pop()


def _by_page(entries: list[tuple[Any, ...]], lasts: list[tuple[Any, ...]]) -> Iterator[tuple[int, list[tuple[Any, ...]]]]:
    """Yield sorted entries by the page to which they belong: the last one also has all that come after it."""
    end, at = max(len(lasts) - 1, 0), 0
    while at < len(entries):
        place = min(bisect_left(lasts, entries[at]), end)
        stop = bisect_right(entries, lasts[place], at) if place < end else len(entries)
        yield place, entries[at:stop]
        at = stop


class SortedKey(Struct, frozen=True, gc=False):
    """The key of a group that is sorted by a value of its members, and that value; equal ones are in order of arrival."""

    group: IndexKey
    value: Any


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

    def arrived_after(self, number: int) -> Iterator[tuple[int, Any]]:
        """Yield the resources of a group in order of arrival after a number of that order, each with its own."""
        members = self._members
        return ((member[0], self._get(member[-1])) for member in members.onward_from(members.rank((number + 1,))))

    def reversed(self, start: int = 0) -> Iterator[Any]:
        """Yield the resources last first, from an index on that is counted from the end."""
        return (self._get(member[-1]) for member in self._members.back_from(len(self._members) - start))

    def descending(self, start: int = 0) -> Iterator[Any]:
        """Yield the resources from an index on as a stable sort in descending order has them.

        The greatest value comes first; those that have the same value stay in order of arrival.
        """
        members, total = self._members, len(self._members)
        while start < total:
            value = members[total - 1 - start][0]
            first = members.rank((value,))
            end = members.rank((value, float("inf")))
            begin = first + start - (total - end)
            yield from (self._get(member[-1]) for member in islice(members.onward_from(begin), end - begin))
            start = total - first
