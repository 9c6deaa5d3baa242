"""Resources of a world: frozen values by kind and id, with indexes, among them the agenda of what is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import count, islice
from typing import Any

from emulator.kernel.hashed_pages import HashedPages, K, V
from emulator.kernel.machine import Resource
from emulator.kernel.settling import Former, Group, Member, Moves, Place, portions
from emulator.kernel.sorted_pages import PAGE, IndexKey, SortedGroup, SortedKey, SortedPages

Key = tuple[str, str]
"""(kind, id) of a resource."""
Instants = tuple[datetime | None, datetime | None]
"""The instants at which the next event happens to a resource, and upkeep before that; None for never."""

MANY = 500
"""Changed resources from which on whoever changes them sorts them in, and not the next who reads."""

NEVER: Instants = (None, None)
AGENDA = EVENTS, UPKEEP = ("", "events"), ("", "upkeep")
"""The agenda's two groups, of no kind: keys of resources, sorted by due instant and then by arrival."""

_NEW_VERSIONS = count(1)


class PagedMap(HashedPages[K, V]):
    """An unordered map in pages."""

    __slots__ = ()

    def __init__(self) -> None:
        self.pages = [{}]
        self._own = {id(self.pages[0])}
        self._count = 1
        self._size = self.mask = 0

    def get(self, key: K) -> V | None:
        """Return the value of a key, or None."""
        return self.pages[hash(key) & self.mask].get(key)

    def copy(self) -> PagedMap[K, V]:
        """Return a map of the same entries, to be changed apart."""
        twin: PagedMap[K, V] = self.__new__(PagedMap)
        twin.pages, twin._count, twin._size, twin.mask = self.pages.copy(), self._count, self._size, self.mask
        self._own, twin._own = set(), set()
        return twin

    def values_of(self, keys: Iterable[K]) -> list[V]:
        """Return the values of keys that are there."""
        pages, mask = self.pages, self.mask
        return [pages[hash(key) & mask][key] for key in keys]

    def __getitem__(self, key: K) -> V:
        return self.pages[hash(key) & self.mask][key]

    def exchange(self, key: K, value: V) -> V | None:
        """Set the value of a key, and return its former one, or None."""
        page = self.pages[hash(key) & self.mask]
        if id(page) not in self._own:
            page = self._own_page(key)
        former = page.get(key)
        page[key] = value
        if former is None:
            self._size += 1
            if self._size > PAGE * self._count:
                self._split_page()
        return former

    __setitem__ = exchange

    def pop(self, key: K) -> V | None:
        """Remove a key and return its value; None where it is not there."""
        if key not in self.pages[hash(key) & self.mask]:
            return None
        self._size -= 1
        return self._own_page(key).pop(key)

    def __len__(self) -> int:
        return self._size

    def _own_page(self, key: K) -> dict[K, V]:
        """Return the page of a key, which from now on is this map's alone to change."""
        page = self.pages[hash(key) & self.mask]
        if id(page) not in self._own:
            self._set_page(hash(key) & self.mask, page.copy())
        return self.pages[hash(key) & self.mask]

    def _set_page(self, place: int, page: dict[K, V]) -> None:
        """Put a page of its own at a place, and at the one that has the same page."""
        former, other = self.pages[place], place ^ (self.mask + 1 >> 1)
        if self.pages[other] is former:
            self.pages[other] = page
        self.pages[place] = page
        self._own.add(id(page))


class Store:
    """Resources by kind and id, each numbered as it arrived, and the instants at which something happens to them.

    A copy shares all with the original; whichever changes a kind, or a page of it, first gets its own. Groups and agenda are
    brought up to date when they are read, so that all that changed until then is sorted in at once. Until then `_changed` has
    the resources of each kind as they are there, by id, and `_instants` the new ones that were asked for. But for those of the
    `_untimed`, none is before `_next`. `tables` has the resources of each kind of which there is, or was, anything; only those
    of the `timed` kinds have instants. `versions` are that of its tallies, the second, and of all else: every change makes a
    new one, which no other store ever had, so that what has the same is the same. `arrived` is how many ever arrived.
    """

    __slots__ = (
        "_changed", "_due", "_groups", "_instants", "_next", "_numbers", "_own", "_owner", "_size", "_timed",
        "_untimed", "arrived", "tables", "versions",
    )  # fmt: skip

    def __init__(self, instants: Callable[[Any], Instants], timed: Container[str]) -> None:
        self.tables: dict[str, PagedMap[str, Any]] = {}
        self._numbers: dict[str, PagedMap[str, Place]] = {}
        self._groups: PagedMap[IndexKey, Group] = PagedMap()
        self._changed: defaultdict[str, dict[str, Former]] = defaultdict(dict)
        self._instants: dict[Key, Instants] = {}
        self._untimed: dict[Key, Any] = {}
        self._due, self._timed = instants, timed
        self._own: set[str] = set()
        self._owner = object()
        self.arrived = self._size = 0
        self.versions = [0, 0]
        self._next: datetime | None = None

    def find(self, kind: str, id: str) -> Any | None:
        """Return a resource, or None."""
        table = self.tables.get(kind)
        return None if table is None else table.pages[hash(id) & table.mask].get(id)

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
        kind, id = key = resource.kind, resource.id
        self.versions[resource.is_tally] = next(_NEW_VERSIONS)
        table = self.tables[kind] if kind in self._own else self._own_table(kind)
        old = table.exchange(id, resource)
        if id not in (changed := self._changed[kind]):
            changed[id] = None if old is None else (old, self._numbers[kind][id])
        if kind in self._timed:
            self._instants.pop(key, None)
            self._untimed[key] = resource
        if old is None:
            self.arrived += number is None
            self._size += 1
            self._numbers[kind][id] = (self.arrived if number is None else number, id)
        return old

    def remove(self, kind: str, id: str) -> Any | None:
        """Remove a resource, also from the agenda, and return it; None if it is not there."""
        old = self.find(kind, id)
        if old is not None:
            self._own_table(kind).pop(id)
            self.versions[old.is_tally] = next(_NEW_VERSIONS)
            self._size -= 1
            self._changed[kind].setdefault(id, (old, self._numbers[kind][id]))
            self._numbers[kind].pop(id)
            if kind in self._timed:
                self._instants.pop((kind, id), None)
                self._untimed.pop((kind, id), None)
        return old

    def _own_table(self, kind: str) -> PagedMap[str, Any]:
        """Return the resources of a kind, which from now on are, with their numbers, this store's alone to change."""
        if kind not in self._own:
            both = self._numbers, self.tables
            self._numbers[kind], self.tables[kind] = (it[kind].copy() if kind in it else PagedMap() for it in both)
            self._own.add(kind)
        return self.tables[kind]

    def rests_until(self, instant: datetime) -> bool:
        """Tell whether nothing is due by an instant."""
        while self._untimed:
            key, resource = self._untimed.popitem()
            instants = self._instants[key] = self._instants.get(key) or self._due(resource)
            for due in instants:
                if due is not None and (self._next is None or due < self._next):
                    self._next = due
        return self._next is None or self._next > instant or (due := self.next_due) is None or due > instant

    @property
    def next_due(self) -> datetime | None:
        """The earliest instant of the agenda, or None."""
        self._settle_agenda()
        self._next = self._first_due()
        return self._next

    def upcoming(self, count: int, group: IndexKey = EVENTS) -> list[tuple[datetime, Key]]:
        """Return the earliest entries of the agenda but upkeep, or of its other group, `count` at most, in order."""
        return [(instant, key) for instant, _, key in islice(self.agenda(group), count)]

    def agenda(self, group: IndexKey) -> Iterator[Member]:
        """Return the entries of one group of the agenda in order, as they are now, whatever is put or removed meanwhile."""
        self._settle_agenda()
        self._owner = object()  # whoever changes a group takes a copy of it
        return iter(self._groups.get(group) or ())

    def entries_of(self, key: Key) -> tuple[Member | None, Member | None]:
        """Return the entries that a resource has in the groups of the agenda, in their order; None where it has none."""
        if (resource := self.find(*key)) is None:
            return None, None
        event, upkeep = self._instants[key] = self._instants.get(key) or self._due(resource)
        number = self._numbers[key[0]][key[1]][0]
        return None if event is None else (event, number, key), None if upkeep is None else (upkeep, number, key)

    def copy(self) -> Store:
        """Return a store of the same resources, to be changed apart."""
        self.settle()
        twin = Store(self._due, self._timed)
        twin.tables, twin._numbers, twin._groups = self.tables.copy(), self._numbers.copy(), self._groups.copy()
        twin.arrived, twin._size, twin._next, twin.versions = self.arrived, self._size, self.next_due, self.versions.copy()
        self._own, self._owner = set(), object()  # the kinds and groups of both belong to neither now
        return twin

    def empty(self) -> None:
        """Drop all that is there, page by page: while much is freed at once, every thread waits."""
        for it in (*self.tables.values(), *self._numbers.values(), self._groups):
            it.empty()  # type: ignore[attr-defined]

    def _group(self, key: IndexKey) -> Group | None:
        """Return a group of a kind, which has a member; None where it would have none."""
        if key[0] in self._changed:
            self._settle_kind(str(key[0]))
        return self._groups.get(key)

    def settle(self, most: int = 0) -> None:
        """Bring the groups of each kind, and the agenda, up to date where more resources than so many changed."""
        if self._changed and sum(map(len, self._changed.values())) > most:
            for kind in [kind for kind, changed in self._changed.items() if len(changed) > most]:
                self._settle_kind(kind)

    def _settle_agenda(self) -> None:
        """Bring the agenda up to date."""
        if self._changed:
            for kind in [kind for kind in self._changed if kind in self._timed]:
                self._settle_kind(kind)
            self._untimed.clear()

    def _settle_kind(self, kind: str) -> None:
        """Bring the groups of a kind up to date, some resources at a time; a checkpoint may end it between."""
        table, numbers = self.tables[kind], self._numbers[kind]
        for some in portions(self._changed[kind]):
            moves = Moves(kind)
            for id, former in some:
                now = None if (it := table.get(id)) is None else (it, numbers[id])
                instants = self._instants.pop((kind, id), None)
                keys = () if former is None else self._keys(former[0]), () if now is None else self._keys(now[0], instants)
                moves.note((former, now), keys)
            moves.make(self._groups, self._owner)
        del self._changed[kind]
        if kind in self._timed:
            self._untimed = {key: it for key, it in self._untimed.items() if key[0] != kind}
            self._next = min([*filter(None, (self._next, self._first_due()))], default=None)

    def _first_due(self) -> datetime | None:
        """Return the earliest instant of the agenda as it was brought up to date last."""
        return min([members[0][0] for group in AGENDA if (members := self._groups.get(group))], default=None)

    def _keys(self, resource: Any, instants: Instants | None = None) -> list[IndexKey | SortedKey]:
        """Return the keys of the groups of a resource: the one of its kind, those of its index, and those of the agenda."""
        keys: list[IndexKey | SortedKey] = [(), *resource.index()]
        if resource.kind in self._timed:
            event, upkeep = instants or self._due(resource)
            if event is not None:
                keys.append(SortedKey(EVENTS, event))
            if upkeep is not None:
                keys.append(SortedKey(UPKEEP, upkeep))
        return keys
