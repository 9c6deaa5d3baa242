"""Sorted sets in pages that copies share, and groups of resources that are read from anywhere in them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

IndexKey = tuple[Hashable, ...]

PAGE = 256
"""Entries of a page on average."""


class SortedPages:
    """A set of tuples in their order, in pages of up to 2 * PAGE. A page whose identity is not in `_own` may be shared.

    `owner` is whoever may change it: another takes a copy first.
    """

    __slots__ = ("_lasts", "_own", "_pages", "_size", "owner")

    def __init__(self, entries: Iterable[tuple[Any, ...]] = (), owner: object = None) -> None:
        self._pages: list[list[tuple[Any, ...]]] = []
        self._lasts: list[tuple[Any, ...]] = []
        self._own: set[int] = set()
        self._size = 0
        self.owner = owner
        self._add_all([*entries])

    def add(self, entry: tuple[Any, ...]) -> None:
        """Add an entry that is not there."""
        lasts = self._lasts
        if not lasts:
            self._insert_page(0, [])
        place = len(lasts) - 1
        if entry > lasts[-1]:
            page = self._page_of_its_own(place)
            page.append(entry)
            lasts[-1] = entry
        else:
            place = bisect_left(lasts, entry)
            page = self._page_of_its_own(place)
            insort(page, entry)
        self._size += 1
        if len(page) > 2 * PAGE:
            self._split(place, page)

    def remove(self, entry: tuple[Any, ...]) -> None:
        """Take out an entry that is there."""
        self._size -= 1
        place = bisect_left(self._lasts, entry)
        page = self._page_of_its_own(place)
        del page[bisect_left(page, entry)]
        if page:
            self._lasts[place] = page[-1]
        else:
            self._own.discard(id(page))
            del self._pages[place], self._lasts[place]

    def change(self, leaving: list[tuple[Any, ...]], joining: list[tuple[Any, ...]]) -> None:
        """Take out entries that are there, and add others that are not."""
        if len(leaving) > len(self._pages):
            self._remove_all(leaving)
        else:
            for entry in leaving:
                self.remove(entry)
        if len(joining) > len(self._pages):
            self._add_all(joining)
        else:
            for entry in joining:
                self.add(entry)

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
        self._own, twin._own = set(), set()
        return twin

    def empty(self) -> None:
        """Drop the pages one after the other."""
        while self._pages:
            self._pages.pop()

    def _remove_all(self, leaving: list[tuple[Any, ...]]) -> None:
        """Take out so many entries that most pages change."""
        leaving.sort()
        self._size -= len(leaving)
        first, pages = 0, list[list[tuple[Any, ...]]]()
        for page, last in zip(self._pages, self._lasts, strict=True):
            end = bisect_right(leaving, last, first)
            gone = set(leaving[first:end])
            pages.append([entry for entry in page if entry not in gone] if gone else page)
            first = end
        self._set_pages([page for page in pages if page])

    def _add_all(self, joining: list[tuple[Any, ...]]) -> None:
        """Add so many entries that most pages change."""
        joining.sort()
        self._size += len(joining)
        first, pages = 0, list[list[tuple[Any, ...]]]()
        ends = [bisect_left(joining, last) for last in self._lasts[:-1]] + [len(joining)]
        for page, end in zip(self._pages or [[]], ends, strict=True):
            whole = sorted(page + joining[first:end]) if first < end else page
            pages += [whole[at : at + PAGE] for at in range(0, len(whole), PAGE)] if len(whole) > 2 * PAGE else [whole]
            first = end
        self._set_pages([page for page in pages if page])

    def _set_pages(self, pages: list[list[tuple[Any, ...]]]) -> None:
        """Replace the pages by others; those that are new are its own."""
        shared = set(map(id, self._pages)) - self._own
        self._own = set(map(id, pages)) - shared
        self._pages, self._lasts = pages, [page[-1] for page in pages]

    def _page_of_its_own(self, place: int) -> list[tuple[Any, ...]]:
        page = self._pages[place]
        if id(page) not in self._own:
            page = self._pages[place] = page.copy()
            self._own.add(id(page))
        return page

    def _split(self, place: int, page: list[tuple[Any, ...]]) -> None:
        upper = page[PAGE:]
        del page[PAGE:]
        self._lasts[place] = page[-1]
        self._insert_page(place + 1, upper)

    def _insert_page(self, place: int, page: list[tuple[Any, ...]]) -> None:
        self._pages.insert(place, page)
        self._lasts.insert(place, page[-1] if page else ())
        self._own.add(id(page))


class SortedKey(NamedTuple):
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
