"""What looks otherwise as time passes is in the group of that, so that a comparison of two instants need not look at the rest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from emulator.kernel.machine import PROGRESSING
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.state.diff import between
from emulator.vendors import VENDORS
from tests.support.loading import LIBRARY, load_value


def shown_after(world: World, minutes: int) -> list[Any]:
    """The state as it is written some time later, if nothing happened by itself meanwhile."""
    later = Transaction(world, world.clock.now() + timedelta(minutes=minutes), "look")
    return [vendor.state.dump(later) for vendor in VENDORS.values()]


def test_what_is_in_no_moving_group_is_shown_the_same_at_any_instant() -> None:
    for name in LIBRARY.names():
        world = LIBRARY.get(name).world(VENDORS, "w", 0, 0)
        for kind in world.store.tables:
            for moving in world.store.group(kind, *PROGRESSING):
                world.store.remove(kind, moving.id)
        assert shown_after(world, 0) == shown_after(world, 17) == shown_after(world, 90), name


def test_a_job_that_is_at_work_differs_between_two_instants_and_a_batch_that_waits_does_not() -> None:
    jobs = [{"id": "batchv2_1", "status": "in_progress", "rows": 100}, {"id": "batchv2_2", "status": "complete", "rows": 100}]
    batches = [{"id": "B", "status": "queued", "searches": 1}]
    state = {"stripe": {"batch_jobs": jobs}, "serpwow": {"batches": batches}}
    world = load_value({"title": "T", "given": state}, VENDORS).world(VENDORS, "w")
    before = world.snapshot("before")
    world.advance_by(timedelta(seconds=1))
    differences = between(before, world.moment("now"), VENDORS)
    assert [(difference.id, [*difference.fields]) for difference in differences] == [("batchv2_1", ["success_count"])]
