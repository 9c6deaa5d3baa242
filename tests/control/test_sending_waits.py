"""What others are spared while the control plane sends for somebody: no thread is kept, and what names stand for is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from emulator.control import sending
from emulator.kernel.errors import TooLarge
from emulator.kernel.limits import Limits
from emulator.kernel.worlds import Worlds
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.web.event_loop import LONG_WORKS, SHORT_WORKS
from tests.support.busy import busy
from tests.support.waiting import wait_until

WORLD = "/_emulator/worlds/default"
ACCOUNT = {"method": "GET", "url": "/live/account?api_key={serpwow.api_key}"}
DELAY = {"at": "serpwow.account.get", "where": "before-commit", "do": "delay", "delay": "4m", "clock": "real"}
BATCH = {"method": "POST", "url": "/live/batches?api_key={serpwow.api_key}", "headers": {"Content-Type": "application/json"}}
MANY = SHORT_WORKS + LONG_WORKS + 1
"""Works that would leave no thread to anybody."""


@contextmanager
def serving(worlds: Worlds) -> Iterator[httpx.Client]:
    with ThreadedServer(create_app(worlds)) as server, httpx.Client(base_url=server.url, timeout=None) as client:
        assert client.post("/_emulator/worlds", json={"id": "other"}).status_code == 201
        yield client


@contextmanager
def sending_many(client: httpx.Client) -> Iterator[list[Future[httpx.Response]]]:
    with ThreadPoolExecutor(MANY) as pool:
        yield [pool.submit(client.post, f"{WORLD}/send", json=ACCOUNT) for _ in range(MANY)]


def test_requests_that_a_fault_delays_leave_the_threads_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PATIENCE", 300)
    with serving(worlds_of([])) as client:
        fault = client.post(f"{WORLD}/faults", json=DELAY).json()["id"]
        with sending_many(client) as replies:
            wait_until(lambda: len(client.get(f"{WORLD}/held").json()["held"]) == MANY)
            assert client.get("/_emulator/worlds/other/journal").status_code == 200
            assert len(client.get(f"{WORLD}/held").json()["held"]) == MANY
            client.delete(f"{WORLD}/faults/{fault}")
            assert {reply.result().json()["status"] for reply in replies} == {200}


def test_requests_to_a_busy_world_leave_the_threads_to_others() -> None:
    worlds = worlds_of([])
    with serving(worlds) as client, busy(worlds.default) as release, sending_many(client) as replies:
        assert client.get("/_emulator/worlds/other/journal").status_code == 200
        assert not any(it.done() for it in replies)
        release()
        assert {reply.result().json()["status"] for reply in replies} == {200}


def test_so_many_requests_are_sent_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "AT_ONCE", 0)
    with serving(worlds_of([])) as client:
        refused = client.post(f"{WORLD}/send", json=ACCOUNT)
        monkeypatch.setattr(sending, "AT_ONCE", 1)
        assert [client.post(f"{WORLD}/send", json=it).status_code for it in (ACCOUNT, {"n": 9}, ACCOUNT)] == [200, 404, 200]
    assert (refused.status_code, "at once" in refused.json()["detail"]) == (429, True)


@pytest.mark.parametrize("way", ["send", "dry-run"])
@pytest.mark.parametrize(("names", "status"), [(3, 200), (5, 413)])
def test_what_names_stand_for_has_no_more_bytes_than_a_body_may_have(way: str, names: int, status: int) -> None:
    with (
        ThreadedServer(create_app(worlds_of([]), limits=Limits(control=50_000))) as server,
        httpx.Client(timeout=None) as client,
    ):
        world = f"{server.url}{WORLD}"
        first: Any = client.post(f"{world}/send", json={**BATCH, "body": {"name": "x" * 12_000}}).json()
        body = {"name": f"{{entry/{first['n']}/batch.name}}" * names}
        reply = client.post(f"{world}/{way}", json={**BATCH, "body": body})
        assert (reply.status_code, client.get(f"{world}/journal").json()["last"]) == (
            status,
            1 + (names == 3 and way == "send"),
        )
        assert status == 200 or str(TooLarge(50_000)) in reply.json()["detail"]
