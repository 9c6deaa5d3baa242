"""TLS handshakes that go no further: the oldest gives way to a new one, whatever its client has sent, on every loop."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
import uvloop

from emulator.kernel.limits import Limits
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.server.tls import Tls
from tests.support.sockets import dial, hear_all, hear_statuses
from tests.support.waiting import wait_until

LIMITS = Limits(connections=3)
TRUST = ssl.create_default_context()
TRUST.check_hostname, TRUST.verify_mode = False, ssl.CERT_NONE
READY = b"GET /_emulator/ready HTTP/1.1\r\nhost: localhost\r\n\r\n"


def _hello() -> bytes:
    outgoing = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        TRUST.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


STALLED = {"nothing": b"", "a byte": b"\x16", "half a hello": _hello()[:100], "a hello": _hello()}

SENT = {"nothing": b"", "half a head": READY[:-3], "nonsense": b"\0\r\n\r\n"}
SENT["a request to be closed"] = READY[:-2] + b"connection: close\r\n\r\n"


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadedServer]:
    monkeypatch.setattr("emulator.server.server.new_event_loop", request.param)
    monkeypatch.setenv("EMULATOR_TLS_FOLDER", str(tmp_path))
    with ThreadedServer(create_app(worlds_of([])), limits=LIMITS, tls=Tls(())) as server:
        yield server


def _dial(server: ThreadedServer, lines: ExitStack, data: bytes = b"") -> socket.socket:
    line = lines.enter_context(closing(dial(server)))
    line.sendall(data)
    return line


def _ask(server: ThreadedServer) -> list[int]:
    with ExitStack() as lines, closing(TRUST.wrap_socket(_dial(server, lines))) as line:
        line.sendall(READY)
        return hear_statuses(line, 1)


def _is_cut_off(line: socket.socket) -> bool:
    """Tell whether nothing more comes on a line, after what came before; it would be heard for as long as it lasts."""
    with suppress(ConnectionResetError):
        while line.recv(65_536):
            pass
    return True


@pytest.mark.parametrize("sent", STALLED)
def test_the_oldest_handshake_gives_way_to_each_new_one(server: ThreadedServer, sent: str) -> None:
    with ExitStack() as lines:
        stalled = [_dial(server, lines, STALLED[sent]) for _ in range(3 * LIMITS.connections)]
        assert all(_is_cut_off(line) for line in stalled[: -LIMITS.connections])
        assert _ask(server) == [200]
        assert _is_cut_off(stalled[-LIMITS.connections])


def test_handshakes_that_are_done_or_have_failed_make_room(server: ThreadedServer) -> None:
    with ExitStack() as lines:
        first = TRUST.wrap_socket(_dial(server, lines), do_handshake_on_connect=False)
        for _ in range(2 * LIMITS.connections):
            assert _ask(server) == [200]
            failing = _dial(server, lines, b"\x16\x03\x01\x00\x04nonsense")
            failing.shutdown(socket.SHUT_WR)
            assert _is_cut_off(failing)
        with closing(first):
            first.do_handshake()
            first.sendall(READY)
            assert hear_statuses(first, 1) == [200]


ALERT = b"\x15\x03\x03\x00\x02\x02"
"""The beginning of a fatal alert."""


@pytest.mark.parametrize(
    "hello",
    [b"\x16\x03\x01\x00\x05\x01\x00\xff\xff\xff" + b"a" * 50, b"\x16\x03\x01\x00\x04nonsense", _hello()[:40] + b"\xff" * 600],
)
def test_a_bad_hello_is_answered_by_an_alert_and_nothing_else(server: ThreadedServer, hello: bytes) -> None:
    with ExitStack() as lines:
        line = _dial(server, lines, hello)
        assert line.recv(len(ALERT)) == ALERT
        line.shutdown(socket.SHUT_WR)
        assert len(hear_all(line)) == 1


@pytest.mark.parametrize("method", ["GET", "DELETE", "CONNECT"])
def test_plain_http_is_answered_in_plain_http(server: ThreadedServer, method: str) -> None:
    with ExitStack() as lines:
        line = _dial(server, lines, f"{method} /_emulator/ready HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        assert hear_statuses(line, 1) == [400]


@pytest.mark.parametrize("sent", ["nothing", "half a head", "nonsense", "a request to be closed"])
def test_clients_that_never_close_tls_give_way_to_new_ones(
    server: ThreadedServer, monkeypatch: pytest.MonkeyPatch, sent: str
) -> None:
    monkeypatch.setattr("emulator.server.handshakes.LINGER", 1_000)
    with ExitStack() as lines:
        for _ in range(3 * LIMITS.connections):
            line = lines.enter_context(closing(TRUST.wrap_socket(_dial(server, lines))))
            line.sendall(SENT[sent])
            assert _ask(server) == [200]
        wait_until(lambda: len(server.look().result()[1][1]) <= LIMITS.connections)


def test_handshakes_under_way_hold_up_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_TLS_FOLDER", str(tmp_path))
    with ExitStack() as lines:
        with ThreadedServer(create_app(worlds_of([])), limits=LIMITS, tls=Tls(())) as server:
            stalled = _dial(server, lines, STALLED["a hello"])
            assert _ask(server) == [200]
        assert _is_cut_off(stalled)
