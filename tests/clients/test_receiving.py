"""Answers of a server that nobody vouches for end: after a time, and after a number of bytes."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPConnection
from itertools import count
from threading import Thread

import pytest

from emulator.client import bounded_responses
from emulator.client.http import HttpClient
from emulator.scenario.client import NoResponse

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
ENDLESS_WORDS = [
    pytest.param(HEAD + b"\r\n", b" " * 4096, id="until it hangs up"),
    pytest.param(HEAD + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n", id="small chunks"),
    pytest.param(HEAD + b"transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFF\r\n", b" " * 4096, id="one chunk"),
]
UNTIMELY = [
    *ENDLESS_WORDS,
    pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="to be continued"),
    pytest.param(b"HTTP/1.1 200 OK\r\nx: ", b"x", id="a header"),
    pytest.param(HEAD + b"transfer-encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n", id="trailers"),
]

Serve = Callable[[bytes, bytes], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server that answers one request with a beginning, and then one piece after another until the client leaves."""
    listening = socket.create_server(("127.0.0.1", 0))

    def start(beginning: bytes, piece: bytes) -> str:
        def answer() -> None:
            with suppress(OSError):
                line, _ = listening.accept()
                with line:
                    line.recv(65536)
                    line.sendall(beginning)
                    while piece:
                        line.sendall(piece)
                    line.recv(1)  # it never hangs up

        Thread(target=answer, daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    listening.close()


@pytest.mark.parametrize(("beginning", "piece"), ENDLESS_WORDS)
def test_an_endless_body_is_left(serve: Serve, monkeypatch: pytest.MonkeyPatch, beginning: bytes, piece: bytes) -> None:
    monkeypatch.setattr(bounded_responses, "MOST_BYTES", 100_000)
    with HttpClient(serve(beginning, piece)) as client, pytest.raises(NoResponse, match="has more than 100,000 bytes"):
        client.send("GET", b"/_emulator/ready")


def test_a_body_that_is_announced_as_too_long_is_not_waited_for(serve: Serve) -> None:
    url = serve(HEAD + b"content-length: 99999999999999\r\n\r\n{", b"")
    with HttpClient(url) as client, pytest.raises(NoResponse, match="has more than 500,000,000 bytes"):
        client.send("GET", b"/_emulator/ready")


@pytest.mark.parametrize(("beginning", "piece"), UNTIMELY)
@pytest.mark.parametrize(("target", "seconds"), [(b"/_emulator/ready", 7), (b"/live/account", 70)])
def test_an_answer_that_trickles_for_ever_is_left(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, beginning: bytes, piece: bytes, target: bytes, seconds: int
) -> None:
    looks = count()
    # each time it is looked at, a seventh of the time is over: however much comes meanwhile, no line is too long
    monkeypatch.setattr(bounded_responses, "MONOTONIC", lambda: next(looks) * seconds / 7)
    message = f"no whole answer came within {seconds} s"
    with HttpClient(serve(beginning, piece), timeout=7) as client, pytest.raises(NoResponse, match=message):
        client.send("GET", target)


def test_a_connection_that_stays_open_has_its_whole_time_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = count()
    monkeypatch.setattr(bounded_responses, "MONOTONIC", lambda: float(next(looks)))
    emulator_error, theirs = socket.socketpair()
    with emulator_error, theirs:
        connection = HTTPConnection("127.0.0.1", timeout=9)
        connection.sock = emulator_error
        for _ in range(2):
            bounded_responses.bound(connection, 3)
            assert emulator_error.gettimeout() == 9
            theirs.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            connection.request("GET", "/")
            assert connection.getresponse().read() == b""
            assert emulator_error.gettimeout() == 2
