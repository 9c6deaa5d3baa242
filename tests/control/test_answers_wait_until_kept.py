"""The control plane over worlds with keepers: its answers go out once what happened is kept, and nothing changes that cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, NamedTuple

import httpx
import pytest

from emulator.client.connections import AppResponse, ask_control
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.scenario.scenario import Scenario
from emulator.scenario.state import apply_state
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.store.port import Ahead
from emulator.vendors import VENDORS
from tests.support.keeping import AwaitedReceipt, Keeper, KeeperOfWorlds, keep, let_another_in
from tests.support.streams import listening

FULL = "no space is left for /data/store.db"
DROP = {"at": "serpwow.batches.stop", "do": "drop", "where": "after-commit"}
Row = tuple[str, str, Any]
READS: list[Row] = [
    ("GET", "/worlds/w", None),
    ("GET", "/worlds/w/state", None),
    ("GET", "/worlds/w/journal", None),
    ("GET", "/worlds/w/clock", None),
    ("POST", "/worlds/w/dry-run", {"method": "GET", "url": "/live/account?api_key=k"}),
    ("GET", "/worlds", None),
]
CHANGES: list[Row] = [
    ("POST", "/worlds/w/clock/advance", {"by": "1h"}),
    ("PATCH", "/worlds/w/state", {"serpwow": {"account": {"credits_limit": 200}}}),
    ("POST", "/worlds/w/faults", DROP),
    ("DELETE", "/worlds/w/faults", None),
    ("POST", "/worlds/w/snapshots", {"name": "now-and-here"}),
    ("POST", "/worlds/w/reset", None),
    ("POST", "/worlds/w/reset", {"scenario": "first-run"}),
    ("POST", "/worlds/w/fork", {"id": "twin"}),
    ("DELETE", "/worlds/w", None),
]
OF_WORLDS: list[Row] = [
    ("POST", "/worlds", {"id": "new"}),
    ("POST", "/worlds/w/fork", {"id": "twin"}),
    ("POST", "/worlds/w/reset", {"scenario": "first-run"}),
    ("DELETE", "/worlds/w", None),
    ("GET", "/worlds", None),
]


class Answer(NamedTuple):
    """A response of the control plane."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


class Kept:
    """A control plane over worlds with keepers, `w` among them, and a way to ask it."""

    def __init__(self, worlds: Worlds, ask: Callable[[str, str, Any], Answer], pool: ThreadPoolExecutor) -> None:
        self.worlds, self.ask, self._pool = worlds, ask, pool
        self.of_worlds = worlds.keeper = KeeperOfWorlds()
        self.of_w = keep(worlds.get("w"))
        keep(worlds.default)

    def asking(self, row: Row) -> Future[Answer]:
        """Ask, in a thread."""
        return self._pool.submit(self.ask, *row)

    def refuse(self, reason: str | None) -> None:
        """Keep nothing, for this reason."""
        self.of_worlds.refusal = self.of_w.refusal = reason


def _over_a_socket(url: str) -> Callable[[str, str, Any], Answer]:
    def ask(method: str, path: str, body: Any) -> Answer:
        response = httpx.request(method, f"{url}/_emulator{path}", json=body, timeout=None)
        return Answer(response.status_code, dict(response.headers), response.json() if response.content else {})

    return ask


def _in_the_process(app: Any) -> Callable[[str, str, Any], Answer]:
    def ask(method: str, path: str, body: Any) -> Answer:
        response: AppResponse = ask_control(app, method, f"/_emulator{path}".encode(), body)
        headers = {name.decode(): value.decode() for name, value in response.headers}
        return Answer(response.status, headers, json.loads(response.content) if response.content else response.value)

    return ask


@pytest.fixture(params=["over a socket", "in the process"])
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    worlds = worlds_of([Scenario("empty", "", {}), Scenario("w", "", {})])
    app = create_app(worlds)
    with ExitStack() as exits:
        pool = exits.enter_context(ThreadPoolExecutor())
        if request.param == "over a socket":
            yield Kept(worlds, _over_a_socket(exits.enter_context(ThreadedServer(app)).url), pool)
        else:
            yield Kept(worlds, _in_the_process(app), pool)


def _named(row: Row) -> str:
    return f"{row[0]} {row[1]}"


def _pending(keeper: Keeper) -> AwaitedReceipt:
    keeper.keep()
    assert keeper.receipt is not None
    return keeper.receipt


@pytest.mark.parametrize("row", READS + CHANGES, ids=_named)
def test_an_answer_about_a_world_comes_when_what_happened_there_is_kept(kept: Kept, row: Row) -> None:
    receipt = _pending(kept.of_w)
    answer = kept.asking(row)
    receipt.is_awaited.wait()
    assert not answer.done()
    receipt.end()
    assert answer.result().status < 300


STAYING: list[Row] = [("POST", "/worlds/w/clock/advance", {"by": "1s"}), ("POST", "/worlds/w/faults", DROP)]


@pytest.mark.parametrize("row", STAYING, ids=_named)
def test_an_answer_is_that_of_what_was_done_whatever_becomes_of_what_others_do_right_after_it(
    kept: Kept, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipts = kept.of_w.receipts
    let_another_in(kept.worlds.get("w"), kept.of_w, monkeypatch)
    answer = kept.asking(row)
    kept.of_w.next_receipt().is_awaited.wait()
    receipts[1].end(FULL)
    receipts[0].end()
    assert answer.result().status < 300


@pytest.mark.parametrize("row", READS + CHANGES, ids=_named)
def test_an_answer_about_what_could_not_be_kept_is_a_problem(kept: Kept, row: Row) -> None:
    receipt = _pending(kept.of_w)
    answer = kept.asking(row)
    receipt.is_awaited.wait()
    receipt.end(FULL)
    _expect_unavailable(answer.result())


@pytest.mark.parametrize("row", OF_WORLDS, ids=_named)
@pytest.mark.parametrize("error", [None, FULL])
def test_an_answer_about_which_worlds_there_are_comes_when_that_is_kept(
    kept: Kept, row: Row, error: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept.of_w, "on_receipt", AwaitedReceipt.end)
    receipt = _pending(kept.of_worlds)
    answer = kept.asking(row)
    receipt.is_awaited.wait()
    assert not answer.done()
    receipt.end(error)
    if error is None:
        assert answer.result().status < 300
    else:
        _expect_unavailable(answer.result())


def _expect_unavailable(answer: Answer) -> None:
    assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.headers["emulator-error"] == "store-unavailable"
    assert FULL in answer.body["detail"]


def test_an_answer_about_a_world_does_not_wait_for_what_happens_to_others(kept: Kept) -> None:
    _pending(kept.of_worlds)
    keeper = kept.worlds.default.keeper
    assert isinstance(keeper, Keeper)
    _pending(keeper)
    assert kept.ask("GET", "/worlds/w/clock", None).status == 200


def test_a_write_that_lost_the_records_of_another_world_alone_is_none_that_failed(kept: Kept) -> None:
    for lost, status in (("default", 200), ("w", 503)):
        receipt = _pending(kept.of_w)
        answer = kept.asking(("GET", "/worlds/w/clock", None))
        receipt.is_awaited.wait()
        receipt.end(lost={lost: Ahead(lost, 2, 0)})
        assert answer.result().status == status


@pytest.mark.parametrize("row", READS, ids=_named)
def test_one_may_look_while_nothing_can_be_kept(kept: Kept, row: Row) -> None:
    _pending(kept.of_w).end(FULL)
    kept.refuse(FULL)
    assert kept.ask(*row).status == 200


@pytest.mark.parametrize("row", [*CHANGES, *OF_WORLDS[:4]], ids=_named)
def test_nothing_changes_while_nothing_can_be_kept(kept: Kept, row: Row) -> None:
    kept.refuse(FULL)
    before = _state(kept)
    _expect_unavailable(kept.ask(*row))
    assert (_state(kept), kept.of_w.receipts, kept.of_worlds.receipts) == (before, [], [])


def _state(kept: Kept) -> Any:
    found = [(it.id, it.clock.base, it.journal.last, it.store.versions, it.epoch, [*it.snapshots]) for it in kept.worlds]
    return found, [*kept.worlds]


def test_what_is_sent_for_somebody_while_nothing_can_be_kept_hears_what_a_client_would(kept: Kept) -> None:
    kept.refuse(FULL)
    sent = kept.ask("POST", "/worlds/w/send", {"method": "GET", "url": "/live/account?api_key={serpwow.api_key}"})
    assert sent.status == 200
    assert sent.body["status"] == 503


def test_a_server_is_up_but_not_ready_while_nothing_can_be_kept(kept: Kept) -> None:
    for refusal, ready in ((None, 200), (FULL, 503), (None, 200)):
        kept.refuse(refusal)
        assert kept.ask("GET", "/health", None).status == 200
        answer = kept.ask("GET", "/ready", None)
        assert answer.status == ready
        assert (FULL in answer.body.get("detail", "")) == (refusal is not None)


@pytest.mark.parametrize("path", ["/worlds/w/journal/stream", "/stream?world=w"])
def test_a_stream_tells_of_what_is_kept(path: str) -> None:
    worlds = worlds_of([Scenario("empty", "", {}), Scenario("w", "", {})])
    world = worlds.get("w")
    keeper = keep(world)
    with ThreadPoolExecutor() as pool, ThreadedServer(create_app(worlds)) as server, listening(server.url, path) as stream:
        if path.startswith("/stream"):
            assert stream.next()["data"]["entry"] == 0  # the world as it is when one begins to listen
        told = pool.submit(stream.next)
        _happen(world)
        receipt = keeper.next_receipt()
        receipt.is_awaited.wait()
        assert not told.done()
        receipt.end()
        event = told.result()["data"]
        assert event.get("n", event.get("entry")) == 1


@pytest.mark.parametrize("path", ["/worlds/w/journal/stream", "/stream?world=w"])
def test_a_stream_tells_nothing_of_what_could_not_be_kept(path: str) -> None:
    worlds = worlds_of([Scenario("empty", "", {}), Scenario("w", "", {})])
    world = worlds.get("w")
    keeper = keep(world)
    with ThreadedServer(create_app(worlds)) as server, listening(server.url, path) as stream:
        if path.startswith("/stream"):
            assert stream.next()["data"]["entry"] == 0
        _happen(world)
        receipt = keeper.next_receipt()
        receipt.is_awaited.wait()
        receipt.end(FULL)
        with world.lock:
            world.reset()
        keeper.next_receipt().end()
        event = stream.next()
        assert event["data"].get("entry", event["data"].get("last")) == 0, event


def _happen(world: World) -> None:
    with world.lock:
        apply_state(world, VENDORS, {"serpwow": {"batches": [{"id": "B1", "status": "queued", "searches": 1}]}}, "a test")
