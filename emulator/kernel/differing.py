"""The resources that differ between two stores, found at the cost of the pages that they do not share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.kernel.hashed_pages import K, V
from emulator.kernel.store import Key, PagedMap, Store


def differing(one: Store, other: Store) -> Iterator[Key]:
    """Yield the key of every resource that differs between two stores."""
    nothing: PagedMap[str, Any] = PagedMap()
    for kind in dict.fromkeys((*one.tables, *other.tables)):
        yield from ((kind, id) for id in differing_keys(one.tables.get(kind, nothing), other.tables.get(kind, nothing)))


def differing_keys(one: PagedMap[K, V], other: PagedMap[K, V]) -> Iterator[K]:
    """Yield each key whose value differs between two maps, or that one of them lacks."""
    mine, others = ({id(page) for page in it.distinct_pages()} for it in (one, other))
    for page in one.distinct_pages():
        if id(page) not in others:
            yield from (key for key, value in page.items() if other.get(key) is not value)
    for page in other.distinct_pages():
        if id(page) not in mine:
            yield from (key for key in page if one.get(key) is None)
