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


def revoked(*at: str, **credentials: Any) -> dict[str, Any]:
    return {"timeline": [{"after": it, "revoke": credentials} for it in at]}


def steps(*written: dict[str, Any], **beside: Any) -> dict[str, Any]:
    return {**beside, "steps": [*written]}


def faults(*written: dict[str, Any]) -> dict[str, Any]:
    return {"faults": [*written]}


LIMIT = {"at": "serpwow.batches.stop", "where": "before-commit", "do": "status", "rate_limit": {"calls": 3, "per": "1m"}}
LOOSE, EVERYONE = {"calls": 5, "per": "60s"}, {"calls": 3, "per": "1m", "of": "everyone"}
STOPS = ["serpwow.batches.stop", "serpwow.batches.stopall"]
KEY = {"revoke": {"serpwow": ["a"]}}

SEND = {"send": "GET /live/batches/stopall?api_key=demo"}
IDLE = [
    ({"replies": [STOP, {**STOP, "status": 429}]}, "/replies/1"),
    ({"replies": [STOP, {**STOP, "times": 1}, {**STOP, "times": 2}]}, "/replies/1"),
    ({"faults": [CUT, {**CUT, "do": "reset"}]}, "/faults/1"),
    ({"faults": [{**CUT, "id": "B1"}, {**CUT, "at": "serpwow", "where": "before-auth"}]}, "/faults/0"),
    ({"faults": [{**CUT, "at": "*"}, {**CUT, "at": "stripe", "where": "after-reply"}]}, "/faults/1"),
    ({"faults": [{**CUT, "probability": 1, "every": 1}, CUT]}, "/faults/1"),
    (
        {"replies": [STOP, {**STOP, "at": "serpwow.batches.list"}, {**STOP, "at": ["serpwow.batches.list", STOP["at"]]}]},
        "/replies/2",
    ),
    ({"replies": [{**STOP, "at": "serpwow"}], "faults": [{**CUT, "at": "*", "where": "before-auth"}]}, "/replies/0"),
    ({"replies": [STOP], "faults": [{**CUT, "where": "before-commit", "do": "hang"}]}, "/replies/0"),
    (steps({"fault": CUT}, faults=[CUT]), "/steps/0/fault"),
    (steps({"reply": STOP}, SEND, {"reply": {**STOP, "times": 1}}), "/steps/2/reply"),
    (steps({"repeat": 2, "steps": [{"reply": STOP}]}, faults=[{**CUT, "where": "before-auth"}]), "/steps/0/steps/0/reply"),
    (batches(searches=3, failing=5), "/given/serpwow/batches/0/failing"),
    (batches(searches=[{"q": "a"}], failing=2), "/given/serpwow/batches/0/failing"),
    (jobs(status="complete", rows=3, failing=[{"share": "100%"}]), "/given/stripe/batch_jobs/0/failing"),
    (jobs(status="in_progress", failing=[{"ids": ["r9"]}]), "/given/stripe/batch_jobs/0/failing"),
    (
        jobs(status="in_progress", input=ROWS, failing=[{"ids": ["r1"]}, {"ids": ["r9"]}]),
        "/given/stripe/batch_jobs/0/failing/1",
    ),
    (jobs(status="canceled", rows=3, failing=[{"share": "100%"}]), "/given/stripe/batch_jobs/0/failing"),
    (jobs(status="validation_failed", input=ROWS, failing=[{"pattern": "r*"}]), "/given/stripe/batch_jobs/0/failing"),
    (
        jobs(status="in_progress", input=ROWS, failing=[{"pattern": "r*"}, {"ids": ["r1", "r2"]}]),
        "/given/stripe/batch_jobs/0/failing/1",
    ),
    (jobs(status="in_progress", input=ROWS, failing=[{"share": "5%"}]), "/given/stripe/batch_jobs/0/failing/0"),
    (jobs(status="complete", timing={"stripe.processing": "1h"}), "/given/stripe/batch_jobs/0/timing/stripe.processing"),
    (payments(status="SETTLED", timing={"6dot50.reversal": "1d"}), "/given/6dot50/batches/0/payments/0/timing/6dot50.reversal"),
    (later(), "/timeline/0/set"),
    (later(serpwow={"batches": []}), "/timeline/0/set"),
    (revoked("1m"), "/timeline/0/revoke"),
    (revoked("1m", "2m", serpwow=["a"]), "/timeline/1/revoke/serpwow/0"),
    (revoked("2m", "1m", serpwow=["a"]), "/timeline/0/revoke/serpwow/0"),
    (faults(LIMIT, LIMIT), "/faults/1"),
    (faults(LIMIT, {**LIMIT, "rate_limit": LOOSE, "status": 503}), "/faults/1"),
    (faults({**CUT, "at": STOPS, "id": "B1"}), "/faults/0/at/1"),
    (faults({**CUT, "at": [*STOPS, "serpwow"]}), "/faults/0/at/0"),
    (steps({"reply": {**STOP, "at": ["stripe", "*"]}}), "/steps/0/reply/at/0"),
    ({"timeline": [{"after_call": STOPS, "id": "B1", **KEY}]}, "/timeline/0/after_call/1"),
    (steps(KEY, SEND, KEY), "/steps/2/revoke/serpwow/0"),
    (steps({"revoke": {}}), "/steps/0/revoke"),
    (steps({"set": {}}), "/steps/0/set"),
    (steps({"set": {"serpwow": {"batches": []}}}), "/steps/0/set"),
    (steps({"see": {"serpwow": {"account": {}}}}), "/steps/0/see"),
    (steps({"repeat": 2, "steps": [{"expect_state": {}}]}), "/steps/0/steps/0/expect_state"),
    (steps({**SEND, "get": {}}), "/steps/0/get"),
    (steps({**SEND, "expect": {"headers": {}}}), "/steps/0/expect"),
    (steps({**SEND, "get": {"status": 200, "exactly": True}}), "/steps/0/get/exactly"),
    (steps({**SEND, "keep": {}}), "/steps/0/keep"),
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
    {"replies": [STOP], "faults": [CUT]},
    {"replies": [STOP], "faults": [{**CUT, "where": "before-auth", "id": "B1"}]},
    {"replies": [STOP, {**STOP, "at": [STOP["at"], "serpwow.batches.list"]}]},
    steps({"fault": CUT}, faults=[{**CUT, "at": "serpwow"}]),
    steps({"fault": {**CUT, "where": "before-auth"}}, faults=[CUT], replies=[STOP]),
    steps({"together": [{"fault": CUT}, {"fault": CUT}]}),
    revoked("1m", serpwow=["a"], stripe=["a"]),
    faults(LIMIT, {**LIMIT, "rate_limit": EVERYONE}),
    faults({**LIMIT, "rate_limit": LOOSE}, LIMIT),
    faults(LIMIT, {**LIMIT, "at": STOPS}),
    faults(LIMIT, {**LIMIT, "id": "B1"}),
    faults(LIMIT, {**LIMIT, "where": "before-auth"}),
    faults({**LIMIT, "do": "delay", "delay": "1s"}, LIMIT),
    faults({**LIMIT, "times": 1}, LIMIT),
    steps({"fault": LIMIT}, faults=[LIMIT]),
    steps(KEY, {"revoke": {"serpwow": ["b"], "stripe": ["a"]}}),
    faults({**CUT, "at": STOPS}, {**CUT, "at": ["serpwow.batches.start", "serpwow.batches.stop"], "id": "B1"}),
    {"timeline": [{"after": "1m", "revoke": {"serpwow": ["a"]}}, {"after_call": "serpwow", "revoke": {"serpwow": ["a"]}}]},
    steps({"see": {"serpwow": {"batches": []}}}),
    steps({**SEND, "get": {"json": {}}}),
    batches(searches=3, failing=3),
    batches(failing=3),
    jobs(failing=[{"ids": ["r9"]}]),
    jobs(status="in_progress", input=ROWS, failing=[{"pattern": "r*"}]),
    jobs(status="in_progress", input=ROWS, failing=[{"ids": ["r1"]}, {"pattern": "r*"}]),
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


def test_of_several_that_leave_nothing_together_all_are_named() -> None:
    rules = [STOP, {**STOP, "at": "serpwow.batches.list"}, {**STOP, "at": [STOP["at"], "serpwow.batches.list"]}]
    with pytest.raises(EmulatorError) as refused:
        Emulator({"replies": rules})
    reason = "come first and take every call that this is for: give them 'times', or leave one out"
    assert str(refused.value).startswith(f"/replies/2: replies[1] and replies[0] {reason}")


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


@pytest.mark.parametrize(
    "job",
    [
        {"status": "canceled", "rows": 0},
        {"status": "in_progress", "rows": 3},
        {"status": "validation_failed", "input": '{"id":"r1"}\n', "invalid_row": 1},
        {"status": "ready_for_upload"},
    ],
)
def test_a_job_that_fails_by_its_accounts_rules_can_be_given_again(job: dict[str, Any]) -> None:
    with Emulator({"given": {"stripe": {"failing": [{"pattern": "r*"}], "batch_jobs": [{"id": JOB, **job}]}}}) as emulator:
        state = {**emulator.state}
    with Emulator({"given": state}) as again:
        assert {**again.state} == state


def test_a_mistake_beside_it_is_told_with_it() -> None:
    text = "title: T\ngiven: {serpwow: {batches: [{id: A, searches: 3, failing: 5}]}}\nsed: 1\n"
    with pytest.raises(EmulatorError) as refused:
        load_text(text, VENDORS, "s", "s.yaml")
    assert [line.partition(": ")[0] for line in str(refused.value).splitlines()] == ["s.yaml:2:59", "s.yaml:3:6"]
