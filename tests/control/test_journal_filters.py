"""Entries of the journal that a request chooses, the oldest or the newest of them."""

from __future__ import annotations

import httpx
import pytest

from emulator import Emulator
from emulator.client.server import ControlError

SECRET = "sk_test_hidden_hidden_hidden"
FAULT = {"at": "serpwow.batches.list", "where": "before-commit", "do": "status", "status": 503, "times": 1}
SCENARIO = {
    "given": {"serpwow": {"batches": [{"id": f"B{n}", "status": "queued", "searches": 5} for n in range(3)]}},
    "timing": {"serpwow.queue": "30m"},
    "faults": [FAULT],
}


@pytest.fixture
def told(emulator: Emulator) -> Emulator:
    """A world with stops of B0 and of nobody, a list that failed, and then what time brought."""
    emulator.load(SCENARIO)
    key = {"api_key": emulator.serpwow.api_key}
    with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1/live") as client:
        client.get("/batches/B0/stop", params=key)
        client.get("/batches/Nobody/stop", params=key)
        client.get("/batches", params=key, headers={"X-Note": SECRET})
        client.get("/account", params={**key, "password": SECRET})
    emulator.ask("POST", "/clock/advance", {"by": "31m"})
    return emulator


def numbers(emulator: Emulator, query: str) -> list[int]:
    return [it["n"] for it in emulator.ask("GET", f"/journal?{query}")["entries"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=400", [2]),
        ("status=4xx", [2]),
        ("status=5xx", [3]),
        ("status=204", []),
        ("fault=fault-1", [3]),
        ("fault=status", [3]),
        ("fault=drop", []),
        ("resource=B0", [1]),
        ("text=nobody", [2]),
        ("text=BATCH%20STOPPED", [1]),
        ("kind=exchange", [1, 2, 3, 4]),
        ("kind=exchange&newest=2", [3, 4]),
        ("kind=exchange&newest=2&before=4", [2, 3]),
        ("kind=exchange&newest=2&since=3", [4]),
        ("kind=exchange&before=3", [1, 2]),
        ("kind=attempt", []),
        ("operation=serpwow.batches.stop&status=200", [1]),
    ],
)
def test_entries_are_chosen_by_what_they_have(told: Emulator, query: str, found: list[int]) -> None:
    assert numbers(told, query) == found


def test_changes_by_time_are_entries_of_their_own_kind(told: Emulator) -> None:
    entries = told.ask("GET", "/journal?kind=change")["entries"]
    assert {it["type"] for it in entries} == {"change"}
    assert {it["id"] for it in told.ask("GET", "/journal?kind=change&resource=B1")["entries"]} == {"B1"}


def test_a_text_is_not_found_in_what_is_hidden(told: Emulator) -> None:
    assert numbers(told, f"text={SECRET}") == []
    assert numbers(told, "text=hidden_hidden") == []


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("kind=exchanges", "'exchanges' is not one of exchange, change, attempt; did you mean 'exchange'"),
        ("status=many", "status is a number such as 404, or one of 2xx, 3xx, 4xx, 5xx, and not 'many'"),
        ("newest=0", "newest must be a whole number of at least 1"),
        ("newest=5&limit=5", "newest and limit exclude each other"),
        ("operation=serpwow.batches.stopp", "did you mean 'serpwow.batches.stop'"),
    ],
)
def test_a_filter_that_can_choose_nothing_is_refused(told: Emulator, query: str, reason: str) -> None:
    with pytest.raises(ControlError, match=reason):
        told.ask("GET", f"/journal?{query}")
