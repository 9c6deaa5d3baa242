"""Maps and sorted sets in pages that copies share: a copy costs the number of pages, the first change in one its size."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Hashable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, Generic, TypeVar

PAGE = 256
"""Entries of a page on average."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class PagedMap(Generic[K, V]):
    """A dict without an order, by linear hashing: it grows by splitting one page at a time, never by moving everything.

    `_wide` is the smallest mask of bits that reaches every page. A page whose number is not in `_own` may be another map's too.
    """

    __slots__ = ("_own", "_pages", "_size", "_wide")

    def __init__(self) -> None:
        self._pages: list[dict[K, V]] = [{}]
        self._own = {0}
        self._size = 0
        self._wide = 0

    def get(self, key: K) -> V | None:
        """Return the value of a key, or None."""
        place = hash(key) & self._wide
        if place >= len(self._pages):
            place &= self._wide >> 1
        return self._pages[place].get(key)

    def values_of(self, keys: Iterable[K]) -> list[V]:
        """Return the values of keys that are there."""
        pages, wide, narrow, count = self._pages, self._wide, self._wide >> 1, len(self._pages)
        return [pages[place if (place := hash(key) & wide) < count else place & narrow][key] for key in keys]

    def __getitem__(self, key: K) -> V:
        return self._pages[self._place(key)][key]

    def __contains__(self, key: K) -> bool:
        return key in self._pages[self._place(key)]

    def __setitem__(self, key: K, value: V) -> None:
        place = hash(key) & self._wide
        if place >= len(self._pages):
            place &= self._wide >> 1
        page = self._pages[place] if place in self._own else self._page_of_its_own(place)
        size = len(page)
        page[key] = value
        if len(page) > size:
            self._size += 1
            if self._size > PAGE * len(self._pages):
                self._split_a_page()

    def pop(self, key: K) -> V | None:
        """Take a key out and return its value; None where there is none."""
        place = self._place(key)
        if key not in self._pages[place]:
            return None
        self._size -= 1
        return self._page_of_its_own(place).pop(key)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[K]:
        return chain.from_iterable(self._pages)

    def copy(self) -> PagedMap[K, V]:
        """Return the same entries, to be changed apart."""
        twin: PagedMap[K, V] = PagedMap()
        twin._pages, twin._size, twin._wide = self._pages.copy(), self._size, self._wide
        self._own, twin._own = set(), set()
        return twin

    def differing(self, other: PagedMap[K, V]) -> Iterator[K]:
        """Yield each key that has another value in the other map, or none in one of both; shared pages are passed over."""
        mine, others = ({id(page) for page in it._pages} for it in (self, other))
        for page in self._pages:
            if id(page) not in others:
                yield from (key for key, value in page.items() if other.get(key) is not value)
        for page in other._pages:
            if id(page) not in mine:
                yield from (key for key in page if key not in self)

    def _place(self, key: K) -> int:
        place = hash(key) & self._wide
        return place if place < len(self._pages) else place & self._wide >> 1

    def _page_of_its_own(self, place: int) -> dict[K, V]:
        if place not in self._own:
            self._pages[place] = self._pages[place].copy()
            self._own.add(place)
        return self._pages[place]

    def _split_a_page(self) -> None:
        new = len(self._pages)
        if new > self._wide:
            self._wide = 2 * self._wide + 1
        place = new & self._wide >> 1
        stays: dict[K, V] = {}
        moves: dict[K, V] = {}
        for key, value in self._pages[place].items():
            (moves if hash(key) & self._wide == new else stays)[key] = value
        self._pages[place] = stays
        self._pages.append(moves)
        self._own |= {place, new}


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
        for entry in entries:
            self.add(entry)

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

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return chain.from_iterable(self._pages)

    def __reversed__(self) -> Iterator[tuple[Any, ...]]:
        return self.back_from(self._size)

    def __getitem__(self, place: int) -> tuple[Any, ...]:
        return next(self.onward_from(place))

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
