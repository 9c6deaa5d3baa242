"""Resources of a world: frozen values by kind and id, with indexes, among them the agenda of what is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import count, islice
from typing import Any

from emulator.kernel.hashed_pages import HashedPages, K, V
from emulator.kernel.machine import Resource
from emulator.kernel.sorted_pages import PAGE, IndexKey, SortedGroup, SortedKey, SortedPages
from emulator.text.checkpoint import WORK

SMALL = 32
"""Members up to which a group is a plain tuple, which copies of a store share as it is."""

Key = tuple[str, str]
"""(kind, id) of a resource."""
Place = tuple[int, str]
"""A resource's number in the order of arrival, and its id."""
Member = tuple[Any, ...]
Group = tuple[Member, ...] | SortedPages
"""Members in order, each as (number, id), behind its value where the group is sorted by one."""
Instants = tuple[datetime | None, datetime | None]
"""The instants at which the next event happens to a resource, and upkeep before that; None for never."""

SOME = 5_000
"""Resources that are sorted in together."""

WHEN = ""
AGENDA = EVENTS, UPKEEP = (WHEN, "events"), (WHEN, "upkeep")
"""The agenda's two groups, of no kind: keys of resources, sorted by due instant and then by arrival."""

_NEW_VERSIONS = count(1)


class PagedMap(HashedPages[K, V]):
    """An unordered map in pages."""

    __slots__ = ()

    def __init__(self) -> None:
        self.pages = [{}]
        self._own = {0}
        self._size = self._mask = 0

    def get(self, key: K) -> V | None:
        """Return the value of a key, or None."""
        place = hash(key) & self._mask
        if place >= len(self.pages):
            place &= self._mask >> 1
        return self.pages[place].get(key)

    def copy(self) -> PagedMap[K, V]:
        """Return a map of the same entries, to be changed apart."""
        twin: PagedMap[K, V] = self.__new__(PagedMap)
        twin.pages, twin._size, twin._mask = self.pages.copy(), self._size, self._mask
        self._own, twin._own = set(), set()
        return twin

    def values_of(self, keys: Iterable[K]) -> list[V]:
        """Return the values of keys that are there."""
        pages, mask, narrow, count = self.pages, self._mask, self._mask >> 1, len(self.pages)
        return [pages[place if (place := hash(key) & mask) < count else place & narrow][key] for key in keys]

    def __getitem__(self, key: K) -> V:
        return self.pages[self._place(key)][key]

    def __setitem__(self, key: K, value: V) -> None:
        place = self._place(key)
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

    def _place(self, key: K) -> int:
        place = hash(key) & self._mask
        return place if place < len(self.pages) else place & self._mask >> 1

    def _own_page(self, place: int) -> dict[K, V]:
        if place not in self._own:
            self.pages[place] = self.pages[place].copy()
            self._own.add(place)
        return self.pages[place]


class Store:
    """Resources by kind and id, each numbered as it arrived, and the instants at which something happens to them.

    A copy shares all with the original; whichever changes a kind, or a page of it, first gets its own. Groups and agenda are
    brought up to date when they are read, so that all that changed until then is sorted in at once. `tables` has the resources
    of each kind of which there is, or was, anything. `versions` are that of its tallies, the second, and of all else: every
    change makes a new one, which no other store ever had, so that what has the same is the same.
    """

    __slots__ = ("_arrived", "_due", "_groups", "_next", "_numbers", "_own", "_owner", "_size", "_stale", "tables", "versions")

    def __init__(self, instants: Callable[[Any], Instants]) -> None:
        self.tables: dict[str, PagedMap[str, Any]] = {}
        self._numbers: dict[str, PagedMap[str, Place]] = {}
        self._groups: PagedMap[IndexKey, Group] = PagedMap()
        self._stale: dict[str, dict[Key, tuple[Any, Place] | None]] = {}
        self._due = instants
        self._own: set[str] = set()
        self._owner = object()
        self._arrived = self._size = 0
        self.versions = [0, 0]
        self._next: datetime | None = None

    def find(self, kind: str, id: str) -> Any | None:
        """Return a resource, or None."""
        table = self.tables.get(kind)
        return None if table is None else table.get(id)

    def group(self, kind: str, *key: Hashable) -> list[Any]:
        """Return the resources of a kind whose `index` names this key, in order; without a key, all of them."""
        group = self._group((kind, *key))
        return [] if group is None else self.tables[kind].values_of([member[-1] for member in group])

    def sorted_group(self, kind: str, *key: Hashable) -> SortedGroup:
        """Return the resources of a group, to be read from anywhere in it. Nothing may be changed meanwhile."""
        group = self._group((kind, *key)) or ()
        return SortedGroup(SortedPages(group) if isinstance(group, tuple) else group, partial(self.find, kind))

    def first(self, kind: str, *key: Hashable) -> Any | None:
        """Return the first resource of a group, or None."""
        group = self._group((kind, *key))
        return None if group is None else self.tables[kind].get(group[0][-1])

    def size(self, kind: str, *key: Hashable) -> int:
        """Return how many resources of a kind there are, or are in a group."""
        return len((self._group((kind, *key)) if key else self.tables.get(kind)) or ())

    def __len__(self) -> int:
        return self._size

    def number(self, kind: str, id: str) -> int:
        """Return a resource's place in the order of arrival."""
        return self._numbers[kind][id][0]

    def put(self, resource: Resource, number: int | None = None) -> Any | None:
        """Add a resource as the newest, or with its former number; or replace its former value, and return that."""
        kind, id = resource.kind, resource.id
        self.versions[resource.is_tally] = next(_NEW_VERSIONS)
        table = self.tables[kind] if kind in self._own else self._own_table(kind)
        old = table.get(id)
        table[id] = resource
        self._note(kind, id, old)
        if old is None:
            self._arrived += number is None
            self._size += 1
            self._numbers[kind][id] = (self._arrived if number is None else number, id)
        return old

    def remove(self, kind: str, id: str) -> Any | None:
        """Remove a resource, also from the agenda, and return it; None if it is not there."""
        old = self.find(kind, id)
        if old is not None:
            self._own_table(kind).pop(id)
            self.versions[old.is_tally] = next(_NEW_VERSIONS)
            self._size -= 1
            self._note(kind, id, old)
            self._numbers[kind].pop(id)
        return old

    def _own_table(self, kind: str) -> PagedMap[str, Any]:
        """Return the resources of a kind, which from now on are, with their numbers, this store's alone to change."""
        if kind not in self._own:
            both = self._numbers, self.tables
            self._numbers[kind], self.tables[kind] = (it[kind].copy() if kind in it else PagedMap() for it in both)
            self._own.add(kind)
        return self.tables[kind]

    def _note(self, kind: str, id: str, old: Any | None) -> None:
        """Note that the groups of a kind, and the agenda, have a resource as it was."""
        key = kind, id
        for part in (kind, WHEN):
            unsettled = self._stale.get(part)
            if unsettled is None:
                unsettled = self._stale[part] = {}
            if key not in unsettled:
                unsettled[key] = None if old is None else (old, self._numbers[kind][id])

    @property
    def next_due(self) -> datetime | None:
        """The earliest instant of the agenda, or None."""
        if WHEN in self._stale:
            self._settle_part(WHEN)
        return self._next

    def upcoming(self, count: int, group: IndexKey = EVENTS) -> list[tuple[datetime, Key]]:
        """Return the earliest entries of the agenda but upkeep, or of its other group, `count` at most, in order."""
        return [(instant, key) for instant, _, key in islice(self.agenda(group), count)]

    def agenda(self, group: IndexKey) -> Iterator[Member]:
        """Return the entries of one group of the agenda in order; what is put or removed meanwhile is not in them."""
        return iter(self._group(group) or ())

    def entries_of(self, key: Key) -> dict[IndexKey, Member]:
        """Return the entries that a resource has in the agenda, by group; none where it is not there."""
        return {} if (it := self.find(*key)) is None else self._in_agenda(it, self._numbers[key[0]][key[1]])

    def copy(self) -> Store:
        """Return a store of the same resources, to be changed apart."""
        self.settle()
        twin = Store(self._due)
        twin.tables, twin._numbers, twin._groups = self.tables.copy(), self._numbers.copy(), self._groups.copy()
        twin._arrived, twin._size, twin._next, twin.versions = self._arrived, self._size, self._next, self.versions.copy()
        self._own, self._owner = set(), object()  # the kinds and groups of both belong to neither now
        return twin

    def empty(self) -> None:
        """Drop all that is there, page by page: while much is freed at once, every thread waits."""
        for it in (*self.tables.values(), *self._numbers.values(), self._groups):
            it.empty()  # type: ignore[attr-defined]

    def _group(self, key: IndexKey) -> Group | None:
        """Return a group, which has a member; None where it would have none."""
        if key[0] in self._stale:
            self._settle_part(str(key[0]))
        return self._groups.get(key)

    def settle(self) -> None:
        """Bring groups and agenda up to date with all resources."""
        while self._stale:
            self._settle_part(next(iter(self._stale)))

    def _settle_part(self, part: str) -> None:
        """Bring the groups of a kind, or the agenda, up to date, some resources at a time; a checkpoint may end it between."""
        unsettled, memberships = self._stale[part], self._in_agenda if part == WHEN else self._in_groups
        while unsettled:
            some = [*islice(unsettled.items(), SOME)]
            moves = defaultdict[IndexKey, tuple[list[Member], list[Member]]](lambda: ([], []))
            for (kind, id), former in some:
                now = self.tables[kind].get(id)
                before = {} if former is None else memberships(*former)
                after = {} if now is None else memberships(now, self._numbers[kind][id])
                for side, own, others in ((0, before, after), (1, after, before)):
                    for group, member in own.items():
                        if others.get(group) != member:
                            moves[group][side].append(member)
            for group, (leaving, joining) in moves.items():
                self._move(group, leaving, joining)
            for key, _ in some:
                del unsettled[key]
            if WORK.pause is not None:
                WORK.pause()
        del self._stale[part]
        if part == WHEN:
            self._next = min([members[0][0] for group in AGENDA if (members := self._groups.get(group))], default=None)

    def _in_groups(self, resource: Any, place: Place) -> dict[IndexKey, Member]:
        """Return a resource as a member of its groups, among them the one of all of its kind."""
        kind, (number, id) = resource.kind, place
        found: dict[IndexKey, Member] = {(kind,): place}
        for key in resource.index():
            if key.__class__ is SortedKey:
                found[(kind, *key.group)] = (key.value, number, id)
            else:
                found[(kind, *key)] = place
        return found

    def _in_agenda(self, resource: Any, place: Place) -> dict[IndexKey, Member]:
        """Return a resource as a member of the agenda."""
        (number, id), instants = place, zip(AGENDA, self._due(resource), strict=True)
        return {group: (instant, number, (resource.kind, id)) for group, instant in instants if instant is not None}

    def _move(self, key: IndexKey, leaving: list[Member], joining: list[Member]) -> None:
        """Let members leave a group and others join it."""
        group = self._groups.get(key) or ()
        if isinstance(group, tuple):
            members = [it for it in group if it not in leaving] + joining
            group = tuple(sorted(members)) if len(members) <= SMALL else SortedPages(members, self._owner)
            self._groups[key] = group
        else:
            if group.owner is not self._owner:
                group = self._groups[key] = group.copy(self._owner)
            group.change(leaving, joining)
        if not group:
            self._groups.pop(key)
