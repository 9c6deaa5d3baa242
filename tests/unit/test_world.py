"""Worlds keep the promises about time: looking changes nothing, jumps add up, and everything can be had again."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from emulator.kernel import resource
from emulator.kernel.clock import Clock
from emulator.kernel.errors import Conflict, TimeRunsForward, TooMany
from emulator.kernel.journal import Journal
from emulator.kernel.limits import Limits, Rules
from emulator.kernel.machine import Timer, View
from emulator.kernel.time import END_OF_TIME
from emulator.kernel.timeline import TIMELINE, TimelineEvent
from emulator.kernel.transaction import base62, guid
from emulator.kernel.world import World
from tests.support.toy import KETTLE, LIVES, SECONDS, START, TIMINGS, Kettle, Life, kitchen, live, shown


@given(LIVES, st.lists(SECONDS, max_size=8), st.sampled_from(TIMINGS))
def test_looking_changes_nothing(life: Life, looks: list[int], timing: dict[str, timedelta | None]) -> None:
    looked_at, left_alone = kitchen(timing=timing), kitchen(timing=timing)
    live(looked_at, life)
    live(left_alone, life)
    for _ in looks:
        shown(looked_at)
    assert shown(looked_at) == shown(left_alone)


@given(LIVES, st.lists(SECONDS, max_size=12), st.sampled_from(TIMINGS))
def test_one_jump_equals_many(life: Life, jumps: list[int], timing: dict[str, timedelta | None]) -> None:
    once, often = kitchen(timing=timing), kitchen(timing=timing)
    live(once, life)
    live(often, life)
    fired_at_once = once.advance_by(timedelta(seconds=sum(jumps)))
    fired_in_turn = [change for jump in jumps for change in often.advance_by(timedelta(seconds=jump))]
    assert fired_at_once == fired_in_turn
    assert shown(once) == shown(often)


@given(LIVES, st.sampled_from(TIMINGS))
def test_a_reset_world_equals_a_new_one(life: Life, timing: dict[str, timedelta | None]) -> None:
    world, new = kitchen(timing=timing), kitchen(timing=timing)
    live(world, life)
    world.reset()
    assert shown(world) == shown(new)
    live(world, life)
    live(new, life)
    assert shown(world) == shown(new)


@given(LIVES, LIVES)
def test_a_copy_goes_on_apart(life: Life, more: Life) -> None:
    world = kitchen()
    live(world, life)
    before = shown(world)
    live(world.copy(), more)
    assert shown(world) == before


@given(LIVES)
def test_a_transaction_rolled_back_leaves_no_trace(life: Life) -> None:
    world, other_world = kitchen(), kitchen()
    world.advance_by(timedelta(seconds=10))
    other_world.advance_by(timedelta(seconds=10))
    tx = world.transaction("nothing")
    for event in life:
        if isinstance(event, tuple):
            tx.ask(KETTLE, event[1], event[0], Kettle(event[1], tx.now))
            tx.mint(event[0])
        else:
            tx.remove(Kettle(str(event % 4), tx.now))
    tx.roll_back()
    assert [part for part in shown(world) if part != {"look": 0, "heat": 0, "stop": 0}][:5] == shown(other_world)[:5]
    assert not any(world.counters.values())


def test_what_is_due_at_one_instant_happens_in_order_of_arrival() -> None:
    changes = kitchen(5).advance_by(timedelta(seconds=30))
    assert [change.id for change in changes] == ["0", "1", "2", "3", "4"]


def test_a_resource_that_went_and_came_back_is_the_newest_to_arrive() -> None:
    world = kitchen(3)
    with world.transaction("swap") as tx:
        tx.remove(Kettle("0", tx.now))
        tx.put(Kettle("0", START, "warming"))
    assert [change.id for change in world.advance_by(timedelta(seconds=30))] == ["1", "2", "0"]


def test_a_change_carries_the_instant_at_which_it_was_due() -> None:
    (change,) = kitchen(1).advance_by(timedelta(minutes=4))
    assert change.at == START + timedelta(seconds=30)


def test_what_should_have_happened_already_happens_at_once_in_the_order_in_which_it_was_due() -> None:
    world = kitchen(1)
    world.advance_by(timedelta(seconds=10))
    with world.transaction("put") as tx:
        tx.put(Kettle("late", START - timedelta(minutes=1), "warming"))
        tx.put(Kettle("later", START - timedelta(minutes=2), "warming"))
    fired_changes = world.advance_by(timedelta(seconds=20))
    assert [(change.id, (change.at - START).seconds) for change in fired_changes] == [("0", 30)]
    changes = [(commit.changed_resources[0].id, (commit.at - START).seconds) for commit in world.history]
    assert changes == [("late", 10), ("later", 10), ("late", 10), ("0", 30)]


def test_a_clock_that_runs_reaches_what_is_due_by_itself() -> None:
    world = kitchen(1)
    seconds = 0.0
    world.clock.wall = lambda: seconds
    world.clock.set_rate(60.0)
    seconds = 1.0
    with world.transaction("look") as tx:
        assert tx.find(Kettle, "0") == Kettle("0", START + timedelta(seconds=30), "hot", 1)


def test_a_reset_sets_a_running_clock_back_to_where_it_began() -> None:
    world = kitchen(1)
    seconds = 0.0
    world.clock.wall = lambda: seconds
    world.set_beginning()
    world.clock.set_rate(1.0)
    seconds = 3600.0
    world.reset()
    assert world.clock.now() == START


def test_a_clock_never_goes_back() -> None:
    world = kitchen()
    with pytest.raises(TimeRunsForward, match="never goes back"):
        world.advance_to(START - timedelta(microseconds=1))
    with pytest.raises(TimeRunsForward, match="end of time"):
        world.advance_by(timedelta(days=2_600_000))


def test_next_jumps_to_the_first_thing_due_and_stays_when_there_is_none() -> None:
    world = kitchen(1, {"toy.cool": None})
    assert [change.to for change in world.advance_to_next()] == ["hot"]
    assert world.advance_to_next() == []
    assert world.clock.now() == START + timedelta(seconds=30)


def test_until_idle_runs_to_the_last_thing_due() -> None:
    assert [change.to for change in kitchen(1).advance_until_idle()] == ["hot", "cold"]


@pytest.mark.parametrize(
    ("jump", "reason"),
    [
        (lambda world: world.advance_until_idle(), "not at rest"),
        (lambda world: world.advance_by(timedelta(days=1)), "jump less far"),
        (lambda world: world.advance_to(START + timedelta(days=1)), "jump less far"),
    ],
)
def test_a_jump_over_more_than_a_world_may_go_through_at_once_is_not_made(
    monkeypatch: pytest.MonkeyPatch, jump: Callable[[World], object], reason: str
) -> None:
    monkeypatch.setattr("emulator.kernel.advance.JUMP_LIMIT", 3)
    monkeypatch.setattr("emulator.kernel.advance.JUMP_LIMIT_EACH", 0)
    world = kitchen(8)
    with pytest.raises(Conflict, match=reason):
        jump(world)
    assert (world.clock.now(), world.journal.last, world.store.size(Kettle.kind, "status", "warming")) == (START, 0, 8)


def test_a_group_follows_the_status() -> None:
    world = kitchen(3)
    with world.transaction("stop") as tx:
        tx.ask(KETTLE, "1", "stop")
    assert [kettle.id for kettle in world.store.group(Kettle.kind, "status", "warming")] == ["0", "2"]
    assert world.store.size(Kettle.kind, "status", "cold") == 1


def test_ids_are_minted_from_the_seed_alone() -> None:
    def names(seed: int) -> list[bytes]:
        with kitchen(seed=seed).transaction("mint") as tx:
            return [tx.mint("name"), tx.mint("name"), tx.mint("other")]

    assert names(1) == names(1)
    assert len({*names(1), *names(2)}) == 6


def test_the_journal_says_how_much_it_dropped() -> None:
    journal, world = Journal(capacity=2), kitchen(5)
    journal.extend(world.advance_by(timedelta(seconds=30)))
    assert (journal.last, journal.dropped, [entry.n for entry in journal.since(0)]) == (5, 3, [4, 5])


def test_a_journal_that_was_cleared_has_lost_nothing_when_what_was_cleared_is_taken_back() -> None:
    journal, world = Journal(10), kitchen(5)
    journal.extend(world.advance_by(timedelta(seconds=30)))
    journal.clear()
    journal.truncate_from(5)
    assert (journal.last, journal.lost) == (4, 0)


def test_the_agenda_forgets_what_was_taken_back() -> None:
    world = kitchen(1)
    for _ in range(1000):
        tx = world.transaction("nothing")
        tx.ask(KETTLE, "0", "stop")
        tx.roll_back()
    assert len(world.store.upcoming(2)) == 1
    assert [change.to for change in world.advance_until_idle()] == ["hot", "cold"]


def test_the_agenda_forgets_what_is_outdated() -> None:
    world = kitchen(1)
    for _ in range(1000):
        with world.transaction("again") as tx:
            tx.ask(KETTLE, "0", "stop")
            tx.ask(KETTLE, "0", "heat")
        world.advance_by(timedelta(milliseconds=1))
    assert len(world.store.upcoming(2)) == 1


def test_a_running_clock_is_never_too_late_for_a_jump_of_its_own() -> None:
    ticks = count()
    world = World("w", kitchen(1).rules, Clock(START, 1.0, lambda: float(next(ticks))))
    for _ in range(5):
        assert world.advance_by(timedelta(0)) == []
        before = world.clock.now()
        world.advance_by(timedelta(seconds=1))
        assert world.clock.now() > before


def test_time_ends_and_says_so() -> None:
    world = kitchen(1)
    world.advance_until_idle()
    world.advance_to(END_OF_TIME)
    with pytest.raises(TimeRunsForward, match="beyond the end of time"):
        world.advance_by(timedelta(seconds=1))
    assert world.clock.now() == END_OF_TIME


def test_a_full_world_takes_back_what_was_removed_from_it() -> None:
    full = kitchen(5)
    world = World("w", changed(full.rules, limits=Limits(resources=5)), Clock(START))
    with world.transaction("fill") as tx:
        for kettle in full.store.group(Kettle.kind):
            tx.put(kettle)
    before = shown(world)
    tx = world.transaction("swap")
    tx.remove(Kettle("0", tx.now))
    tx.put(Kettle("new", tx.now))
    with pytest.raises(TooMany, match="holds 5 resources"):
        tx.put(Kettle("newer", tx.now))
    tx.roll_back()
    assert shown(world) == before


def boil_another(_: View, kettle: Kettle) -> Iterable[Kettle]:
    yield Kettle(f"{kettle.id}'", kettle.since)


def test_a_full_world_lets_time_bring_about_more_and_can_still_be_read() -> None:
    rows = [changed(row, effect=boil_another) if isinstance(row.cause, Timer) else row for row in KETTLE.table]
    rules = Rules({KETTLE.kind: changed(KETTLE, rows=tuple(rows))}, limits=Limits(resources=1))
    world = World("w", rules, Clock(START))
    with world.transaction("fill") as tx:
        tx.put(Kettle("0", START, "warming"))
    assert [change.id for change in world.advance_by(timedelta(minutes=1))] == ["0", "0'"]
    assert [kettle.id for kettle in world.store.group(Kettle.kind)] == ["0", "0'"]
    with pytest.raises(TooMany, match="holds 1 resources"), world.transaction("put") as tx:
        tx.put(Kettle("1", tx.now))


def test_what_was_arranged_beforehand_does_not_happen_in_a_world_that_has_no_room_for_it() -> None:
    rules = kitchen().rules
    world = World(
        "w", changed(rules, machines={**rules.machines, TIMELINE.kind: TIMELINE}, limits=Limits(resources=2)), Clock(START)
    )
    event = TimelineEvent(
        "0", "here", START, START + timedelta(seconds=1), lambda _: [Kettle("1", START), Kettle("2", START)], "after 1s (here)"
    )
    with world.transaction("fill") as tx:
        tx.put(Kettle("0", START))
        tx.put(event)
    (change,) = world.advance_by(timedelta(seconds=1))
    room = "this world holds 2 resources, and no more are allowed"
    assert change.why == f"after 1s (here): impossible: {room}: EMULATOR_MAX_RESOURCES (serve --max-resources) allows more"
    assert world.store.size(Kettle.kind) == 1


def test_what_cannot_be_is_not_even_put_for_a_moment() -> None:
    world = kitchen(1)
    before = shown(world)
    with pytest.raises(KeyError), world.transaction("nonsense") as tx:
        tx.put(Kettle("0", tx.now, "frozen over"))
    assert shown(world) == before


def leave_a_note(view: View, kettle: Kettle) -> Iterable[Kettle]:
    yield resource.replace(kettle, boiled=view.context or 0)


def test_an_effect_reads_the_request_that_is_carried_out_and_finds_none_where_time_acts() -> None:
    rows = tuple(changed(row, effect=leave_a_note) if row.to in ("hot", "warming") else row for row in KETTLE.table)
    machine = changed(KETTLE, rows=rows)
    world = World("kitchen", Rules({machine.kind: machine}), Clock(START))
    with world.transaction("heat", context=7) as tx:
        tx.ask(machine, "0", "heat", Kettle("0", START))
    assert world.store.find(Kettle.kind, "0") == Kettle("0", START, "warming", 7)
    world.advance_by(timedelta(seconds=30))
    assert world.store.find(Kettle.kind, "0") == Kettle("0", world.clock.now(), "hot", 0)


@given(st.binary(min_size=16, max_size=32))
def test_a_guid_is_a_random_uuid(digest: bytes) -> None:
    assert guid(digest) == str(UUID(bytes=digest[:16], version=4))


@given(st.binary(min_size=32, max_size=64), st.integers(1, 42))
def test_an_id_of_letters_and_digits_is_base64_without_signs(digest: bytes, count: int) -> None:
    assert base62(digest, count) == b64encode(digest, b"xY")[:count].decode()
