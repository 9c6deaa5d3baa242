"""Many rounds at once leave what the same rounds leave step by step: state, changes, journal, history and counters."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.kernel import advance
from emulator.kernel.errors import Conflict
from emulator.kernel.limits import Limits
from emulator.kernel.resource import replace
from emulator.kernel.timeline import TimelineEvent
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.scenario.document import Document
from emulator.scenario.loader import load_document
from emulator.vendors import VENDORS
from emulator.vendors.serpwow.model.batches import Batch

BATCHES = st.fixed_dictionaries(
    {
        "schedule_type": st.just("minutes"),
        "schedule_minutes": st.sampled_from(["every_minute", "every_minute", "every_minute", "every_5_minutes"]),
        "searches": st.sampled_from([1, 1, 2, 3, 0]),
        "status": st.sampled_from(["idle", "idle", "queued", "running"]),
    },
    optional={
        "schedule_hours": st.lists(st.integers(0, 23), min_size=18, unique=True),
        "enabled": st.sampled_from([True, True, True, False]),
        "priority": st.sampled_from(["low", "highest"]),
        "failing": st.sampled_from([0, 0, 1]),
    },
)
CHOICES = {
    "serpwow.last-run": st.sampled_from(["running", "queued"]),
    "serpwow.next-result-set": st.sampled_from(["completed", "running"]),
    "serpwow.places": st.just("one"),
    "serpwow.credits-reset": st.just("never"),
}
TIMINGS = {
    "serpwow.queue": st.sampled_from(["1s", "40s", "40s", "0s"]),
    "serpwow.run": st.sampled_from(["30s", "30s", "90s", "0s", "never"]),
    "serpwow.inactivity": st.sampled_from(["6d", "6d", "3d", "30m"]),
}
LIVES = st.fixed_dictionaries(
    {
        "batches": st.one_of(*3 * [st.lists(BATCHES, min_size=1, max_size=1)], st.lists(BATCHES, min_size=1, max_size=3)),
        "credits": st.sampled_from([10**8, 10**8, 300, 150, 5]),
        "assume": st.fixed_dictionaries({}, optional=CHOICES),
        "timing": st.fixed_dictionaries({}, optional=TIMINGS),
        "start": st.sampled_from(["2026-01-30T22:30:00Z", "2026-03-31T23:10:07Z", "2026-03-08T00:00:00Z"]),
        "zone": st.sampled_from(["UTC", "America/New_York"]),
        "event": st.sampled_from([None, "90m"]),
    }
)


def world_of(life: dict[str, Any]) -> World:
    busy = sum(batch["searches"] for batch in life["batches"] if batch["status"] != "idle")
    account = {"credits_limit": life["credits"] + busy, "timezone": life["zone"]}
    batches = [{"id": f"B{n}", **batch} for n, batch in enumerate(life["batches"])]
    scenario = {
        "title": "Rounds",
        "clock": {"start": life["start"]},
        "assume": life["assume"],
        "timing": life["timing"],
        "given": {"serpwow": {"account": account, "batches": batches}},
        "timeline": [{"after": life["event"], "set": {"serpwow": {"account": {"name": "Jo"}}}}] if life["event"] else [],
    }
    return load_document(Document(scenario), VENDORS).world(VENDORS, "w", None, None, Limits(journal=20))


def lived(life: dict[str, Any], hours: list[int]) -> list[Any]:
    """Return everything about a world that somebody could see after some jumps, and what each of them answered."""
    world, answers = world_of(life), list[Any]()
    for jump in hours:
        try:
            answers.append(world.advance_by(timedelta(hours=jump)))
        except Conflict as error:
            answers.append(str(error))
    resources = [world.store.group(kind) for kind in sorted(world.store.tables) if kind != TimelineEvent.kind]
    history = [[it for it in commit.changed_resources if it.kind != TimelineEvent.kind] for commit in world.history]
    return [
        answers,
        world.clock.now(),
        resources,
        [*world.journal.since(0)],
        world.journal.last,
        history,
        world.history.count,
        world.counters,
    ]


@settings(max_examples=30)
@given(LIVES, st.lists(st.sampled_from([1, 3, 5]), min_size=1, max_size=2))
def test_many_rounds_at_once_are_the_same_as_step_by_step(life: dict[str, Any], hours: list[int]) -> None:
    at_once = lived(life, hours)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(advance, "make_rounds", lambda *_: [])
        assert at_once == lived(life, hours)


ALONE = {"schedule_type": "minutes", "schedule_minutes": "every_minute", "searches": 1, "status": "idle"}
ONE_LIFE: dict[str, Any] = {
    "batches": [ALONE], "credits": 10**8, "assume": {}, "timing": {}, "zone": "UTC", "event": None, "start": "2026-03-08T00:00:00Z",
}  # fmt: skip


def test_a_lone_batch_makes_most_of_its_rounds_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world, steps, fire = world_of(ONE_LIFE), count(), advance.fire
    monkeypatch.setattr(advance, "fire", lambda *step: (next(steps), fire(*step))[1])
    assert len(world.advance_by(timedelta(hours=24))) > 4_000
    assert next(steps) < 60


def test_the_commits_of_rounds_are_made_when_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    world, steps, take = world_of(ONE_LIFE), count(), Transaction.take
    monkeypatch.setattr(Transaction, "take", lambda *step: (next(steps), take(*step))[1])
    world.advance_by(timedelta(hours=3))
    once = next(steps)
    world.advance_by(timedelta(hours=48))
    fork = world.fork("twin", world.rules, world.seed)
    assert next(steps) - once < once + 10
    assert [*fork.history] == [*world.history]
    assert len(world.history) == 20


def test_commits_that_nobody_read_are_forgotten_with_time() -> None:
    world, control = world_of(ONE_LIFE), world_of(ONE_LIFE)
    for it in (world, control):
        it.advance_by(timedelta(hours=24))
    assert len([*control.history]) == 20
    for number in range(12):
        for it in (world, control):
            with it.transaction(f"change {number}") as tx:
                tx.put(replace(tx.group(Batch)[0], name=f"{number}"))
        assert [len(it.history) for it in (world, control)] == [20, 20]
    assert [*world.history] == [*control.history]
