"""What a world's parts share is shared where they are shown: neither a state nor a difference takes room for each of them."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from emulator.client.emulator import Emulator
from emulator.client.server import ControlError, EmulatorServer
from emulator.control.differences import page
from emulator.kernel.budget import GROUPED
from emulator.sdk.json_pieces import Room
from emulator.state.diff import Difference
from emulator.vendors.stripe.files import requests
from emulator.vendors.stripe.state import codec

SEARCHES, RUNS = 300, 300
ROOM = 8_000_000
ROWS = "\n".join(f'{{"id":"r{n}"}}' for n in range(3_000))
VERSION = {"Stripe-Version": "2026-06-24.preview"}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with EmulatorServer(limits={"memory": ROOM}) as server, Emulator(server=server) as emulator:
        yield emulator


def peak(work: Callable[[], Any]) -> int:
    """Return the most bytes that a work takes at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def ask_for_too_much(emulator: Emulator, path: str) -> None:
    with pytest.raises(ControlError, match="429"):
        emulator.ask("GET", path)


@pytest.fixture
def many_runs(emulator: Emulator) -> Emulator:
    """A batch that ran often, and then was given one search more."""
    timing = {"serpwow.queue": "1s", "serpwow.run": "1s"}
    emulator.load({"title": "Runs", "timing": timing, "given": {"serpwow": {"account": {"credits_limit": 10**9}}}})
    with httpx.Client(base_url=emulator.serpwow.url, params={"api_key": emulator.serpwow.api_key}) as client:
        schedule = {"enabled": True, "schedule_type": "minutes", "schedule_minutes": "every_minute"}
        batch = client.post("/batches", json={"name": "M", **schedule, "searches": [{"q": "a"}] * SEARCHES}).json()["batch"]
        emulator.clock.advance(f"{RUNS}m")
        emulator.clock.advance("10s")
        assert client.put(f"/batches/{batch['id']}", json={"searches": [{"q": "b"}]}).status_code == 200
    return emulator


@pytest.mark.parametrize("path", ["/state", "/diff"])
def test_searches_that_many_results_share_take_the_room_of_one(many_runs: Emulator, path: str) -> None:
    assert peak(lambda: ask_for_too_much(many_runs, path)) < ROOM


@pytest.mark.parametrize("search", [{"q": "pizza"}, {"q": "pizza", "token": "0123456789"}], ids=["plain", "secret"])
def test_parts_that_many_share_take_the_room_of_one_in_a_difference(search: dict[str, str]) -> None:
    searches = [dict(search) for _ in range(SEARCHES)]
    found = [Difference("serpwow", "batches", f"B{n}", None, {"id": f"B{n}", "searches": searches}, {}) for n in range(RUNS)]
    assert peak(lambda: page(found, Room(), RUNS)) < 3_000_000


def test_a_row_is_written_with_its_names_for_each_only_as_far_as_there_is_room(emulator: Emulator) -> None:
    key = {"Authorization": f"Bearer {emulator.stripe.api_key}"}
    body = {"endpoint": {"path": "/v1/customers/:id", "http_method": "post"}, "metadata": {}, "skip_validation": True}
    with httpx.Client(base_url=emulator.stripe.url, headers=key | VERSION) as client:
        job = client.post("/v2/core/batch_jobs", json=body).json()
        link = job["status_details"]["ready_for_upload"]["upload_url"]["url"]
        lines = "".join(json.dumps({"id": f"r{n}", "path_params": {"n" * 200_000: "v"}}) + "\n" for n in range(60))
        assert httpx.put(link, content=lines, headers={"content-type": "application/octet-stream"}).status_code == 200
    assert peak(lambda: ask_for_too_much(emulator, "/state")) < ROOM
    assert peak(lambda: ask_for_too_much(emulator, "/diff")) < 2 * ROOM


def test_a_file_that_is_longer_than_a_state_shows_is_left_out(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "PLAIN", 30)
    for rows, shown in ((2, '{"id":"r0"}\n{"id":"r1"}\n'), (3, {"left_out": "3 rows, which are more than a state shows"})):
        input = "".join(f'{{"id":"r{n}"}}\n' for n in range(rows))
        emulator.load({"given": {"stripe": {"batch_jobs": [{"status": "in_progress", "input": input}]}}})
        assert emulator.ask("GET", "/state")["stripe"]["batch_jobs"][0]["input"] == shown


def jobs_of(count: int) -> dict[str, Any]:
    return {"given": {"stripe": {"batch_jobs": [{"repeat": count, "status": "in_progress", "input": ROWS}]}}}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the functions by which a state of jobs is loaded, as often as they are called."""
    called: list[str] = []

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            called.append(name)
            return function(*arguments)

        return call

    for name in ("read_rows", "load_job"):
        monkeypatch.setattr(codec, name, counted(name, getattr(codec, name)))
    return called


def test_a_file_that_many_jobs_have_is_read_once(emulator: Emulator, calls: list[str]) -> None:
    emulator.load(jobs_of(1))
    once = calls.count("read_rows")
    emulator.load(jobs_of(20))
    assert (calls.count("read_rows"), calls.count("load_job")) == (2 * once, 21 * once)


def test_jobs_are_refused_before_all_of_them_are_made(emulator: Emulator, calls: list[str]) -> None:
    with pytest.raises(ControlError, match="this batch job has no room"):
        emulator.load(jobs_of(1_000))
    assert calls.count("load_job") < 1_000


def test_each_group_that_a_batch_is_in_counts() -> None:
    used = []
    for count in (1, 1_000):
        batches = [{"repeat": 100, "searches": 1, "destination_ids": [f"d{n}" for n in range(count)]}]
        with EmulatorServer() as server, Emulator(server=server) as emulator:
            emulator.load({"given": {"serpwow": {"batches": batches}}})
            used.append(server.ask("GET", "/worlds")["memory"]["used"])
    assert used[1] - used[0] > 100 * 1_000 * GROUPED
