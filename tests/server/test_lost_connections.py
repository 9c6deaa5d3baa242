"""A connection that is lost takes its memory with it at once: floods of them would grow until cycles are looked for."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any
from weakref import ref

import pytest
import uvloop

from emulator.server.app import create_app, worlds_of
from emulator.server.connection import HttpConnection
from emulator.server.server import ThreadedServer
from emulator.server.tls import Tls
from emulator.server.transports import LINGER_RST
from tests.support.sockets import dial, hear_statuses
from tests.support.waiting import wait_until

TRUST = ssl.create_default_context()
TRUST.check_hostname, TRUST.verify_mode = False, ssl.CERT_NONE
LINGER_FIN = struct.pack("ii", 0, 0)
ACCOUNT = b"GET /live/account?api_key=k HTTP/1.1\r\nhost: localhost\r\n\r\n"
SENT = {
    "nothing": (b"", []),
    "half a head": (ACCOUNT[:-3], []),
    "half a body": (b"POST /live/batches?api_key=k HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{", []),
    "a request": (ACCOUNT, [200]),
    "nonsense": (b"\0\r\n\r\n", [400]),
    "a request and nonsense": (ACCOUNT + b"\0\r\n\r\n", [200, 400]),
    "many requests whose answers are not read": (ACCOUNT * 200, []),
}


LOOPS = {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture(params=product(LOOPS, ["plain", "tls"]), ids="-".join)
def server(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadedServer]:
    loop, scheme = request.param
    monkeypatch.setattr("emulator.server.server.new_event_loop", LOOPS[loop])
    monkeypatch.setenv("EMULATOR_TLS_FOLDER", str(tmp_path))
    with ThreadedServer(create_app(worlds_of([])), tls=Tls(()) if scheme == "tls" else None) as server:
        yield server


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ref[HttpConnection]]]:
    """The connections that have begun, while nothing looks for cycles."""
    there: list[ref[HttpConnection]] = []
    begin = HttpConnection.__init__

    def begin_and_note(connection: HttpConnection, *arguments: Any, **options: Any) -> None:
        there.append(ref(connection))
        begin(connection, *arguments, **options)

    monkeypatch.setattr(HttpConnection, "__init__", begin_and_note)
    gc.disable()
    yield there
    gc.enable()


@pytest.mark.parametrize("end", [LINGER_FIN, LINGER_RST], ids=["closes", "resets"])
@pytest.mark.parametrize("sent", SENT)
def test_a_lost_connection_takes_its_memory_with_it(
    server: ThreadedServer, begun: list[ref[HttpConnection]], sent: str, end: bytes
) -> None:
    data, statuses = SENT[sent]
    with closing(dial(server)) as plain:
        line = TRUST.wrap_socket(plain) if server.url.startswith("https") else plain
        with closing(line):
            line.sendall(data)
            assert hear_statuses(line, len(statuses)) == statuses
            wait_until(lambda: server.look().result() and begun)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, end)
    wait_until(lambda: server.look().result() and not any(each() for each in begun))


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01", b"\x16\x03\x01\x00\x04nonsense", b"GET / HTTP/1.1\r\n\r\n"])
def test_a_connection_that_ends_in_its_handshake_takes_its_memory_with_it(
    server: ThreadedServer, begun: list[ref[HttpConnection]], sent: bytes
) -> None:
    with closing(dial(server)) as line:
        line.sendall(sent)
        wait_until(lambda: server.look().result() and begun)
    wait_until(lambda: server.look().result() and not any(each() for each in begun))
