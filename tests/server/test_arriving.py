"""Bodies and uploads while they arrive: many at once have only so much room, and each is refused by name."""

from __future__ import annotations

from contextlib import ExitStack, closing, suppress

import pytest

from emulator.kernel.limits import Limits
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors.stripe.files.requests import JsonlReader
from emulator.web.requests import UNCOUNTED_BYTES, IncomingBody, quota_for_bodies
from tests.support.loading import LIBRARY
from tests.support.sockets import dial, hear, hear_statuses
from tests.support.waiting import wait_until

LIMITS = Limits(memory=8_000_000, body=1_000_000, control=1_000_000)
ROOM = 2


def serving() -> ThreadedServer:
    return ThreadedServer(create_app(worlds_of([LIBRARY.get("first-run")], limits=LIMITS), limits=LIMITS))


def head(path: str, length: int) -> bytes:
    return f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n".encode()


def test_a_body_has_room_beside_others_or_is_refused_until_one_of_them_is_gone() -> None:
    account = quota_for_bodies(LIMITS)
    others = [IncomingBody(account) for _ in range(ROOM)]
    others[0].count(LIMITS.body)
    others[1].count(LIMITS.body)
    late = IncomingBody(account)
    late.count(UNCOUNTED_BYTES + 1)
    assert [bool(body.refusal) for body in (*others, late)] == [False] * ROOM + [True]
    others.pop()
    next_one = IncomingBody(account)
    next_one.count(UNCOUNTED_BYTES + 1)
    assert not next_one.refusal


def test_little_bodies_are_not_counted() -> None:
    account = quota_for_bodies(LIMITS)
    IncomingBody(account).count(UNCOUNTED_BYTES)
    assert account.used == 0


@pytest.mark.parametrize("path", ["/live/batches?api_key=k", "/_emulator/worlds"])
def test_of_bodies_that_come_at_once_the_server_keeps_no_more_than_it_has_room_for(path: str) -> None:
    with (
        serving() as server,
        ExitStack() as connections,
    ):
        lines = [connections.enter_context(closing(dial(server))) for _ in range(ROOM + 1)]
        for line in lines:
            line.sendall(head(path, LIMITS.body) + b"x" * (LIMITS.body - 1))
        wait_until(lambda: server.look().result() == server.look().result())  # the server has read them
        for line in lines:
            line.sendall(b"x")
        answers = [hear(line) for line in lines]
        (refused,) = (answer for answer in answers if answer[0] == 429)
        assert "no room beside those that arrive" in str(refused[2])


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":"a","path_params":{"%s":"b"}}\n' % (b"n" * 100_000),
        b"x" * 100_000,
        b"".join(b'{"id":"r%d","path_params":{"a":"b"}}\n' % n for n in range(10_000)),
    ],
    ids=["names", "a line without an end", "ids"],
)
def test_an_upload_counts_by_all_that_is_kept_of_it_while_it_arrives(line: bytes) -> None:
    reader = JsonlReader()
    before = reader.size
    reader.feed(line)
    assert reader.size - before >= 90_000
    reader.give_up()
    assert reader.size == before


@pytest.mark.parametrize(
    ("path", "more", "statuses"),
    [
        ("/live/batches?api_key=k", b"", [413]),
        ("/live/batches?api_key=k", b"connection: close\r\n", [413]),
        ("/_emulator/worlds", b"", [413, 200]),
        ("/_emulator/worlds", b"connection: close\r\n", [413]),
    ],
)
def test_a_body_that_is_announced_too_large_is_refused_before_it_comes_and_then_read(
    path: str, more: bytes, statuses: list[int]
) -> None:
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {LIMITS.body + 1}\r\n".encode()
    with serving() as server, closing(dial(server)) as line:
        line.sendall(head + more + b"\r\n")
        assert hear_statuses(line, 1) == [413]
        line.sendall(
            b"x" * (LIMITS.body + 1) + b"GET /_emulator/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        )
        assert [413, *hear_statuses(line, 2)] == statuses


@pytest.mark.parametrize("more", [b"", b"connection: close\r\n"])
def test_a_client_that_is_refused_while_it_sends_is_heard_to_its_end(more: bytes) -> None:
    head = b"POST /live/batches?api_key=k HTTP/1.1\r\nhost: another.example\r\ncontent-length: 900000\r\n"
    with serving() as server, closing(dial(server)) as line:
        line.sendall(head + more + b"\r\n")
        assert hear_statuses(line, 1) == [421]
        for _ in range(9):
            line.sendall(b"x" * 100_000)
        if more:
            assert line.recv(1) == b""
        else:
            line.sendall(b"GET /_emulator/ready HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert hear_statuses(line, 1) == [200]


@pytest.mark.parametrize("ends", [True, False])
def test_of_a_refused_body_no_more_is_read_than_there_is_a_bound_for(ends: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.server.ending.MAX_DRAIN_BYTES", 500_000)
    more = b"connection: close\r\n" if ends else b""
    head = b"POST /_emulator/worlds HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9000000000\r\n" + more
    with serving() as server, closing(dial(server)) as line:
        line.sendall(head + b"\r\n")
        assert hear_statuses(line, 1) == [413]
        with suppress(OSError):
            while True:
                line.sendall(b"x" * 100_000)
