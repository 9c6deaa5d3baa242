"""Updated events tell of each quarter of the work at the instant at which it is done, and nobody has to wait for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given

from emulator.kernel.machine import Portion, Timer
from emulator.kernel.transaction import length_of
from emulator.kernel.world import World
from emulator.vendors.stripe import STRIPE
from tests.support.stripe import COUNTS, ID, TIMINGS, Written, list_events, state_of, working_jobs, world_of

TICK = timedelta(microseconds=1)
UPDATED = "limit=100&types[0]=v2.core.batch_job.updated"


def updated_events(world: World) -> list[datetime]:
    """The instants of the updated events, the oldest first."""
    events = list_events(world, UPDATED).body["data"]
    return [datetime.fromisoformat(event["created"]) for event in reversed(events)]


def progress(world: World) -> tuple[str, int]:
    (job,) = state_of(world)
    return job["status"], sum(job[count] for count in COUNTS[: 2 if job["status"] == "in_progress" else 3])


@given(working_jobs(), TIMINGS)
def test_an_event_comes_with_each_quarter_and_with_nothing_else(job: Written, timing: Written) -> None:
    world = world_of(job, timing=timing)
    goal = {"validating": job["rows"], "in_progress": job["rows"]}
    percent = progress(world)
    while (due := world.store.next_due) is not None and due < datetime.fromisoformat("2026-03-09T22:00:00Z"):
        before = len(updated_events(world))
        world.advance_to(max(due - TICK, world.clock.now()))
        assert len(updated_events(world)) == before
        world.advance_to(due)
        now = progress(world)
        if len(updated_events(world)) > before and now[0] == percent[0]:
            assert now[1] * 4 // goal[now[0]] > percent[1] * 4 // goal[now[0]]
        percent = now
    assert len(updated_events(world)) <= 7


@pytest.mark.parametrize(
    ("rows", "quarters"),
    [(1, []), (2, [1000]), (3, [1000, 2000]), (4, [1000, 2000, 3000]), (10, [3000, 5000, 8000])],
)
def test_an_event_reports_the_first_row_of_each_quarter_but_not_the_last(rows: int, quarters: list[int]) -> None:
    world = world_of({"id": ID, "status": "in_progress", "rows": rows, "maximum_rps": 1})
    start = world.clock.now()
    world.advance_until_idle()
    assert [(at - start) // timedelta(milliseconds=1) for at in updated_events(world)] == quarters


def test_work_that_never_ends_makes_no_progress() -> None:
    world = world_of({"id": ID, "status": "in_progress"}, timing={"stripe.processing": "never"})
    world.advance_by(timedelta(hours=1))
    assert updated_events(world) == []


def test_what_comes_next_is_the_end_of_the_work_and_not_its_progress() -> None:
    world = world_of({"id": ID, "status": "in_progress", "rows": 100})
    assert world.next_due() == world.clock.now() + timedelta(seconds=10)
    assert [change.to for change in world.advance_to_next()] == ["complete"]
    assert len(updated_events(world)) == 3


def test_a_job_loaded_in_the_middle_of_its_work_has_no_events_before() -> None:
    world = world_of({"id": ID, "status": "in_progress", "rows": 100, "success_count": 60})
    assert updated_events(world) == []
    world.advance_until_idle()
    assert len(updated_events(world)) == 1


@pytest.mark.parametrize(("choice", "count"), [("emit", 4), ("omit", 0)])
def test_without_updated_events_there_are_none_of_progress_either(choice: str, count: int) -> None:
    world = world_of({"id": ID, "status": "validating", "rows": 1000}, assume={"stripe.updated-events": choice})
    world.advance_by(timedelta(seconds=5))
    assert len(updated_events(world)) == count


@pytest.mark.parametrize(
    ("timing", "length"),
    [({}, 5), ({"toy.whole": timedelta(seconds=4)}, 2), ({"toy.whole": None}, None), ({"toy.half": timedelta(9)}, 5)],
)
def test_a_wait_that_is_part_of_another_is_as_long_as_that_says(
    timing: dict[str, timedelta | None], length: int | None
) -> None:
    sum_timer = Timer("toy.whole", timedelta(seconds=10), "invented")
    half = Timer("toy.half", None, "invented", settable=False, portion=Portion(sum_timer, lambda _, length: length / 2))
    assert length_of(half, SimpleNamespace(timing=None), timing) == (None if length is None else timedelta(seconds=length))


@pytest.mark.parametrize(
    ("status", "count", "events"),
    [("in_progress", "success_count", 1), ("validating", "validated_count", 1), ("canceled", "success_count", 0)],
)
def test_an_event_reports_progress_made_by_hand_while_the_job_works(status: str, count: str, events: int) -> None:
    world = world_of({"id": ID, "status": status, "rows": 100})
    for number in (50, 50):
        with world.transaction("change") as tx:
            for resource in STRIPE.state.load(tx, {"batch_jobs": [{"id": ID, count: number}]}):
                tx.put(resource)
    assert len(updated_events(world)) == events
