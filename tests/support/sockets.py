"""Raw connections to a server under test, and what comes back on them."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.web.connection import App
from tests.support.loading import LIBRARY

STATUS_LINE = b"HTTP/1.1 "


def dial(server: ThreadedServer) -> socket.socket:
    host, _, port = server.url.partition("://")[2].partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def hear(line: socket.socket) -> tuple[int, str, dict[str, Any]]:
    """The status, our error and the body of what comes before the server hangs up."""
    data = b""
    with suppress(ConnectionResetError):
        while part := line.recv(65_536):
            data += part
    head, _, body = data.partition(b"\r\n\r\n")
    error = next((header for header in head.decode().splitlines() if header.startswith("emulator-error: ")), "")
    return int(head.split()[1]), error.removeprefix("emulator-error: "), json.loads(body)


def hear_statuses(line: socket.socket, count: int) -> list[int]:
    """The statuses of so many replies, on a line that stays open; fewer, where the server hangs up before."""
    received, number = b"", 0
    with suppress(ConnectionResetError):
        while number < count and (part := line.recv(65_536)):
            number += (received[1 - len(STATUS_LINE) :] + part).count(STATUS_LINE)
            received += part
    return [int(part[:3]) for part in received.split(STATUS_LINE)[1:]]


@contextmanager
def overheard(caplog: pytest.LogCaptureFixture, app: App | None = None) -> Iterator[ThreadedServer]:
    """A server of one's own, whose log is heard until after its end."""
    log = logging.getLogger("uvicorn.error")
    try:
        with ThreadedServer(app or create_app(worlds_of([LIBRARY.get("first-run")]))) as server:
            log.addHandler(caplog.handler)
            yield server
    finally:
        log.removeHandler(caplog.handler)


def hear_all(line: socket.socket) -> bytes:
    """Return all that comes until the server hangs up, or the connection breaks off."""
    received = b""
    with suppress(ConnectionResetError):
        while part := line.recv(65_536):
            received += part
    return received
