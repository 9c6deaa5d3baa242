"""Records: what happened in a world since the record before, as outcomes in JSON. No vendor is asked again what comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from msgspec import Raw

from emulator.kernel.exchange import Savepoint
from emulator.kernel.history import Commit
from emulator.kernel.journal import Entry
from emulator.kernel.keeping import Deed, Reset, Restored, SnapshotDropped, SnapshotTaken
from emulator.kernel.resource import Struct
from emulator.kernel.world import World
from emulator.store.events import Events, KeptEvent, inline
from emulator.store.image import FORMAT
from emulator.store.values import NOTHING, Values, as_json, exactly

Claims = tuple[tuple[str, str], ...]
"""Vendors and credentials that pick a world."""


NO_FIELDS = Raw(b"{}")


class KeptPut(Struct, frozen=True, array_like=True, omit_defaults=True):
    """A resource that a commit changed: kind and id, the place in the order of arrival that it gave up, and the one it has.

    Without `name` it was removed. `fields` are those of the class of that name that differ from what was there before; where
    it `is_new`, from the defaults.
    """

    kind: str
    id: str
    former: int | None = None
    number: int | None = None
    name: str | None = None
    fields: Raw = NO_FIELDS
    is_new: bool = False


class KeptStep(Struct, frozen=True, array_like=True):
    """A commit. `counters` are the values that it left, None where there is none."""

    at: datetime
    why: str
    first: int
    last: int
    puts: tuple[KeptPut, ...]
    counters: Mapping[str, int | None]
    written: Raw = NOTHING


class Alteration(Struct, frozen=True, array_like=True):
    """An entry that is another now, or was withdrawn and has a successor, or none."""

    n: int
    event: KeptEvent | None
    successor: int | None = None


class Step(Struct, frozen=True, omit_defaults=True):
    """One thing that happened, the only member that is there.

    `cleared` is how many entries the journal had dropped when it was cleared. `image` has the lines of the whole world as it is
    then. `claims` are all credentials that pick it, and `ttl` is the time that it lives where no request reaches it. Where it
    has `rest`, the server ended by itself, and every answer before was sent.
    """

    commit: KeptStep | None = None
    entries: tuple[tuple[int, KeptEvent], ...] = ()
    altered: tuple[Alteration, ...] = ()
    cleared: int | None = None
    back: Savepoint | None = None
    reset: bool = False
    restored: str | None = None
    snapshot: tuple[str, datetime] | None = None
    dropped: str | None = None
    clock: tuple[float, timedelta] | None = None
    image: tuple[Raw, ...] = ()
    claims: Claims | None = None
    ttl: timedelta | None = None
    rest: bool = False


class Record(Struct, frozen=True):
    """What happened in a world, in order, until `now` by its clock, and `wall` by the machine's, in seconds since 1970.

    `by` names the writer, and `after` is the digest of the record before. `arrived` is the number of the newest resource, and
    `last` that of the newest entry of the journal.
    """

    format: int
    by: str
    after: str
    now: datetime
    wall: float
    arrived: int
    last: int
    steps: tuple[Step, ...]


class ImageHead(Struct, frozen=True):
    """The first piece of an image: its format, the credentials that pick the world, the digest of its newest record, and when
    it was made, in seconds since 1970 by the machine's clock.
    """

    format: int
    claims: Claims
    newest: str
    wall: float
    ttl: timedelta | None = None


def digest(body: bytes) -> str:
    """Return what the record after this one knows it by."""
    return blake2b(body, digest_size=8).hexdigest()


class StepWriter:
    """Writes steps of one world."""

    def __init__(self, values: Values, world: World) -> None:
        self._values = values
        self._events = Events(world.rules.machines, *inline(values))

    def commits(self, world: World, commits: list[Commit]) -> Iterator[Step]:
        """Yield steps of commits that nothing followed, oldest first."""
        left: dict[str, int | None] = {**world.counters}
        found = []
        for commit in reversed(commits):
            found.append((commit, {name: left.get(name) for name in commit.counters}))
            left.update(commit.counters)
        for commit, counters in reversed(found):
            puts = tuple([self._put(world, it.kind, it.id, it.number, it.before, it.after) for it in commit.changed_resources])
            written = NOTHING if commit.written is None else exactly(commit.written.state)
            yield Step(commit=KeptStep(commit.at, commit.why, commit.first, commit.last, puts, counters, written))

    def entries(self, entries: list[Entry]) -> Step:
        """Return the step of entries that were added."""
        return Step(entries=tuple([(it.n, self._events.written(it.event)) for it in entries]))

    def altered(self, world: World, numbers: set[int]) -> Step:
        """Return the step of entries that changed."""
        journal = world.journal
        return Step(altered=tuple([self._alteration(n, journal.entry(n), journal.successor(n)) for n in sorted(numbers)]))

    def _alteration(self, n: int, entry: Entry | None, successor: int | None) -> Alteration:
        return Alteration(n, None if entry is None else self._events.written(entry.event), successor)

    def _put(self, world: World, kind: str, id: str, former: int | None, before: Any, after: Any) -> KeptPut:
        if after is None:
            return KeptPut(kind, id, former)
        is_new = before is None or before.__class__ is not after.__class__
        name, fields = self._values.written(after, None if is_new else before, is_alone=True)
        is_placed = (before is None or former is not None) and world.store.find(kind, id) is not None
        number = world.store.number(kind, id) if is_placed else None
        return KeptPut(kind, id, former, number, name, Raw(as_json(fields)), is_new)


def step_of(deed: Deed) -> Step:
    """Return the step of a deed."""
    match deed:
        case Reset():
            return Step(reset=True)
        case Restored(name):
            return Step(restored=name)
        case SnapshotTaken(name, at):
            return Step(snapshot=(name, at))
        case SnapshotDropped(name):
            return Step(dropped=name)
        case _:
            return Step(back=deed)


def record_of(world: World, by: str, after: str, wall: float, steps: list[Step]) -> bytes:
    """Return a record of some steps."""
    return as_json(Record(FORMAT, by, after, world.clock.now(), wall, world.store.arrived, world.journal.last, tuple(steps)))
