"""A world from its image: lines of JSON that anybody may have written, so that nothing of them is believed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Raw, json

from emulator.kernel.budget import Budget, Charge, Quota
from emulator.kernel.clock import Clock
from emulator.kernel.errors import BadInput, TooMany
from emulator.kernel.history import Commit, History, ResourceChange, Written
from emulator.kernel.journal import Entry, Journal
from emulator.kernel.limits import Limits, Rules
from emulator.kernel.machine import Machine
from emulator.kernel.past import BEGINNING, NOW, Moment
from emulator.kernel.resource import structs
from emulator.kernel.room import refusal
from emulator.kernel.store import MANY
from emulator.kernel.weight import weigh
from emulator.kernel.world import World
from emulator.scenario.scenario import machines_of
from emulator.sdk.vendor import Vendors
from emulator.store.events import Events, KeptEvent
from emulator.store.image import (
    KeptCommit,
    KeptHistory,
    KeptJournal,
    KeptMoment,
    KeptRules,
    KeptValue,
    KeptWorld,
    Located,
)
from emulator.store.long_lines import MOST_VALUES, contents_of
from emulator.store.parts import Parts, sharing
from emulator.store.values import Values, read_exactly, reader_of
from emulator.text.checkpoint import Unwanted, checkpoint

UNCOUNTED = 65_536
"""Bytes of a line for which nothing needs to count: those of numbers and names, which are small in memory."""


class Pools:
    """What the lines of an image number: parts, values, events and commits. All of it counts in a quota."""

    def __init__(self, values: Values, machines: Mapping[str, Machine], quota: Quota) -> None:
        self.parts = Parts()
        self.values: list[Any] = []
        self.events: list[Any] = []
        self.commits: list[Commit] = []
        self._charges: list[Charge | None] = []
        self._values = values
        self._quota = quota
        self._reader = Events(machines, lambda it: it, lambda raw: self._value(json.decode(raw)))

    def empty(self) -> None:
        """Forget all of it."""
        self.parts = Parts()
        self._charges.clear()
        self.values.clear()
        self.events.clear()
        self.commits.clear()

    def take_parts(self, parts: list[tuple[str, Any]]) -> None:
        for name, kept in parts:
            checkpoint()
            self._charges.append(self._quota.share(self.parts.read(name, kept)))

    def take_values(self, written: list[KeptValue]) -> None:
        for it in written:
            checkpoint()
            like = self._at(it.base)
            value = self._values.read(it.name, it.fields, like)
            if like is not None and like.__class__ is not value.__class__:
                raise BadInput.at(f"a {it.name} does not differ from value {it.base}, which is of another kind")
            self._quota.charge(value, like)
            self.values.append(value)

    def take_events(self, written: list[KeptEvent]) -> None:
        self.events += [self._reader.read(it, self._quota) for it in written]

    def take_commits(self, written: list[KeptCommit]) -> None:
        for it in written:
            changes = [ResourceChange(kind, id, self._at(a), self._at(b), n) for kind, id, a, b, n in it.changes]
            state = written_state(it.written, self._quota)
            self.commits.append(Commit(it.at, it.why, it.first, it.last, tuple(changes), it.counters, state))

    def _at(self, number: int | None) -> Any:
        return None if number is None else self._value(number)

    def _value(self, number: Any) -> Any:
        if not isinstance(number, int) or not 0 <= number < len(self.values):
            raise BadInput.at(f"there is no value {number} before this line")
        return self.values[number]


class ImageReader:
    """Reads one image under the limits of a server."""

    def __init__(self, values: Values, vendors: Vendors, limits: Limits, budget: Budget) -> None:
        self._limits = limits
        self._machines = machines_of(vendors)
        self._quota = Quota(budget)
        self._rest = self._quota.keep(0)
        self._pools = pools = Pools(values, self._machines, self._quota)
        self._id: str | None = None
        self._kept: KeptWorld | None = None
        self._world: World | None = None
        self._moment: tuple[str, World] | None = None
        self._moments: dict[str, Moment] = {}
        self._ways: Mapping[str, Callable[[Any], None]] = {
            "world": self._take_world,
            "moment": self._take_moment,
            "parts": pools.take_parts,
            "values": pools.take_values,
            "events": pools.take_events,
            "commits": pools.take_commits,
            "resources": self._take_resources,
            "journal": self._take_journal,
            "history": self._take_history,
        }

    def read(self, lines: Iterable[bytes], id: str | None = None) -> World:
        """Return the world of an image, under another id where one is given.

        Raises:
            BadInput: it is none, or no whole one: the line, and what is wrong with it.
            TooMany: there is no room for it.
        """
        number, self._id = 0, id
        world = None
        try:
            with sharing(self._pools.parts):
                for number, line in enumerate(lines, 1):
                    checkpoint()
                    self._take_line(number, line)
            world = self._whole(number)
            return world
        finally:
            self._let_go(world)

    def _let_go(self, world: World | None) -> None:
        """Drop what was read, so that it counts no more, but for the world that came of it."""
        for it in (self._world, *(moment.world for moment in self._moments.values())) if world is None else ():
            if it is not None:
                it.empty()
        self._pools.empty()
        self._world, self._moment, self._moments, self._kept = None, None, {}, None
        self._rest = self._quota.keep(0)

    def _take_line(self, number: int, line: bytes) -> None:
        try:
            self._take(line)
        except (TooMany, Unwanted):
            raise
        except Exception as error:  # whatever it is that a hostile line makes fail
            raise BadInput.at(f"line {number} of the world: {_reason(error)}") from None

    def _take(self, line: bytes) -> None:
        before = self._quota.bytes
        for name, content in contents_of(line, MOST_VALUES + 4 * self._limits.journal):
            way, read = self._ways.get(name), _READERS.get(name)
            if way is None or read is None:
                raise BadInput.at(f"no line has {name[:100]!r}")
            if self._world is None and name in ("resources", "journal", "history"):
                raise BadInput.at(f"the line of the moment comes before {name!r}")
            way(read(content) if isinstance(content, Raw) else content)
            if self._quota.over:
                raise refusal(self._quota, "this world")
        self._count_rest(len(line) - (self._quota.bytes - before) - UNCOUNTED)

    def _count_rest(self, size: int) -> None:
        """Count the bytes of a line that are more than what it brought counts for, as long as the world is there."""
        if size > 0:
            self._rest.become(self._rest.size + size)

    def _whole(self, lines: int) -> World:
        """Return the world once all of its lines are read."""
        world, beginning = self._world, self._moments.pop(BEGINNING, None)
        if world is None or beginning is None or self._kept is None:
            raise BadInput.at(f"the world ends after line {lines}, before all of it is there: it was cut short")
        source = read_exactly(self._kept.source)
        world.snapshots = self._moments
        self._rest.become(self._rest.size + weigh(source).own)
        world.beginning = structs.replace(beginning, source=source, text=self._rest)
        return world

    def _take_world(self, kept: KeptWorld) -> None:
        self._kept = structs.replace(kept, id=self._id) if self._id else kept

    def _take_moment(self, kept: KeptMoment) -> None:
        if self._kept is None:
            raise BadInput.at("the line of the world comes first")
        if self._world is None:
            rules = rules_of(self._kept.rules, self._machines, self._limits)
            clock = Clock(kept.clock.now, kept.clock.rate, skew=kept.clock.skew)
            world = self._world = World(self._kept.id, rules, clock, self._kept.seed, self._quota)
        else:
            self._expect_room_for(kept.name)
            world = self._world.copy()
            world.clock = Clock(kept.clock.now, kept.clock.rate, skew=kept.clock.skew)
            self._moments[kept.name] = Moment(kept.clock.now, world)
        self._moment = kept.name, world
        world.counters, world.store.arrived = dict(kept.counters), kept.arrived

    def _expect_room_for(self, name: str) -> None:
        """Make sure that there may be another moment of this name."""
        if name == NOW or name in self._moments:
            raise BadInput.at(f"there is a moment {name[:100]!r} already")
        if len(self._moments) > self._limits.snapshots:
            raise BadInput.at(f"a world has {self._limits.snapshots} snapshots at most: {Limits.more('snapshots')}")

    def _take_resources(self, located: list[Located]) -> None:
        world = self._there
        for kind, id, number, place in located:
            if place < 0:
                world.store.remove(kind, id)
                continue
            value = self._pools.values[place]
            if (value.kind, value.id) != (kind, id):
                raise BadInput.at(f"value {place} is not {kind} {id}")
            is_there = world.store.find(kind, id) is not None
            if is_there and world.store.number(kind, id) != number:
                world.store.remove(kind, id)
                is_there = False
            world.store.put(value, None if is_there else number)
        world.store.settle(MANY)

    @property
    def _there(self) -> World:
        if self._moment is None:
            raise BadInput.at("the line of a moment comes first")
        return self._moment[1]

    def _take_journal(self, kept: KeptJournal) -> None:
        entries = [Entry(n, self._pools.events[place]) for n, place in kept.entries]
        capacity = self._limits.journal
        self._there.journal = Journal.holding(capacity, entries, kept.last, kept.cleared, kept.withdrawn)

    def _take_history(self, kept: KeptHistory) -> None:
        commits = [self._pools.commits[place] for place in kept.commits]
        self._there.history = History.holding(self._limits.journal, commits, kept.count)


def rules_of(kept: KeptRules, machines: Mapping[str, Machine], limits: Limits) -> Rules:
    """Return rules under the machines and limits of this server."""
    values = structs.asdict(kept) | {"parameters": read_exactly(kept.parameters)}
    return Rules(machines=machines, limits=limits, **values)


def written_state(raw: Raw, quota: Quota) -> Written | None:
    """Return what a controller wrote, whose bytes count in a quota; None where it wrote nothing."""
    state = read_exactly(raw)
    return None if state is None else Written(state, quota.keep(weigh(state).own))


_READERS: Mapping[str, Callable[[Raw], Any]] = {
    "world": reader_of(KeptWorld),
    "moment": reader_of(KeptMoment),
    "parts": reader_of(list[tuple[str, Any]]),
    "values": reader_of(list[KeptValue]),
    "events": reader_of(list[KeptEvent]),
    "commits": reader_of(list[KeptCommit]),
    "resources": reader_of(list[Located]),
    "journal": reader_of(KeptJournal),
    "history": reader_of(KeptHistory),
}


def _reason(error: Exception) -> str:
    if isinstance(error, BadInput):
        return error.problems[0].message
    named = f"it names {error}, which is not there" if isinstance(error, KeyError) else f"{type(error).__name__}: {error}"
    return named[:300]
