"""Resources of a world: frozen values by kind and id, with indexes, among them the agenda of what is due."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from datetime import datetime
from functools import partial
from itertools import count, islice
from typing import Any, Generic, TypeVar

from emulator.kernel.machine import Resource
from emulator.kernel.sorted_pages import PAGE, IndexKey, SortedGroup, SortedKey, SortedPages

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SMALL = 32
"""Members up to which a group is a plain tuple, which copies of a store share as it is."""

Key = tuple[str, str]
"""(kind, id) of a resource."""
Group = tuple[tuple[Any, ...], ...] | SortedPages
"""Members in order, each as (number, id), behind its value where the group is sorted by one."""

EVENTS, UPKEEP = ("", "events"), ("", "upkeep")
"""The agenda's two groups, of no kind: keys of resources, sorted by due instant and then by arrival."""


_NEW_VERSIONS = count(1)


class PagedMap(Generic[K, V]):
    """An unordered map by linear hashing, in pages that copies share until one of them changes; it grows page by page.

    `_mask` is the smallest mask of bits that reaches every page. A page whose number is not in `_own` may be shared.
    """

    __slots__ = ("_mask", "_own", "_size", "pages")

    def __init__(self) -> None:
        self.pages: list[dict[K, V]] = [{}]
        self._own = {0}
        self._size = self._mask = 0

    def get(self, key: K) -> V | None:
        """Return the value of a key, or None."""
        place = hash(key) & self._mask
        if place >= len(self.pages):
            place &= self._mask >> 1
        return self.pages[place].get(key)

    def values_of(self, keys: Iterable[K]) -> list[V]:
        """Return the values of keys that are there."""
        pages, mask, narrow, count = self.pages, self._mask, self._mask >> 1, len(self.pages)
        return [pages[place if (place := hash(key) & mask) < count else place & narrow][key] for key in keys]

    def __getitem__(self, key: K) -> V:
        return self.pages[self._place(key)][key]

    def __setitem__(self, key: K, value: V) -> None:
        place = hash(key) & self._mask
        if place >= len(self.pages):
            place &= self._mask >> 1
        page = self.pages[place] if place in self._own else self._own_page(place)
        size = len(page)
        page[key] = value
        if len(page) > size:
            self._size += 1
            if self._size > PAGE * len(self.pages):
                self._split_page()

    def pop(self, key: K) -> V | None:
        """Remove a key and return its value; None where it is not there."""
        place = self._place(key)
        if key not in self.pages[place]:
            return None
        self._size -= 1
        return self._own_page(place).pop(key)

    def __len__(self) -> int:
        return self._size

    def __contains__(self, key: K) -> bool:
        return key in self.pages[self._place(key)]

    def copy(self) -> PagedMap[K, V]:
        """Return a map of the same entries, to be changed apart."""
        twin: PagedMap[K, V] = PagedMap.__new__(PagedMap)
        twin.pages, twin._size, twin._mask = self.pages.copy(), self._size, self._mask
        self._own, twin._own = set(), set()
        return twin

    def empty(self) -> None:
        """Drop the pages one after the other, and those of the values that have some."""
        while self.pages:
            for value in self.pages.pop().values():
                if isinstance(value, SortedPages):
                    value.empty()

    def _place(self, key: K) -> int:
        place = hash(key) & self._mask
        return place if place < len(self.pages) else place & self._mask >> 1

    def _own_page(self, place: int) -> dict[K, V]:
        if place not in self._own:
            self.pages[place] = self.pages[place].copy()
            self._own.add(place)
        return self.pages[place]

    def _split_page(self) -> None:
        new = len(self.pages)
        if new > self._mask:
            self._mask = 2 * self._mask + 1
        place = new & self._mask >> 1
        page = self.pages[place]
        self.pages[place] = {key: value for key, value in page.items() if hash(key) & self._mask != new}
        self.pages.append({key: value for key, value in page.items() if hash(key) & self._mask == new})
        self._own |= {place, new}


class Store:
    """Resources by kind and id, each numbered as it arrived, and the instants at which something happens to them.

    A copy shares all pages with the original, so that it costs little; whichever changes a page first gets its own.
    `tables` has the resources of each kind of which there is, or was, anything. `next_due` is the earliest instant of the
    agenda, or None. `versions` are that of its tallies, the second, and of all else: every change makes a new one, which no
    other store ever had, so that what has the same is the same.
    """

    __slots__ = ("_arrived", "_due", "_groups", "_numbers", "_owner", "_size", "next_due", "tables", "versions")

    def __init__(self) -> None:
        self.tables: dict[str, PagedMap[str, Any]] = {}
        self._numbers: dict[str, PagedMap[str, tuple[int, str]]] = {}
        self._groups: PagedMap[IndexKey, Group] = PagedMap()
        self._due: PagedMap[Key, tuple[datetime | None, datetime | None]] = PagedMap()
        self._owner = object()
        self._arrived = self._size = 0
        self.versions = [0, 0]
        self.next_due: datetime | None = None

    def find(self, kind: str, id: str) -> Any | None:
        """Return a resource, or None."""
        table = self.tables.get(kind)
        return None if table is None else table.get(id)

    def group(self, kind: str, *key: Hashable) -> list[Any]:
        """Return the resources of a kind whose `index` names this key, in order; without a key, all of them."""
        group = self._groups.get((kind, *key)) if kind in self.tables else None
        return [] if group is None else self.tables[kind].values_of([member[-1] for member in group])

    def sorted_group(self, kind: str, *key: Hashable) -> SortedGroup:
        """Return the resources of a group, to be read from anywhere in it. Nothing may be changed meanwhile."""
        group = self._groups.get((kind, *key)) or ()
        return SortedGroup(SortedPages(group) if isinstance(group, tuple) else group, partial(self.find, kind))

    def first(self, kind: str, *key: Hashable) -> Any | None:
        """Return the first resource of a group, or None."""
        member = self._first((kind, *key))
        return None if member is None else self.tables[kind].get(member[-1])

    def size(self, kind: str, *key: Hashable) -> int:
        """Return how many resources of a kind there are, or are in a group."""
        return len(self._groups.get((kind, *key)) or ()) if kind in self.tables else 0

    def __len__(self) -> int:
        return self._size

    def number(self, kind: str, id: str) -> int:
        """Return a resource's place in the order of arrival."""
        return self._numbers[kind][id][0]

    def put(self, resource: Resource, number: int | None = None) -> Any | None:
        """Add a resource as the newest, or with its former number; or replace its former value, and return that."""
        kind, id = resource.kind, resource.id
        self.versions[resource.is_tally] = next(_NEW_VERSIONS)
        if kind not in self.tables:
            self.tables[kind], self._numbers[kind] = PagedMap(), PagedMap()
        table = self.tables[kind]
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
        """Remove a resource, also from the agenda, and return it; None if it is not there."""
        old = self.tables[kind].pop(id) if kind in self.tables else None
        if old is not None:
            self.versions[old.is_tally] = next(_NEW_VERSIONS)
            self.schedule(kind, id, None, None)
            self._size -= 1
            self._regroup(kind, self._numbers[kind][id], ((), *old.index()), ())
            self._numbers[kind].pop(id)
        return old

    def schedule(self, kind: str, id: str, event: datetime | None, upkeep: datetime | None) -> None:
        """Set the one instant at which something happens to a resource, and that of its upkeep; None for never."""
        before, after = self._due.get(key := (kind, id)), (event, upkeep)
        if before == after or (before is None and after == (None, None)):
            return
        place = self.number(kind, id), key
        for group, former, instant in zip((EVENTS, UPKEEP), before or (None, None), after, strict=True):
            if former != instant:
                if former is not None:
                    self._leave(group, (former, *place))
                if instant is not None:
                    self._join(group, (instant, *place))
        if after == (None, None):
            self._due.pop(key)
        else:
            self._due[key] = after
        nearest = min(filter(None, after), default=None)
        if nearest is not None and (self.next_due is None or nearest <= self.next_due):
            self.next_due = nearest
        elif before is not None and self.next_due in before:
            self.next_due = min([first[0] for group in (EVENTS, UPKEEP) if (first := self._first(group))], default=None)

    def upcoming(self, count: int, group: IndexKey = EVENTS) -> list[tuple[datetime, Key]]:
        """Return the earliest entries of the agenda but upkeep, or of its other group, `count` at most, in order."""
        return [(instant, key) for instant, _, key in islice(self._groups.get(group) or (), count)]

    def first_due(self) -> tuple[datetime, Key] | None:
        """Return the earliest entry of the agenda, or None; at the same instant, upkeep waits."""
        if self.next_due is None:
            return None
        instant, _, key = event if (event := self._first(EVENTS)) and event[0] == self.next_due else self._first(UPKEEP)
        return instant, key

    def copy(self) -> Store:
        """Return a store of the same resources, to be changed apart."""
        twin = Store()
        twin.tables = {kind: table.copy() for kind, table in self.tables.items()}
        twin._numbers = {kind: numbers.copy() for kind, numbers in self._numbers.items()}
        twin._groups, twin._due = self._groups.copy(), self._due.copy()
        twin._arrived, twin._size, twin.next_due = self._arrived, self._size, self.next_due
        twin.versions = self.versions.copy()
        self._owner = object()  # the groups of both belong to neither now
        return twin

    def _first(self, group: IndexKey) -> Any:
        """Return the first member of a group, or None."""
        members = self._groups.get(group)
        return None if members is None else members[0] if isinstance(members, tuple) else members.first()

    def empty(self) -> None:
        """Drop all that is there, page by page: while much is freed at once, every thread waits."""
        for it in (*self.tables.values(), *self._numbers.values(), self._due, self._groups):
            it.empty()  # type: ignore[attr-defined]

    def _regroup(self, kind: str, place: tuple[int, Any], before: Collection[IndexKey], after: Collection[IndexKey]) -> None:
        before, after = dict.fromkeys(before), dict.fromkeys(after)
        for key in before:
            if key not in after:
                self._leave(*_membership(kind, key, place))
        for key in after:
            if key not in before:
                self._join(*_membership(kind, key, place))

    def _leave(self, key: IndexKey, member: tuple[Any, ...]) -> None:
        group = self._groups.get(key) or ()
        if isinstance(group, SortedPages):
            group = self._own_group(key, group)
            group.remove(member)
        else:
            group = self._groups[key] = tuple([other for other in group if other != member])
        if not group:
            self._groups.pop(key)

    def _join(self, key: IndexKey, member: tuple[Any, ...]) -> None:
        group = self._groups.get(key) or ()
        if isinstance(group, SortedPages):
            (group if group.owner is self._owner else self._own_group(key, group)).add(member)
        elif len(group) < SMALL:
            self._groups[key] = tuple(sorted((*group, member)))
        else:
            self._groups[key] = SortedPages((*group, member), self._owner)

    def _own_group(self, key: IndexKey, group: SortedPages) -> SortedPages:
        if group.owner is not self._owner:
            group = self._groups[key] = group.copy(self._owner)
        return group


def _membership(kind: str, key: IndexKey, place: tuple[int, Any]) -> tuple[IndexKey, tuple[Any, ...]]:
    """Return the key of a group among those of all kinds, and the member as the group has it."""
    return ((kind, *key.group), (key.value, *place)) if isinstance(key, SortedKey) else ((kind, *key), place)
