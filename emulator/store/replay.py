"""A world as its records leave it: the newest image, and the outcomes of what happened since."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from msgspec import DecodeError, ValidationError

from emulator.kernel.budget import Budget
from emulator.kernel.clock import FROZEN, REALTIME, Clock
from emulator.kernel.errors import BadInput, EmulatorError
from emulator.kernel.history import Commit, ResourceChange
from emulator.kernel.journal import Entry
from emulator.kernel.limits import Limits
from emulator.kernel.past import ENTRY
from emulator.kernel.resource import Struct, structs
from emulator.kernel.world import World
from emulator.scenario.scenario import machines_of
from emulator.sdk.vendor import Vendors
from emulator.store.events import Events, inline
from emulator.store.image import FORMAT
from emulator.store.parts import Parts, sharing
from emulator.store.reading import ImageReader, written_state
from emulator.store.records import Alteration, Claims, ImageHead, KeptPut, KeptStep, Record, Step, digest
from emulator.store.values import Values, reader_of
from emulator.text.checkpoint import checkpoint

ALL = 1_000_000
"""Entries and commits that are remembered while records are read: as many as there are."""

UNDER_WAY = 1.0
"""Seconds from a record to the end of the answer that waits for it, at most: then the answer was sent, or is marked."""

_read, _read_head = reader_of(Record), reader_of(ImageHead)


class Opened(Struct):
    """A world that was read, the credentials that pick it, the number of its newest record, and the digest of that.

    `wall` is when that was written, in seconds since 1970, and `reached` when the newest one was of what anybody did.
    `doubtful` are the exchanges of which nobody can know whether their answers were sent, as the server was killed; None where
    it ended by itself.
    """

    world: World | None = None
    claims: Claims = ()
    ttl: timedelta | None = None
    n: int = 0
    newest: str = ""
    wall: float | None = None
    reached: float | None = None
    doubtful: frozenset[int] | None = None


class WorldReader:
    """Reads one world from an image and records, under the limits of a server."""

    def __init__(self, values: Values, vendors: Vendors, limits: Limits, budget: Budget) -> None:
        self._values = values
        self._vendors = vendors
        self._budget = budget
        self._limits = limits
        self._unbounded = structs.replace(limits, journal=ALL)
        write, read = inline(values)
        self._events = Events(machines_of(vendors), write, lambda kept: self._shared(read(kept)))
        self._rate = FROZEN
        self._newest: deque[tuple[float, int]] = deque()  # when each of the newest entries was recorded, and its number
        self._is_at_rest = False
        self._opened = Opened()

    def read(self, image: tuple[int, Iterable[bytes]] | None, records: Iterable[tuple[int, bytes]]) -> Opened:
        """Return the world of an image, if there is one, and the records after it; no world where there is nothing.

        Raises:
            BadInput: they are not whole, or of a newer format: the record, and what is wrong with it.
            TooMany: there is no room for the world.
        """
        opened = self._opened
        if image is not None:
            opened.n, pieces = image
            lines = iter(pieces)
            try:
                wall = self._take_head(next(lines, b""))
            except (BadInput, ValidationError, DecodeError, TypeError) as error:
                raise BadInput.at(f"its image: {error}") from None
            self._take_image(lines)
            self._newest.extend((wall, n) for n, _ in self._world.journal.newest_exchanges(1))
        with sharing(Parts()):
            self._take_all(records, opened.n)
        if opened.world is not None:
            self._settle()
            opened.doubtful = None if self._is_at_rest else frozenset(n for _, n in self._newest)
        return opened

    def _take_all(self, records: Iterable[tuple[int, bytes]], n: int) -> None:
        opened, expected = self._opened, n + 1
        for n, body in records:
            checkpoint()
            try:
                if n != expected:
                    raise BadInput.at(f"it is the next after {expected - 1}: one is missing")
                self._take(body)
            except (EmulatorError, ValidationError, DecodeError, LookupError, TypeError, ValueError, ArithmeticError) as error:
                raise BadInput.at(f"record {n}: {error}") from None
            opened.n, opened.newest, expected = n, digest(body), n + 1

    @property
    def _world(self) -> World:
        if self._opened.world is None:
            raise BadInput.at("there is no world before it")
        return self._opened.world

    def _take_head(self, piece: bytes) -> float:
        """Take the first piece of an image, and return when that was made."""
        head: ImageHead = _read_head(piece)
        _check_format(head.format)
        opened = self._opened
        opened.claims, opened.newest, opened.ttl = head.claims, head.newest, head.ttl
        opened.wall = opened.reached = head.wall
        return head.wall

    def _take_image(self, lines: Iterable[bytes]) -> None:
        self._opened.world = ImageReader(self._values, self._vendors, self._unbounded, self._budget).read(lines)
        self._stand_still()

    def _take(self, body: bytes) -> None:
        record: Record = _read(body)
        _check_format(record.format)
        if self._opened.newest and record.after != self._opened.newest:
            raise BadInput.at("the record before it is another than the one that it was written after")
        for step in record.steps:
            self._take_step(step)
            self._newest.extend((record.wall, n) for n, _ in step.entries)
            self._is_at_rest = step.rest
        while self._newest and self._newest[0][0] < record.wall - UNDER_WAY:
            self._newest.popleft()
        world = self._world
        world.store.arrived = record.arrived
        world.journal.renumber(record.last)
        world.clock = Clock(record.now, skew=world.clock.skew)
        self._opened.wall = record.wall
        if not all(step.rest or step.altered for step in record.steps):
            self._opened.reached = record.wall

    def _take_step(self, step: Step) -> None:
        if step.image:
            self._take_image(map(bytes, step.image))
        if step.claims is not None:
            self._opened.claims, self._opened.ttl = step.claims, None
        if step.ttl is not None:
            self._opened.ttl = step.ttl
        world = self._world
        if step.commit is not None:
            self._take_commit(world, step.commit)
        if step.cleared is not None:
            world.journal.clear()
            world.journal.renumber(world.journal.last, step.cleared)
        for n, event in step.entries:
            world.journal.append(Entry(n, self._events.read(event, world.quota)))
        for it in step.altered:
            self._alter(world, it)
        if step.clock is not None:
            self._rate, skew = step.clock
            world.clock = Clock(world.clock.base, skew=skew)
        self._take_deed(world, step)

    def _take_deed(self, world: World, step: Step) -> None:
        if step.reset:
            world.reset()
            self._stand_still()
        if step.restored is not None:
            world.restore(step.restored)
            if not step.restored.startswith(ENTRY):
                self._stand_still()
        if step.snapshot is not None:
            moment = world.keep_moment(*step.snapshot)
            moment.world.clock = Clock(moment.at, self._rate, skew=world.clock.skew)
        if step.dropped is not None:
            world.drop_snapshot(step.dropped)
        if step.back is not None:
            world.go_back_to(step.back)

    def _take_commit(self, world: World, step: KeptStep) -> None:
        changes = tuple([self._put(world, it) for it in step.puts])
        former = {name: world.counters.get(name) for name in step.counters}
        for name, count in step.counters.items():
            if count is None:
                world.counters.pop(name, None)
            else:
                world.counters[name] = count
        state = written_state(step.written, world.quota)
        world.history.add(Commit(step.at, step.why, step.first, step.last, changes, former, state))

    def _put(self, world: World, it: KeptPut) -> ResourceChange:
        store = world.store
        before, after = store.find(it.kind, it.id), None
        if it.name is not None:
            after = self._values.read(it.name, it.fields, None if it.is_new else before)
            if (after.kind, after.id) != (it.kind, it.id):
                raise BadInput.at(f"it is {after.kind} {after.id}, and not {it.kind} {it.id}")
            world.quota.charge(after, before)
        if before is not None and (after is None or it.former is not None):
            store.remove(it.kind, it.id)
        if after is not None:
            store.put(after, it.number)
        return ResourceChange(it.kind, it.id, before, after, it.former)

    def _shared(self, value: Any) -> Any:
        """Return the world's own value where it equals this one, which an entry has."""
        present = self._world.store.find(value.kind, value.id)
        return present if present == value else value

    def _alter(self, world: World, it: Alteration) -> None:
        event = None if it.event is None else self._events.read(it.event, world.quota)
        world.journal.alter(it.n, event, it.successor)

    def _stand_still(self) -> None:
        """Note how fast the clock runs, and let it stand while records are read, so that nothing happens but what they say."""
        world = self._world
        self._rate = world.clock.rate
        world.clock = Clock(world.clock.base, skew=world.clock.skew)

    def _settle(self) -> None:
        """Let the world have the bounds of this server, and go on from now where its clock runs."""
        world, wall = self._world, self._opened.wall
        world.ttl, world.reached = self._opened.ttl, self._opened.reached
        world.rules = structs.replace(world.rules, limits=self._limits)
        capacity = self._limits.journal
        world.journal, world.history = world.journal.bounded(capacity), world.history.bounded(capacity)
        world.clock = Clock(world.clock.base, self._rate, skew=world.clock.skew)
        if wall is not None and self._rate != FROZEN:
            world.clock.ran_for(max(0.0, REALTIME() - wall))
        world.store.settle()


def _check_format(number: int) -> None:
    if number != FORMAT:
        raise BadInput.at(f"it has format {number}, and this version reads {FORMAT}: a newer version wrote it")
