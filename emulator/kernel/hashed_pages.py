"""Pages of a map by linear hashing, which copies share until one of them changes."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from emulator.kernel.sorted_pages import SortedPages

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class HashedPages(Generic[K, V]):
    """The pages of a map, which grows page by page.

    `_mask` is the smallest mask of bits that reaches every page. A page whose number is not in `_own` may be shared.
    """

    __slots__ = ("_mask", "_own", "_size", "pages")

    pages: list[dict[K, V]]
    _own: set[int]
    _size: int
    _mask: int

    def empty(self) -> None:
        """Drop the pages one after the other, and those of the values that have some."""
        while self.pages:
            for value in self.pages.pop().values():
                if isinstance(value, SortedPages):
                    value.empty()

    def _split_page(self) -> None:
        new = len(self.pages)
        if new > self._mask:
            self._mask = 2 * self._mask + 1
        place = new & self._mask >> 1
        page = self.pages[place]
        self.pages[place] = {key: value for key, value in page.items() if hash(key) & self._mask != new}
        self.pages.append({key: value for key, value in page.items() if hash(key) & self._mask == new})
        self._own |= {place, new}
