"""The image of a world: all that it is at one instant, as lines of JSON. What its moments share is written once.

Each line is an object with one member, whose name says what the line has. Values (resources), events (of journals) and commits
(of histories) are numbered from 0 as they come, and named by these numbers afterwards. Of the moments the present comes first;
the others have what is different there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from msgspec import Raw

from emulator.kernel.accounts import Accounts
from emulator.kernel.differing import differing
from emulator.kernel.history import Commit, History
from emulator.kernel.journal import Journal
from emulator.kernel.limits import Rules
from emulator.kernel.past import BEGINNING, NOW
from emulator.kernel.resource import Struct
from emulator.kernel.store import Store
from emulator.kernel.world import World
from emulator.store.events import Events
from emulator.store.long_lines import grouped
from emulator.store.parts import PARTS, Parts
from emulator.store.values import NOTHING, Values, as_json, exactly
from emulator.text.checkpoint import checkpoint

FORMAT = 1
"""The number of the form of images, and so of records and files: the only one so far. Anything else is refused."""

SOME = 200
"""Values, events or commits of a line: between two lines others have a turn."""


class KeptRules(Struct, frozen=True, omit_defaults=True):
    """The rules of a world but for its machines and bounds, which are the server's."""

    timing: Mapping[str, timedelta | None]
    choices: Mapping[str, str]
    credentials: Mapping[str, Mapping[str, Mapping[str, str]] | None]
    accounts: Mapping[str, Accounts]
    provenance: bool
    parameters: Raw
    ladders: Mapping[str, tuple[timedelta, ...]]
    carrier: str
    sign: str


class KeptClock(Struct, frozen=True):
    """A clock: what it shows, how fast it runs, and how far the vendors' is ahead of the clients'."""

    now: datetime
    rate: float
    skew: timedelta


class KeptWorld(Struct, frozen=True):
    """All of a world that is not of a moment. `source` is the content of its scenario."""

    id: str
    seed: int
    rules: KeptRules
    source: Raw


class KeptMoment(Struct, frozen=True):
    """A moment: its name, NOW, BEGINNING or that of a snapshot; and the number of the newest resource that ever arrived."""

    name: str
    clock: KeptClock
    counters: Mapping[str, int]
    arrived: int


class KeptJournal(Struct, frozen=True):
    """A journal of events by their numbers."""

    last: int
    cleared: int
    withdrawn: Mapping[int, int | None]
    entries: tuple[tuple[int, int], ...]


class KeptHistory(Struct, frozen=True):
    """A history of commits by their numbers, and of how many they were."""

    count: int
    commits: tuple[int, ...]


Change = tuple[str, str, int | None, int | None, int | None]
"""Kind, id, the value before and the one after, None where there was none, and a place in the order of arrival."""


class KeptCommit(Struct, frozen=True, array_like=True):
    """A commit."""

    at: datetime
    why: str
    first: int
    last: int
    changes: tuple[Change, ...]
    counters: Mapping[str, int | None]
    written: Raw


Located = tuple[str, str, int, int]
"""Kind, id and place in the order of arrival of a resource, and the number of its value; where that is -1, it is not there."""


class KeptValue(Struct, frozen=True, array_like=True, omit_defaults=True):
    """A value: the name of its class, and fields; where it has a base, as far as it differs from the value of that number."""

    name: str
    fields: Raw
    base: int | None = None


class Numbered:
    """Things that are numbered as they come, each once."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._held: list[Any] = []

    def find(self, it: Any) -> int | None:
        """Return the number of a thing that has one."""
        return self._numbers.get(id(it))

    def number(self, it: Any) -> int:
        """Return the number of a thing that was added."""
        return self._numbers[id(it)]

    def add(self, it: Any) -> int:
        """Return a new thing's number."""
        self._numbers[id(it)] = number = len(self._held)
        self._held.append(it)  # so that nothing else gets its identity
        return number


class ImageWriter:
    """Writes one image, line by line. `copy` is the world as it was when it was made, and nobody changes it."""

    def __init__(self, world: World, values: Values) -> None:
        self._world = world
        self._copy = world.copy()
        self._moments = {BEGINNING: world.moment(BEGINNING), **world.snapshots}
        self._values = values
        self._known, self._events, self._commits = Numbered(), Numbered(), Numbered()
        self._parts = Parts()
        self._writer = Events(world.rules.machines, self._value, lambda _: None)
        self._new: list[Any] = []

    def lines(self) -> Iterator[bytes]:
        """Yield the lines; between two of them others have a turn."""
        world = self._world
        source = self._moments[BEGINNING].source
        yield _line("world", KeptWorld(world.id, world.seed, kept_rules(world.rules), exactly(source)))
        yield from self._moment(NOW, self._copy, None)
        for name, moment in self._moments.items():
            yield from self._moment(name, moment.world, moment.at)

    def _moment(self, name: str, world: World, at: datetime | None) -> Iterator[bytes]:
        clock, store = world.clock, world.store
        kept = KeptClock(clock.now() if at is None else at, clock.rate, clock.skew)
        yield from self._commits_of(world.history)
        yield _line("moment", KeptMoment(name, kept, world.counters, store.arrived))
        for some in in_lines(_all_of(store) if name == NOW else _unlike(store, self._copy.store)):
            located = [self._located(it) for it in some]
            yield from self._flush()
            yield _line("resources", located)
        yield from self._journal(world.journal)
        history = world.history
        yield _line("history", KeptHistory(history.count, tuple([self._commits.number(it) for it in history])))

    def _located(self, it: tuple[str, str, Any, int]) -> Located:
        kind, id, value, number = it
        return kind, id, number, -1 if value is None else self._value(value)

    def _journal(self, journal: Journal) -> Iterator[bytes]:
        for some in in_lines(it.event for it in journal if self._events.find(it.event) is None):
            written = []
            for event in some:
                self._events.add(event)
                written.append(self._writer.written(event))
            yield from self._flush()
            yield from self._lines("events", written)
        entries = tuple([(it.n, self._events.number(it.event)) for it in journal])
        yield _line("journal", KeptJournal(journal.last, journal.cleared, journal.withdrawn, entries))

    def _commits_of(self, history: History) -> Iterator[bytes]:
        """Yield the commits that are new, oldest first: so each value is written as it differs from the one before it."""
        for some in in_lines(it for it in history if self._commits.find(it) is None):
            written = []
            for commit in some:
                self._commits.add(commit)
                written.append(self._commit(commit))
            yield from self._flush()
            yield from self._lines("commits", written)

    def _commit(self, it: Commit) -> KeptCommit:
        changes = []
        for change in it.changed_resources:
            before = None if change.before is None else self._value(change.before)
            after = None if change.after is None else self._value(change.after, change.before)
            changes.append((change.kind, change.id, before, after, change.number))
        written = NOTHING if it.written is None else exactly(it.written.state)
        return KeptCommit(it.at, it.why, it.first, it.last, tuple(changes), it.counters, written)

    def _value(self, value: Any, like: Any = None) -> int:
        """Return the number of a value, which is written as it differs from another where it is new."""
        known = self._known.find(value)
        if known is not None:
            return known
        base = None if like is None or like.__class__ is not value.__class__ else self._known.find(like)
        name, fields = self._values.written(value, like if base is not None else None)
        self._new.append((name, fields, base))
        return self._known.add(value)

    def _flush(self) -> Iterator[bytes]:
        """Yield the values that are new, and before them the parts that they share."""
        while self._new:
            some, self._new = self._new[:SOME], self._new[SOME:]
            lines = [*self._lines("values", some)]
            while parts := self._parts.take_new():
                yield from _in_lines("parts", map(as_json, parts))
            yield from lines

    def _lines(self, name: str, items: list[Any]) -> Iterator[bytes]:
        """Yield lines of items, none of them long unless one item is."""
        return _in_lines(name, map(self._written, items))

    def _written(self, item: Any) -> bytes:
        token = PARTS.set(self._parts)
        try:
            return as_json(item)
        finally:
            PARTS.reset(token)


def kept_rules(rules: Rules) -> KeptRules:
    """Return what is kept of the rules of a world."""
    return KeptRules(
        rules.timing, rules.choices, rules.credentials, rules.accounts, rules.provenance, exactly(rules.parameters),
        rules.ladders, rules.carrier, rules.sign,
    )  # fmt: skip


def in_lines(things: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield things as many at a time as a line has."""
    left = iter(things)
    while some := [*islice(left, SOME)]:
        checkpoint()
        yield some


def _all_of(store: Store) -> Iterator[tuple[str, str, Any, int]]:
    for kind in sorted(store.tables):
        for value in store.sorted_group(kind).ascending():
            yield kind, value.id, value, store.number(kind, value.id)


def _unlike(store: Store, other: Store) -> Iterator[tuple[str, str, Any, int]]:
    for kind, id in sorted(differing(store, other)):  # which come in no order
        value = store.find(kind, id)
        yield kind, id, value, 0 if value is None else store.number(kind, id)


def _line(name: str, content: Any) -> bytes:
    return as_json({name: content})


def _in_lines(name: str, items: Iterable[bytes]) -> Iterator[bytes]:
    for some in grouped(items):
        yield b'{"%b":[%b]}' % (name.encode(), b",".join(some))
