"""A jump of the clock over too much is refused before the work, and what is counted ahead is never too much."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.kernel import advance
from emulator.kernel.advance import fire, min_steps
from emulator.kernel.errors import Conflict
from emulator.kernel.upcoming import Upcoming
from emulator.kernel.world import World
from emulator.scenario.document import Document
from emulator.scenario.loader import load_document
from emulator.vendors import VENDORS
from emulator.vendors.serpwow.model.schedules import EVERY

EVERY_MINUTE = {"schedule_type": "minutes", "schedule_minutes": "every_minute"}


def world_of(*batches: dict[str, Any], credits: int = 15_000, **more: Any) -> World:
    account = {"credits_limit": credits}
    content = {"title": "A schedule", "given": {"serpwow": {"account": account, "batches": [*batches]}}, **more}
    return load_document(Document(content), VENDORS).world(VENDORS, "w")


@pytest.mark.parametrize(
    "jump",
    [
        lambda world: world.advance_by(timedelta(days=365)),
        lambda world: world.advance_to(world.clock.now() + timedelta(days=8)),
        lambda world: world.advance_until_idle(),
    ],
)
@pytest.mark.parametrize("state", [{"status": "idle"}, {"status": "running"}, {"status": "queued"}])
def test_a_jump_over_a_schedule_that_starts_too_often_is_refused_before_its_work(
    monkeypatch: pytest.MonkeyPatch, jump: Callable[[World], object], state: dict[str, str]
) -> None:
    world = world_of({"id": "B", "searches": 1, **state, **EVERY_MINUTE})
    monkeypatch.setattr(advance, "fire", lambda *_: pytest.fail("a step was made"))
    began = world.clock.now()
    with pytest.raises(Conflict, match=r"jump less far at once|not at rest"):
        jump(world)
    assert world.clock.now() == began


def test_plans_of_the_scenario_end_what_is_counted_ahead() -> None:
    event = {"after": "1h", "set": {"serpwow": {"batches": [{"id": "B", "enabled": False}]}}}
    world = world_of({"id": "B", "searches": 1, **EVERY_MINUTE}, timeline=[event])
    assert len(world.advance_by(timedelta(days=30))) < 300


def test_batches_that_wait_for_places_are_not_counted_ahead() -> None:
    world = world_of({"repeat": 6, "searches": 1, **EVERY_MINUTE})
    here = world.clock.now()
    assert min_steps(world, here, here + timedelta(days=365), 10_000) == 0


@pytest.mark.parametrize(("credits", "steps"), [(15_000, 3 * 59), (10, 3 * 10 + 49)])
def test_a_run_has_three_steps_and_a_skipped_run_one(credits: int, steps: int) -> None:
    world = world_of({"id": "B", "searches": 1, **EVERY_MINUTE}, credits=credits)
    here = world.clock.now()
    until = here + timedelta(minutes=59, seconds=30)
    assert (min_steps(world, here, until, 10_000), steps_until(world, until)) == (steps, steps)


SCHEDULES = st.fixed_dictionaries(
    {"schedule_type": st.just("minutes"), "schedule_minutes": st.sampled_from(sorted(EVERY))},
    optional={"schedule_hours": st.lists(st.integers(0, 23), min_size=1, max_size=3, unique=True)},
)
BATCHES = st.lists(
    st.builds(
        lambda schedule, status, searches: {**schedule, "status": status, "searches": searches},
        SCHEDULES,
        st.sampled_from(["idle", "queued", "running"]),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=5,
)


@given(
    batches=BATCHES,
    credits=st.integers(0, 100),
    hours=st.integers(1, 12),
    run=st.sampled_from(["1s", "90s", "never"]),
    inactivity=st.sampled_from([None, "30m"]),
    choices=st.fixed_dictionaries({}, optional={"serpwow.places": st.just("one"), "serpwow.start-empty": st.just("allow")}),
)
def test_what_is_counted_ahead_is_never_more_than_what_happens(
    batches: list[dict[str, Any]], credits: int, hours: int, run: str, inactivity: str | None, choices: dict[str, str]
) -> None:
    busy = sum(batch["searches"] for batch in batches if batch["status"] != "idle")
    timing = {"serpwow.run": run} | ({"serpwow.inactivity": inactivity} if inactivity else {})
    world = world_of(*batches, credits=credits + busy, timing=timing, assume=choices)
    here = world.clock.now()
    until = here + timedelta(hours=hours)
    assert min_steps(world, here, until, 10_000) <= steps_until(world, until)


def steps_until(world: World, until: Any) -> int:
    steps = 0
    while (first := Upcoming(world.store).first) is not None and first[0] <= until:
        fire(world, first[0], first[2])
        steps += 1
    return steps
