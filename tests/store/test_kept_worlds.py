"""A server whose store fails for a while: nothing that it acknowledged is lost, and nothing of the rest is there afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from emulator.kernel.limits import Limits
from emulator.kernel.worlds import Worlds
from emulator.server.app import create_app
from emulator.server.server import ThreadedServer
from emulator.server.stored import stored_worlds
from emulator.store.kept_worlds import KeptWorlds
from emulator.store.memory import MemoryEngine
from emulator.store.port import Append, StoreUnavailable
from emulator.vendors import VENDORS
from tests.support.waiting import wait_until

FULL = "no space is left"
ACCOUNT = "/live/account?api_key=k"


class FailingEngine(MemoryEngine):
    """An engine that keeps nothing while it has a reason not to."""

    def __init__(self, why: str | None = None) -> None:
        super().__init__()
        self.why = why

    def append(self, appends: Sequence[Append]) -> None:
        self.probe()
        super().append(appends)

    def probe(self) -> None:
        if self.why is not None:
            raise StoreUnavailable(self.why)


class Stored:
    """A server with a store that can fail, and a client of both planes."""

    def __init__(self, engine: FailingEngine, worlds: Worlds, client: httpx.Client) -> None:
        self.engine, self.worlds, self.client = engine, worlds, client

    def ask(self, method: str, path: str, body: Any = None) -> int:
        """Return the status of the answer of the control plane."""
        return self.client.request(method, f"/_emulator{path}", json=body).status_code

    def mend(self) -> None:
        """Have the engine keep everything again, and wait until the server is ready."""
        self.engine.why = None
        wait_until(lambda: self.ask("GET", "/ready") == 200)


@pytest.fixture
def engine() -> FailingEngine:
    return FailingEngine()


@pytest.fixture
def stored(engine: FailingEngine) -> Iterator[Stored]:
    kept = KeptWorlds(engine, VENDORS, Limits())
    worlds = stored_worlds(kept, [], None, Limits(), None, False)
    with ThreadedServer(create_app(worlds)) as server, httpx.Client(base_url=server.url, timeout=None) as client:
        yield Stored(engine, worlds, client)
    kept.close()


def test_what_was_answered_while_the_store_failed_has_not_happened(stored: Stored) -> None:
    assert stored.client.get(ACCOUNT).status_code == 200
    stored.engine.why = FULL
    refused = [stored.client.get(ACCOUNT) for _ in range(3)]
    assert [(it.status_code, FULL in it.text) for it in refused] == [(503, True)] * 3
    assert stored.ask("GET", "/ready") == 503
    assert stored.ask("GET", "/worlds/default/journal") == 200
    stored.mend()
    assert stored.client.get(ACCOUNT).headers["emulator-exchange"] == "default/2"


def test_a_world_whose_making_could_not_be_kept_is_not_there_once_the_store_is_mended(stored: Stored) -> None:
    assert stored.ask("POST", "/worlds", {"id": "before"}) == 201
    stored.engine.why = FULL
    assert stored.ask("POST", "/worlds", {"id": "lost"}) == 503
    stored.mend()
    assert sorted(it.id for it in stored.worlds) == ["before", "default"]
    assert stored.ask("GET", "/worlds") == 200
    assert stored.ask("POST", "/worlds", {"id": "lost"}) == 201
    assert stored.ask("DELETE", "/worlds/before") == 204


@pytest.mark.parametrize("engine", [FailingEngine(FULL)])
def test_a_server_that_begins_while_its_store_fails_begins_anew_when_that_is_mended(stored: Stored) -> None:
    assert stored.client.get(ACCOUNT).status_code == 503
    stored.mend()
    assert stored.client.get(ACCOUNT).headers["emulator-exchange"] == "default/1"
    assert "default" in stored.engine.list()
