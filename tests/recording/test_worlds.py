"""What happens in a world is recorded: requests and answers, time, what was done by hand, and what was taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from emulator import Emulator, EmulatorServer
from emulator.client.server import ControlError
from emulator.scenario.strict_yaml import parse
from tests.support import held
from tests.support.recordings import played, read

BATCH = "2A6F94BB"
SCENARIO: dict[str, Any] = {
    "title": "A batch waits",
    "clock": {"start": "2026-03-09T20:55:31Z"},
    "timing": {"serpwow.queue": "never"},
    "given": {"serpwow": {"batches": [{"id": BATCH, "status": "queued", "searches": 10}]}},
}
STOP = f"GET /live/batches/{BATCH}/stop?api_key={{serpwow.api_key}}"
LOST = {"at": "serpwow.batches.stop", "where": "after-commit", "do": "drop"}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(SCENARIO) as emulator:
        yield emulator


def client_of(emulator: Emulator) -> httpx.Client:
    key = emulator.serpwow.api_key
    return httpx.Client(transport=emulator.transport(), base_url="http://here/live", params={"api_key": key})


def stop(emulator: Emulator) -> int | None:
    """Stop the batch, and return the status of the answer; None where there is none."""
    with client_of(emulator) as client:
        try:
            return client.get(f"/batches/{BATCH}/stop").status_code
        except httpx.TransportError:
            return None


def recorded(emulator: Emulator) -> dict[str, Any]:
    """Return the recording of a world as a value, once it was played and recorded the same again."""
    text = emulator.record()
    again = played(read(text))
    assert again.differences == []
    assert again.recording == text
    value: dict[str, Any] = parse(text).value
    return value


def shape(step: dict[str, Any]) -> Any:
    """Return what a step does and, of an answer, the status alone."""
    if "send" not in step:
        return step
    expected = step["get"]
    return step["send"], expected.get("status", "fails")


def test_a_recording_begins_as_the_world_did(emulator: Emulator) -> None:
    stop(emulator)
    recording = recorded(emulator)
    assert {name: recording[name] for name in SCENARIO} == SCENARIO
    assert [shape(it) for it in recording["steps"]] == [(STOP, 200)]


def test_a_title_can_be_given(emulator: Emulator) -> None:
    assert parse(emulator.record(title="Nothing: at all")).value["title"] == "Nothing: at all"


def test_a_world_without_a_title_is_called_by_what_its_client_did() -> None:
    with Emulator() as emulator:
        assert recorded(emulator)["title"] == "A client does nothing"
        for _ in range(2):
            stop(emulator)
        assert recorded(emulator)["title"] == "A client calls batches.stop"


def test_time_passes_between_steps_and_at_the_end(emulator: Emulator) -> None:
    emulator.clock.advance("90s")
    stop(emulator)
    emulator.clock.advance("1s")
    emulator.clock.advance("500ms")
    assert [shape(it) for it in recorded(emulator)["steps"]] == [{"advance": "1m30s"}, (STOP, 200), {"advance": "1.5s"}]


def test_time_that_is_no_whole_number_of_milliseconds_is_kept(emulator: Emulator) -> None:
    emulator.clock.advance(to="2026-03-09T20:55:31.000001Z")
    assert recorded(emulator)["steps"] == [{"advance": {"to": "2026-03-09T20:55:31.000001Z"}}]


def test_the_time_of_a_clock_that_runs_is_passed_by_steps() -> None:
    with Emulator({**SCENARIO, "clock": {"start": "2026-03-09T20:55:31Z", "rate": 1000}}) as emulator:
        stop(emulator)
        stop(emulator)
        emulator.clock.run(0)
        recording = recorded(emulator)
    assert recording["clock"] == {"start": "2026-03-09T20:55:31Z"}
    assert [it for it in map(shape, recording["steps"]) if "advance" not in it] == [(STOP, 200), (STOP, 400)]


def test_a_world_that_begins_now_says_when(emulator: Emulator) -> None:
    emulator.load({"clock": {"rate": "real"}})
    emulator.clock.run("frozen")
    assert emulator.clock.now.isoformat()[:4] == recorded(emulator)["clock"]["start"][:4]


def test_what_is_changed_by_hand_is_changed_between_the_same_requests(emulator: Emulator) -> None:
    change = {"serpwow": {"account": {"credits_limit": 200}, "batches": [{"id": "NEW", "status": "queued", "searches": 3}]}}
    stop(emulator)
    emulator.state.change(change)
    emulator.clock.advance("1s")
    emulator.state.change({"serpwow": {"batches": [{"id": BATCH, "deleted": True}]}})
    stop(emulator)
    assert [shape(it) for it in recorded(emulator)["steps"]] == [
        (STOP, 200),
        {"set": change},
        {"advance": "1s"},
        {"set": {"serpwow": {"batches": [{"id": BATCH, "deleted": True}]}}},
        (STOP, 400),
    ]


def test_a_fault_that_is_laid_by_hand_is_laid_between_the_same_requests(emulator: Emulator) -> None:
    stop(emulator)
    emulator.faults.add(**LOST, times=1)
    assert stop(emulator) is None
    stop(emulator)
    assert [shape(it) for it in recorded(emulator)["steps"]] == [
        (STOP, 200),
        {"fault": {**LOST, "times": 1}},
        (STOP, "fails"),
        (STOP, 400),
    ]


@pytest.mark.parametrize("is_removed", [False, True])
def test_a_reply_that_is_scripted_by_hand_is_scripted_between_the_same_requests(emulator: Emulator, is_removed: bool) -> None:
    busy = {"match": {"headers": {"accept": "*/*"}}, "text": "<h1>"}
    emulator.replies.add(at="stripe", status=500)
    emulator.replies.add(at="serpwow", status=502, **busy)
    assert stop(emulator) == 502
    if is_removed:
        emulator.replies.clear()
    laid = {"at": "serpwow", "status": 502, **busy, **({"times": 1} if is_removed else {})}
    recording = recorded(emulator)
    assert [shape(it) for it in recording["steps"]] == [{"reply": laid}, (STOP, 502)]
    assert recording["steps"][1]["get"]["text"] == "<h1>"


def test_a_reply_of_the_scenario_is_kept_where_it_was_given(emulator: Emulator) -> None:
    given = {"at": ["stripe", "serpwow.batches.stop"], "status": 503}
    emulator.load({**SCENARIO, "replies": [{"at": "6dot50", "status": 500}, given]})
    assert stop(emulator) == 503
    assert recorded(emulator)["replies"] == [given]


def test_a_fault_that_never_struck_is_left_out(emulator: Emulator) -> None:
    emulator.load({**SCENARIO, "faults": [{**LOST, "after": 5}]})
    emulator.faults.add(at="stripe", where="before-auth", do="drop")
    stop(emulator)
    recording = recorded(emulator)
    assert "faults" not in recording
    assert [shape(it) for it in recording["steps"]] == [(STOP, 200)]


@pytest.mark.parametrize("laid", ["by the scenario", "by hand"])
def test_a_fault_that_is_taken_away_strikes_no_longer(emulator: Emulator, laid: str) -> None:
    emulator.load({**SCENARIO, "faults": [LOST] if laid == "by the scenario" else []})
    if laid == "by hand":
        emulator.faults.add(**LOST)
    assert [stop(emulator), stop(emulator)] == [None, None]
    emulator.faults.clear()
    assert stop(emulator) == 400
    recording = recorded(emulator)
    assert {**LOST, "times": 2} in [*recording.get("faults", ()), *(it.get("fault") for it in recording["steps"])]
    assert [it for it in map(shape, recording["steps"]) if "fault" not in it] == [(STOP, "fails"), (STOP, "fails"), (STOP, 400)]


@pytest.mark.parametrize("where", ["before-commit", "after-commit"])
def test_a_request_that_is_let_go_hears_the_vendor(where: str) -> None:
    with Emulator(held.SCENARIO) as emulator, ThreadPoolExecutor(1) as pool:
        answer = held.hold(emulator, pool, held.over_a_socket, where, "hang")
        emulator.faults.clear()
        assert answer.result().status_code == 200
        (step,) = recorded(emulator)["steps"]
    assert step["get"]["status"] == 200


def test_a_delay_lets_its_own_time_pass(emulator: Emulator) -> None:
    emulator.faults.add(at="serpwow", where="after-commit", do="delay", delay="30s", times=1)
    stop(emulator)
    stop(emulator)
    emulator.clock.advance("1s")
    assert [it for it in recorded(emulator)["steps"] if "advance" in it] == [
        {"advance": {"to": "2026-03-09T20:56:01Z"}},
        {"advance": "1s"},
    ]


def test_what_is_arranged_by_hand_happens_as_it_did(emulator: Emulator) -> None:
    deleted = {"serpwow": {"batches": [{"id": BATCH, "deleted": True}]}}
    richer = {"serpwow": {"account": {"credits_limit": 20_000}}}
    stop(emulator)
    emulator.clock.advance("10s")
    emulator.timeline.add(after="20s", set=deleted)
    emulator.timeline.add(after_call="serpwow.batches.stop", times=1, set=richer)
    emulator.timeline.add(after="1m", set={"serpwow": {"account": {"credits_limit": 1}}})
    emulator.timeline.remove(emulator.timeline.list()[-1].id)
    stop(emulator)
    emulator.clock.advance("1h")
    stop(emulator)
    assert recorded(emulator)["timeline"] == [
        {"after": "30s", "set": deleted},
        {"after_call": "serpwow.batches.stop", "times": 1, "set": richer, "after": 1},
    ]


def test_what_is_still_to_come_is_left_out_so_that_the_recording_plays(emulator: Emulator) -> None:
    emulator.timeline.add(after="1h", set={"serpwow": {"account": {"credits_limit": 20_001}}})
    emulator.timeline.add(after_call="serpwow.batches.stop", wait="1h", set={"serpwow": {"account": {"credits_limit": 20_002}}})
    stop(emulator)
    emulator.clock.advance("10m")
    assert "timeline" not in recorded(emulator)
    emulator.clock.advance("1h")
    assert [it["set"]["serpwow"]["account"]["credits_limit"] for it in recorded(emulator)["timeline"]] == [20_001, 20_002]


def test_what_is_undone_did_not_happen(emulator: Emulator) -> None:
    stop(emulator)
    emulator.state.change({"serpwow": {"account": {"credits_limit": 200}}})
    emulator.clock.advance("1h")
    emulator.undo()
    assert "steps" not in recorded(emulator)


def test_a_snapshot_has_its_own_past(emulator: Emulator) -> None:
    emulator.state.change({"serpwow": {"account": {"credits_limit": 200}}})
    emulator.snapshot("before")
    stop(emulator)
    emulator.restore("before")
    assert [shape(it) for it in recorded(emulator)["steps"]] == [{"set": {"serpwow": {"account": {"credits_limit": 200}}}}]
    emulator.reset()
    assert "steps" not in recorded(emulator)


def test_a_fork_has_the_past_of_its_world(emulator: Emulator) -> None:
    stop(emulator)
    with emulator.fork(seed=7) as twin:
        stop(twin)
        assert [it["get"]["status"] for it in recorded(twin)["steps"]] == [200, 400]


@pytest.mark.parametrize(
    ("lose", "why"),
    [
        (
            lambda emulator: emulator.journal.clear(),
            "the first 3 entries of this journal were cleared: a recording would begin",
        ),
        (lambda emulator: [stop(emulator) for _ in range(3)], "the first 3 entries of this journal made room for newer ones: "),
    ],
)
def test_a_journal_that_lost_its_beginning_is_no_story(lose: Callable[[Emulator], object], why: str) -> None:
    with EmulatorServer(limits={"journal": 3}) as server, Emulator(SCENARIO, server=server) as emulator:
        for _ in range(3):
            stop(emulator)
        recorded(emulator)
        lose(emulator)
        with pytest.raises(ControlError, match=why) as refused:
            emulator.record()
        assert refused.value.status == 409


def test_the_keys_of_several_accounts_become_those_that_a_world_makes_for_each() -> None:
    accounts = [{"id": "a", "credentials": ["written-a"]}, {"id": "b"}]
    with Emulator({"title": "Two accounts", "given": {"serpwow": {"accounts": accounts}}}) as emulator:
        keys = ["written-a", emulator.serpwow.api_key, emulator.serpwow.as_account("b").api_key]
        for key in keys:
            with httpx.Client(transport=emulator.transport(), base_url="http://here/live", params={"api_key": key}) as client:
                client.get("/batches")
        steps = [shape(it)[0] for it in recorded(emulator)["steps"]]
    said = ("recorded1", "{serpwow.a.api_key}", "{serpwow.b.api_key}")
    assert steps == [f"GET /live/batches?api_key={key}" for key in said]


def test_what_is_revoked_by_hand_between_two_calls_of_an_instant_is_a_step_between_them(emulator: Emulator) -> None:
    stop(emulator)
    emulator.timeline.add(after="0s", revoke={"serpwow": ["{serpwow.api_key}"]})
    stop(emulator)
    emulator.timeline.add(after="0s", set={"serpwow": {"account": {"credits_limit": 9_000}}})
    recording = recorded(emulator)
    assert "timeline" not in recording
    assert [next(iter(it)) for it in recording["steps"]] == ["send", "revoke", "send", "set"]


def test_a_change_by_hand_that_changed_nothing_is_left_out(emulator: Emulator) -> None:
    emulator.state.change({"serpwow": {"account": {"credits_limit": 7_000}}})
    emulator.state.change({"serpwow": {"account": {"credits_limit": 7_000}}})
    emulator.timeline.add(after="1s", set={"serpwow": {"account": {"credits_limit": 7_000}}})
    emulator.timeline.add(after_call="serpwow.batches.stop", set={"serpwow": {"account": {"credits_limit": 7_000}}})
    stop(emulator)
    emulator.clock.advance("1m")
    recording = recorded(emulator)
    assert "timeline" not in recording
    assert [it["set"]["serpwow"]["account"] for it in recording["steps"] if "set" in it] == [{"credits_limit": 7_000}]
