"""The census of a world: how many resources of a kind have a status, and the sums of the vendors' numbers.

The first one counts every resource. Those after it cost what was committed since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Any
from weakref import WeakKeyDictionary

from emulator.kernel.history import Commit, HistoryMark
from emulator.kernel.moments import commits_after, entry_number
from emulator.kernel.world import World
from emulator.sdk.vendor import Number, Vendor, Vendors
from emulator.text.checkpoint import checkpoint

Sum = int | Decimal

status_of = attrgetter("status")


def kinds_of(vendor: Vendor) -> list[str]:
    """Return the kinds of resources that a vendor shows: those that a machine governs, that have ids, or that are added up."""
    machines, listed = (it.kind for it in vendor.machines), (it.of.kind for it in vendor.deletable.values())
    return [*dict.fromkeys([*machines, *listed, *(it.kind for it in vendor.numbers)])]


class Census:
    """Numbers of resources by kind and status, and sums of numbers by vendor and name."""

    def __init__(self, numbers: Mapping[str, list[tuple[str, Number]]], counts: Mapping[str, Counter[str]]) -> None:
        self._numbers = numbers
        self.counts = {kind: Counter(count) for kind, count in counts.items()}
        self.sums: dict[tuple[str, str], Sum] = {(vendor, it.name): 0 for own in numbers.values() for vendor, it in own}

    def copy(self) -> Census:
        """Return the same, to be changed apart."""
        twin = Census(self._numbers, self.counts)
        twin.sums = self.sums.copy()
        return twin

    def count_all(self, kind: str, pages: Iterable[Mapping[str, Any]]) -> None:
        """Add the resources of a kind."""
        for page in pages:
            checkpoint()
            self.counts[kind].update(map(status_of, page.values()))
            for vendor, number in self._numbers.get(kind, ()):
                self.sums[vendor, number.name] += sum(map(number.value, page.values()))

    def apply(self, commit: Commit) -> None:
        """Count what a commit changed."""
        for it in commit.changed_resources:
            self._move(it.kind, it.before, it.after)

    def revert(self, commit: Commit) -> None:
        """Take back what a commit changed."""
        for it in commit.changed_resources:
            self._move(it.kind, it.after, it.before)

    def _move(self, kind: str, before: Any, after: Any) -> None:
        if (counts := self.counts.get(kind)) is None:
            return
        for resource, sign in ((before, -1), (after, 1)):
            if resource is not None:
                counts[resource.status] += sign
                for vendor, number in self._numbers.get(kind, ()):
                    self.sums[vendor, number.name] += sign * number.value(resource)

    def number(self, vendor: str, number: Number) -> Sum:
        """Return a number."""
        if number.without is not None and not self.total(number.kind):
            return number.value(number.without)
        return self.sums[vendor, number.name]

    def total(self, kind: str) -> int:
        """Return how many resources of a kind there are."""
        return self.counts[kind].total()

    def by_status(self, kind: str) -> dict[str, int]:
        """Return how many resources of a kind have each status, by name, those that none has left out."""
        return {status: count for status, count in sorted(self.counts[kind].items()) if count}


class Censuses:
    """The newest census of each world, from which the next is made."""

    def __init__(self, vendors: Vendors) -> None:
        self._kinds = [kind for vendor in vendors.values() for kind in kinds_of(vendor)]
        self._numbers: dict[str, list[tuple[str, Number]]] = {}
        for name, vendor in vendors.items():
            for number in vendor.numbers:
                self._numbers.setdefault(number.kind, []).append((name, number))
        self._kept: WeakKeyDictionary[World, tuple[int, HistoryMark, Census]] = WeakKeyDictionary()

    def of(self, world: World) -> Census:
        """Return the census of a world as it is. Nobody may change it."""
        epoch, mark, census = self._kept.get(world, (None, (0, None), None))
        commits = world.history.since(mark) if census and epoch == world.epoch else None
        if census is None or commits is None:
            census, commits = self._count(world), []
        for commit in commits:
            census.apply(commit)
        self._kept[world] = world.epoch, world.history.mark(), census
        return census

    def at(self, world: World, name: str) -> Census:
        """Return the census of the moment of a name. Nobody may change it.

        Raises:
            NotFound: there is none of that name.
            OutOfReach: the moment is too long ago.
        """
        n = entry_number(name)
        if n is None:
            return self.of(world.moment(name).world)
        later = commits_after(world, n)
        census = self.of(world).copy()
        for commit in later:
            census.revert(commit)
        return census

    def before_each(self, world: World) -> Iterator[tuple[Commit, Census]]:
        """Yield each commit that the history has, newest first, and the census before it, which the next one changes."""
        census = self.of(world).copy()
        for commit in reversed([*world.history]):
            checkpoint()
            census.revert(commit)
            yield commit, census

    def _count(self, world: World) -> Census:
        census = Census(self._numbers, {kind: Counter() for kind in self._kinds})
        for kind in self._kinds:
            if (table := world.store.tables.get(kind)) is not None:
                census.count_all(kind, table.distinct_pages())
        return census
