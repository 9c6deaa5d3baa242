"""The bodies that SerpWow's pages print, given to the letter by the calls that they are printed for."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from emulator.contract.fixtures import fixtures_folder
from emulator.sdk.exact_json import dump
from tests.support.serpwow import send, world_of
from tests.support.server import Live

SEARCH = {
    "id": "ABCDEFGHIJKLMNOP",
    "q": "mcdonalds",
    "location": "United States",
    "search_type": "images",
    "custom_id": "MyCustomID_001",
}
GIVEN = {
    "batches": [{"id": "123456", "searches": [SEARCH]}],
    "destinations": [{"id": "ABCDEFG"}],
}


@pytest.mark.parametrize(
    ("method", "path", "sample"),
    [
        ("DELETE", "/live/batches/123456", "batch-deleted"),
        ("DELETE", "/live/batches/123456/ABCDEFGHIJKLMNOP", "search-deleted"),
        ("DELETE", "/live/batches/123456/clear", "searches-cleared"),
        ("GET", "/live/batches/123456/searches/1", "searches-page"),
        ("DELETE", "/live/destinations/ABCDEFG", "destination-deleted"),
    ],
)
def test_a_body_is_given_as_it_is_printed(method: str, path: str, sample: str) -> None:
    reply, _ = send(world_of(GIVEN, clock={"start": "2026-03-09T20:55:31Z"}), method, path)
    assert json.dumps(reply.body) == json.dumps(sample_of(sample))


def test_an_unknown_search_is_refused_as_it_is_printed() -> None:
    world = world_of({"batches": [{"id": "123456"}]})
    reply, _ = send(world, "DELETE", "/live/batches/123456/ABCDEFGHIJKLMNOP")
    assert (reply.status, reply.body) == (400, sample_of("unknown-search"))


@pytest.mark.parametrize("value", [{"a": 1}, [[1]], [{"a": 1}]])
def test_the_parameters_of_a_search_are_plain(value: Any) -> None:
    reply, _ = send(
        world_of(GIVEN, clock={"start": "2026-03-09T20:55:31Z"}), "PUT", "/live/batches/123456", {"searches": [{"q": value}]}
    )
    assert reply.status == 400


def test_stop_all_answers_with_the_bytes_that_are_printed_but_for_white_space(live: Live) -> None:
    world = live.load({"given": {"serpwow": {"batches": [{"repeat": 23, "status": "queued", "searches": 1}]}}})
    reply = httpx.get(f"{world.serpwow['url']}/batches/stopall", params={"api_key": world.serpwow["api_key"]})
    assert reply.text == without_white_space(text_of("stopall"))


def test_destinations_are_listed_as_they_are_printed() -> None:
    settings = {"s3_bucket_name": "s3_bucket_name", "s3_path_prefix": "my_path_prefix", "s3_access_key_id": "hidden"}
    destination = {"id": "ABCDEFG", "name": "My First S3 Destination", "type": "s3", "enabled": True, "settings": settings}
    reply, _ = send(world_of({"destinations": [destination]}), "GET", "/live/destinations")
    assert dump(reply.body).decode() == without_white_space(text_of("destinations"))


PRINTED_ORDER = [
    "id",
    "created_at",
    "last_run",
    "name",
    "schedule_type",
    "priority",
    "destination_ids",
    "enabled",
    "status",
    "searches_total_count",
    "searches_page_count",
    "credits_required",
    "next_result_set_id",
    "results_count",
    "schedule_days_of_week",
    "schedule_hours",
    "notification_email",
    "notification_as_json",
    "notification_as_jsonlines",
    "notification_as_csv",
]


NOT_PRINTED_BESIDE_RESULTS = ("last_run", "priority", "destination_ids", "credits_required", "next_result_set_id")


@pytest.mark.parametrize(
    ("path", "not_printed", "not_on_a_page"),
    [
        ("/live/batches", ("credits_required",), []),
        ("/live/batches/2A6F94BB", (), ["searches_type", "searches_type_locked"]),
        ("/live/batches/2A6F94BB/results", NOT_PRINTED_BESIDE_RESULTS, []),
    ],
)
def test_a_batch_has_its_fields_in_the_order_in_which_they_are_printed(
    path: str, not_printed: tuple[str, ...], not_on_a_page: list[str]
) -> None:
    schedule = {"schedule_type": "weekly", "schedule_days_of_week": [0, 3], "schedule_hours": [8]}
    batch = {"id": "2A6F94BB", "last_run": "2020-09-01T00:00:00Z", "notification_email": "john.smith@example.com", **schedule}
    body = send(world_of({"batches": [batch]}), "GET", path)[0].body
    batch_body = body["batches"][0] if "batches" in body else body["batch"]
    assert [*batch_body] == [name for name in PRINTED_ORDER if name not in not_printed] + not_on_a_page


def test_the_counts_of_a_batch_can_have_the_names_that_its_page_prints() -> None:
    world = world_of({"batches": [{"id": "A"}]}, assume={"serpwow.get-counts": "search"})
    batch_body = send(world, "GET", "/live/batches/A")[0].body["batch"]
    assert [name for name in batch_body if name.startswith("search_")] == ["search_total_count", "search_page_count"]
    assert send(world, "GET", "/live/batches")[0].body["batches"][0]["searches_total_count"] == 0


def test_a_result_set_is_had_as_it_is_printed_but_for_its_links_and_instants() -> None:
    """The sample expires after six days and was told of a year later; its links lead to the vendor's own host."""
    run = {
        "id": 1,
        "started_at": "2019-01-02T00:00:00Z",
        "ended_at": "2019-01-02T00:00:10Z",
        "destination_ids": ["DESTINATION_ID"],
    }
    expected_body = run | {"searches_completed": 1, "webhook": "https://example.com", "webhook_status": "ok"}
    world = world_of({"batches": [{"id": "123456", "result_sets": [expected_body]}]}, clock={"start": "2019-01-03T00:00:00Z"})
    body = dump(send(world, "GET", "/live/batches/123456/results/1/csv")[0].body).decode()
    sample = without_white_space(text_of("result-set-csv"))
    for pattern, common in (
        (r"http[^\"]*/(Batch_Results_)", r"\1"),
        (r"_[0-9a-f]{40}\.csv", "_HASH.csv"),
        (r'("expires_at"|"date_time"):"[^"]*"', r'\1:"INSTANT"'),
    ):
        body, sample = re.sub(pattern, common, body), re.sub(pattern, common, sample)
    assert body == sample


PRINTED_BATCH = {
    "id": "123456",
    "name": "My First Batch",
    "schedule_type": "daily",
    "schedule_hours": [9, 17],
    "notification_email": "john.smith@example.com",
    "searches": 1,
}


def test_result_sets_are_listed_as_they_are_printed_but_for_two_instants() -> None:
    run = {
        "id": 1,
        "started_at": "2019-01-02T00:00:00Z",
        "ended_at": "2019-01-02T00:00:10Z",
        "destination_ids": ["DESTINATION_ID"],
    }
    expected_body = run | {"webhook": "https://example.com", "webhook_status": "ok"}
    batch = PRINTED_BATCH | {"created_at": "2019-01-01T00:00:00Z", "notification_as_csv": True, "result_sets": [expected_body]}
    world = world_of({"batches": [batch]}, clock={"start": "2019-01-03T00:00:00Z"})
    body = dump(send(world, "GET", "/live/batches/123456/results")[0].body).decode()
    instants = re.compile(r'("expires_at"|"date_time"):"[^"]*"')
    assert instants.sub(r"\1", body) == instants.sub(r"\1", without_white_space(text_of("result-sets")))


def test_searches_are_added_as_it_is_printed() -> None:
    world = world_of({"batches": [PRINTED_BATCH]}, clock={"start": "2020-01-01T00:00:00Z"})
    reply, _ = send(world, "PUT", "/live/batches/123456", {"searches": [{"q": "mcdonalds"}]})
    assert dump(reply.body).decode() == without_white_space(text_of("searches-created"))


def text_of(sample: str) -> str:
    return (fixtures_folder() / "serpwow" / "samples" / f"{sample}.json").read_text("utf-8")


def without_white_space(json_text: str) -> str:
    """The same text with nothing between its tokens; strings stay as they are."""
    return re.sub(r'("(?:\\.|[^"\\])*")|\s+', r"\1", json_text)


def sample_of(sample: str) -> Any:
    return json.loads(text_of(sample))
