"""The records of what is in a world at a moment: an overview, pages of resources, one resource, and numbers over time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from emulator.control.journal_models import Number
from emulator.control.record import Count, Key, Record


class KindCount(Record):
    """The resources of one kind: how many there are, in all and by status.

    `kind` is what changes call their `resource`, and `place` where `given` has them, None where nowhere by themselves.
    `machine` is the kind of the machine that governs them, None for none.
    """

    kind: str
    place: str | None
    machine: str | None
    count: Count
    by_status: dict[str, Count]


class VendorOverview(Record):
    """The resources of a vendor by kind, and the numbers of its state."""

    kinds: tuple[KindCount, ...]
    numbers: dict[str, Number]


class Overview(Record, component="overview"):
    """The contents of a world at a moment.

    `now` is the time then, and `entry` the number of the newest entry; `oldest` is the oldest that can name a moment.
    """

    at: str
    now: datetime
    entry: Count
    oldest: Count | None
    vendors: dict[str, VendorOverview]


class ResourceSummary(Record):
    """A resource, since when it has its status, and what else it is called by."""

    vendor: str
    kind: str
    id: str
    status: str
    since: datetime
    label: str | None


class ResourcePage(Record):
    """A page of resources, by kind and in the order of arrival; what is `after` goes on there, None at the end.

    `total` is how many there are on all pages, None where a text is searched. A page may have fewer than asked for.
    """

    resources: tuple[ResourceSummary, ...]
    total: Count | None
    after: str | None


class NextRow(Record):
    """A timer that runs for a resource: when it ends, and the row that would be taken as things are."""

    at: datetime
    timer: str
    to: str
    evidence: str


class WayStep(Record):
    """A change of a resource, and the journal entry that has it."""

    n: Count
    at: datetime
    source: Annotated[str, Key("from")]
    to: str
    why: str
    evidence: str | None


class ResourceView(Record, component="resource"):
    """A resource: as `given` has it at a `place`, its timers, the earliest first, and its way so far.

    Of the `way`, the newest steps; `steps` counts all that the journal has.
    """

    vendor: str
    kind: str
    id: str
    status: str
    since: datetime
    place: str | None
    given: Any
    next: tuple[NextRow, ...]
    way: tuple[WayStep, ...]
    steps: Count


class Point(Record):
    """A value of a number from an instant on; `n` is the entry that names that moment."""

    n: Count
    at: datetime
    value: Number


class Series(Record):
    """The values of a number, the oldest first."""

    vendor: str
    name: str
    points: tuple[Point, ...]


class Numbers(Record, component="numbers"):
    """The numbers of a world over its history. Of a series with too many points, some are left out: then it is `thinned`."""

    series: tuple[Series, ...]
    oldest: Count | None
    thinned: bool
