"""Pages of a map by linear hashing, which copies share until one of them changes."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import islice
from typing import Generic, TypeVar

from emulator.kernel.sorted_pages import SortedPages

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class HashedPages(Generic[K, V]):
    """The pages of a map, which grows page by page: `_count` of them.

    `pages` has a page for each value of the bits of `mask`; one that is not split yet by the last of these bits is there
    twice. A page whose identity is not in `_own` may be shared.
    """

    __slots__ = ("_count", "_own", "_size", "mask", "pages")

    pages: list[dict[K, V]]
    _own: set[int]
    _count: int
    _size: int
    mask: int

    def distinct_pages(self) -> Iterator[dict[K, V]]:
        """Return the pages, each once."""
        return islice(self.pages, self._count)

    def empty(self) -> None:
        """Drop the pages one after the other, and those of the values that have some."""
        while self.pages:
            for value in self.pages.pop().values():
                if isinstance(value, SortedPages):
                    value.empty()

    def _split_page(self) -> None:
        if self._count > self.mask:
            self.mask = 2 * self.mask + 1
            self.pages += self.pages
        new = self._count
        place = new & self.mask >> 1
        page, kept, moved = self.pages[place], dict[K, V](), dict[K, V]()
        for key, value in page.items():
            (moved if hash(key) & self.mask == new else kept)[key] = value
        self.pages[place], self.pages[new] = kept, moved
        self._own.discard(id(page))
        self._own |= {id(kept), id(moved)}
        self._count += 1
