"""SerpWow's states as they are shown and laid over worlds: what comes of them, and which cannot be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from emulator.kernel.errors import BadInput
from emulator.kernel.world import World
from emulator.scenario.state import apply_state
from emulator.vendors import VENDORS
from tests.support.serpwow import BUCKET, SERPWOW, send, world_of
from tests.support.server import Live


def state_of(world: World) -> dict[str, Any]:
    with world.transaction("look") as tx:
        return SERPWOW.state.dump(tx)


def load_state(world: World, state: dict[str, Any]) -> None:
    apply_state(world, VENDORS, {"serpwow": state}, "a hand")


def make_a_batch(world: World) -> str:
    return str(send(world, "POST", "/live/batches", {"name": "A"})[0].body["batch"]["id"])


def make_a_destination(world: World) -> str:
    return str(send(world, "POST", "/live/destinations", {"name": "A", **BUCKET})[0].body["destination"]["id"])


def add_a_search(world: World) -> str:
    if not state_of(world)["batches"]:
        load_state(world, {"batches": [{"id": "AAAAAAAA"}]})
    send(world, "PUT", "/live/batches/AAAAAAAA", {"searches": [{"q": "a"}]})
    return str(state_of(world)["batches"][0]["searches"][-1]["id"])


def load_a_destination(world: World) -> str:
    load_state(world, {"destinations": [{"name": "A"}]})
    return str(state_of(world)["destinations"][-1]["id"])


def load_an_error_log(world: World) -> str:
    load_state(world, {"error_logs": [{"message": "A"}]})
    return str(state_of(world)["error_logs"][-1]["id"])


@pytest.mark.parametrize(
    "make",
    [make_a_batch, make_a_destination, add_a_search, load_a_destination, load_an_error_log],
    ids=lambda function: function.__name__,
)
def test_no_id_of_a_loaded_state_is_minted_again(make: Callable[[World], str]) -> None:
    world = world_of({})
    first, state = make(world), state_of(world)
    world.reset()
    load_state(world, state)
    assert make(world) != first


@pytest.mark.parametrize("kind", ["destinations", "error_logs", "batches"])
def test_no_id_is_minted_that_a_later_item_has(kind: str) -> None:
    new_id = state_of(world_of({kind: [{}]}))[kind][0]["id"]
    assert len(state_of(world_of({kind: [{}, {"id": new_id}]}))[kind]) == 2


def running_and_waiting(world: World) -> dict[str, list[str]]:
    return {
        status: [batch["id"] for batch in state_of(world)["batches"] if batch["status"] == status]
        for status in ("running", "queued")
    }


def test_a_waiting_batch_that_grows_waits_for_a_larger_slot() -> None:
    small = [{"id": f"SMALL{n}", "status": "running", "searches": 1} for n in range(5)]
    world = world_of(
        {"batches": [{"id": "BIG", "status": "running", "searches": 300}, *small, {"id": "Q", "status": "queued"}]},
        timing={"serpwow.run": "1h"},
    )
    world.advance_by(timedelta(seconds=2))
    load_state(world, {"batches": [{"id": "Q", "searches": 300}]})
    load_state(world, {"batches": [{"id": "SMALL0", "status": "idle"}]})
    assert running_and_waiting(world) == {"running": ["BIG", "SMALL1", "SMALL2", "SMALL3", "SMALL4"], "queued": ["Q"]}
    world.advance_by(timedelta(hours=1))
    assert running_and_waiting(world) == {"running": ["Q"], "queued": []}


def test_a_waiting_batch_that_shrinks_gets_a_free_slot_at_once() -> None:
    large = [{"id": f"L{n}", "status": "queued", "searches": [{"id": "A"}, *[{"max_page": 1}] * 250]} for n in range(3)]
    world = world_of({"batches": large}, assume={"serpwow.edit-queued": "allow"})
    world.advance_by(timedelta(seconds=2))
    assert running_and_waiting(world) == {"running": ["L0"], "queued": ["L1", "L2"]}
    send(world, "DELETE", "/live/batches/L2/A")
    assert running_and_waiting(world) == {"running": ["L0", "L2"], "queued": ["L1"]}


def test_a_waiting_batch_whose_priority_is_raised_comes_first() -> None:
    world = world_of({"batches": [{"id": f"L{n}", "status": "queued", "searches": 300} for n in range(3)]})
    world.advance_by(timedelta(seconds=2))
    load_state(world, {"batches": [{"id": "L2", "priority": "highest"}]})
    world.advance_by(timedelta(seconds=10))
    assert running_and_waiting(world) == {"running": ["L2"], "queued": ["L1"]}


def test_a_waiting_batch_with_another_change_keeps_its_ticket() -> None:
    world = world_of({"batches": [{"id": f"L{n}", "status": "queued", "searches": 300} for n in range(3)]})
    world.advance_by(timedelta(seconds=2))
    load_state(world, {"batches": [{"id": "L1", "name": "Another", "searches": 301}]})
    world.advance_by(timedelta(seconds=10))
    assert running_and_waiting(world) == {"running": ["L1"], "queued": ["L2"]}


@pytest.mark.parametrize("apart", [timedelta(), timedelta(milliseconds=300)])
@pytest.mark.parametrize("places", ["by-size", "one"])
def test_batches_that_are_started_one_after_the_other_run_by_priority(apart: timedelta, places: str) -> None:
    priorities = ("lowest", "normal", "highest", "low")
    batches = [{"id": priority, "priority": priority, "searches": 300} for priority in priorities]
    world = world_of({"batches": batches}, assume={"serpwow.places": places})
    for priority in priorities:
        send(world, "GET", f"/live/batches/{priority}/start")
        world.advance_by(apart)
    world.advance_by(timedelta(seconds=2) - apart)
    order = []
    for _ in priorities:
        order += running_and_waiting(world)["running"]
        world.advance_by(timedelta(seconds=10))
    assert order == ["highest", "normal", "low", "lowest"]


def test_a_freed_slot_goes_to_the_highest_priority_in_the_queue() -> None:
    batches = [{"id": "RUNS", "status": "running"}, {"id": "WAITS", "status": "queued"}, {"id": "LAST", "priority": "high"}]
    world = world_of({"batches": [{**batch, "searches": 300} for batch in batches]})
    world.advance_by(timedelta(seconds=9))
    send(world, "GET", "/live/batches/LAST/start")
    world.advance_by(timedelta(seconds=1))
    assert running_and_waiting(world) == {"running": ["LAST"], "queued": ["WAITS"]}


def test_a_batch_runs_beside_those_of_higher_priority_while_there_are_slots_for_all() -> None:
    world = world_of(
        {"batches": [{"id": "LOW", "priority": "low", "searches": 1}, {"id": "HIGH", "priority": "high", "searches": 1}]}
    )
    send(world, "GET", "/live/batches/LOW/start")
    world.advance_by(timedelta(seconds=1))
    send(world, "GET", "/live/batches/HIGH/start")
    world.advance_by(timedelta(seconds=1))
    assert running_and_waiting(world) == {"running": ["LOW"], "queued": ["HIGH"]}


REFUND = {"serpwow.failed-searches": "refund"}
FAILING = {"id": "AAAAAAAA", "status": "running", "searches": 10, "failing": 5}


def test_refundable_credits_that_were_never_used_are_refused() -> None:
    with pytest.raises(BadInput, match="credits_used is 0, but queued and running batches can give back 5"):
        world_of({"account": {"credits_used": 0}, "batches": [FAILING]}, assume=REFUND)


def test_refundable_credits_cannot_be_taken_away_during_a_run() -> None:
    world = world_of({"batches": [FAILING]}, assume=REFUND)
    with pytest.raises(BadInput, match="can give back 5"):
        load_state(world, {"account": {"credits_used": 4, "usage": {"2026-01-01": 4}}})
    world.advance_by(timedelta(seconds=10))
    assert state_of(world)["account"]["credits_used"] == 5


RUN = {"id": 7, "started_at": "2025-12-31T00:00:00Z", "ended_at": "2025-12-31T00:00:10Z"}


@pytest.mark.parametrize(
    ("batch", "complaint"),
    [
        ({"result_sets": [RUN, RUN]}, "'A' has 2 result sets 7"),
        ({"result_sets": [RUN | {"started_at": "2025-12-31T00:00:11Z"}]}, "the result set 7 of 'A' ended before it started"),
        ({"result_sets": [RUN], "next_result_set_id": 1}, "next_result_set_id of 'A' must be at least 8"),
        ({"result_sets": [RUN], "next_result_set_id": 8, "status": "running"}, "next_result_set_id of 'A' must be at least 9"),
    ],
)
def test_result_sets_that_contradict_each_other_are_refused(batch: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        world_of({"batches": [{"id": "A", **batch}]}, assume={"serpwow.next-result-set": "running"})


def test_the_next_result_set_id_is_not_lowered_to_a_used_number() -> None:
    world = world_of({"batches": [{"id": "A", "result_sets": [RUN]}]})
    with pytest.raises(BadInput, match="must be at least 8"):
        load_state(world, {"batches": [{"id": "A", "next_result_set_id": 7}]})


@pytest.mark.parametrize("choice", ["completed", "running"])
def test_a_loaded_running_batch_has_an_unused_result_set_number(choice: str) -> None:
    batch = {"id": "A", "status": "running", "searches": 1, "result_sets": [RUN]}
    world = world_of({"batches": [batch]}, assume={"serpwow.next-result-set": choice})
    world.advance_by(timedelta(seconds=10))
    (resting,) = state_of(world)["batches"]
    assert ([result_set["id"] for result_set in resting["result_sets"]], resting["next_result_set_id"]) == ([7, 8], 9)


def test_a_completed_run_has_a_webhook_and_a_stopped_one_has_none() -> None:
    world = world_of(
        {
            "account": {"notification_webhook": "https://example.com/profile"},
            "batches": [{"id": id, "status": "running", "searches": 10} for id in "AB"],
        },
        assume={"serpwow.partial-results": "keep"},
    )
    world.advance_by(timedelta(seconds=5))
    send(world, "GET", "/live/batches/A/stop")
    world.advance_by(timedelta(seconds=5))
    stopped_run, completed_run = (send(world, "GET", f"/live/batches/{id}/results/1")[0].body["result"] for id in "AB")
    assert "webhook_status" not in stopped_run
    assert completed_run["webhook_status"]["status"] == "pending"


@pytest.mark.parametrize(("method", "tail"), [("PUT", ""), ("DELETE", ""), ("DELETE", "/clear")])
def test_a_refusal_to_edit_names_the_assumption_only_where_one_decides(live: Live, method: str, tail: str) -> None:
    batches = [{"id": "QUEUED", "status": "queued"}, {"id": "RUNNING", "status": "running"}]
    world = live.load({"given": {"serpwow": {"batches": batches}}})
    for id, assumption in (("QUEUED", "serpwow.edit-queued"), ("RUNNING", None)):
        reply = httpx.request(
            method, f"{world.serpwow['url']}/batches/{id}{tail}", params={"api_key": world.serpwow["api_key"]}
        )
        assert (reply.status_code, reply.headers["emulator-basis"]) == (400, "inferred")
        assert world.journal()[-1]["assumption"] == assumption


@pytest.mark.parametrize(
    ("webhook", "basis", "assumption"),
    [
        ({}, "inferred", "serpwow.absent-status"),
        ({"webhook": "https://example.com", "webhook_status": "ok", "destination_ids": ["D"]}, "documented", None),
        ({"webhook": "https://example.com"}, "inferred", "serpwow.webhook-unsent"),
        ({"webhook": "https://example.com", "webhook_status": "failed", "destination_ids": ["D"]}, "inferred", None),
        ({"failed_destination_ids": ["D"]}, "inferred", "serpwow.failed-status"),
    ],
)
@pytest.mark.parametrize("tail", ["", "/7", "/7/csv"])
def test_a_result_set_names_the_assumption_behind_its_status(
    live: Live, webhook: dict[str, Any], basis: str, assumption: str | None, tail: str
) -> None:
    world = live.load({"given": {"serpwow": {"batches": [{"id": "A", "result_sets": [RUN | webhook]}]}}})
    reply = httpx.get(f"{world.serpwow['url']}/batches/A/results{tail}", params={"api_key": world.serpwow["api_key"]})
    has_links = tail != ""
    assert (reply.status_code, reply.headers["emulator-basis"]) == (200, "inferred" if has_links else basis)
    assert world.journal()[-1]["assumption"] == assumption


def test_the_status_of_a_webhook_without_a_webhook_is_refused() -> None:
    with pytest.raises(BadInput, match="webhook_status needs a webhook: set its URL, too"):
        world_of({"batches": [{"id": "A", "result_sets": [RUN | {"webhook_status": "failed"}]}]})


@pytest.mark.parametrize(
    ("webhook", "message"),
    [
        ({}, "This Result Set had no webhook POST set"),
        ({"webhook": "https://example.com"}, "The webhook POST was not sent"),
        ({"webhook": "https://example.com", "webhook_status": "ok"}, "The webhook POST was not sent"),
        ({"webhook": "https://example.com", "webhook_status": "failed"}, "The webhook POST failed"),
    ],
)
def test_a_resent_webhook_is_never_claimed_to_be_sent(webhook: dict[str, Any], message: str) -> None:
    batch = {"id": "A", "result_sets": [RUN | webhook], "notification_webhook": "https://example.com/now"}
    reply, _ = send(world_of({"batches": [batch]}), "GET", "/live/batches/A/results/7/resendwebhook")
    assert (reply.status, reply.body["request_info"]) == (400, {"success": False, "message": message})


def test_searches_that_are_not_of_the_type_of_the_lock_are_refused() -> None:
    with pytest.raises(BadInput, match="'A' is locked to yandex_web, and this search is of type google_web"):
        world_of({"batches": [{"id": "A", "locked_type": "yandex_web", "searches": [{"q": "a"}]}]})


def test_a_lock_that_is_no_type_is_refused(live: Live) -> None:
    scenario = {"title": "A test", "given": {"serpwow": {"batches": [{"locked_type": "nonsense"}]}}}
    reply = live.control.post("/_emulator/worlds", json={"scenario": scenario, "claim": False})
    assert (reply.status_code, reply.json()["detail"]) == (
        422,
        "/given/serpwow/batches/0/locked_type: 'nonsense' is not of the form google_web",
    )


def test_a_batch_that_a_state_starts_is_active_again() -> None:
    world = world_of({"batches": [{"id": "AAAAAAAA", "searches": 1}]})
    world.advance_by(timedelta(days=40))
    load_state(world, {"batches": [{"id": "AAAAAAAA", "status": "running"}]})
    world.advance_by(timedelta(days=40))
    assert [batch["id"] for batch in state_of(world)["batches"]] == ["AAAAAAAA"]
