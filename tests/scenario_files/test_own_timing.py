"""One resource has timers of its own, which stand before those of its world."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, EmulatorError

BATCH = {"id": "B", "status": "running", "searches": 1}
MINUTELY = {**BATCH, "status": "idle", "schedule_type": "minutes", "schedule_minutes": "every_minute"}


def world(**batch: Any) -> Emulator:
    return Emulator({"timing": {"serpwow.run": "10s"}, "given": {"serpwow": {"batches": [{**BATCH, **batch}]}}})


@pytest.mark.parametrize(
    ("own", "passed", "status"),
    [
        ({"serpwow.run": "1m"}, "59s", "running"),
        ({"serpwow.run": "1m"}, "1m", "idle"),
        ({"serpwow.run": "never"}, "365d", "running"),
        ({"serpwow.queue": "never"}, "10s", "idle"),
        ({}, "10s", "idle"),
    ],
)
def test_a_batch_takes_its_own_time_and_else_that_of_the_world(own: dict[str, str], passed: str, status: str) -> None:
    with world(timing=own) as emulator:
        emulator.clock.advance(passed)
        assert emulator.serpwow.batch("B").status == status


def test_a_state_that_is_given_again_keeps_its_timers_in_their_one_form() -> None:
    with world(timing={"serpwow.run": "PT90S", "serpwow.queue": "never"}) as emulator:
        state = {**emulator.state}
    assert state["serpwow"]["batches"][0]["timing"] == {"serpwow.run": "1m30s", "serpwow.queue": "never"}
    with Emulator({"given": state}) as again:
        assert {**again.state} == state


def test_a_change_of_its_timers_holds_from_then_on_and_none_of_them_leaves_those_of_the_world() -> None:
    with world(timing={"serpwow.run": "never"}) as emulator:
        emulator.clock.advance("1h")
        emulator.state.change({"serpwow": {"batches": [{"id": "B", "timing": {"serpwow.run": "2h"}}]}})
        emulator.clock.advance("59m")
        assert emulator.serpwow.batch("B").status == "running"
        emulator.clock.advance("1m")
        assert emulator.serpwow.batch("B").status == "idle"
        emulator.state.change({"serpwow": {"batches": [{"id": "B", "timing": {}}]}})
        assert "timing" not in emulator.state["serpwow"]["batches"][0]


def test_every_run_of_a_schedule_takes_the_batchs_own_time() -> None:
    with Emulator({"given": {"serpwow": {"batches": [{**MINUTELY, "timing": {"serpwow.run": "30s"}}]}}}) as emulator:
        emulator.clock.advance("10m")
        [batch] = emulator.state["serpwow"]["batches"]
        took = {result["ended_at"][17:19] for result in batch["result_sets"]}
        assert len(batch["result_sets"]) > 5
        assert len(took) == 1


@pytest.mark.parametrize(
    ("timing", "message"),
    [
        ("{serpwow.rum: 1m}", "serpwow.run"),
        ("{stripe.drain: 1m}", "stripe.drain"),
        ("{serpwow.run: forever}", "what has no end is written 'never'"),
        ("{serpwow.run: 99999999999d}", "is longer than"),
        ("1m", "expected an object, not '1m'"),
    ],
)
def test_a_timer_that_the_resource_does_not_have_or_a_length_that_is_none_is_named_with_its_place(
    timing: str, message: str, tmp_path: Path
) -> None:
    (file := tmp_path / "own.yaml").write_text(
        f"title: T\ngiven:\n  serpwow:\n    batches:\n      - {{id: B, timing: {timing}}}\n"
    )
    with pytest.raises(EmulatorError, match=re.escape(message)) as caught:
        Emulator(file)
    assert "own.yaml:5:" in str(caught.value)
