"""Counts by status and numbers of a world, at a moment and over its history."""

from __future__ import annotations

from datetime import datetime

from emulator.control.census import Census, Sum, kinds_of
from emulator.control.context import ControlContext
from emulator.control.overview_models import KindCount, Numbers, Overview, Point, Series, VendorOverview
from emulator.kernel.history import Commit
from emulator.kernel.moments import entry_number, oldest_entry
from emulator.kernel.past import BEGINNING
from emulator.kernel.world import World
from emulator.sdk.vendor import Vendor, Vendors

SeriesKey = tuple[str, str]
Sums = dict[SeriesKey, Sum]


def overview_of(world: World, context: ControlContext, at: str) -> Overview:
    """Return how many resources there are at a moment, and the numbers of the vendors."""
    world.settle()
    census = context.censuses.at(world, at)
    now, entry = _place(world, at)
    vendors = {name: _vendor(vendor, census) for name, vendor in context.vendors.items()}
    return Overview(at, world.clock.client_time(now), entry, oldest_entry(world), vendors)


def _place(world: World, at: str) -> tuple[datetime, int]:
    """Return the instant of a moment, and the number of its newest entry."""
    n = entry_number(at)
    if n is not None and (entry := world.journal.entry(n)):
        return entry.event.at, n
    moment = world.moment(at)
    return moment.at, moment.world.journal.last


def _vendor(vendor: Vendor, census: Census) -> VendorOverview:
    places = {it.of.kind: place for place, it in reversed([*vendor.deletable.items()])}
    machines = {machine.kind for machine in vendor.machines}
    kinds = [
        KindCount(
            kind.partition(".")[2],
            places.get(kind),
            kind if kind in machines else None,
            census.total(kind),
            census.by_status(kind),
        )
        for kind in kinds_of(vendor)
    ]
    return VendorOverview(tuple(kinds), {it.name: census.number(vendor.name, it) for it in vendor.numbers})


def numbers_of(world: World, context: ControlContext, limit: int) -> Numbers:
    """Return the values of each number over the history, so many points of each at most."""
    now = world.settle()
    series = _walk(world, context, now)
    thinned = any(len(points) > limit for points in series.values())
    named = [Series(vendor, name, _thin(points[::-1], limit)) for (vendor, name), points in series.items()]
    return Numbers(tuple(named), oldest_entry(world), thinned)


def _walk(world: World, context: ControlContext, now: datetime) -> dict[SeriesKey, list[Point]]:
    """Return the points of each number, newest first: at the present, wherever it changed, and before all that is known."""
    client_time = world.clock.client_time
    later = _sums(context.censuses.of(world), context.vendors)
    series = {key: [Point(world.journal.last, client_time(now), value)] for key, value in later.items()}
    end, first = world.journal.last, now
    for commit, census in context.censuses.before_each(world):
        sums = _sums(census, context.vendors)
        for key, value in later.items():
            if sums[key] != value:
                series[key].append(Point(_entry(commit, end), client_time(commit.at), value))
        later, end, first = sums, commit.first, commit.at
    if world.history.reaches(0):
        end, first = 0, world.moment(BEGINNING).at
    for key, value in later.items():
        series[key].append(Point(end, client_time(first), value))
    return series


def _entry(commit: Commit, end: int) -> int:
    """Return the number of the entry that a commit led to, before the next one began at `end`."""
    return min(max(commit.first + 1, commit.last), end) if end > commit.first else commit.first


def _sums(census: Census, vendors: Vendors) -> Sums:
    return {(name, it.name): census.number(name, it) for name, vendor in vendors.items() for it in vendor.numbers}


def _thin(points: list[Point], most: int) -> tuple[Point, ...]:
    """Return so many of some points at most, evenly spread, the first and the last among them."""
    if len(points) <= most:
        return tuple(points)
    last = len(points) - 1
    return tuple([points[place * last // (most - 1)] for place in range(most)])
