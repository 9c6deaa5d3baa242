"""What is written and can have no effect is named with its place: a warning where a scenario is shared, else a mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator import Emulator, EmulatorError
from emulator.cli.main import main
from emulator.scenario.loader import load_text
from emulator.vendors import VENDORS
from tests.support.commands import invoke
from tests.support.loading import LIBRARY
from tests.support.server import Live

JOB = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
ROWS = '{"id":"r1","params":{}}\n{"id":"r2","params":{}}\n'
STOP = {"at": "serpwow.batches.stop", "status": 503}
CUT = {"at": "serpwow.batches.stop", "where": "after-commit", "do": "drop"}


def jobs(**job: Any) -> dict[str, Any]:
    return {"given": {"stripe": {"batch_jobs": [{"id": JOB, **job}]}}}


def batches(**batch: Any) -> dict[str, Any]:
    return {"given": {"serpwow": {"batches": [{"id": "A", **batch}]}}}


def payments(**payment: Any) -> dict[str, Any]:
    of = {"name": "March", "status": "CLOSED", "payments": [{"msisdn": "27821231234", "amount": 1, **payment}]}
    return {"given": {"6dot50": {"batches": [of]}}}


def later(**change: Any) -> dict[str, Any]:
    return {"timeline": [{"after": "1m", "set": change}]}


IDLE = [
    ({"replies": [STOP, {**STOP, "status": 429}]}, "/replies/1"),
    ({"replies": [STOP, {**STOP, "times": 1}, {**STOP, "times": 2}]}, "/replies/1"),
    ({"faults": [CUT, {**CUT, "do": "reset"}]}, "/faults/1"),
    ({"faults": [{**CUT, "id": "B1"}, {**CUT, "at": "serpwow", "where": "before-auth"}]}, "/faults/0"),
    ({"faults": [{**CUT, "at": "*"}, {**CUT, "at": "stripe", "where": "after-reply"}]}, "/faults/1"),
    (batches(searches=3, failing=5), "/given/serpwow/batches/0/failing"),
    (batches(searches=[{"q": "a"}], failing=2), "/given/serpwow/batches/0/failing"),
    (jobs(status="complete", rows=3, failing=[{"share": "100%"}]), "/given/stripe/batch_jobs/0/failing"),
    (jobs(status="in_progress", failing=[{"ids": ["r9"]}]), "/given/stripe/batch_jobs/0/failing"),
    (
        jobs(status="in_progress", input=ROWS, failing=[{"ids": ["r1"]}, {"ids": ["r9"]}]),
        "/given/stripe/batch_jobs/0/failing/1",
    ),
    (jobs(status="in_progress", input=ROWS, failing=[{"share": "5%"}]), "/given/stripe/batch_jobs/0/failing/0"),
    (jobs(status="complete", timing={"stripe.processing": "1h"}), "/given/stripe/batch_jobs/0/timing/stripe.processing"),
    (payments(status="SETTLED", timing={"6dot50.reversal": "1d"}), "/given/6dot50/batches/0/payments/0/timing/6dot50.reversal"),
    (later(), "/timeline/0/set"),
    (later(serpwow={"batches": []}), "/timeline/0/set"),
]
BUSY = [
    {"replies": [{**STOP, "times": 1}, {**STOP, "status": 429}]},
    {"replies": [STOP, {"at": "serpwow.batches.stopall", "status": 429}]},
    {"replies": [{**STOP, "at": ["serpwow.batches.list", "stripe"]}, {**STOP, "at": "stripe.batch_jobs.cancel"}]},
    {"faults": [{**CUT, "do": "delay", "delay": "1s"}, CUT]},
    {"faults": [{**CUT, "at": "serpwow"}, CUT]},
    {"faults": [{**CUT, "probability": 0.5}, {**CUT, "do": "reset"}]},
    {"faults": [{**CUT, "id": "B1"}, CUT]},
    {"faults": [{**CUT, "where": "before-commit"}, {**CUT, "where": "before-auth", "times": 1}]},
    batches(searches=3, failing=3),
    batches(failing=3),
    jobs(failing=[{"ids": ["r9"]}]),
    jobs(status="in_progress", input=ROWS, failing=[{"pattern": "r*"}]),
    jobs(status="in_progress", timing={"stripe.processing": "1h"}),
    later(serpwow={"account": {"credits_limit": 3}}),
]


@pytest.mark.parametrize(("scenario", "pointer"), IDLE)
def test_in_a_tests_own_scenario_it_is_a_mistake(scenario: dict[str, Any], pointer: str) -> None:
    with pytest.raises(EmulatorError) as refused:
        Emulator(scenario)
    assert str(refused.value).startswith(f"{pointer}: ")
    with Emulator() as emulator, pytest.raises(EmulatorError, match=pointer):
        emulator.load(scenario)


@pytest.mark.parametrize("scenario", BUSY)
def test_what_may_still_matter_is_taken(scenario: dict[str, Any]) -> None:
    Emulator(scenario).close()


def test_a_state_is_changed_whole_or_told_why_not() -> None:
    with Emulator() as emulator, pytest.raises(EmulatorError, match="/serpwow/batches/0/failing"):
        emulator.state.change(batches(searches=3, failing=5)["given"])


def test_whoever_sends_a_scenario_hears_of_it_beside_the_world(live: Live) -> None:
    body = {"id": "warned", "scenario": {**batches(searches=3, failing=5)}}
    made = httpx.post(f"{live.url}/_emulator/worlds", json=body)
    assert made.status_code == 201
    assert made.json()["warnings"] == ["/given/serpwow/batches/0/failing: it has 3 searches, and more than all cannot fail"]
    assert "warnings" not in httpx.get(f"{live.url}/_emulator/worlds/warned").json()
    httpx.delete(f"{live.url}/_emulator/worlds/warned")
    assert httpx.post(f"{live.url}/_emulator/worlds", json={**body, "strict": True}).status_code == 422


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--strict"], 1)])
@pytest.mark.parametrize("command", ["check", "play"])
def test_a_file_is_warned_of_and_refused_where_that_is_wanted(
    command: str, arguments: list[str], code: int, tmp_path: Path
) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("title: T\ngiven:\n  serpwow:\n    batches: [{id: A, searches: 3, failing: 5}]\n")
    result = invoke(main, [command, str(file), *arguments])
    assert result.exit_code == code
    assert f"{file}:4:" in result.stderr
    assert "more than all cannot fail" in result.stderr
    assert result.stderr.startswith("warning: ") == (code == 0)


@pytest.mark.parametrize("name", LIBRARY.names())
def test_nothing_in_the_library_is_without_effect(name: str) -> None:
    assert not LIBRARY.get(name).warnings


def test_a_state_in_which_nothing_is_waited_for_any_more_can_be_given_again() -> None:
    scenario = {
        "given": {
            "stripe": {
                "failing": [{"ids": ["r9"]}, {"ids": ["r2"]}],
                "batch_jobs": [{"id": JOB, "status": "in_progress", "input": ROWS, "timing": {"stripe.processing": "1h"}}],
            }
        }
    }
    with Emulator(scenario) as emulator:
        emulator.clock.advance(until="idle")
        state = {**emulator.state}
        now = emulator.clock.now.isoformat()
    with Emulator({"clock": {"start": now}, "given": state}) as again:
        assert {**again.state} == state


def test_a_mistake_beside_it_is_told_with_it() -> None:
    text = "title: T\ngiven: {serpwow: {batches: [{id: A, searches: 3, failing: 5}]}}\nsed: 1\n"
    with pytest.raises(EmulatorError) as refused:
        load_text(text, VENDORS, "s", "s.yaml")
    assert [line.partition(": ")[0] for line in str(refused.value).splitlines()] == ["s.yaml:2:59", "s.yaml:3:6"]
