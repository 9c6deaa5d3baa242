"""The searches of a batch: frozen values that were written out, or only counted and made when somebody looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from sys import getsizeof
from typing import Any

from emulator.sdk import Shared, Weight
from emulator.vendors.serpwow.flags import flag_of
from emulator.vendors.serpwow.ids import letters

PAGE_SIZE = 1000
"""Searches in a page of them, and in a page of results. Evidence: serpwow-get-6."""

MOST_PAGES, MOST_WITH_HTML = 15_000, 100
"""Pages that one run of a batch may retrieve, and searches that one with HTML has. Evidence: serpwow-limits-2 and -3."""

MIXED = "mixed"

MOST_LOADS = 100
"""Loads of searches that are told apart; beyond it, all that there are at the time become one."""


@dataclass(frozen=True, slots=True)
class Search:
    """One call to the Search API: its id, and the parameters as the client wrote them."""

    id: str
    parameters: Mapping[str, Any]

    @property
    def cost(self) -> int:
        """A credit for each page. Evidence: serpwow-credits-1."""
        return max(1, whole(self.parameters.get("max_page"), 1))

    @property
    def with_html(self) -> bool:
        return flag_of(self.parameters.get("include_html")) is True

    @property
    def type(self) -> str:
        """The engine and what is searched there, as a batch names them. Evidence: serpwow-types-1."""
        return f"{self.parameters.get('engine', 'google')}_{self.parameters.get('search_type', 'web')}"


def whole(value: Any, default: int) -> int:
    """A number as it may come, written out or not; the default for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 9:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def numbered(batch: str, n: int) -> Search:
    """The search that stands at place `n` of a batch whose searches are only counted."""
    return Search(letters(blake2b(f"{batch}/{n}".encode()).digest()), {"q": f"search {n + 1}"})


Loads = tuple[tuple[Search, ...], ...]


class Searches(Shared):
    """The searches of a batch, in order; immutable. `written` is None where they are only counted.

    `loads` are the searches as they were brought in, which earlier and later versions share, so that each counts once.
    """

    __slots__ = ("batch", "credits", "loads", "total", "type", "with_html", "written")

    def __init__(self, batch: str, searches: int | Iterable[Search] = 0, loads: Loads | None = None) -> None:
        self.batch = batch
        self.written = None if isinstance(searches, int) else tuple(searches)
        self.loads: Loads = (self.written or (),) if loads is None or len(loads) > MOST_LOADS else loads
        self.total = searches if isinstance(searches, int) else len(self.written or ())
        self.credits = self.total if self.written is None else sum(search.cost for search in self.written)
        self.with_html = any(search.with_html for search in self.written or ())
        types = {search.type for search in (self.cut(0, 1) if self.written is None else self.written)}
        self.type = types.pop() if len(types) == 1 else MIXED

    def __len__(self) -> int:
        return self.total

    def __iter__(self) -> Iterator[Search]:
        return iter(self.cut(0, self.total))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Searches):
            return NotImplemented
        return (self.batch, self.total, self.written) == (other.batch, other.total, other.written)

    def __hash__(self) -> int:
        return hash((self.batch, self.total))

    @property
    def pages(self) -> int:
        """How many pages hold them; none when there are none."""
        return -(-self.total // PAGE_SIZE)

    def cut(self, start: int, stop: int) -> tuple[Search, ...]:
        """Those from one place up to another."""
        if self.written is not None:
            return self.written[start:stop]
        return tuple(numbered(self.batch, n) for n in range(start, min(stop, self.total)))

    def page(self, number: int) -> tuple[Search, ...]:
        """A page of them, counted from 1."""
        return self.cut((number - 1) * PAGE_SIZE, number * PAGE_SIZE)

    def find(self, id: str) -> Search | None:
        """The search of that id."""
        return next((search for search in self if search.id == id), None)

    def with_more(self, more: Iterable[Search]) -> Searches:
        """These and others after them."""
        load = tuple(more)
        return Searches(self.batch, (*self, *load), self._loads_and(load))

    def without(self, ids: Iterable[str]) -> Searches:
        """The ones that are left."""
        gone = set(ids)
        return Searches(self.batch, (search for search in self if search.id not in gone), self._loads_and())

    def with_changed(self, changed: Search) -> Searches:
        """The same, but for the one of that id."""
        searches = (changed if search.id == changed.id else search for search in self)
        return Searches(self.batch, searches, self._loads_and((changed,)))

    def first(self, n: int) -> Searches:
        """The first `n` of them."""
        return self if n >= self.total else Searches(self.batch, n if self.written is None else self.written[:n], self.loads)

    def weigh(self) -> Weight:
        """Return the bytes that it does not share with other versions, and its loads."""
        return Weight(200 + getsizeof(self.written), [load for load in self.loads if load])

    def _loads_and(self, *more: tuple[Search, ...]) -> Loads | None:
        """Return its loads and others; None where its searches were only counted."""
        return None if self.written is None else (*self.loads, *more)


def show_search(search: Search) -> dict[str, Any]:
    """A search as the API tells it: what was written, and the id after it. Evidence: serpwow-searches-2."""
    return {**search.parameters, "id": search.id}
