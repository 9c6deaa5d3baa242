"""A world that has a time to live is dropped once no request reached it for so long by the machine's clock, and no other is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator import Emulator, EmulatorServer
from emulator.kernel.limits import Limits
from emulator.server.app import create_app
from emulator.server.server import ThreadedServer
from emulator.server.stored import stored_worlds
from emulator.store import keeper
from emulator.store.kept_worlds import KeptWorlds
from emulator.store.sqlite import SqliteEngine
from emulator.vendors import VENDORS
from emulator.web import expiry
from tests.support.waiting import wait_until

ACCOUNT = "/live/account"
HOUR = 3_600.0


class Clock:
    """The clock of the machine, which a test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Served:
    """A server, a client of it, and the clock that worlds live by."""

    def __init__(self, client: httpx.Client, clock: Clock) -> None:
        self.client, self.clock = client, clock

    def make(self, **body: Any) -> dict[str, Any]:
        reply = self.client.post("/_emulator/worlds", json=body)
        assert reply.status_code == 201, reply.text
        made: dict[str, Any] = reply.json()
        return made

    def ids(self) -> set[str]:
        """Return the ids of the worlds that there are; to list them reaches none of them."""
        return {it["id"] for it in self.client.get("/_emulator/worlds").json()["worlds"]}

    def until_dropped(self, id: str) -> None:
        wait_until(lambda: id not in self.ids())

    def pass_looks(self) -> None:
        """Wait until worlds that were made after this were looked at, and dropped: so every other one was looked at, too."""
        id = self.make(ttl="1s")["id"]
        self.clock.now += 1
        self.until_dropped(id)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(expiry, "MONOTONIC", clock)
    for module in (expiry, keeper):
        monkeypatch.setattr(module, "REALTIME", clock)
    monkeypatch.setattr(expiry, "LONGEST", timedelta(0))
    return clock


def serving(path: Path, clock: Clock) -> Iterator[Served]:
    kept = KeptWorlds(SqliteEngine(str(path)), VENDORS, Limits())
    worlds = stored_worlds(kept, [], None, Limits(), None, False)
    with ThreadedServer(create_app(worlds)) as server, httpx.Client(base_url=server.url, timeout=None) as client:
        yield Served(client, clock)
    kept.close()


@pytest.fixture
def served(tmp_path: Path, clock: Clock) -> Iterator[Served]:
    yield from serving(tmp_path / "worlds.db", clock)


def test_a_world_is_dropped_once_nobody_reached_it_for_its_time_to_live(served: Served) -> None:
    made, other = served.make(ttl="2h"), served.make()
    assert (made["ttl"], served.client.get(f"/_emulator/worlds/{made['id']}").json()["ttl"]) == ("2h", "2h")
    assert "ttl" not in other
    served.clock.now += 2 * HOUR
    served.until_dropped(made["id"])
    assert served.ids() == {"default", other["id"]}
    assert served.client.get(ACCOUNT, headers={"Emulator-World": made["id"]}, params={"api_key": "k"}).status_code == 404


@pytest.mark.parametrize("way", ["vendor", "control", "reset"])
def test_each_request_that_reaches_a_world_lets_it_live_on(served: Served, way: str) -> None:
    id = served.make(ttl="1h", id="lives")["id"]
    for _ in range(3):
        served.clock.now += HOUR - 10
        if way == "vendor":
            served.client.get(ACCOUNT, headers={"Emulator-World": id}, params={"api_key": "k"})
        elif way == "control":
            served.client.get(f"/_emulator/worlds/{id}/state")
        else:
            served.client.post(f"/_emulator/worlds/{id}/reset", json={"scenario": {"title": "Another"}})
        served.pass_looks()
        assert id in served.ids()
    served.clock.now += HOUR
    served.until_dropped(id)


def test_a_fork_lives_as_long_as_it_is_told_and_no_longer(served: Served) -> None:
    served.make(id="origin")
    assert "ttl" not in served.client.post("/_emulator/worlds/origin/fork", json={"id": "stays"}).json()
    assert served.client.post("/_emulator/worlds/origin/fork", json={"id": "fork", "ttl": "90s"}).json()["ttl"] == "1m30s"
    served.clock.now += 90
    served.until_dropped("fork")
    assert served.ids() == {"default", "origin", "stays"}


@pytest.mark.parametrize(
    ("ttl", "message"), [("0s", "a world lives for 1s at least"), ("soon", "is not a duration"), (-1, "is negative")]
)
def test_a_time_to_live_that_is_none_is_refused_and_nothing_is_made(served: Served, ttl: object, message: str) -> None:
    reply = served.client.post("/_emulator/worlds", json={"ttl": ttl})
    assert reply.status_code == 422
    assert (reply.json()["errors"][0]["pointer"], message in reply.text) == ("/ttl", True)
    assert served.ids() == {"default"}


def test_a_world_lives_on_after_a_restart_for_what_is_left_of_its_time(tmp_path: Path, clock: Clock) -> None:
    for served in serving(tmp_path / "worlds.db", clock):
        for id, ttl in {"short": "1h", "long": "3h", "stays": None}.items():
            served.make(id=id, **({"ttl": ttl} if ttl else {}))
    clock.now += 2 * HOUR
    for served in serving(tmp_path / "worlds.db", clock):
        served.until_dropped("short")
        assert served.client.get("/_emulator/worlds/long").json()["ttl"] == "3h"
    for served in serving(tmp_path / "worlds.db", clock):
        assert served.ids() == {"default", "long", "stays"}
        clock.now += HOUR
        served.until_dropped("long")
        assert served.ids() == {"default", "stays"}


def test_the_world_of_a_handle_may_have_a_time_to_live() -> None:
    with EmulatorServer() as server, Emulator(server=server, ttl="2h") as emulator:
        assert emulator.ask("GET", "")["ttl"] == "2h"
