"""Differences between two moments of a world, in the grammar of `given`; they cost what differs, not what there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from emulator.kernel.clock import Clock
from emulator.kernel.differing import differing
from emulator.kernel.history import ResourceChange
from emulator.kernel.machine import PROGRESSING
from emulator.kernel.past import Moment
from emulator.kernel.resource import Struct
from emulator.kernel.sorted_pages import SortedKey
from emulator.kernel.store import Key
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.sdk.state import each_part_dumped_once
from emulator.sdk.vendor import Vendors
from emulator.state.compare import ABRIDGED, abridge
from emulator.text.checkpoint import checkpoint
from emulator.text.escape import escaped

NAMES = ("id", "name", "token")
"""The keys by which things in a list are told apart, the first that all of them have."""

SOME = 2_000
"""Keys that are sorted, and values that are freed, in some milliseconds."""

Pair = tuple[Any, Any]
Find = Callable[[str, str], Any]


class Difference(Struct, frozen=True):
    """One difference: the vendor, the place `at` in its `given`, and the id of the resource if it is one of many.

    `before` and `after` are the value as `given` writes it, None where there is none. `fields` are those that differ, by
    their dotted path, each with its value before and after. `named_by` is the key that holds the id, None where there is none.
    """

    vendor: str
    at: str
    id: str | None
    before: Any
    after: Any
    fields: Mapping[str, Pair]
    named_by: str | None = None

    def __str__(self) -> str:
        thing = " ".join(part for part in (self.vendor, self.at, self.id) if part)
        if self.before is None or self.after is None:
            return escaped(f"{thing} {'appeared' if self.before is None else 'disappeared'}")
        fields = (f"{name} {_display(before)} -> {_display(after)}" for name, (before, after) in self.fields.items())
        return escaped(f"{thing}: {', '.join(fields)}")


def _display(value: Any) -> str:
    if isinstance(value, str):
        return value if len(value) <= ABRIDGED and value.isprintable() else abridge(value)
    return "nothing" if value is None else abridge(value)


def commit_differences(
    world: World, vendors: Vendors, changed_resources: Iterable[ResourceChange], at: datetime
) -> list[Difference]:
    """Return what a commit changed, seen at its own instant."""
    replaced = {(it.kind, it.id): it for it in changed_resources}
    find = world.store.find

    def before(kind: str, id: str) -> Any | None:
        return replaced[kind, id].before if (kind, id) in replaced else find(kind, id)

    def after(kind: str, id: str) -> Any | None:
        return replaced[kind, id].after if (kind, id) in replaced else find(kind, id)

    keys = _with_owners(replaced, (before, after), world.store.tables)
    with _slice(world, at, keys, before) as left, _slice(world, at, keys, after) as right:
        return _between(left, right, vendors, world.rules.limits.memory)


def between(source: Moment, target: Moment, vendors: Vendors) -> list[Difference]:
    """Return how the target differs from the source, each seen at its own instant."""
    stores = source.world.store, target.world.store
    keys_that_differ = [*differing(*stores)]
    if source.at != target.at:
        keys_that_differ += _moved(source, target)
    keys = _with_owners(keys_that_differ, [store.find for store in stores], {*stores[0].tables, *stores[1].tables})
    left, right = (_slice(it.world, it.at, keys, it.world.store.find) for it in (source, target))
    with left as before, right as after:
        return _between(before, after, vendors, min(it.world.rules.limits.memory for it in (source, target)))


def as_given(moment: Moment, key: Key, vendors: Vendors) -> Difference | None:
    """Return a resource as `given` writes it, as what its absence would make different; None where that does not have it."""
    world, find = moment.world, moment.world.store.find
    keys = _with_owners([key], [find], world.store.tables)
    others = [it for it in keys if it != key]
    with _slice(world, moment.at, others, find) as left, _slice(world, moment.at, keys, find) as right:
        found = [it for it in _between(left, right, vendors, world.rules.limits.memory) if it.after is not None]
    return next((it for it in found if it.id == key[1]), next(iter(found), None))


def let_go(found: list[Difference]) -> None:
    """Free differences some at a time: while many are freed at once, every thread waits."""
    while found:
        del found[-SOME:]


def _moved(source: Moment, target: Moment) -> Iterator[Key]:
    """Yield what looks different at the target than at the source although it did not change."""
    before, after = (Transaction(it.world, it.at, "look") for it in (source, target))
    for kind in source.world.store.tables:
        machine = source.world.rules.machines.get(kind)
        progress = machine.progress if machine else None
        for it in source.world.store.group(kind, *PROGRESSING):
            if progress is None or progress(before, it) != progress(after, it):
                yield kind, it.id


@contextmanager
def _slice(world: World, at: datetime, keys: Iterable[Key], find: Find) -> Iterator[Transaction]:
    """A view of a part of the world at an instant."""
    part = World(world.id, world.rules, Clock(at), world.seed)
    for resource in (find(*key) for key in keys):
        checkpoint()
        if resource is not None:
            part.store.put(resource)
    yield Transaction(part, at, "look")
    part.store.empty()


def _with_owners(keys: Iterable[Key], finds: Sequence[Find], kinds: Iterable[str]) -> list[Key]:
    """Return the keys, and those of their owners, which their indexes name by id: a payment is shown as a part of its batch.

    They are in an order of their own, since nobody should see how it came to a difference.
    """
    own, names = set(keys), set[Key]()
    for kind, id in own:
        checkpoint()
        for resource in (find(kind, id) for find in finds):
            if resource is not None:
                names |= {(kind, part) for part in _names_in(resource)}
    families = {kind: [it for it in kinds if it != kind and _vendor_of(it) == _vendor_of(kind)] for kind, _ in names}
    owners = {(it, name) for kind, name in names for it in families[kind] if any(find(it, name) is not None for find in finds)}
    left = iter(own | owners)
    return [*merge(*(sorted(some) for some in iter(lambda: [*islice(left, SOME)], [])))]  # sorted at once, they hold up threads


def _names_in(resource: Any) -> set[str]:
    groups = (key.group if isinstance(key, SortedKey) else key for key in resource.index())
    return {part for group in groups for part in group if isinstance(part, str)}


def _vendor_of(kind: str) -> str:
    return kind.partition(".")[0]


def _between(before: Transaction, after: Transaction, vendors: Vendors, most: int) -> list[Difference]:
    """Return the differences of two parts of a world; the texts made for that, such as files, have so many bytes at most.

    Raises:
        TooMany: they would have more.
    """
    with each_part_dumped_once(most):
        return [*_all_between(before, after, vendors)]


def _all_between(before: Transaction, after: Transaction, vendors: Vendors) -> Iterator[Difference]:
    for name, vendor in vendors.items():
        left, right = vendor.state.dump(before), vendor.state.dump(after)
        for part in dict.fromkeys((*left, *right)):
            yield from _differences(name, part, left.get(part), right.get(part))


def _differences(vendor: str, at: str, before: Any, after: Any) -> Iterator[Difference]:
    if _are_many(before, after):
        yield from _of_many(vendor, at, before or [], after or [])
    elif isinstance(before, list) or isinstance(after, list):
        yield from _of_values(vendor, at, before or [], after or [])
    elif before != after:
        yield from _of_one(vendor, at, None, before, after)


def _are_many(*sides: Any) -> bool:
    """Return whether these are lists, if they are anything, of things that have names."""
    items = [item for side in sides if isinstance(side, list) for item in side]
    return all(side is None or isinstance(side, list) for side in sides) and bool(items) and _key_of(items) is not None


def _key_of(items: list[Any]) -> str | None:
    return next((name for name in NAMES if all(isinstance(item, dict) and name in item for item in items)), None)


def _of_many(vendor: str, at: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    """Compare the things of two lists that have names of their own, each with itself."""
    key = _key_of([*before, *after]) or ""
    left, right = ({str(item[key]): item for item in items} for items in (before, after))
    for id in dict.fromkeys((*left, *right)):
        checkpoint()
        if left.get(id) != right.get(id):
            yield from _of_one(vendor, at, id, left.get(id), right.get(id), key)


def _of_values(vendor: str, at: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    """Compare two lists of plain values, each its own name."""
    yield from (Difference(vendor, at, _display(it), it, None, {}) for it in before if it not in after)
    yield from (Difference(vendor, at, _display(it), None, it, {}) for it in after if it not in before)


def _of_one(vendor: str, at: str, id: str | None, before: Any, after: Any, key: str | None = None) -> Iterator[Difference]:
    """Yield the difference of a thing, and those of the things in it that have names of their own."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        yield Difference(vendor, at, id, before, after, {}, key)
        return
    names = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
    parts = [name for name in names if _are_many(before.get(name), after.get(name))]
    own = [name for name in names if name not in parts]
    if fields := {at: it for name in own for at, it in _fields(before.get(name), after.get(name), name)}:
        yield Difference(vendor, at, id, before, after, fields, key)
    for name in parts:
        place = f"{at}[{id}].{name}" if id else f"{at}.{name}"
        yield from _of_many(vendor, place, before.get(name) or [], after.get(name) or [])


def _fields(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Pair]]:
    if not (isinstance(before, dict) and isinstance(after, dict)):
        yield path, (before, after)
        return
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield from _fields(before.get(name), after.get(name), f"{path}.{name}".lstrip("."))
