"""Bodies and uploads while they arrive: many at once have only so much room, and each is refused by name."""

from __future__ import annotations

from contextlib import ExitStack, closing

import pytest

from emulator.kernel.limits import Limits
from emulator.server.app import create_app, library, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors.stripe.files.requests import JsonlReader
from emulator.web.requests import UNCOUNTED_BYTES, IncomingBody, quota_for_bodies
from tests.support.sockets import dial, hear

LIMITS = Limits(memory=8_000_000, body=1_000_000, control=1_000_000)
ROOM = 2


def head(path: str, length: int) -> bytes:
    return f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n".encode()


def test_a_body_has_room_beside_others_or_is_refused_until_one_of_them_is_gone() -> None:
    account = quota_for_bodies(LIMITS)
    others = [IncomingBody(account) for _ in range(ROOM)]
    others[0].count(LIMITS.body)
    others[1].count(LIMITS.body)
    late = IncomingBody(account)
    late.count(UNCOUNTED_BYTES + 1)
    assert [it.refusal is not None for it in (*others, late)] == [False] * ROOM + [True]
    others.pop()
    next_one = IncomingBody(account)
    next_one.count(UNCOUNTED_BYTES + 1)
    assert next_one.refusal is None


def test_little_bodies_are_not_counted() -> None:
    account = quota_for_bodies(LIMITS)
    IncomingBody(account).count(UNCOUNTED_BYTES)
    assert account.bytes == 0


@pytest.mark.parametrize("path", ["/live/batches?api_key=k", "/_emulator/worlds"])
def test_of_bodies_that_come_at_once_the_server_keeps_no_more_than_it_has_room_for(path: str) -> None:
    with (
        ThreadedServer(create_app(worlds_of([library().get("first-run")], limits=LIMITS), limits=LIMITS)) as server,
        ExitStack() as all_,
    ):
        for _ in range(ROOM):
            other = all_.enter_context(closing(dial(server)))
            other.sendall(head(path, LIMITS.body) + b"x" * (LIMITS.body - 1))
        late, heard = dial(server), None
        with closing(late):
            late.sendall(head(path, LIMITS.body) + b"x" * LIMITS.body)
            heard = hear(late)
        assert heard[0] == 429
        assert "no room beside those that arrive" in str(heard[2])


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":"a","path_params":{"%s":""}}\n' % (b"n" * 100_000),
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
