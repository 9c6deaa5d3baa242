"""Snapshots, undo and forks: every part of a world comes back, and what goes on apart stays apart."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from emulator.kernel.errors import Conflict, NotFound, TooMany
from emulator.kernel.limits import Limits
from emulator.kernel.world import World
from tests.support.toy import LIVES, START, TIMINGS, Kettle, Life, exchange, kitchen, live, shown

TIMING = st.sampled_from(TIMINGS)


def count_asked(world: World, life: Life) -> int:
    """Lives through it, and says how many exchanges there were."""
    for event in life:
        if isinstance(event, int):
            world.advance_by(timedelta(seconds=event))
        else:
            exchange(world, *event)
    return sum(not isinstance(event, int) for event in life)


@given(LIVES, LIVES, TIMING)
def test_a_restored_world_is_the_one_it_was_and_goes_on_like_it(
    life: Life, more: Life, timing: dict[str, timedelta | None]
) -> None:
    world, twin = kitchen(timing=timing), kitchen(timing=timing)
    count_asked(world, life)
    count_asked(twin, life)
    world.snapshot("here")
    before = shown(world)
    count_asked(world, more)
    world.restore("here")
    assert shown(world) == before
    count_asked(world, more)
    count_asked(twin, more)
    assert shown(world) == shown(twin)
    world.restore("here")
    assert shown(world) == before


@given(LIVES, LIVES, TIMING)
def test_undo_takes_back_everything_since_an_exchange(life: Life, more: Life, timing: dict[str, timedelta | None]) -> None:
    world = kitchen(timing=timing)
    count_asked(world, life)
    before = shown(world)
    exchange(world, "heat", "new")
    undone = 1 + count_asked(world, more)
    world.undo(undone)
    assert shown(world) == before


@given(LIVES)
def test_undo_in_steps_comes_to_the_same_as_at_once(life: Life) -> None:
    once, often = kitchen(), kitchen()
    count = count_asked(once, life)
    count_asked(often, life)
    if count:
        once.undo(count)
    for _ in range(count):
        often.undo(1)
    assert shown(once) == shown(often)


@given(LIVES, LIVES)
def test_a_fork_goes_on_apart(life: Life, more: Life) -> None:
    world = kitchen()
    count_asked(world, life)
    before = shown(world)
    fork = world.fork("fork", world.rules, world.seed)
    assert shown(fork) == before
    count_asked(fork, more)
    assert shown(world) == before
    fork.reset()
    assert shown(fork) == shown(kitchen())


@given(LIVES)
def test_a_removal_that_is_undone_gives_back_the_place_in_the_order(life: Life) -> None:
    world = kitchen(4)
    live(world, life)
    before = shown(world)
    with world.transaction("swap") as tx:
        tx.remove(Kettle("0", tx.now))
        tx.put(Kettle("0", tx.now))
        tx.remove(Kettle("1", tx.now))
        tx.roll_back()
    assert shown(world) == before


def test_a_full_world_can_take_back_a_swap() -> None:
    world = kitchen(2)
    world.rules = replace(world.rules, limits=Limits(resources=2))
    exchange(world, "look", "0")
    with world.transaction("swap") as tx:
        tx.remove(Kettle("0", tx.now))
        tx.put(Kettle("other", tx.now))
    world.undo(1)
    assert [kettle.id for kettle in world.store.group(Kettle.kind)] == ["0", "1"]


def test_a_snapshot_of_a_running_clock_holds_the_instant() -> None:
    world, seconds = kitchen(1), 0.0
    world.clock.wall = lambda: seconds
    world.clock.set_rate(1.0)
    world.snapshot("here")
    seconds = 20.0
    assert world.clock.now() == START + timedelta(seconds=20)
    world.restore("here")
    assert (world.clock.now(), world.clock.rate) == (START, 1.0)


def test_the_beginning_is_a_moment_like_another() -> None:
    world = kitchen()
    count_asked(world, [("stop", "0"), 40])
    world.restore("beginning")
    assert shown(world) == shown(kitchen())


def test_a_reset_keeps_the_snapshots() -> None:
    world = kitchen()
    exchange(world, "stop", "0")
    before = shown(world)
    world.snapshot("stopped")
    world.reset()
    world.restore("stopped")
    assert shown(world) == before


def test_snapshots_are_named_once_and_bounded() -> None:
    world = kitchen()
    world.rules = replace(world.rules, limits=Limits(snapshots=1))
    world.snapshot("one")
    world.snapshot("one")
    with pytest.raises(TooMany, match="1 snapshots"):
        world.snapshot("two")
    with pytest.raises(Conflict, match="something else"):
        world.snapshot("now")
    with pytest.raises(NotFound, match="no snapshot is called 'ome'; known: beginning, one"):
        world.restore("ome")
    with pytest.raises(NotFound, match="did you mean 'one'"):
        world.restore("One")


def test_undo_reaches_no_further_than_the_memory() -> None:
    world = kitchen()
    exchange(world, "stop", "0")
    with pytest.raises(Conflict, match="has 1 exchanges"):
        world.undo(2)


def test_undo_does_not_take_back_half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.kernel.history.MAX_REPLACED", 3)
    world = kitchen()
    for id in ("0", "1", "2", "0"):
        exchange(world, "heat" if id == "0" else "stop", id)
        exchange(world, "stop", id)
    before = shown(world)
    with pytest.raises(Conflict, match="does not reach back that far"):
        world.undo(8)
    assert shown(world) == before
    world.undo(1)


@pytest.mark.parametrize("name", ["now", "nothing"])
def test_there_is_no_way_back_to_where_a_world_is(name: str) -> None:
    world = kitchen(1)
    exchange(world, "stop", "0")
    before = shown(world)
    with pytest.raises(NotFound, match=f"no snapshot is called '{name}'"):
        world.restore(name)
    assert shown(world) == before


def test_a_jump_over_nothing_copies_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = kitchen(1)
    monkeypatch.setattr(World, "copy", None)
    assert world.advance_by(timedelta(seconds=1)) == []
    assert world.clock.now() == START + timedelta(seconds=1)
