"""What differs between two moments of a world, in the words of `given`; costs what differs, not what there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from emulator.kernel.clock import Clock
from emulator.kernel.history import Touched
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import Moment, World
from emulator.scenario.compare import abridge
from emulator.scenario.scenario import Vendors

NAMES = ("id", "name", "token")
"""The keys by which things in a list are told apart, the first that all of them have."""

Pair = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is otherwise: of which vendor, `at` which place of its `given`, with which id if it is one of many.

    `before` and `after` are the thing as `given` writes it, None where it is not there. `fields` are those that differ, by their
    dotted path, each with its value before and after.
    """

    vendor: str
    at: str
    id: str | None
    before: Any
    after: Any
    fields: Mapping[str, Pair]

    def __str__(self) -> str:
        thing = " ".join(part for part in (self.vendor, self.at, self.id) if part)
        if self.before is None or self.after is None:
            return f"{thing} {'appeared' if self.before is None else 'disappeared'}"
        return f"{thing}: " + ", ".join(f"{name} {_said(before)} -> {_said(after)}" for name, (before, after) in self.fields.items())


def _said(value: Any) -> str:
    return "nothing" if value is None else str(value) if isinstance(value, (str, Decimal)) else abridge(value)


def of_touched(world: World, vendors: Vendors, touched: Iterable[Touched], at: datetime) -> list[Difference]:
    """What a commit changed, seen at its own instant."""
    replaced = tuple(touched)
    before = _slice(world, at, [it.before for it in replaced if it.before is not None])
    after = _slice(world, at, [it.after for it in replaced if it.after is not None])
    return _between(before, after, vendors)


def between(source: Moment, target: Moment, vendors: Vendors) -> list[Difference]:
    """What is otherwise at the target than it was at the source, each seen at its own instant."""
    keys = dict.fromkeys(source.world.store.differing(target.world.store))
    if source.at != target.at:  # what waits for something may show how far it has got
        keys |= dict.fromkeys((*source.world.agenda.keys(), *target.world.agenda.keys()))
    sides = [
        _slice(moment.world, moment.at, [it for it in (moment.world.store.find(*key) for key in keys) if it is not None])
        for moment in (source, target)
    ]
    return _between(*sides, vendors)


def _slice(world: World, at: datetime, resources: list[Any]) -> Transaction:
    """A view of these resources alone, and of those that they belong to."""
    part = World(world.id, world.rules, Clock(at), world.seed)
    for resource in resources:
        part.store.put(resource)
    for resource in resources:
        for owner in _owners(world, resource):
            if part.store.find(owner.kind, owner.id) is None:
                part.store.put(owner)
    return Transaction(part, at, "look")


def _owners(world: World, resource: Any) -> Iterator[Any]:
    """What its indexes name by id: a payment is shown as a part of its batch."""
    names = {part for key in resource.index() for part in key if isinstance(part, str)}
    if not names:
        return
    vendor = resource.kind.partition(".")[0]
    for kind in world.store.kinds():
        if kind != resource.kind and kind.partition(".")[0] == vendor:
            yield from (it for it in (world.store.find(kind, name) for name in names) if it is not None)


def _between(before: Transaction, after: Transaction, vendors: Vendors) -> list[Difference]:
    found: list[Difference] = []
    for name, vendor in vendors.items():
        left, right = vendor.given.show(before), vendor.given.show(after)
        for part in dict.fromkeys((*left, *right)):
            found += _differences(name, part, left.get(part), right.get(part))
    return found


def _differences(vendor: str, at: str, before: Any, after: Any) -> Iterator[Difference]:
    if _is_many(before) or _is_many(after):
        yield from _of_many(vendor, at, before or [], after or [])
    elif isinstance(before, list) or isinstance(after, list):
        yield from _of_values(vendor, at, before or [], after or [])
    elif before != after:
        yield from _of_one(vendor, at, None, before, after)


def _is_many(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and _key_of(value) is not None


def _key_of(items: list[Any]) -> str | None:
    return next((name for name in NAMES if all(isinstance(item, dict) and name in item for item in items)), None)


def _of_many(vendor: str, at: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    """Lists of things that have names of their own: each is compared with itself."""
    key = _key_of([*before, *after])
    if key is None:
        yield from _of_values(vendor, at, before, after)
        return
    left, right = ({item[key]: item for item in items} for items in (before, after))
    for id in dict.fromkeys((*left, *right)):
        if left.get(id) != right.get(id):
            yield from _of_one(vendor, at, id, left.get(id), right.get(id))


def _of_values(vendor: str, at: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    """Lists of plain values, each its own name."""
    yield from (Difference(vendor, at, _said(it), it, None, {}) for it in before if it not in after)
    yield from (Difference(vendor, at, _said(it), None, it, {}) for it in after if it not in before)


def _of_one(vendor: str, at: str, id: str | None, before: Any, after: Any) -> Iterator[Difference]:
    """A thing with its own fields; the things in it that have names of their own are told apart from it."""
    parts = {name for side in (before, after) if isinstance(side, dict) for name, value in side.items() if _is_many(value)}
    if before is None or after is None:
        yield Difference(vendor, at, id, before, after, {})
        return
    fields = dict(_fields({k: v for k, v in before.items() if k not in parts}, {k: v for k, v in after.items() if k not in parts}))
    if fields:
        yield Difference(vendor, at, id, before, after, fields)
    for name in sorted(parts):
        place = f"{at}[{id}].{name}" if id else f"{at}.{name}"
        yield from _of_many(vendor, place, before.get(name) or [], after.get(name) or [])


def _fields(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Pair]]:
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if before != after:
            yield path, (before, after)
        return
    for name in dict.fromkeys((*before, *after)):
        yield from _fields(before.get(name), after.get(name), f"{path}.{name}".lstrip("."))
