"""Long work of one world, and the others: who asks for what is held waits, and nobody else does."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from emulator.kernel.world import World
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from tests.support.loading import load_value
from tests.support.waiting import wait_until

HELD = "held"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_emulator/worlds/held/clock"),
        ("GET", "/_emulator/worlds/held/state"),
        ("POST", "/_emulator/worlds/held/clock/advance"),
        ("POST", "/_emulator/worlds/held/reset"),
        ("GET", "/live/account?api_key=key-of-the-held"),
    ],
)
def test_a_world_that_is_busy_holds_up_its_own_requests_and_nobody_elses(method: str, path: str) -> None:
    scenario = load_value({"title": "A", "credentials": {"serpwow": ["key-of-the-held"]}}, VENDORS)
    worlds = worlds_of([])
    world = scenario.world(VENDORS, HELD, None)
    worlds.add(world, scenario.claims(VENDORS, world))
    with ThreadedServer(create_app(worlds)) as server, httpx.Client(base_url=server.url, timeout=None) as client:
        is_answered = Event()
        statuses: list[int] = []

        def ask() -> None:
            content = b'{"by": "1s"}' if path.endswith("advance") else b""
            statuses.append(httpx.request(method, server.url + path, content=content, timeout=None).status_code)
            is_answered.set()

        with world.lock:
            asking = Thread(target=ask)
            asking.start()
            wait_until(lambda: client.get("/_emulator/ready") and server.look().result()[0], lambda: not is_answered.is_set())
            for _ in range(3):
                assert client.get("/_emulator/ready").status_code == 200
                assert client.get("/live/account", params={"api_key": "somebody"}).status_code == 200
            assert not is_answered.is_set()
        asking.join()
    assert statuses == [200]


@pytest.mark.parametrize("path", ["/_emulator/worlds/held/clock", "/live/account?api_key=key-of-the-held"])
def test_a_request_that_waited_for_a_world_reaches_the_one_that_took_its_place(path: str) -> None:
    scenario = load_value({"title": "A", "credentials": {"serpwow": ["key-of-the-held"]}}, VENDORS)
    worlds = worlds_of([])
    old, new = scenario.world(VENDORS, HELD, None), scenario.world(VENDORS, HELD, 7)
    worlds.add(old, scenario.claims(VENDORS, old))
    with ThreadedServer(create_app(worlds)) as server, httpx.Client(base_url=server.url, timeout=None) as client:
        with old.lock:
            asking = Thread(target=lambda: httpx.get(server.url + path, timeout=None))
            asking.start()
            wait_until(lambda: client.get("/_emulator/ready") and server.look().result()[0], asking.is_alive)
            client.get("/_emulator/ready")
            worlds.replace(old, new, scenario.claims(VENDORS, new))
        asking.join()
    assert old.journal.last == 0
    assert new.journal.last == (1 if path.startswith("/live") else 0)


class LockThatComesLate:
    """The lock of a world, to which something happens just before the lock is taken for the nth time."""

    def __init__(self, world: World, nth: int, happens: Callable[[], None]) -> None:
        self._lock = world.lock
        self._left = nth
        self._happens = happens

    def acquire(self, blocking: bool = True) -> bool:
        self._left -= 1
        if self._left == 0:
            self._happens()
        return self._lock.acquire(blocking)

    def release(self) -> None:
        self._lock.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


FAULT: dict[str, Any] = {"at": "serpwow.batches.list", "where": "before-commit", "do": "status", "status": 503}


@pytest.mark.parametrize(
    ("faults", "nth", "path"),
    [
        ([], 1, "/_emulator/worlds/held"),
        ([], 2, "/_emulator/worlds/held"),
        ([], 1, "/live/account?api_key=key-of-the-held"),
        ([FAULT], 1, "/live/account?api_key=key-of-the-held"),
    ],
)
def test_a_request_whose_world_is_replaced_just_before_it_has_the_lock_reaches_the_new_one(
    faults: list[dict[str, Any]], nth: int, path: str
) -> None:
    scenario = load_value({"title": "A", "credentials": {"serpwow": ["key-of-the-held"]}, "faults": faults}, VENDORS)
    worlds = worlds_of([])
    old, new = scenario.world(VENDORS, HELD, None), scenario.world(VENDORS, HELD, 7)
    worlds.add(old, scenario.claims(VENDORS, old))
    late = LockThatComesLate(old, nth, lambda: worlds.replace(old, new, scenario.claims(VENDORS, new)))
    old.lock = late  # type: ignore[assignment]
    with ThreadedServer(create_app(worlds)) as server:
        answer = httpx.get(server.url + path, timeout=None)
    assert worlds.get(HELD) is new, "nothing happened: the lock was not taken so often"
    assert answer.status_code == 200
    if path.startswith("/live"):
        assert (old.journal.last, new.journal.last) == (0, 1)
    else:
        assert answer.json()["seed"] == 7


def test_worlds_that_are_made_at_once_have_ids_of_their_own() -> None:
    with ThreadedServer(create_app(worlds_of([]))) as server:
        ids: list[str] = []
        makers = [
            Thread(target=lambda: ids.append(httpx.post(f"{server.url}/_emulator/worlds", timeout=None).json()["id"]))
            for _ in range(16)
        ]
        for maker in makers:
            maker.start()
        for maker in makers:
            maker.join()
    assert len(set(ids)) == len(makers)


def test_a_world_that_takes_long_to_make_does_not_hold_up_the_making_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    building, go_on = Event(), Event()
    set_beginning = World.set_beginning

    def slowly(world: World, text: object = None, at: datetime | None = None) -> None:
        if text == {"title": "Slow"}:
            building.set()
            go_on.wait()
        set_beginning(world, text, at)

    monkeypatch.setattr(World, "set_beginning", slowly)
    with ThreadedServer(create_app(worlds_of([]))) as server:

        def make(title: str) -> int:
            body = {"scenario": {"title": title}}
            return httpx.post(f"{server.url}/_emulator/worlds", json=body, timeout=None).status_code

        slow = Thread(target=make, args=("Slow",))
        slow.start()
        building.wait()
        assert make("Another") == 201
        go_on.set()
        slow.join()


def test_a_request_under_way_is_dropped_without_a_traceback_when_its_server_ends(caplog: pytest.LogCaptureFixture) -> None:
    worlds = worlds_of([load_value({"title": "A"}, VENDORS)])
    with ThreadPoolExecutor() as pool:
        with worlds.default.lock, ThreadedServer(create_app(worlds)) as server:
            asking = pool.submit(httpx.get, f"{server.url}/live/account?api_key=k", timeout=None)
            wait_until(lambda: server.look().result()[0], lambda: not asking.done())
        with pytest.raises(httpx.TransportError):
            asking.result()
    assert not caplog.records
