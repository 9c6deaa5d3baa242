"""What takes long to send: others are answered meanwhile, and it is made for nobody who is gone or does not listen."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator, MutableMapping
from contextlib import closing, suppress
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from emulator.kernel.faults import Fault
from emulator.kernel.limits import Limits
from emulator.scenario.faults import add_fault
from emulator.sdk.request import read_request
from emulator.sdk.response import Stream
from emulator.server.app import create_app, worlds_of
from emulator.server.connection import HttpConnection
from emulator.server.server import ThreadedServer
from emulator.server.socket_connection import SocketConnection
from emulator.server.timeouts import WriteStallTimer
from emulator.vendors import VENDORS
from emulator.web.connection import Connection, Receive, Scope, Send, connection_of
from emulator.web.delays import FaultDelays
from emulator.web.fault_effects import send_with_faults
from emulator.web.held_requests import HeldRequests
from emulator.web.response import OutgoingResponse, send_response
from tests.support.loading import load_value
from tests.support.sockets import dial, overheard
from tests.support.toy import kitchen
from tests.support.waiting import wait_until

CHUNK = bytes(65_536)
MANY = 2_000
GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
BREAK_OFF = struct.pack("ii", 1, 0)


class Download:
    """An application that sends a long body, with or without a fault; asked for /made, it tells how much of it was made."""

    def __init__(self, fault: Fault | None = None, many: int = MANY) -> None:
        self.made = 0
        self._many = many
        self._faults = () if fault is None else (fault,)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        connection = connection_of(scope)
        if scope["path"] == "/made":
            await send_response(OutgoingResponse(200, [], b"%d" % self.made), send, connection)
        elif self._faults:
            response = OutgoingResponse(200, [], Stream(MANY * len(CHUNK), self.chunks()), self._faults)
            await send_with_faults(response, _holding(self._faults[0], connection), connection, send)
        else:
            await send_response(OutgoingResponse(200, [], Stream(self._many * len(CHUNK), self.chunks())), send, connection)

    def chunks(self) -> Iterator[bytes]:
        while self.made < self._many:
            self.made += 1
            yield CHUNK


def _holding(fault: Fault, connection: Connection) -> FaultDelays:
    """A request of a world that has this fault."""
    world = kitchen()
    with world.transaction("lay a fault") as tx:
        tx.put(fault)
    return FaultDelays(HeldRequests(), world, read_request("GET", "/", "", [], b""), connection, 1)


def drain(line: socket.socket) -> int:
    """Return the number of bytes before the end."""
    total = 0
    with suppress(OSError):
        while part := line.recv(1_000_000):
            total += len(part)
    return total


def test_others_are_answered_while_a_long_body_is_sent() -> None:
    app = Download(many=10**9)  # it ends when its client hangs up, which is when the others have been answered
    with ThreadedServer(app) as server, closing(dial(server)) as line:
        line.sendall(GET)
        line.recv(1)
        reading = Thread(target=drain, args=(line,))
        reading.start()
        count = int(httpx.get(f"{server.url}/made").text)
        line.shutdown(socket.SHUT_RDWR)
        reading.join()
    assert 0 < count <= app.made < 10**9


def test_whoever_else_is_there_has_a_turn_after_each_chunk() -> None:
    turns: list[int] = []
    app, connection = Download(), SocketConnection(cast(HttpConnection, SimpleNamespace(writer=None)))

    async def send(message: MutableMapping[str, Any]) -> None:
        """Takes it at once, as from a client that listens well."""

    async def run() -> None:
        sending = asyncio.create_task(send_response(OutgoingResponse(200, [], Stream(0, app.chunks())), send, connection))
        while not sending.done():
            turns.append(app.made)
            await asyncio.sleep(0)

    asyncio.run(run())
    assert {*turns} >= {*range(1, MANY)}


@pytest.mark.parametrize("count", [1, 3])
def test_for_a_client_that_is_gone_the_rest_of_a_body_is_not_made(caplog: pytest.LogCaptureFixture, count: int) -> None:
    app = Download()
    with overheard(caplog, app) as server:
        with closing(dial(server)) as line:
            line.sendall(GET * count)
            line.recv(1)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, BREAK_OFF)
        before = -1
        while before != app.made:  # until no more is made
            before, _ = app.made, httpx.get(f"{server.url}/made")
    assert app.made < MANY
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("where", "do", "least", "most"),
    [
        ("before-commit", "drop", 0, 0),
        ("after-commit", "drop", 0, 0),
        ("after-commit", "reset", 0, 0),
        ("after-commit", "garbage", 0, 0),
        ("after-commit", "hang", 0, 0),
        ("mid-body", "truncate", MANY // 2, MANY // 2 + 2),
        ("mid-body", "reset", MANY // 2, MANY // 2 + 2),
        ("mid-body", "hang", MANY // 2, MANY // 2 + 2),
        ("mid-body", "garbage", MANY, MANY),
        ("after-reply", "drop", MANY, MANY),
    ],
)
def test_of_a_body_no_more_is_made_than_the_fault_lets_through(
    caplog: pytest.LogCaptureFixture, where: str, do: str, least: int, most: int
) -> None:
    fault = add_fault(kitchen(), {"at": "*", "where": where, "do": do})
    assert isinstance(fault, Fault)
    app = Download(fault)
    with overheard(caplog, app) as server, closing(dial(server)) as line:
        line.sendall(GET.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
        drain(line)
    assert least <= app.made <= most
    assert caplog.text == ""


def test_who_stops_a_download_half_way_has_not_got_it() -> None:
    job = {"id": "batchv2_Long", "status": "complete", "rows": 500_000, "success_count": 500_000, "failure_count": 0}
    scenario = load_value({"title": "A test", "given": {"stripe": {"batch_jobs": [job]}}}, VENDORS)
    headers = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview"}
    with ThreadedServer(create_app(worlds_of([scenario]))) as server, httpx.Client(base_url=server.url) as client:
        body = client.get("/v2/core/batch_jobs/batchv2_Long", headers=headers).json()
        with client.stream("GET", body["status_details"]["complete"]["output_file"]["download_url"]["url"]) as download:
            next(download.iter_bytes(1_000))
        deliveries = [True]
        for _ in range(1_000):
            if deliveries[-1]:
                deliveries = [entry["delivered"] for entry in client.get("/_emulator/worlds/default/journal").json()["entries"]]
    assert deliveries == [True, False]


def test_who_asks_and_does_not_listen_gives_up_its_place_in_the_end() -> None:
    limits = Limits(idle_seconds=1)
    with ThreadedServer(Download(), limits=limits) as server:
        deaf = [dial(server) for _ in range(2)]
        for line in deaf:
            line.sendall(GET)
            line.recv(1)
        wait_until(lambda: not server.look().result()[1][1])  # no connection is open
        assert all(drain(line) < MANY * len(CHUNK) for line in deaf)
        for line in deaf:
            line.close()


@pytest.mark.parametrize(
    ("sizes", "seconds"),
    [
        ([0, 0, 0], 0),
        ([9, 9, 9], 2),
        ([9, 8, 7], 0),
        ([9, 8, 8], 1),
        ([9, 0, 9], 0),
        ([9, 9, 0], 0),
    ],
)
def test_a_client_is_stuck_for_as_long_as_it_takes_nothing(sizes: list[int], seconds: int) -> None:
    sizes_left = iter(sizes)
    unread = WriteStallTimer(lambda: next(sizes_left))
    assert [unread.seconds(now) for now in range(len(sizes))][-1] == seconds


def test_a_client_that_took_as_much_as_was_written_since_is_not_stuck() -> None:
    unread = WriteStallTimer(lambda: 9)
    unread.seconds(0)
    unread.restart()
    assert unread.seconds(5) == 0
