"""Where resources lie: frozen values by kind and id, with indexes, so that nothing has to be searched for."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from datetime import datetime
from itertools import chain, compress, filterfalse
from operator import is_not
from typing import Any, ClassVar, Protocol

IndexKey = tuple[Hashable, ...]


class Resource(Protocol):
    """A frozen value that lives in a world. `index` names the groups in which it wants to be found again."""

    kind: ClassVar[str]

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def since(self) -> datetime: ...

    def index(self) -> tuple[IndexKey, ...]: ...


class Store:
    """Resources by (kind, id), each numbered as it arrived. A copy is shallow, since the values are frozen."""

    __slots__ = ("_arrived", "_groups", "_numbers", "_tables")

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, Any]] = {}
        self._groups: dict[IndexKey, dict[str, None]] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._arrived = 0

    def find(self, kind: str, id: str) -> Any | None:
        """The resource, or None."""
        table = self._tables.get(kind)
        return None if table is None else table.get(id)

    def all(self, kind: str) -> Iterator[Any]:
        """Every resource of a kind, in order of arrival."""
        table = self._tables.get(kind, {})
        return (table[id] for id in self._in_order(kind, table))

    def group(self, kind: str, *key: Hashable) -> list[Any]:
        """The resources of a kind whose `index` names this key, in order of arrival."""
        ids = self._groups.get((kind, *key))
        if ids is None:
            return []
        table = self._tables[kind]
        return [table[id] for id in self._in_order(kind, ids)]

    def size(self, kind: str, *key: Hashable) -> int:
        """How many resources of a kind there are, or are in a group."""
        return len(self._groups.get((kind, *key), ())) if key else len(self._tables.get(kind, ()))

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, kind: str, id: str) -> int:
        """The resource's place in the order of arrival."""
        return self._numbers[kind, id]

    def put(self, resource: Resource, number: int | None = None) -> Any | None:
        """Adds the resource, as the newest unless it is given back its number, or replaces its former self and returns that."""
        kind, id = resource.kind, resource.id
        table = self._tables.setdefault(kind, {})
        old = table.get(id)
        if old is None:
            self._arrived += number is None
            self._numbers[kind, id] = self._arrived if number is None else number
        table[id] = resource
        self._regroup(kind, id, () if old is None else old.index(), resource.index())
        return old

    def remove(self, kind: str, id: str) -> Any | None:
        """Takes the resource out and returns it; None if there was none."""
        old = self._tables.get(kind, {}).pop(id, None)
        if old is not None:
            del self._numbers[kind, id]
            self._regroup(kind, id, old.index(), ())
        return old

    def kinds(self) -> list[str]:
        """The kinds of which there is, or was, anything."""
        return list(self._tables)

    def differing(self, other: Store) -> Iterator[tuple[str, str]]:
        """(kind, id) of every resource that the other store has not, has otherwise, or has and this one has not."""
        for kind in dict.fromkeys((*self._tables, *other._tables)):
            mine, others = self._tables.get(kind, {}), other._tables.get(kind, {})
            differs = map(is_not, mine.values(), map(others.get, mine))  # not a loop of our own: it takes ten times as long
            yield from ((kind, id) for id in chain(compress(mine, differs), filterfalse(mine.__contains__, others)))

    def copy(self) -> Store:
        """The same resources, to be changed apart."""
        twin = Store()
        twin._tables = {kind: table.copy() for kind, table in self._tables.items()}
        twin._groups = {key: ids.copy() for key, ids in self._groups.items()}
        twin._numbers = self._numbers.copy()
        twin._arrived = self._arrived
        return twin

    def _in_order(self, kind: str, ids: Iterable[str]) -> list[str]:
        numbers = self._numbers
        return sorted(ids, key=lambda id: numbers[kind, id])

    def _regroup(self, kind: str, id: str, before: tuple[IndexKey, ...], after: tuple[IndexKey, ...]) -> None:
        if before == after:
            return
        for key in before:
            if key not in after:
                group = self._groups[kind, *key]
                del group[id]
                if not group:
                    del self._groups[kind, *key]
        for key in after:
            if key not in before:
                self._groups.setdefault((kind, *key), {})[id] = None
