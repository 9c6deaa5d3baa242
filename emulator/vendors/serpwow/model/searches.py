"""The searches of a batch: frozen values that are listed, or only counted and made on demand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import chain
from operator import is_
from sys import getsizeof
from typing import Any

from emulator.sdk import JsonDict, JsonObject, Shared, Struct, Weight, checkpoint, dump, load, one_like

PAGE_SIZE = 1000
"""Searches on a page of them. Evidence: serpwow-get-6."""

MAX_PAGES, MAX_WITH_HTML = 15_000, 100
"""Pages that one run of a batch may retrieve, and searches of a batch with HTML. Evidence: serpwow-limits-2 and -3."""

MIXED = "mixed"

MAX_LOADS = 100
"""Loads of searches that are weighed apart; beyond it, all present ones become one load."""

FLAGS = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}
"""`true` and `false` are published; Python writes `True`, and PHP's http_build_query `1`. Evidence: serpwow-body-3."""


class Search(Struct, frozen=True, gc=False):
    """One request to the Search API: its id, and its parameters as the client sent them."""

    id: str
    parameters: JsonObject

    @property
    def cost(self) -> int:
        """A credit for each page. Evidence: serpwow-credits-1."""
        return max(1, integer(self.parameters.get("max_page"), 1))

    @property
    def with_html(self) -> bool:
        return boolean(self.parameters.get("include_html")) is True

    @property
    def type(self) -> str:
        """The engine and the kind of search, as in a batch's searches_type. Evidence: serpwow-types-1 and serpwow-types-10."""
        return f"{self.parameters.get('engine', 'google')}_{self.parameters.get('search_type') or 'web'}"


def boolean(value: Any) -> bool | None:
    """Return a flag that is a JSON boolean, or a word or digit of a form; None for anything else."""
    if isinstance(value, bool):
        return value
    return FLAGS.get(str(value)) if isinstance(value, (int, str)) else None


def integer(value: Any, default: int) -> int:
    """Return an integer that is a JSON number or its digits, at most nine; the default for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 9:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def letters(digest: bytes, count: int = 16) -> str:
    """Return capital letters, as many as in the id of a search."""
    return "".join(chr(65 + byte % 26) for byte in digest[:count])


def numbered(batch: str, n: int) -> Search:
    """Return the search at index `n` of a batch whose searches are only counted."""
    return Search(letters(blake2b(f"{batch}/{n}".encode()).digest()), {"q": f"search {n + 1}"})


OWN_SIZE = 200
COUNTED_SIZE = OWN_SIZE + getsizeof(None)
"""Bytes of searches without their list, and of those that are only counted."""

COUNTED_TYPE = numbered("", 0).type

TOGETHER = 50
"""Searches of a text that is kept: so that one of many is neither written nor read in one call."""

Loads = tuple[tuple[Search, ...], ...]


def _kept(items: tuple[Search, ...]) -> list[str]:
    """Return searches as texts, in which numbers stay exact."""
    return [_text_of(items[start : start + TOGETHER]) for start in range(0, len(items), TOGETHER)]


def _text_of(items: tuple[Search, ...]) -> str:
    checkpoint()
    return dump([[it.id, it.parameters] for it in items]).decode()


def _found(texts: list[str]) -> tuple[Search, ...]:
    """Return the searches of texts; those that were the same for several batches are so again."""
    return one_like(("searches", *texts), lambda: tuple([it for text in texts for it in _searches_of(text)]))


def _searches_of(text: str) -> Iterator[Search]:
    checkpoint()
    return (Search(id, parameters) for id, parameters in load(text))


class Searches(Shared):
    """The searches of a batch, in order; immutable. `items` is None where they are only counted.

    `loads` are the searches by the request that added them; versions share them, so that each is weighed once.
    """

    __slots__ = ("batch", "credits", "items", "loads", "small_size", "total", "type", "with_html")

    def __init__(self, batch: str, searches: int | Iterable[Search] = 0, loads: Loads | None = None) -> None:
        self.batch = batch
        self.items: tuple[Search, ...] | None = None
        self.loads: Loads = ((),)
        self.with_html = False
        if isinstance(searches, int):
            self.total = self.credits = searches
            self.small_size: int | None = COUNTED_SIZE if searches else 0
            self.type = COUNTED_TYPE if searches else MIXED
            return
        self.items = items = tuple(searches)
        self.loads = (items,) if loads is None or len(loads) > MAX_LOADS else loads
        self.total = len(items)
        self.small_size = None if items else 0
        self.credits = sum(search.cost for search in items)
        self.with_html = any(search.with_html for search in items)
        types = {search.type for search in items}
        self.type = types.pop() if len(types) == 1 else MIXED

    def kept(self) -> JsonDict:
        """Return the values of which `from_kept` makes equal searches; some in a text together."""
        if self.items is None:
            return {"batch": self.batch, "total": self.total}
        return {"batch": self.batch, "items": [_kept(load) for load in (self.loads if self._are_loads else (self.items,))]}

    @property
    def lineage(self) -> str | None:
        """The batch of which these are a version; None where they are only counted."""
        return None if self.items is None else self.batch

    def kept_after(self, former: Searches) -> JsonDict | None:
        """Return the loads since a former version, of which `from_kept_after` makes equal searches; None without any."""
        loads = len(former.loads)
        has_grown = self.batch == former.batch and loads < len(self.loads) and all(map(is_, former.loads, self.loads))
        if not (has_grown and self._are_loads and former._are_loads):
            return None
        return {"newest": [_kept(load) for load in self.loads[loads:]]}

    @classmethod
    def from_kept_after(cls, former: Searches, kept: JsonObject) -> Searches:
        """Return a former version with later loads."""
        if former.items is None:
            raise ValueError("searches that are only counted have no loads")
        newest = [_found(load) for load in kept["newest"]]
        return cls(former.batch, chain(former.items, *newest), (*former.loads, *newest))

    @property
    def _are_loads(self) -> bool:
        """True where they are all searches of their loads, in that order."""
        items = self.items
        if items is None:
            return False
        return len(items) == sum(map(len, self.loads)) and all(map(is_, items, chain.from_iterable(self.loads)))

    @classmethod
    def from_kept(cls, kept: JsonObject) -> Searches:
        """Return the searches of which these are the values."""
        if "total" in kept:
            return cls(str(kept["batch"]), int(kept["total"]))
        items = kept["items"]
        loads = tuple([_found(load) for load in ([[items]] if isinstance(items, str) else items)])
        return cls(str(kept["batch"]), chain.from_iterable(loads), loads)

    def __len__(self) -> int:
        return self.total

    def __iter__(self) -> Iterator[Search]:
        return iter(self.slice(0, self.total))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Searches):
            return NotImplemented
        return (self.batch, self.total, self.items) == (other.batch, other.total, other.items)

    def __hash__(self) -> int:
        return hash((self.batch, self.total))

    @property
    def pages(self) -> int:
        """The number of pages."""
        return -(-self.total // PAGE_SIZE)

    def slice(self, start: int, stop: int) -> tuple[Search, ...]:
        """Return those from one index up to another."""
        if self.items is not None:
            return self.items[start:stop]
        return tuple(numbered(self.batch, n) for n in range(start, min(stop, self.total)))

    def page(self, number: int) -> tuple[Search, ...]:
        """Return one page, counted from 1."""
        return self.slice((number - 1) * PAGE_SIZE, number * PAGE_SIZE)

    def find(self, id: str) -> Search | None:
        """Return the search with an id, or None."""
        return next((search for search in self if search.id == id), None)

    def with_more(self, more: Iterable[Search]) -> Searches:
        """Return these and others after them."""
        load = tuple(more)
        return Searches(self.batch, (*self, *load), self._loads_and(load))

    def without(self, ids: Iterable[str]) -> Searches:
        """Return the others."""
        gone = set(ids)
        return Searches(self.batch, (search for search in self if search.id not in gone), self._loads_and())

    def with_changed(self, changed: Search) -> Searches:
        """Return these with the one of the same id replaced."""
        searches = (changed if search.id == changed.id else search for search in self)
        return Searches(self.batch, searches, self._loads_and((changed,)))

    def first(self, n: int) -> Searches:
        """Return the first `n`."""
        return self if n >= self.total else Searches(self.batch, n if self.items is None else self.items[:n], self.loads)

    def weigh(self) -> Weight:
        """Return the bytes that no other version shares, and the loads."""
        return Weight(OWN_SIZE + getsizeof(self.items), [load for load in self.loads if load])

    def _loads_and(self, *more: tuple[Search, ...]) -> Loads | None:
        """Return the loads and others; None where the searches are only counted."""
        return None if self.items is None else (*self.loads, *more)


def render_search(search: Search) -> JsonDict:
    """Return the search object: the parameters, and the id after them. Evidence: serpwow-searches-2."""
    return {**search.parameters, "id": search.id}
