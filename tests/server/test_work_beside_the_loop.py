"""Work that a client can make long is done in a thread beside the event loop, so that others are served meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.control import problems, rules
from emulator.kernel.errors import LONGEST_KEY
from emulator.kernel.limits import Limits
from emulator.kernel.world import World
from emulator.scenario import strict_yaml, timeline
from emulator.scenario.scenario import Scenario
from emulator.sdk.exact_json import dump
from emulator.sdk.request import Request
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.text import letters
from emulator.vendors.serpwow.operations import listing
from emulator.vendors.serpwow.responses import account
from emulator.web import pipeline
from emulator.web.pipeline import LONG_ANSWER, Pipeline, is_heavier
from emulator.web.response import OutgoingResponse

BESIDE = "batch-emulator-apart"
WORLD = "/_emulator/worlds/default"
BATCHES = "/live/batches?api_key=any"
ACCOUNT = "/live/account?api_key=any"
FAULT = {"at": "stripe.batch_jobs.cancel", "where": "before-commit", "do": "status", "status": 503, "json": ["x"] * 1_000}
REPLY = {"at": "stripe.batch_jobs.cancel", "status": 503, "json": ["x"] * 1_000}
UNKNOWN_KEYS = {"k" * 990 + str(n): 1 for n in range(100)}
ALIASES = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 5))


class Threads:
    """Notes in which threads functions are called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.names: set[str] = set()

    def note(self, owner: object, name: str) -> None:
        """Note from now on in which threads a function is called."""
        function: Callable[..., Any] = getattr(owner, name)

        def noted(*arguments: object, **options: object) -> Any:
            self.names.add(threading.current_thread().name)
            return function(*arguments, **options)

        self._monkeypatch.setattr(owner, name, noted)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Threads:
    return Threads(monkeypatch)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    app = create_app(worlds_of([]))
    with ThreadedServer(app) as server, httpx.Client(base_url=server.url, timeout=None) as client:
        client.post(BATCHES, json={"name": "of the default world"})
        client.post(f"{WORLD}/snapshots", json={"name": "before"})
        client.post(f"{WORLD}/faults", json=FAULT)
        client.post(f"{WORLD}/replies", json=REPLY)
        client.post("/_emulator/worlds", json={"id": "other"})
        yield client


@pytest.mark.parametrize(
    ("method", "path", "body", "owner", "function"),
    [
        ("POST", "/faults", FAULT, rules, "redact_body"),
        ("GET", "/faults", None, rules, "redact_body"),
        ("GET", "/faults/fault-1", None, rules, "redact_body"),
        ("POST", "/replies", REPLY, rules, "redact_body"),
        ("GET", "/replies", None, rules, "redact_body"),
        ("GET", "/replies/reply-1", None, rules, "redact_body"),
        ("POST", "/faults", UNKNOWN_KEYS, problems, "redact_text"),
        ("POST", "/verify", UNKNOWN_KEYS, problems, "redact_text"),
        ("PATCH", "/state", UNKNOWN_KEYS, problems, "redact_text"),
        ("POST", "/undo", {"exchanges": 1}, World, "undo"),
        ("POST", "/restore", {"name": "before"}, World, "restore"),
        ("DELETE", "/../other", None, World, "empty"),
    ],
)
def test_work_for_a_small_world_is_done_beside_the_event_loop_where_it_may_be_long(
    method: str, path: str, body: Any, owner: object, function: str, client: httpx.Client, threads: Threads
) -> None:
    threads.note(owner, function)
    client.request(method, f"{WORLD}{path}", json=body)
    assert threads.names == {BESIDE}


@pytest.mark.parametrize("path", ["/worlds", "/worlds/default/faults", "/worlds/default/clock/advance"])
def test_a_body_is_taken_for_yaml_by_its_first_characters_and_not_read(
    path: str, client: httpx.Client, threads: Threads
) -> None:
    threads.note(strict_yaml, "parse")
    reply = client.post(f"/_emulator{path}", content=ALIASES)
    assert "say Content-Type: application/yaml" in reply.json()["detail"]
    assert threads.names == set()


def test_a_refusal_shows_the_beginnings_of_long_keys(client: httpx.Client) -> None:
    errors = client.post("/_emulator/worlds", json=UNKNOWN_KEYS).json()["errors"]
    assert len(errors) == 100
    assert {len(error["pointer"]) for error in errors} == {1 + LONGEST_KEY}
    assert max(len(error["detail"]) for error in errors) < 300


@pytest.mark.parametrize("faults_laid", [False, True])
def test_a_long_answer_of_a_vendor_is_made_beside_the_event_loop_and_once_in_the_journal(
    faults_laid: bool, client: httpx.Client, threads: Threads
) -> None:
    if not faults_laid:
        client.delete(f"{WORLD}/faults")
    made = [client.post(BATCHES, json={"name": "n" * LONG_ANSWER}) for _ in range(3)]
    threads.note(pipeline, "in_pieces")
    pages = [client.get(BATCHES) for _ in range(2)]
    assert [len(it["name"]) for it in pages[0].json()["batches"]].count(LONG_ANSWER) == 3
    assert threads.names == {BESIDE}
    assert [int(it.headers["emulator-exchange"].rpartition("/")[2]) for it in (*made, *pages)] == [2, 3, 4, 5, 6]


def test_a_long_answer_is_tried_once_on_the_event_loop_and_the_next_goes_to_a_thread_at_once(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.delete(f"{WORLD}/faults")
    client.post(BATCHES, json={"name": "n" * LONG_ANSWER})
    tried: list[str] = []
    at_once = Pipeline.at_once

    def noted(self: Pipeline, world: World, request: Request) -> OutgoingResponse:
        tried.append(threading.current_thread().name)
        return at_once(self, world, request)

    monkeypatch.setattr(Pipeline, "at_once", noted)
    assert [client.get(BATCHES).status_code for _ in range(2)] == [200, 200]
    assert [name == BESIDE for name in tried] == [False, True, True]


def test_a_request_that_was_taken_back_has_an_id_of_its_own(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.delete(f"{WORLD}/faults")
    client.delete(f"{WORLD}/replies")
    jobs = [{"id": id, "status": "in_progress"} for id in ("one", "two")]
    client.patch(f"{WORLD}/state", json={"stripe": {"batch_jobs": jobs}}).raise_for_status()
    monkeypatch.setattr(pipeline, "LONG_ANSWER", 0)
    headers = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview"}
    replies = [client.post(f"/v2/core/batch_jobs/{id}/cancel", headers=headers, content=iter([b""])) for id in ("one", "two")]
    assert [it.status_code for it in replies] == [200, 200]
    assert replies[0].headers["request-id"] != replies[1].headers["request-id"]


@pytest.mark.parametrize(
    "path", ["batches?search_term=zz", "destinations?search_term=zz", "errorlogs?search_term=zz", "batches/B/searches/1?q=zz"]
)
def test_texts_are_searched_beside_the_event_loop_however_few_there_are(
    path: str, client: httpx.Client, threads: Threads
) -> None:
    client.delete(f"{WORLD}/faults")
    batches = [{"id": "B", "searches": [{"q": "q"}]}]
    lists = {"destinations": [{"name": "N"}], "error_logs": [{"message": "M", "parameters": {"q": "q"}}], "batches": batches}
    client.patch(f"{WORLD}/state", json={"serpwow": lists})
    threads.note(letters, "_starts")
    assert client.get(f"/live/{path}&api_key=any").status_code == 200
    assert threads.names == {BESIDE}


@pytest.mark.parametrize(
    "path", ["batches?sort_by=name&created_after=2000-01-01", "batches?sort_by=name&page_size=9", "destinations?", "errorlogs?"]
)
def test_few_long_texts_are_sorted_compared_and_shown_beside_the_event_loop(
    path: str, client: httpx.Client, threads: Threads
) -> None:
    client.delete(f"{WORLD}/faults")
    logs = [{"message": "M", "parameters": {"q": "q" * 300_000}}]
    state = {"destinations": [{"name": "n" * 600_000, "repeat": 5}], "error_logs": logs}
    client.patch(f"{WORLD}/state", json={"serpwow": state}).raise_for_status()
    for number in range(5):
        client.post(BATCHES, json={"name": "n" * 600_000 + f"{number}"})
    for owner, function in ((letters.Sortable, "__lt__"), (account, "urlencode")):
        threads.note(owner, function)
    assert client.get(f"/live/{path}&api_key=any").status_code == 200
    assert threads.names == {BESIDE}


@pytest.mark.parametrize(
    ("query", "are_beside"),
    [("", False), ("&sort_by=created_at&page=12", False), ("&sort_by=priority", True), ("&page_size=1000", True)],
    ids=["a page", "a late page", "a list that is not kept in its order", "a page of many"],
)
def test_a_page_among_many_batches_is_read_beside_the_event_loop_where_that_takes_long(
    query: str, are_beside: bool, client: httpx.Client, threads: Threads
) -> None:
    client.delete(f"{WORLD}/faults")
    state = {"serpwow": {"batches": [{"repeat": 600, "status": "idle", "searches": 1}]}}
    client.patch(f"{WORLD}/state", json=state).raise_for_status()
    threads.note(listing, "_page")
    assert client.get(f"{BATCHES}{query}").status_code == 200
    assert (threads.names == {BESIDE}) == are_beside


def test_an_answer_of_control_characters_counts_as_it_is_written_and_only_up_to_its_bound(threads: Threads) -> None:
    limits = Limits(memory=8_000_000)
    with ThreadedServer(create_app(worlds_of([], None, limits), limits=limits)) as server:
        for _ in range(4):
            httpx.post(server.url + BATCHES, json={"name": "\x01" * 100_000}, timeout=None)
        threads.note(pipeline, "in_pieces")
        reply = httpx.get(server.url + BATCHES, timeout=None)
    assert (reply.status_code, "this answer would have more than 2000000 bytes" in reply.text) == (429, True)
    assert threads.names == {BESIDE}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), parts),
)


@given(JSON)
def test_a_value_is_at_most_six_times_as_long_in_json_as_in_memory(value: Any) -> None:
    assert is_heavier(value, len(dump(value)) // 6)


def test_a_value_is_as_heavy_as_its_parts_together() -> None:
    value: Any = {"a": ["b" * 1_000, ("c" * 1_000,)], "d" * 1_000: {}}
    assert (is_heavier(value, 3_000), is_heavier(value, 5_000)) == (True, False)


@pytest.mark.parametrize(
    ("rate", "event"),
    [
        (0, {"after_call": "serpwow.batches.list", "set": {"serpwow": {"batches": [{"repeat": 300}]}}}),
        (1_000_000, {"after": "1d", "set": {"serpwow": {"batches": [{"id": "B"}]}}}),
    ],
    ids=["much that follows from a call", "an event that is due while the clock runs"],
)
def test_what_somebody_else_does_is_done_beside_the_loop(rate: float, event: dict[str, Any], threads: Threads) -> None:
    story = Scenario("story", "", {"title": "A story", "clock": {"rate": rate}, "timeline": [event]})
    with ThreadedServer(create_app(worlds_of([story]))) as server, httpx.Client(base_url=server.url, timeout=None) as client:
        threads.note(timeline, "read_state")
        while not client.get(BATCHES).json().get("batches") and not client.get(ACCOUNT).json()["account_info"]["batches_used"]:
            pass
    assert threads.names == {BESIDE}
