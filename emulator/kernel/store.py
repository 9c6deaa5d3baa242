"""Where resources lie: frozen values by kind and id, with indexes, so that nothing has to be searched for."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from emulator.kernel.sorted_pages import PAGE, SortedGroup, SortedPages

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

IndexKey = tuple[Hashable, ...]

PROGRESSING: IndexKey = ("moving",)
"""The group of those that look otherwise as time passes, although nothing happens to them: they show how far they have come."""

SMALL = 32
"""Members up to which a group is a plain tuple, which copies of a store share as it is."""


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


class SortedKey(NamedTuple):
    """A group that is sorted by a value of its members; those that have the same value are in order of arrival."""

    group: IndexKey
    value: Any


class Resource(Protocol):
    """A frozen value that lives in a world. `index` names the groups in which it wants to be found again."""

    kind: ClassVar[str]

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def since(self) -> datetime: ...

    def index(self) -> tuple[IndexKey, ...]:
        """The groups, each as its key or as a Sorted."""


Number = tuple[int, str]
"""A resource's place in the order of arrival, and its id."""

Group = tuple[tuple[Any, ...], ...] | SortedPages
"""Members in order, each as its Number, behind the value where the group is sorted by one."""


class Store:
    """Resources by (kind, id), each numbered as it arrived.

    A copy shares all pages with the original, so that it costs little; whichever changes a page first gets one of its own.
    """

    __slots__ = ("_arrived", "_groups", "_numbers", "_owner", "_size", "_tables")

    def __init__(self) -> None:
        self._tables: dict[str, PagedMap[str, Any]] = {}
        self._numbers: dict[str, PagedMap[str, Number]] = {}
        self._groups: PagedMap[IndexKey, Group] = PagedMap()
        self._owner = object()
        self._arrived = 0
        self._size = 0

    def find(self, kind: str, id: str) -> Any | None:
        """The resource, or None."""
        table = self._tables.get(kind)
        return None if table is None else table.get(id)

    def all(self, kind: str) -> Iterator[Any]:
        """Every resource of a kind, in order of arrival."""
        return iter(self.group(kind))

    def group(self, kind: str, *key: Hashable) -> list[Any]:
        """The resources of a kind whose `index` names this key, in their order; without a key, all of them."""
        group = self._groups.get((kind, *key))
        if group is None:
            return []
        return self._tables[kind].values_of([member[-1] for member in group])

    def sorted_group(self, kind: str, *key: Hashable) -> SortedGroup:
        """The resources of a group, to be read from anywhere in it. Nothing may be changed meanwhile."""
        group = self._groups.get((kind, *key)) or ()
        return SortedGroup(SortedPages(group) if isinstance(group, tuple) else group, partial(self.find, kind))

    def size(self, kind: str, *key: Hashable) -> int:
        """How many resources of a kind there are, or are in a group."""
        group = self._groups.get((kind, *key))
        return 0 if group is None else len(group)

    def __len__(self) -> int:
        return self._size

    def number(self, kind: str, id: str) -> int:
        """The resource's place in the order of arrival."""
        return self._numbers[kind][id][0]

    def put(self, resource: Resource, number: int | None = None) -> Any | None:
        """Adds the resource, as the newest unless it is given back its number, or replaces its former self and returns that."""
        kind, id = resource.kind, resource.id
        if kind not in self._tables:
            self._tables[kind], self._numbers[kind] = PagedMap(), PagedMap()
        table = self._tables[kind]
        old = table.get(id)
        table[id] = resource
        if old is None:
            self._arrived += number is None
            self._size += 1
            place = self._numbers[kind][id] = (self._arrived if number is None else number, id)
            self._regroup(kind, place, (), ((), *resource.index()))
        elif (before := old.index()) != (after := resource.index()):
            self._regroup(kind, self._numbers[kind][id], before, after)
        return old

    def remove(self, kind: str, id: str) -> Any | None:
        """Takes the resource out and returns it; None if there was none."""
        old = self._tables[kind].pop(id) if kind in self._tables else None
        if old is not None:
            self._size -= 1
            self._regroup(kind, self._numbers[kind][id], ((), *old.index()), ())
            self._numbers[kind].pop(id)
        return old

    def kinds(self) -> list[str]:
        """The kinds of which there is, or was, anything."""
        return list(self._tables)

    def differing(self, other: Store) -> Iterator[tuple[str, str]]:
        """(kind, id) of every resource that the other store has not, has otherwise, or has and this one has not.

        Costs the pages that the two stores do not share, not what there is.
        """
        nothing: PagedMap[str, Any] = PagedMap()
        for kind in dict.fromkeys((*self._tables, *other._tables)):
            mine, others = self._tables.get(kind, nothing), other._tables.get(kind, nothing)
            yield from ((kind, id) for id in mine.differing(others))

    def copy(self) -> Store:
        """The same resources, to be changed apart."""
        twin = Store()
        twin._tables = {kind: table.copy() for kind, table in self._tables.items()}
        twin._numbers = {kind: numbers.copy() for kind, numbers in self._numbers.items()}
        twin._groups = self._groups.copy()
        twin._arrived, twin._size = self._arrived, self._size
        self._owner = object()  # the groups of both belong to neither now
        return twin

    def _regroup(self, kind: str, place: Number, before: tuple[IndexKey, ...], after: tuple[IndexKey, ...]) -> None:
        for key in before:
            if key not in after:
                self._leave(*_membership(kind, key, place))
        for key in after:
            if key not in before:
                self._join(*_membership(kind, key, place))

    def _leave(self, key: IndexKey, member: tuple[Any, ...]) -> None:
        group = self._groups.get(key) or ()
        if isinstance(group, SortedPages):
            group = self._own(key, group)
            group.remove(member)
        else:
            group = self._groups[key] = tuple([it for it in group if it != member])
        if not group:
            self._groups.pop(key)

    def _join(self, key: IndexKey, member: tuple[Any, ...]) -> None:
        group = self._groups.get(key) or ()
        if isinstance(group, SortedPages):
            self._own(key, group).add(member)
        elif len(group) < SMALL:
            self._groups[key] = tuple(sorted((*group, member)))
        else:
            self._groups[key] = SortedPages((*group, member), self._owner)

    def _own(self, key: IndexKey, group: SortedPages) -> SortedPages:
        """A group that no copy of this store has."""
        if group.owner is not self._owner:
            group = self._groups[key] = group.copy(self._owner)
        return group


def _membership(kind: str, key: IndexKey, place: Number) -> tuple[IndexKey, tuple[Any, ...]]:
    """The key of a group among those of all kinds, and the member as the group has it."""
    return ((kind, *key.group), (key.value, *place)) if isinstance(key, SortedKey) else ((kind, *key), place)
