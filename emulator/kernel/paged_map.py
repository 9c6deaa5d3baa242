"""Maps in pages that copies share."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

from emulator.kernel.sorted_pages import PAGE, SortedPages

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class PagedMap(Generic[K, V]):
    """An unordered map by linear hashing, in pages that copies share until one of them changes; it grows page by page.

    `_mask` is the smallest mask of bits that reaches every page. A page whose number is not in `_own` may be shared.
    """

    __slots__ = ("_mask", "_own", "_pages", "_size")

    def __init__(self) -> None:
        self._pages: list[dict[K, V]] = [{}]
        self._own = {0}
        self._size = 0
        self._mask = 0

    def get(self, key: K) -> V | None:
        """Return the value of a key, or None."""
        place = hash(key) & self._mask
        if place >= len(self._pages):
            place &= self._mask >> 1
        return self._pages[place].get(key)

    def values_of(self, keys: Iterable[K]) -> list[V]:
        """Return the values of keys that are there."""
        pages, mask, narrow, count = self._pages, self._mask, self._mask >> 1, len(self._pages)
        return [pages[place if (place := hash(key) & mask) < count else place & narrow][key] for key in keys]

    def __getitem__(self, key: K) -> V:
        return self._pages[self._place(key)][key]

    def __setitem__(self, key: K, value: V) -> None:
        place = hash(key) & self._mask
        if place >= len(self._pages):
            place &= self._mask >> 1
        page = self._pages[place] if place in self._own else self._own_page(place)
        size = len(page)
        page[key] = value
        if len(page) > size:
            self._size += 1
            if self._size > PAGE * len(self._pages):
                self._split_page()

    def pop(self, key: K) -> V | None:
        """Remove a key and return its value; None where it is not there."""
        place = self._place(key)
        if key not in self._pages[place]:
            return None
        self._size -= 1
        return self._own_page(place).pop(key)

    def __len__(self) -> int:
        return self._size

    def copy(self) -> PagedMap[K, V]:
        """Return a map of the same entries, to be changed apart."""
        twin: PagedMap[K, V] = PagedMap()
        twin._pages, twin._size, twin._mask = self._pages.copy(), self._size, self._mask
        self._own, twin._own = set(), set()
        return twin

    def differing(self, other: PagedMap[K, V]) -> Iterator[K]:
        """Yield each key whose value differs between two maps, or that one of them lacks; skip shared pages."""
        mine, others = ({id(page) for page in pages} for pages in (self._pages, other._pages))
        for page in self._pages:
            if id(page) not in others:
                yield from (key for key, value in page.items() if other.get(key) is not value)
        for page in other._pages:
            if id(page) not in mine:
                yield from (key for key in page if key not in self._pages[self._place(key)])

    def empty(self) -> None:
        """Drop the pages one after the other, and those of the values that have some."""
        while self._pages:
            for value in self._pages.pop().values():
                if isinstance(value, SortedPages):
                    value.empty()

    def _place(self, key: K) -> int:
        place = hash(key) & self._mask
        return place if place < len(self._pages) else place & self._mask >> 1

    def _own_page(self, place: int) -> dict[K, V]:
        if place not in self._own:
            self._pages[place] = self._pages[place].copy()
            self._own.add(place)
        return self._pages[place]

    def _split_page(self) -> None:
        new = len(self._pages)
        if new > self._mask:
            self._mask = 2 * self._mask + 1
        place = new & self._mask >> 1
        page = self._pages[place]
        self._pages[place] = {key: value for key, value in page.items() if hash(key) & self._mask != new}
        self._pages.append({key: value for key, value in page.items() if hash(key) & self._mask == new})
        self._own |= {place, new}
