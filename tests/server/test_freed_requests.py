"""A request goes with its last reference, however it ends: what waits for the collector may wait for ever."""

from __future__ import annotations

import gc
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import product
from types import FrameType
from typing import Any

import pytest

from emulator.client.connections import ask
from emulator.kernel.budget import Quota
from emulator.kernel.faults import DO, INVALID_COMBINATIONS, WHERE
from emulator.kernel.limits import Limits
from emulator.kernel.worlds import Worlds
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.web.connection import NoAnswer
from emulator.web.delays import FaultDelays
from emulator.web.faulted_request import FaultedRequest
from emulator.web.gateway import Gateway
from emulator.web.held_requests import HeldRequest, HeldRequests
from tests.support.sockets import dial, hear_all, hear_statuses
from tests.support.waiting import wait_until

OPTIONS: dict[str, dict[str, Any]] = {"status": {"status": 503}, "delay": {"delay": "5m"}}
FAULTS = [it for it in product(WHERE, DO) if it not in INVALID_COMBINATIONS]


class FaultyServer:
    """A server whose world `w` has one fault, and whose clock runs, while nothing looks for cycles."""

    def __init__(self) -> None:
        self.worlds: Worlds = worlds_of([])
        self.held = HeldRequests()
        self.app: Gateway = create_app(self.worlds, held=self.held)
        self.control("POST", "", {"id": "w", "scenario": {"title": "A"}})
        self.control("DELETE", "/w")
        self.used = self.worlds.budget.used

    def control(self, method: str, path: str, body: Any = None) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        response = ask(self.app, method, b"/_emulator/worlds" + path.encode(), [(b"host", b"localhost")], content)
        assert response.status < 300, response.content
        return json.loads(response.content or b"{}")

    def add_fault(self, where: str, do: str, **options: Any) -> str:
        """Make the world, and return its key."""
        fault = {"at": "serpwow", "where": where, "do": do, **OPTIONS.get(do, {}), **options}
        scenario = {"title": "A", "clock": {"rate": 1}, "faults": [fault]}
        key: str = self.control("POST", "", {"id": "w", "scenario": scenario})["credentials"]["serpwow"]["api_key"]
        return key

    def wait(self) -> None:
        """Wait until the request is held up, or has its answer."""
        world = self.worlds.get("w")
        wait_until(lambda: self.held.of(world) or world.journal.last)

    def assert_nothing_is_left(self) -> None:
        assert not [it for it in gc.get_objects() if isinstance(it, (FaultedRequest, FaultDelays, HeldRequest))]
        assert self.worlds.budget.used == self.used


@pytest.fixture
def faulty() -> Iterator[FaultyServer]:
    faulty = FaultyServer()
    gc.collect()
    gc.disable()
    yield faulty
    gc.enable()


def _remove_the_fault(server: FaultyServer, line: socket.socket) -> None:
    server.control("DELETE", "/w/faults")
    hear_all(line)


def _drop_the_world(server: FaultyServer, line: socket.socket) -> None:
    server.control("DELETE", "/w")
    hear_all(line)


def _leave(_: FaultyServer, line: socket.socket) -> None:
    line.close()


def _half_close(_: FaultyServer, line: socket.socket) -> None:
    with suppress(OSError):  # the server may have hung up
        line.shutdown(socket.SHUT_WR)


ENDS: list[Callable[[FaultyServer, socket.socket], None]] = [_remove_the_fault, _drop_the_world, _leave, _half_close]


@pytest.mark.parametrize(("where", "do"), FAULTS)
def test_a_request_that_meets_a_fault_leaves_nothing(faulty: FaultyServer, where: str, do: str) -> None:
    with ThreadedServer(faulty.app) as server:
        for end in ENDS:
            key = faulty.add_fault(where, do)
            with closing(dial(server)) as line:
                line.sendall(
                    f"GET /live/account?api_key={key} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode()
                )
                faulty.wait()
                end(faulty, line)
            if "w" in faulty.worlds:
                faulty.control("DELETE", "/w")
    faulty.assert_nothing_is_left()


@pytest.mark.parametrize(("where", "do"), FAULTS)
def test_a_request_without_a_socket_that_meets_a_fault_leaves_nothing(faulty: FaultyServer, where: str, do: str) -> None:
    options = {"delay": "1ms"} if do == "delay" else {"pace": "1ms"} if do == "dribble" else {}
    key = faulty.add_fault(where, do, **options)
    with suppress(NoAnswer):
        ask(faulty.app, "GET", f"/live/account?api_key={key}".encode(), [(b"host", b"localhost")], b"")
    faulty.control("DELETE", "/w")
    faulty.assert_nothing_is_left()


def _with_length(path: str, length: int, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    return head.encode() + body


CHUNKED = b"POST /_emulator/worlds HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
NO_SCENARIO = b'{"scenario": {"title": "A", "timeline": [{"after": [], "set": [[]]}], "faults": [{"at": {}, "match": 1}]}}'
REFUSED = {
    "a body that is said to be too large": (_with_length("/_emulator/worlds", 2_000, b""), 413),
    "a body that is too large": (CHUNKED + b"7d0\r\n" + b" " * 2_000 + b"\r\n0\r\n\r\n", 413),
    "a body of a vendor that is too large": (_with_length("/live/batches?api_key=k", 2_000, b" " * 2_000), 413),
    "a body of the control plane without room": (_with_length("/_emulator/worlds", 1_000, b" " * 1_000), 429),
    "a body of a vendor without room": (_with_length("/live/batches?api_key=k", 1_000, b" " * 1_000), 429),
    "a scenario of another form": (_with_length("/_emulator/worlds", len(NO_SCENARIO), NO_SCENARIO), 422),
    "a scenario that is no JSON": (_with_length("/_emulator/worlds", 9, b'{"scenari'), 422),
    "a world that is not there": (_with_length("/_emulator/worlds/w/reset", 0, b""), 404),
}


@pytest.mark.parametrize("refused", REFUSED)
def test_a_request_that_is_refused_leaves_nothing(monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    request, status = REFUSED[refused]
    for module in ("requests", "gateway"):
        monkeypatch.setattr(f"emulator.web.{module}.UNCOUNTED_BYTES", 500)
    app = create_app(worlds_of([]), limits=Limits(body=1_500, control=1_500, memory=400))
    if "without room" in refused:
        monkeypatch.setattr(Quota, "over", property(lambda quota: quota.bytes > 500))
    with ThreadedServer(app) as server:
        for _ in range(2):  # what the first needs is made for good
            gc.collect()
            with closing(dial(server)) as line:
                line.sendall(request)
                assert hear_statuses(line, 1) == [status]
            wait_until(lambda: not server.look().result()[1][1])
        assert not [it for it in _garbage() if isinstance(it, (BaseException, FrameType, dict))]


def _garbage() -> list[object]:
    """Everything that only a look for cycles frees, since the last one."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return [*gc.garbage]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
