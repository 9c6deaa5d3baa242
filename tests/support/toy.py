"""A machine small enough to see through: a kettle that boils by itself, can be stopped, and can break on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from hypothesis import strategies as st

from emulator.kernel.budget import Metered
from emulator.kernel.clock import Clock
from emulator.kernel.exchange import Exchange
from emulator.kernel.limits import Rules
from emulator.kernel.machine import ABSENT, EVERY, SAME, Machine, Row, Timer, View
from emulator.kernel.resource import replace
from emulator.kernel.sorted_pages import IndexKey
from emulator.kernel.world import World

START = datetime(2026, 3, 9, 20, 55, 31, tzinfo=UTC)
LOOK, HEAT, STOP, BREAK = "look", "heat", "stop", "break"


class Kettle(Metered, frozen=True, gc=False):
    id: str
    since: datetime
    status: str = "cold"
    boiled: int = 0
    kind: ClassVar[str] = "toy.kettle"

    def index(self) -> tuple[IndexKey, ...]:
        return (("status", self.status),)


def count_boiling(_: View, kettle: Kettle) -> Iterable[Kettle]:
    yield replace(kettle, boiled=kettle.boiled + 1)


def fall_apart(_: View, kettle: Kettle) -> Iterable[Kettle]:
    yield replace(kettle, boiled=-1)
    raise RuntimeError("it fell apart")


BOIL = Timer("toy.boil", timedelta(seconds=30), "invented")
COOL = Timer("toy.cool", timedelta(minutes=5), "invented")

KETTLE = Machine(
    of=Kettle,
    states=("cold", "warming", "hot"),
    commands=(LOOK, HEAT, STOP, BREAK),
    timers=(
        BOIL,
        COOL,
    ),
    rows=(
        Row(EVERY, LOOK, SAME, "seen", "toy-1"),
        Row(ABSENT, LOOK, SAME, "unknown", "toy-1"),
        Row("cold", HEAT, "warming", "warming", "toy-1"),
        Row("warming", HEAT, SAME, "warming", "toy-1"),
        Row("hot", HEAT, "warming", "warming", "toy-1"),
        Row(ABSENT, HEAT, "warming", "warming", "toy-1"),
        Row(EVERY, STOP, "cold", "cold", "toy-1"),
        Row(ABSENT, STOP, SAME, "unknown", "toy-1"),
        Row(EVERY, BREAK, ABSENT, "broken", "toy-1", fall_apart),
        Row(ABSENT, BREAK, SAME, "unknown", "toy-1"),
        Row("warming", BOIL, "hot", None, "toy-1", count_boiling),
        Row("hot", COOL, "cold", None, "toy-1"),
    ),
    entry=("cold",),
)

TIMINGS: tuple[dict[str, timedelta | None], ...] = (
    {},
    {"toy.boil": timedelta(seconds=1)},
    {"toy.cool": None},
    {"toy.boil": timedelta(0), "toy.cool": timedelta(days=1)},
)


def kitchen(kettles: int = 3, timing: dict[str, timedelta | None] | None = None, seed: int = 0) -> World:
    """A world with some kettles, all warming."""
    world = World("kitchen", Rules({KETTLE.kind: KETTLE}, timing or {}), Clock(START), seed)
    with world.transaction("given") as tx:
        for number in range(kettles):
            tx.put(Kettle(str(number), START, "warming"))
    world.set_beginning()
    return world


def shown(world: World) -> list[object]:
    """Everything about a world that somebody could see."""
    world.settle()
    return [
        world.clock.now(),
        list(world.store.group(Kettle.kind)),
        [world.store.group(Kettle.kind, "status", state) for state in KETTLE.states],
        list(world.journal.since(0)),
        world.next_due(),
        dict(world.counters),
    ]


SECONDS = st.integers(0, 900)
COMMANDS = st.tuples(st.sampled_from(["look", "heat", "stop"]), st.sampled_from(["0", "1", "2", "3"]))
LIVES = st.lists(st.one_of(SECONDS, COMMANDS), max_size=25)
Life = list[int | tuple[str, str]]


def live(world: World, life: Life) -> None:
    for event in life:
        if isinstance(event, int):
            world.advance_by(timedelta(seconds=event))
        else:
            command, id = event
            with world.transaction(command) as tx:
                tx.ask(KETTLE, id, command, Kettle(id, tx.now))


def exchange(world: World, command: str, id: str) -> None:
    """Run a transaction that notes itself in the journal, as the gateway does."""
    savepoint = world.savepoint()
    with world.transaction(command) as tx:
        tx.mint("exchange")
        answer = tx.ask(KETTLE, id, command, Kettle(id, tx.now)).name
        world.journal.add(
            Exchange(tx.now, savepoint, command, "GET", id, b"", answer, "toy-1", None, "observed", 200, b"", tuple(tx.changes))
        )
