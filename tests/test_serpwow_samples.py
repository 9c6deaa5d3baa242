"""The bodies that SerpWow's pages print, given to the letter by the calls that they are printed for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.data import fixtures_folder
from tests.test_serpwow_lives import send, world_of

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
    assert json.dumps(reply.body) == json.dumps(printed(sample))


def test_an_unknown_search_is_refused_as_it_is_printed() -> None:
    world = world_of({"batches": [{"id": "123456"}]})
    reply, _ = send(world, "DELETE", "/live/batches/123456/ABCDEFGHIJKLMNOP")
    assert (reply.status, reply.body) == (400, printed("unknown-search"))


@pytest.mark.parametrize("value", [{"a": 1}, [[1]], [{"a": 1}]])
def test_the_parameters_of_a_search_are_plain(value: Any) -> None:
    reply, _ = send(
        world_of(GIVEN, clock={"start": "2026-03-09T20:55:31Z"}), "PUT", "/live/batches/123456", {"searches": [{"q": value}]}
    )
    assert reply.status == 400


def printed(sample: str) -> Any:
    return json.loads((fixtures_folder() / "serpwow" / "samples" / f"{sample}.json").read_bytes())
