"""Idle connections: kept for as long as the client was told, closed without losing a request, and first to make room."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from math import inf
from threading import Event

import pytest

from emulator.kernel.limits import Limits, keep_alive_seconds
from emulator.server.app import create_app, worlds_of
from emulator.server.connection import HttpConnection
from emulator.server.room import Wait
from emulator.server.server import ThreadedServer
from emulator.server.timeouts import has_unread_bytes, keep_alive_headers
from tests.support.sockets import dial, hear_statuses

HEAD = b"GET /_emulator/health HTTP/1.1\r\nhost: localhost\r\n"
ASK = HEAD + b"\r\n"
ACCOUNT = b"GET /live/account?api_key=k HTTP/1.1\r\nhost: localhost\r\n"
KEPT = b"connection: keep-alive\r\nkeep-alive: timeout=75\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadedServer]:
    bounds = Limits(body=10)
    with ThreadedServer(create_app(worlds_of([]), limits=bounds), limits=bounds) as server:
        yield server


def head_of_answer(line: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data and (part := line.recv(65_536)):
        data += part
    return data.partition(b"\r\n\r\n")[0] + b"\r\n"


@pytest.mark.parametrize(
    ("data", "is_kept"),
    [
        (ASK, True),
        (HEAD + b"connection: keep-alive\r\n\r\n", True),
        (b"HEAD /live/account HTTP/1.1\r\nhost: localhost\r\n\r\n", True),
        (HEAD + b"connection: close\r\n\r\n", False),
        (ACCOUNT + b"connection: close\r\nconnection: keep-alive\r\n\r\n", False),
        (ACCOUNT + b"connection: Keep-Alive\r\n\r\n", True),
        (ASK.replace(b"/1.1", b"/1.0"), False),
        (HEAD.replace(b"/1.1", b"/1.0") + b"connection: keep-alive\r\n\r\n", False),
        (b'POST /live/batches HTTP/1.1\r\nhost: localhost\r\ncontent-length: 11\r\n\r\n{"a": 1234}', False),
        (b"nonsense\r\n\r\n", False),
    ],
)
def test_an_answer_tells_how_long_its_connection_is_kept_and_one_that_is_closed_does_not(
    server: ThreadedServer, data: bytes, is_kept: bool
) -> None:
    with closing(dial(server)) as line:
        line.sendall(data)
        head = head_of_answer(line)
        assert (KEPT in head, b"keep-alive" in head) == (is_kept, is_kept)
        assert head.count(b"connection: ") == 1


@pytest.mark.parametrize(("seconds", "hint"), [(75, b"timeout=75\r\n"), (1.9, b"timeout=1\r\n"), (float("inf"), b"")])
def test_the_hint_never_promises_more_than_is_kept(seconds: float, hint: bytes) -> None:
    assert keep_alive_headers(seconds).endswith(hint)
    assert bool(keep_alive_headers(seconds)) == bool(hint)


@pytest.mark.parametrize(
    ("duration", "seconds"), [("75s", 75), ("2m", 120), ("1500ms", 1.5), ("never", float("inf")), (75.0, 75)]
)
def test_how_long_a_connection_is_kept_is_written_as_a_duration(duration: str | float, seconds: float) -> None:
    assert keep_alive_seconds(duration) == seconds


@pytest.mark.parametrize(("duration", "message"), [("0s", "less than 1s"), ("999ms", "less than 1s"), ("soon", "duration")])
def test_a_connection_is_not_kept_for_less_than_a_second(duration: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        keep_alive_seconds(duration)


def test_an_idle_connection_is_closed_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.server.server.GRACE", 0)
    requests = [b"", ASK, ASK + b"\r\n", ASK + b"\r", ASK + b"\r\n" * 3]
    with ThreadedServer(create_app(worlds_of([])), limits=Limits(keep_alive=1)) as server, ExitStack() as lines:
        connections = [lines.enter_context(closing(dial(server))) for _ in requests]
        for line, data in zip(connections, requests, strict=True):
            line.sendall(data)
        assert [hear_statuses(line, 2) for line in connections] == [[], *[[200]] * 4]


def test_the_end_of_a_line_between_two_requests_is_no_part_of_the_next(server: ThreadedServer) -> None:
    with closing(dial(server)) as line:
        for ending in (b"\r\n", b"\n", b"\r\n\r\n"):
            line.sendall(ASK)
            assert hear_statuses(line, 1) == [200]
            line.sendall(ending)
        line.sendall(ASK)
        assert hear_statuses(line, 1) == [200]


def test_a_request_that_has_come_when_the_time_is_over_is_answered(
    server: ThreadedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_blocked, release = Event(), Event()
    on_message_complete = HttpConnection.on_message_complete

    def block(line: HttpConnection) -> None:
        """Stops the whole server, at one path, and lets the time of the other connections be over by then."""
        if line.url == b"/block":
            is_blocked.set()
            release.wait()
            for other in line.connections - {line}:
                other.close_if_idle(inf)  # type: ignore[union-attr]
        on_message_complete(line)

    monkeypatch.setattr(HttpConnection, "on_message_complete", block)
    with closing(dial(server)) as idle, closing(dial(server)) as other:
        idle.sendall(ASK)
        assert hear_statuses(idle, 1) == [200]
        other.sendall(b"GET /block HTTP/1.1\r\nhost: localhost\r\n\r\n")
        is_blocked.wait()
        idle.sendall(ASK)
        release.set()
        assert hear_statuses(idle, 1) == [200]


class Transport:
    """A transport that has a socket and nothing else."""

    def __init__(self, end: socket.socket) -> None:
        self.get_extra_info = lambda _: end


@pytest.mark.parametrize(
    ("send_with_faults", "unread"),
    [
        (lambda _ours, _theirs: None, False),
        (lambda _ours, theirs: theirs.send(b"G"), True),
        (lambda _ours, theirs: theirs.close(), True),
        (lambda emulator_error, _theirs: emulator_error.close(), False),
    ],
)
def test_what_waits_in_a_socket_is_seen(send_with_faults: Callable[[socket.socket, socket.socket], None], unread: bool) -> None:
    emulator_error, theirs = socket.socketpair()
    with emulator_error, theirs:
        send_with_faults(emulator_error, theirs)
        assert has_unread_bytes(Transport(emulator_error)) is unread


def test_at_the_bound_of_connections_the_one_idle_for_longest_makes_room() -> None:
    with ThreadedServer(create_app(worlds_of([])), limits=Limits(connections=3)) as server, ExitStack() as lines:
        first, second, third = (lines.enter_context(closing(dial(server))) for _ in range(3))
        for line in (first, second, third, first):
            line.sendall(ASK)
            assert hear_statuses(line, 1) == [200]
        fourth = lines.enter_context(closing(dial(server)))
        for line in (fourth, first, third):
            line.sendall(ASK)
            assert hear_statuses(line, 1) == [200]
        assert second.recv(1) == b""


def test_a_connection_that_has_sent_nothing_is_idle_and_the_oldest_makes_room() -> None:
    with ThreadedServer(create_app(worlds_of([])), limits=Limits(connections=3)) as server, ExitStack() as lines:
        silent = [lines.enter_context(closing(dial(server))) for _ in range(3)]
        for _ in range(2):
            asks = lines.enter_context(closing(dial(server)))
            asks.sendall(ASK)
            assert hear_statuses(asks, 1) == [200]
        assert [line.recv(1) for line in silent[:2]] == [b"", b""]
        silent[2].sendall(ASK)
        assert hear_statuses(silent[2], 1) == [200]


def test_making_room_does_not_look_at_every_connection_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    wait = HttpConnection.wait

    def counting(connection: HttpConnection) -> Wait | None:
        nonlocal looks
        looks += 1
        return wait(connection)

    monkeypatch.setattr(HttpConnection, "wait", counting)
    with ThreadedServer(create_app(worlds_of([])), limits=Limits(connections=50)) as server, ExitStack() as lines:
        for _ in range(200):
            lines.enter_context(closing(dial(server)))
        last = lines.enter_context(closing(dial(server)))
        last.sendall(ASK)
        assert hear_statuses(last, 1) == [200]
    assert looks < 5 * 200
