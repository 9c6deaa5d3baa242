"""Too many connections: which gives way to a new one, what its client hears, and what is answered where none can."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from emulator.kernel.limits import Limits
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.server.transports import LINGER_RST
from emulator.web.connection import App, Receive, Scope, Send
from tests.support.sockets import dial, hear, hear_all, hear_statuses

LIMITS = Limits(connections=3)
ACCOUNT = b"GET /live/account?api_key=k HTTP/1.1\r\nhost: localhost\r\n\r\n"
READY = b"GET /_emulator/ready HTTP/1.1\r\nhost: localhost\r\n\r\n"
BUSY = b"GET /busy HTTP/1.1\r\nhost: localhost\r\n\r\n"
HELD = b"GET /live/batches?api_key=k HTTP/1.1\r\nhost: localhost\r\n\r\n"
WAITS = {
    "nothing sent": b"",
    "part of a head": ACCOUNT[:-3],
    "part of a body": b"POST /live/batches?api_key=k HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{",
    "an answer unread": b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "a fault": HELD,
}
LARGE = b"x" * 16_000_000
"""More bytes than the system keeps of an answer that is not read."""

FAULT = {"at": "serpwow.batches.list", "where": "after-commit"}
HANG, DELAY = {**FAULT, "do": "hang"}, {**FAULT, "do": "delay", "delay": "300s", "clock": "real"}


def _with_busy_and_large(app: App) -> App:
    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/busy":
            await receive()
            await receive()  # until the client is gone
            return
        if scope["path"] == "/large":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"16000000")]})
            await send({"type": "http.response.body", "body": LARGE})
            return
        await app(scope, receive, send)

    return either


@pytest.fixture
def server() -> Iterator[ThreadedServer]:
    app = create_app(worlds_of([]), limits=LIMITS)
    with ThreadedServer(_with_busy_and_large(app), limits=LIMITS) as server:
        yield server


def _lay(server: ThreadedServer, fault: dict[str, str]) -> None:
    httpx.post(f"{server.url}/_emulator/worlds/default/faults", json=fault).raise_for_status()


def _connect(server: ThreadedServer, lines: ExitStack, data: bytes) -> socket.socket:
    """Return a connection whose data the server has read."""
    line = lines.enter_context(closing(dial(server)))
    line.sendall(data)
    server.look().result()
    return line


def _reset(server: ThreadedServer, line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RST)
    line.close()
    server.look().result()


@pytest.mark.parametrize("fault", [HANG, DELAY], ids=["hang", "delay"])
@pytest.mark.parametrize("wait", WAITS)
def test_the_connection_that_waits_longest_gives_way_to_each_new_one(
    server: ThreadedServer, wait: str, fault: dict[str, str]
) -> None:
    _lay(server, fault)
    with ExitStack() as lines:
        first, second, _ = (_connect(server, lines, WAITS[wait]) for _ in range(3))
        for oldest in (first, second):
            newest = _connect(server, lines, READY)
            assert hear_statuses(newest, 1) == [200]
            refusal = b"HTTP/1.1 503 " if "part" in wait else b""
            received = hear_all(oldest)
            assert received.startswith(refusal)
            assert len(received) < len(LARGE)


def test_idle_connections_give_way_first_then_those_that_wait_for_their_clients_then_those_that_faults_hold_up(
    server: ThreadedServer,
) -> None:
    _lay(server, HANG)
    with ExitStack() as lines:
        held, part, idle = (_connect(server, lines, WAITS[wait]) for wait in ("a fault", "part of a head", "nothing sent"))
        for line, refusal in ((idle, b""), (part, b"HTTP/1.1 503 "), (held, b"")):
            _connect(server, lines, BUSY)
            assert hear_all(line)[:13] == refusal


def test_where_none_waits_all_but_the_readiness_of_the_server_is_refused(server: ThreadedServer) -> None:
    with ExitStack() as lines:
        busy = [_connect(server, lines, BUSY) for _ in range(LIMITS.connections)]
        assert hear_statuses(_connect(server, lines, READY), 1) == [200]
        status, error, body = hear(_connect(server, lines, ACCOUNT))
        assert (status, error, "--max-connections" in body["message"]) == (503, "connections", True)
        _reset(server, busy[0])
        assert hear_statuses(_connect(server, lines, ACCOUNT), 1) == [200]


def test_a_connection_beyond_the_bound_is_one_like_others_once_there_is_room(server: ThreadedServer) -> None:
    with ExitStack() as lines:
        busy = [_connect(server, lines, BUSY) for _ in range(LIMITS.connections)]
        spare = _connect(server, lines, READY)
        assert hear_statuses(spare, 1) == [200]
        _reset(server, busy[0])
        spare.sendall(ACCOUNT)
        assert hear_statuses(spare, 1) == [200]


def test_no_more_than_a_few_connections_stay_open_beyond_the_bound(
    server: ThreadedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.server.room.SPARE", 0)
    with ExitStack() as lines:
        for _ in range(LIMITS.connections):
            _connect(server, lines, BUSY)
        assert hear(_connect(server, lines, b""))[:2] == (503, "connections")
