"""The lists of resources in a vendor's state: which there are, what `repeat` comes to, and what has an id of its own.

Only the vendor's schema tells: a `repeat` or an `id` within a map of the client's own is the client's.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import accumulate
from typing import Any, NamedTuple

from emulator.kernel.resource import Struct
from emulator.scenario.document import JsonDict, JsonObject, Path
from emulator.sdk.vendor import Vendor, Vendors

Lists = Mapping[str, "ListSchema"]
"""The lists that a state or an item holds, by the key they stand under."""


class ListSchema(Struct, frozen=True):
    """The kind of a list's items. `repeats`: an item may stand for many; `id`: the JSON JsonObject of its id, or None."""

    repeats: bool
    id: JsonObject | None
    lists: Lists


class Listed(NamedTuple):
    """A list as somebody wrote it, and its place."""

    path: Path
    items: list[Any]
    kind: ListSchema


@cache
def lists_of(vendor: Vendor) -> Lists:
    """Return the lists of resources in a vendor's state."""
    return _lists_in(vendor.state.schema)


def _lists_in(schema: JsonObject) -> Lists:
    ways = ((name, way) for name, part in schema.get("properties", {}).items() for way in (part, *part.get("anyOf", ())))
    return {name: _kind(way["items"]) for name, way in ways if "properties" in way.get("items", {})}


def _kind(item: JsonObject) -> ListSchema:
    return ListSchema("repeat" in item["properties"], item["properties"].get("id"), _lists_in(item))


def every_list(state: Any, lists: Lists, path: Path = ()) -> Iterator[Listed]:
    """Yield every such list of a state, outer ones first, whatever else is wrong with it."""
    for name, kind in lists.items():
        items = state.get(name) if isinstance(state, dict) else None
        if isinstance(items, list):
            yield Listed((*path, name), items, kind)
            for index, part in enumerate(items if kind.lists else ()):
                yield from every_list(part, kind.lists, (*path, name, index))


def count(state: Any, lists: Lists) -> int:
    """Return the number of resources that a state comes to once its repeats are written out, whatever else is wrong with it."""
    parts = state if isinstance(state, dict) else {}
    listed = ((parts.get(name), kind) for name, kind in lists.items() if kind.repeats)
    return sum(_times(it) * (1 + count(it, kind.lists)) for items, kind in listed if isinstance(items, list) for it in items)


def resources_in(state: object, vendors: Vendors) -> int:
    """Return how many resources a state by vendor comes to, whatever else is wrong with it."""
    parts = state if isinstance(state, dict) else {}
    return sum(count(parts[name], lists_of(vendor)) for name, vendor in vendors.items() if name in parts)


def expand_repeats(state: JsonObject, lists: Lists) -> JsonDict:
    """Return a valid state with every `{repeat: n, ...}` in a list of resources written out n times."""
    return {name: _all_of(part, lists[name]) if _repeats(name, lists) else part for name, part in state.items()}


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
        if len(path) < 2 or not _repeats(path[0], lists):
            return path
        name, position = str(path[0]), int(path[1])
        items = state[name]
        if id(items) not in self._ends:
            self._ends[id(items)] = [*accumulate(map(_times, items))]
        index = bisect_right(self._ends[id(items)], position)
        return path if index == len(items) else (name, index, *self._path(path[2:], items[index], lists[name].lists))


def _repeats(name: str | int, lists: Lists) -> bool:
    return name in lists and lists[str(name)].repeats


def _all_of(items: list[JsonObject], kind: ListSchema) -> list[JsonDict]:
    plain = ((_times(item), {key: it for key, it in item.items() if key != "repeat"}) for item in items)
    return [single for times, item in plain for single in [expand_repeats(item, kind.lists)] * times]


def _times(item: Any) -> int:
    times = item.get("repeat", 1) if isinstance(item, dict) else 1
    return times if isinstance(times, int) else 1
