"""TLS handshakes that stall: counted until they are done, have failed or are out of time, and cut off beyond the bound."""

from __future__ import annotations

import socket
import ssl
from contextlib import closing, suppress
from pathlib import Path

import pytest

from emulator.kernel.limits import Limits
from emulator.server import handshakes as handshakes_module
from emulator.server.app import create_app, worlds_of
from emulator.server.handshakes import Handshakes
from emulator.server.server import ThreadedServer
from emulator.server.tls import Tls
from tests.support.sockets import hear_statuses

LIMITS = Limits(connections=3)
TRUST = ssl.create_default_context()
TRUST.check_hostname, TRUST.verify_mode = False, ssl.CERT_NONE
READY = b"GET /_emulator/ready HTTP/1.1\r\nhost: localhost\r\n\r\n"


def dial(server: ThreadedServer) -> socket.socket:
    host, _, port = server.url.removeprefix("https://").partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def test_no_more_handshakes_begin_than_there_may_be_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(handshakes_module, "MONOTONIC", lambda: now)
    handshakes = Handshakes(LIMITS)
    begun = [handshakes.begin() for _ in range(4)]
    assert begun == [0, 1, 2, None]
    handshakes.end(1)
    assert [handshakes.begin(), handshakes.begin()] == [3, None]
    now = LIMITS.head_seconds + 1.0
    assert [handshakes.begin() for _ in range(4)] == [4, 5, 6, None]


def test_a_handshake_too_many_is_cut_off_and_one_that_is_done_or_failed_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMULATOR_TLS_FOLDER", str(tmp_path))
    with ThreadedServer(create_app(worlds_of([])), limits=LIMITS, tls=Tls(())) as server:
        for _ in range(5):
            with closing(TRUST.wrap_socket(dial(server))) as tls_line:
                tls_line.sendall(READY)
                assert hear_statuses(tls_line, 1) == [200]
            with closing(dial(server)) as failing:
                failing.sendall(b"\x16\x03\x01\x00\x04nonsense")
                while failing.recv(100):
                    pass
        lines = [dial(server) for _ in range(LIMITS.connections)]
        for line in lines:
            line.sendall(b"\x16")
        with pytest.raises(OSError, match=r"EOF|reset|closed"), closing(dial(server)) as refused:
            TRUST.wrap_socket(refused)
        for line in lines:
            with suppress(OSError):
                line.close()
