"""A client that hangs up while it is answered: what only it would have heard ends, and what has an effect goes on."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from threading import Event
from typing import Any

import httpx
import pytest

from emulator.control import dry_run
from emulator.kernel.world import World
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.server.transports import LINGER_RST
from emulator.text.checkpoint import checkpoint
from emulator.web import turns
from tests.support.sockets import dial
from tests.support.waiting import wait_until

WORLD = "/_emulator/worlds/default"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadedServer]:
    monkeypatch.setattr(turns, "SLICE", 0)
    with ThreadedServer(create_app(worlds_of([]))) as server:
        yield server


def _post(server: ThreadedServer, path: bytes, body: Any) -> socket.socket:
    line, content = dial(server), json.dumps(body).encode()
    line.sendall(b"POST %b%b HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % (WORLD.encode(), path, len(content)))
    line.sendall(content)
    return line


def _close(line: socket.socket) -> None:
    line.close()


def _reset(line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RST)
    line.close()


@pytest.mark.parametrize("hang_up", [_close, _reset])
def test_a_dry_run_ends_when_its_client_is_gone(
    server: ThreadedServer, monkeypatch: pytest.MonkeyPatch, hang_up: Callable[[socket.socket], None]
) -> None:
    has_begun = Event()

    def endless(*_: object) -> None:
        has_begun.set()
        while True:
            checkpoint()

    with monkeypatch.context() as patch:
        patch.setattr(dry_run, "between", endless)
        line = _post(server, b"/dry-run", {"method": "GET", "url": "/live/account?api_key=k"})
        has_begun.wait()
        hang_up(line)
        assert httpx.get(f"{server.url}{WORLD}/state", timeout=None).status_code == 200


def test_a_half_closed_client_hears_the_answer(server: ThreadedServer) -> None:
    with closing(_post(server, b"/dry-run", {"method": "GET", "url": "/live/account?api_key=k"})) as line:
        line.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: line.recv(65_536), b""))
    assert b"HTTP/1.1 200 OK\r\n" in received


def test_a_change_goes_on_though_its_client_is_gone(server: ThreadedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    has_begun, is_gone, advance = Event(), Event(), World.advance_by

    def with_checkpoints(world: World, by: timedelta) -> Any:
        has_begun.set()
        is_gone.wait()
        for _ in range(100):
            checkpoint()
        return advance(world, by)

    clock = httpx.get(f"{server.url}{WORLD}/clock").json()["now"]
    monkeypatch.setattr(World, "advance_by", with_checkpoints)
    line = _post(server, b"/clock/advance", {"by": "1s"})
    has_begun.wait()
    _reset(line)
    wait_until(lambda: not server.look().result()[1][1])  # no connection is open
    is_gone.set()
    assert httpx.get(f"{server.url}{WORLD}/clock", timeout=None).json()["now"] != clock
