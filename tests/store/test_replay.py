"""A world that is read from its records is the world that wrote them, in all that anybody can ask of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.client.in_process import InProcessClient
from emulator.kernel.budget import Budget
from emulator.kernel.errors import BadInput, EmulatorError
from emulator.kernel.exchange import Change
from emulator.kernel.limits import Limits
from emulator.kernel.past import BEGINNING
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.scenario.document import Document
from emulator.scenario.loader import load_document
from emulator.scenario.player import play
from emulator.scenario.state import apply_state
from emulator.server.app import create_app, library, worlds_of
from emulator.store.events import Events, inline
from emulator.store.keeper import WorldKeeper
from emulator.store.port import Append
from emulator.store.receipt import Receipt
from emulator.store.replay import WorldReader
from emulator.store.values import Values
from emulator.vendors import VENDORS

LIMITS = Limits()
VALUES = Values(VENDORS)
LIBRARY = library()


class Tape:
    """Takes records, and has all that it took."""

    refusal = None

    def __init__(self) -> None:
        self.records: list[tuple[int, bytes]] = []

    def append(self, _: WorldKeeper, append: Append) -> Receipt:
        self.records.append((append.n, append.body))
        receipt = Receipt()
        receipt.end()
        return receipt

    def take_back(self) -> None:
        raise AssertionError("something cannot be written")


def recorded(world: World) -> Tape:
    """Return what takes the records of a world from now on."""
    tape = Tape()
    keeper = WorldKeeper(world, tape, VALUES, "test")
    keeper.begin(())
    keeper.watch()
    return tape


def read(tape: Tape) -> World:
    return read_records(tape.records)


def read_records(records: list[tuple[int, bytes]]) -> World:
    world = WorldReader(VALUES, VENDORS, LIMITS, Budget.of(LIMITS)).read(None, records).world
    assert world is not None
    return world


def content(world: World) -> dict[str, Any]:
    """Return all that a world has, in a form that equals that of an equal world."""
    store, journal, history = world.store, world.journal, world.history
    events = Events(world.rules.machines, *inline(VALUES))
    resources = {
        (kind, it.id): (store.number(kind, it.id), VALUES.written(it)) for kind in store.tables for it in store.group(kind)
    }
    commits = [
        (it.at, it.why, it.first, it.last, [_change(each) for each in it.changed_resources], dict(it.counters))
        for it in history
    ]
    return {
        "resources": resources,
        "arrived": store.arrived,
        "counters": world.counters,
        "journal": [(it.n, events.written(it.event)) for it in journal],
        "numbers": (journal.last, journal.dropped, journal.lost, dict(journal.withdrawn)),
        "commits": commits,
        "count": history.count,
        "clock": (world.clock.now(), world.clock.rate, world.clock.skew),
        "agenda": store.upcoming(10),
        "choices": world.rules.choices,
    }


def _change(it: Any) -> tuple[Any, ...]:
    before, after = (None if value is None else VALUES.written(value) for value in (it.before, it.after))
    return it.kind, it.id, before, after, it.number


def moments(world: World) -> Iterator[dict[str, Any]]:
    yield content(world)
    for name, it in sorted({**world.snapshots, BEGINNING: world.moment(BEGINNING)}.items()):
        yield {**content(it.world), "name": name, "at": it.at, "clock": None, "choices": None}


@pytest.mark.parametrize("name", LIBRARY.names())
def test_the_records_of_a_scenario_that_is_played_are_read_as_the_world_that_it_left(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tapes: dict[str, Tape] = {}
    left: list[tuple[World, Tape]] = []
    add, remove = Worlds.add, Worlds.remove

    def add_recorded(self: Worlds, world: World, claims: Any) -> None:
        add(self, world, claims)
        tapes[world.id] = recorded(world)

    def remove_recorded(self: Worlds, id: str) -> None:
        with self.get(id).lock:
            left.append((self.get(id), tapes[id]))
            world = read(tapes[id])
            assert [*moments(world)] == [*moments(self.get(id))]
        keeper = self.get(id).keeper
        assert isinstance(keeper, WorldKeeper)
        keeper.is_ended = True
        remove(self, id)

    monkeypatch.setattr(Worlds, "add", add_recorded)
    monkeypatch.setattr(Worlds, "remove", remove_recorded)
    assert play(LIBRARY.get(name), InProcessClient(create_app(worlds_of([]), LIBRARY))).differences == []
    assert left


HOUR = timedelta(hours=1)

DEEDS: dict[str, Callable[[World], object]] = {
    "a jump": lambda world: world.advance_by(HOUR),
    "a reset": lambda world: world.reset(),
    "a snapshot": lambda world: world.snapshot("first"),
    "a snapshot that is dropped": lambda world: (world.snapshot("first"), world.drop_snapshot("first")),
    "a way back to a snapshot": lambda world: (world.snapshot("first"), world.advance_by(HOUR), world.restore("first")),
    "a way back to the beginning": lambda world: world.restore(BEGINNING),
    "a way back to an entry": lambda world: world.restore(f"entry/{world.journal.last - 1}"),
    "a journal that is cleared": lambda world: world.journal.clear(),
    "a state that is set": lambda world: apply_state(world, VENDORS, {"serpwow": {"account": {"credits_limit": 3}}}, "set"),
}
"""Things that are done with a world, by name."""


def make_world() -> World:
    batches = [{"id": f"B{n}", "status": "running", "searches": 5 + n} for n in range(3)]
    content = {"title": "Kept", "given": {"serpwow": {"batches": batches}}}
    return load_document(Document(content), VENDORS).world(VENDORS, "kept")


@given(st.lists(st.sampled_from([*DEEDS]), min_size=1, max_size=6), st.data())
def test_whatever_is_done_with_a_world_is_read_as_it_was_done(deeds: list[str], data: st.DataObject) -> None:
    world = make_world()
    tape = recorded(world)
    with world.lock:
        world.advance_by(timedelta(seconds=11))
    for deed in deeds:
        with world.lock, suppress(EmulatorError):
            DEEDS[deed](world)
            if data.draw(st.booleans()):  # in the same record
                world.advance_by(timedelta(seconds=1))
    assert [*moments(read(tape))] == [*moments(world)]


def test_a_record_that_is_missing_is_named() -> None:
    world = make_world()
    tape = recorded(world)
    for _ in range(3):
        with world.lock:
            world.advance_by(timedelta(seconds=11))
            world.snapshot("now or never")
    del tape.records[1]
    with pytest.raises(BadInput, match="record 3: it is the next after 1: one is missing"):
        read(tape)


def test_a_record_of_another_history_is_refused() -> None:
    world, other = make_world(), make_world()
    tape, others = recorded(world), recorded(other)
    for each in (world, other):
        with each.lock:
            each.advance_by(timedelta(seconds=11))
    with pytest.raises(BadInput, match="record 2: the record before it is another"):
        read_records([tape.records[0], others.records[1]])


def test_a_record_of_a_newer_format_is_refused_by_its_number() -> None:
    tape = recorded(make_world())
    n, body = tape.records[0]
    with pytest.raises(BadInput, match="it has format 2, and this version reads 1: a newer version wrote it"):
        read_records([(n, body.replace(b'"format":1', b'"format":2'))])


def test_a_clock_that_ran_goes_on_from_then_and_lets_happen_what_was_due_meanwhile() -> None:
    world = make_world()
    tape = recorded(world)
    with world.lock:
        world.clock.set_rate(1.0)
    n, body = tape.records[-1]
    wall = float(re.findall(rb'"wall":([0-9.e+]+)', body)[0])
    tape.records[-1] = n, body.replace(f'"wall":{wall}'.encode(), f'"wall":{wall - 3600}'.encode())
    again = read(tape)
    assert again.clock.rate == 1.0
    assert HOUR <= again.settle() - world.clock.base < HOUR + HOUR
    ended = [(it.event.at - world.clock.base).total_seconds() for it in again.journal if isinstance(it.event, Change)]
    assert ended == [10.0, 10.0, 10.0]
