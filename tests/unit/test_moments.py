"""Moments by the entries of the journal: the world as it was then, as far back as journal and history go."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.kernel.errors import NotFound
from emulator.kernel.limits import Limits, Rules
from emulator.kernel.moments import OutOfReach, oldest_entry
from emulator.kernel.world import World
from tests.support.toy import KETTLE, LIVES, TIMINGS, Kettle, Life, exchange, kitchen, shown

TIMING = st.sampled_from(TIMINGS)


def live_and_look(world: World, life: Life) -> dict[int, list[object]]:
    """Live through it step by step, and return how the world looked after the newest entry of each step that wrote one."""
    seen = {}
    for event in life:
        for _ in range(event % 4 if isinstance(event, int) else 1):
            last = world.journal.last
            if isinstance(event, int):
                world.advance_to_next()
            else:
                exchange(world, *event)
            if world.journal.last > last:
                seen[world.journal.last] = shown(world)
    return seen


@given(LIVES, TIMING)
def test_each_entry_names_the_world_as_it_was_then(life: Life, timing: dict[str, timedelta | None]) -> None:
    world = kitchen(timing=timing)
    seen = live_and_look(world, life)
    now = shown(world)
    for n, before in seen.items():
        moment = world.moment(f"entry/{n}")
        moment.world.clock = moment.clock()
        assert shown(moment.world) == before
    assert shown(world) == now


@given(LIVES, LIVES, TIMING)
def test_a_world_restored_to_an_entry_goes_on_as_from_there(
    life: Life, more: Life, timing: dict[str, timedelta | None]
) -> None:
    world, twin = kitchen(timing=timing), kitchen(timing=timing)
    if not (seen := live_and_look(world, life)):
        return
    live_and_look(twin, life)
    n = max(seen)
    live_and_look(world, more)
    world.restore(f"entry/{n}")
    assert shown(world) == seen[n]
    twin.restore(f"entry/{n}")
    assert live_and_look(world, more) == live_and_look(twin, more)


def test_an_entry_of_a_transaction_with_several_names_the_end_of_it() -> None:
    world = kitchen(kettles=0)
    with world.transaction("set") as tx:
        for number in range(3):
            tx.put(Kettle(str(number), tx.now, "cold"))
    world.journal.extend(tx.changes)
    exchange(world, "heat", "0")
    for n in (1, 2, 3):
        moment = world.moment(f"entry/{n}")
        assert (moment.world.store.size(Kettle.kind), moment.world.journal.last) == (3, 3)


def small(journal: int) -> World:
    """A kitchen without kettles whose journal keeps so many entries."""
    world = World("kitchen", Rules({KETTLE.kind: KETTLE}, limits=Limits(journal=journal)), kitchen().clock)
    world.set_beginning()
    return world


def test_a_moment_before_what_is_kept_is_refused_and_the_oldest_is_named() -> None:
    world = small(journal=3)
    for number in range(5):
        exchange(world, "heat", str(number))
    with pytest.raises(OutOfReach, match=r"entry 2 is too long ago: .* reach back to entry 3") as refused:
        world.moment("entry/2")
    assert refused.value.oldest == oldest_entry(world) == 3
    assert world.moment("entry/3").world.store.size(Kettle.kind) == 3


@given(LIVES, st.integers(1, 5))
def test_the_oldest_entry_names_the_world_as_it_was_then(life: Life, journal: int) -> None:
    world = small(journal)
    seen = live_and_look(world, life)
    oldest = oldest_entry(world)
    if oldest in seen:
        moment = world.moment(f"entry/{oldest}")
        assert list(moment.world.store.group(Kettle.kind)) == seen[oldest][1]


def test_a_cleared_journal_names_no_moment() -> None:
    world = kitchen()
    exchange(world, "stop", "0")
    world.journal.clear()
    with pytest.raises(OutOfReach, match="name no entry any more"):
        world.moment("entry/1")


@pytest.mark.parametrize("name", ["entry/", "entry/0", "entry/x", "entry/-1", "entry/1.5", "entry/٣", f"entry/{10**20}"])
def test_what_is_no_number_of_an_entry_names_no_moment(name: str) -> None:
    world = kitchen()
    exchange(world, "stop", "0")
    with pytest.raises(NotFound, match="no moment is called"):
        world.moment(name)


def test_an_entry_that_is_not_there_yet_names_no_moment() -> None:
    world = kitchen()
    with pytest.raises(NotFound, match="no entry 1: it is empty"):
        world.moment("entry/1")
    exchange(world, "stop", "0")
    with pytest.raises(NotFound, match="no entry 2: its newest is 1"):
        world.moment("entry/2")


def test_a_fork_at_an_entry_goes_on_apart_from_there() -> None:
    world = kitchen()
    exchange(world, "stop", "0")
    before = shown(world)
    exchange(world, "stop", "1")
    now = shown(world)
    fork = world.fork("fork", world.rules, world.seed, world.moment("entry/1"))
    assert shown(fork) == before
    exchange(fork, "heat", "2")
    assert shown(world) == now
