"""The lists of resources in a vendor's state: which there are, what `repeat` comes to, what has an id, and what is deleted.

Only the vendor tells: a `repeat`, an `id` or a `deleted` within a map of the client's own is the client's.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import accumulate
from typing import Any

from emulator.kernel.resource import Struct
from emulator.scenario.document import JsonDict, JsonObject, Path
from emulator.sdk.state import Deletable
from emulator.sdk.vendor import Vendor, Vendors

Lists = Mapping[str, "ListSchema"]
"""The lists that a state or an item holds, by the key they stand under."""


class ListSchema(Struct, frozen=True):
    """The kind of a list's items. `repeats`: an item may stand for many; `id`: the JSON Schema of its id, or None.

    `deletable` says how one is deleted, None where none can be.
    """

    repeats: bool
    id: JsonObject | None
    lists: Lists
    deletable: Deletable | None = None


class Listed(Struct, frozen=True):
    """A list as somebody wrote it, and its place."""

    path: Path
    items: list[Any]
    kind: ListSchema


@cache
def lists_of(vendor: Vendor) -> Lists:
    """Return the lists of resources in a vendor's state."""
    return _lists_in(vendor.state.schema, vendor.deletable)


def _lists_in(schema: JsonObject, deletable: Mapping[str, Deletable], before: str = "") -> Lists:
    ways = ((name, way) for name, part in schema.get("properties", {}).items() for way in (part, *part.get("anyOf", ())))
    items = ((name, way.get("items", {})) for name, way in ways)
    return {name: _kind(it, deletable, before + name) for name, it in items if "properties" in it or before + name in deletable}


def _kind(item: JsonObject, deletable: Mapping[str, Deletable], place: str) -> ListSchema:
    properties = item.get("properties", {})
    lists = _lists_in(item, deletable, f"{place}.")
    return ListSchema("repeat" in properties, properties.get("id"), lists, deletable.get(place))


def every_list(state: Any, lists: Lists, path: Path = ()) -> Iterator[Listed]:
    """Yield every such list of a state, outer ones first, whatever else is wrong with it."""
    for name, kind in lists.items():
        items = state.get(name) if isinstance(state, dict) else None
        if isinstance(items, list):
            yield Listed((*path, name), items, kind)
            for index, part in enumerate(items if kind.lists else ()):
                yield from every_list(part, kind.lists, (*path, name, index))


def is_deletion(item: Any, kind: ListSchema) -> bool:
    """Tell whether an item of a list says that a resource is deleted."""
    return kind.deletable is not None and isinstance(item, dict) and item.get("deleted") is True


def count(state: Any, lists: Lists) -> int:
    """Return the number of resources that a state comes to once its repeats are written out, whatever else is wrong with it."""
    parts = state if isinstance(state, dict) else {}
    listed = ((parts.get(name), kind) for name, kind in lists.items() if kind.repeats)
    parts_of = ((it, kind) for items, kind in listed if isinstance(items, list) for it in items)
    return sum(_times(it, kind) * (1 + count(it, kind.lists)) for it, kind in parts_of)


def resources_in(state: object, vendors: Vendors) -> int:
    """Return how many resources a state by vendor comes to, whatever else is wrong with it."""
    parts = state if isinstance(state, dict) else {}
    return sum(count(parts[name], lists_of(vendor)) for name, vendor in vendors.items() if name in parts)


def expand_repeats(state: JsonObject, lists: Lists) -> JsonDict:
    """Return a valid state with every `{repeat: n, ...}` in a list of resources written out n times, and without deletions."""
    return {name: _all_of(part, lists[name]) if _expands(name, lists) else part for name, part in state.items()}


class Origins:
    """The places, in a valid state as somebody wrote it, of the parts of the state with its repeats written out."""

    def __init__(self, state: JsonObject, lists: Lists) -> None:
        self._state = state
        self._lists = lists
        self._ends: dict[int, list[int]] = {}

    def path(self, path: Path) -> Path:
        """Return the path, in the state as somebody wrote it, of the part that has this path once it is written out."""
        return self._path(path, self._state, self._lists)

    def _path(self, path: Path, state: JsonObject, lists: Lists) -> Path:
        if len(path) < 2 or not _expands(path[0], lists):
            return path
        name, position = str(path[0]), int(path[1])
        items, kind = state[name], lists[name]
        if id(items) not in self._ends:
            self._ends[id(items)] = [*accumulate(_times(item, kind) for item in items)]
        index = bisect_right(self._ends[id(items)], position)
        return path if index == len(items) else (name, index, *self._path(path[2:], items[index], kind.lists))


def _expands(name: str | int, lists: Lists) -> bool:
    return name in lists and (lists[str(name)].repeats or lists[str(name)].deletable is not None)


def _all_of(items: list[Any], kind: ListSchema) -> list[Any]:
    return [single for item in items for single in [_single(item, kind)] * _times(item, kind)]


def _single(item: Any, kind: ListSchema) -> Any:
    """Return an item without its `repeat`."""
    if not isinstance(item, dict):
        return item
    return expand_repeats({key: it for key, it in item.items() if key != "repeat" or not kind.repeats}, kind.lists)


def _times(item: Any, kind: ListSchema) -> int:
    """Return how many resources an item stands for, whatever is wrong with it."""
    if is_deletion(item, kind):
        return 0
    times = item.get("repeat", 1) if isinstance(item, dict) and kind.repeats else 1
    return times if isinstance(times, int) else 1
