"""SerpWow's own Python client, unmodified, over a real socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from serpwow.google_search_results import GoogleSearchResults

from emulator.contract.validator import ResponseValidator
from emulator.scenario.scenario import Scenario
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from tests.support.server import Live, World

PATIENT = {"serpwow.queue": "never", "serpwow.run": "never"}


def client_of(url: str, api_key: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("batches", "account"):
        monkeypatch.setattr(GoogleSearchResults, f"ENDPOINT_{name.upper()}", f"{url}/{name}")
    return GoogleSearchResults(api_key)


def client_in(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    return client_of(world.serpwow["url"], world.serpwow["api_key"], monkeypatch)


def scenario_of(**batch: Any) -> dict[str, Any]:
    account = {"credits_limit": 1000, "credits_used": 230}
    return {"timing": PATIENT, "given": {"serpwow": {"account": account, "batches": [{"id": "2A6F94BB", **batch}]}}}


def credits_of(client: Any) -> tuple[int, int]:
    info: Mapping[str, int] = client.get_account()["account_info"]
    return info["credits_used"], info["credits_remaining"]


@pytest.mark.parametrize(
    ("status", "succeeds", "credits_after"),
    [
        ("queued", True, (30, 970)),
        ("running", True, (230, 770)),
        ("idle", False, (230, 770)),
    ],
)
def test_a_stop_does_to_the_credits_what_the_status_says(
    live: Live, monkeypatch: pytest.MonkeyPatch, status: str, succeeds: bool, credits_after: tuple[int, int]
) -> None:
    client = client_in(live.load(scenario_of(status=status, searches=200)), monkeypatch)
    assert credits_of(client) == (230, 770)
    answer = client.stop_batch("2A6F94BB")
    assert answer["request_info"]["success"] is succeeds
    assert client.get_batch("2A6F94BB")["batch"]["status"] == "idle"
    assert credits_of(client) == credits_after


def test_a_second_stop_refunds_nothing(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_in(live.load(scenario_of(status="queued", searches=200)), monkeypatch)
    assert [client.stop_batch("2A6F94BB")["request_info"]["success"] for _ in range(2)] == [True, False]
    assert credits_of(client) == (30, 970)


def test_a_started_batch_runs_to_its_end_as_the_clock_is_advanced(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    world = live.load({"given": {"serpwow": {"batches": [{"id": "2A6F94BB", "searches": 5}]}}})
    client = client_in(world, monkeypatch)
    assert client.start_batch("2A6F94BB")["request_info"]["success"] is True
    statuses = []
    for jump in ("0s", "2s", "10s"):
        world.advance(jump)
        statuses.append(client.get_batch("2A6F94BB")["batch"]["status"])
    assert statuses == ["queued", "running", "idle"]
    batch = client.list_batches()["batches"][0]
    assert (batch["results_count"], batch["next_result_set_id"]) == (1, 2)


def test_a_schedule_by_minutes_that_is_narrowed_keeps_to_its_days(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    world = live.load({"clock": {"start": "2026-03-06T16:59:00Z"}})  # a Friday
    client = client_in(world, monkeypatch)
    schedule = {"schedule_minutes": "every_hour", "schedule_hours": [9], "schedule_days_of_week": [1, 2, 3, 4, 5]}
    batch = client.create_batch({"name": "A", "schedule_type": "minutes", **schedule, "searches": [{"q": "pizza"}]})
    assert batch["batch"].items() >= schedule.items()
    assert client.update_batch(batch["batch"]["id"], {"schedule_days_of_month": [9]})["batch"]["schedule_days_of_month"] == [9]
    world.advance("63h")
    assert credits_of(client)[0] == 0
    world.advance("2h")
    assert credits_of(client)[0] == 1


def test_stop_all_is_had_by_the_clients_own_http_get(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_in(live.load("serpwow/stopall-23"), monkeypatch)
    body = client.http_get({}, f"{client.ENDPOINT_BATCHES}/stopall")
    assert json.loads(body) == {
        "request_info": {"success": True, "message": "23 Batches stopped"},
        "batches_stopped": 23,
        "batches_failed_to_stop": 0,
    }
    assert credits_of(client) == (30, 14970)


def test_a_bad_key_reads_as_an_envelope(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = scenario_of(status="running", searches=1) | {"title": "Only demo", "credentials": {"serpwow": ["demo"]}}
    with ThreadedServer(
        create_app(worlds_of([Scenario("only-demo", "", scenario)]), validate=ResponseValidator(VENDORS.values()))
    ) as server:
        answer = client_of(f"{server.url}/live", "wrong", monkeypatch).stop_batch("2A6F94BB")
        assert answer == {"request_info": {"success": False, "message": "Supplied api_key is not valid"}}
        assert client_of(f"{server.url}/live", "demo", monkeypatch).stop_batch("2A6F94BB")["request_info"]["success"] is True


def test_what_is_wrong_is_still_an_envelope(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_in(live.load(scenario_of(status="idle")), monkeypatch)
    answers = (
        client.update_batch("2A6F94BB", {"priority": "urgent"}),
        client.create_batch({}),
        client.get_batch("123456"),
        client.list_batch_searches("2A6F94BB", 9),
        client.delete_batch_search("2A6F94BB", "ABCDEFGHIJKLMNOP"),
        client.get_batch_result_set("2A6F94BB", 1),
    )
    for answer in answers:
        assert answer["request_info"]["success"] is False
        assert isinstance(answer["request_info"]["message"], str)


def test_a_batch_lives_a_whole_life_through_every_method_of_the_client(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    world = live.load({"given": {"serpwow": {"account": {"credits_limit": 100}}}})
    client = client_in(world, monkeypatch)
    batch = client.create_batch({"name": "Life", "schedule_type": "manual", "searches": [{"q": "mcdonalds"}]})
    id = batch["batch"]["id"]
    update = client.update_batch(id, {"name": "A whole life", "searches": [{"q": "sushi", "max_page": 2}, {"q": "soup"}]})
    assert (update["batch"]["name"], update["batch"]["searches_total_count"]) == ("A whole life", 3)

    page = client.list_batch_searches(id, 1)
    assert [search["q"] for search in page["searches"]] == ["mcdonalds", "sushi", "soup"]
    assert client.find_batch_searches(id, 1, "SOUP")["searches"] == page["searches"][2:]
    first, _, last = (search["id"] for search in page["searches"])
    assert client.update_batch_search(id, first, {"q": "burger king"})["search"] == {"q": "burger king"}
    assert client.delete_batch_search(id, last)["request_info"]["message"] == "Search deleted"
    (as_json,) = client.list_batch_searches_as_json(id)["download_links"]["pages"]
    assert [search["q"] for search in httpx.get(as_json).json()] == ["burger king", "sushi"]
    (as_csv,) = client.list_batch_searches_as_csv(id)["download_links"]["pages"]
    assert httpx.get(as_csv).text.splitlines()[0] == "id,q,max_page"

    assert client.get_batch(id)["batch"]["credits_required"] == 3
    assert client.list_batch_result_sets(id)["results"] == []
    assert client.start_batch(id)["request_info"]["success"] is True
    assert client.delete_batch(id)["request_info"]["success"] is False
    world.advance("12s")
    (result,) = client.list_batch_result_sets(id)["results"]
    assert (result["searches_completed"], credits_of(client)) == (2, (3, 97))
    result_set = client.get_batch_result_set(id, result["id"])["result"]
    assert [*result_set][-1] == "download_links"  # nobody is to be told of it, and it goes to no destination
    links = result_set["download_links"]
    (page_of_results,) = links["pages"]
    assert [item["search"]["q"] for item in httpx.get(page_of_results).json()] == ["burger king", "sushi"]

    assert client.start_batch(id)["request_info"]["success"] is True
    assert client.stop_batch(id)["request_info"]["success"] is True
    assert credits_of(client) == (3, 97)
    assert client.list_batches()["count_this_page"] == 1
    assert client.delete_batch(id)["request_info"] == {"success": True, "message": "batch deleted"}
    assert client.get_account()["account_info"]["batches_used"] == 0
