"""Input of many small parts is parsed in slices, one in each round of the loop, and no further than it is dealt with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from functools import partial
from threading import Thread
from typing import Any

import pytest

from emulator.server.app import create_app, worlds_of
from emulator.server.connection import HttpConnection
from emulator.server.input_flow import SLICE, SLICE_OF_REQUESTS, InputFlow
from emulator.server.server import ThreadedServer
from emulator.web.event_loop import CALLS_PER_ROUND, next_round
from tests.support.sockets import dial, hear_statuses

GET = b"GET /_emulator/ready HTTP/1.1\r\nhost: localhost\r\n\r\n"
POST = b"POST /live/batches?api_key=k HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
MANY = 30_000


class Rounds:
    """A loop and a transport: what is to be done in the next round, and whether reading is paused."""

    def __init__(self) -> None:
        self.next: list[Callable[[], None]] = []
        self.paused = False

    def call_soon(self, function: Callable[[], None]) -> None:
        self.next.append(function)

    def call_soon_threadsafe(self, function: Callable[..., None], *arguments: Any) -> None:
        self.call_soon(partial(function, *arguments))

    def run_turn(self) -> None:
        """Run a round in which turns are given, and the next, in which they are taken."""
        for _ in range(2):
            due, self.next = self.next, []
            for function in due:
                function()

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def is_closing(self) -> bool:
        return False


def flow_of(rounds: Any, pieces: list[bytes], waiting: list[int]) -> InputFlow:
    return InputFlow(rounds, waiting, rounds, pieces.append)


def test_of_many_connections_that_send_much_a_few_are_heard_in_each_round() -> None:
    async def play() -> None:
        taken: list[list[bytes]] = [[] for _ in range(5 * CALLS_PER_ROUND)]
        transports = [Rounds() for _ in taken]
        loop = asyncio.get_running_loop()
        flows = [InputFlow(transport, [], loop, it.append) for transport, it in zip(transports, taken, strict=True)]
        for flow in flows:
            flow.take_in_turn(b"much")
        while not all(taken):
            heard = [it.paused for it in transports].count(False)
            assert heard == sum(map(bool, taken))
            await next_round()
            assert [it.paused for it in transports].count(False) - heard <= CALLS_PER_ROUND
        assert taken == [[b"much"]] * len(flows)

    asyncio.run(play())


def test_much_data_is_not_taken_while_a_request_waits_or_when_the_connection_closes() -> None:
    async def play(waiting: list[int], is_closing: bool) -> list[bytes]:
        transport, pieces = Rounds(), list[bytes]()
        flow = InputFlow(transport, waiting, asyncio.get_running_loop(), pieces.append)
        transport.is_closing = lambda: is_closing  # type: ignore[method-assign]
        flow.take_in_turn(b"much")
        for _ in range(3):
            await next_round()
        waiting.clear()
        flow.resume_reading()
        await next_round()
        return pieces

    assert asyncio.run(play([1], False)) == [b"much"]
    assert asyncio.run(play([], True)) == []


def test_data_of_many_lines_is_taken_a_slice_in_each_turn_while_nothing_more_is_read() -> None:
    rounds, pieces = Rounds(), list[bytes]()
    flow, data = flow_of(rounds, pieces, []), b"1\r\nx\r\n" * MANY
    flow.take_in_slices(data)
    for slices in range(len(data) // SLICE + 1):
        assert [len(piece) for piece in pieces] == [SLICE] * slices
        assert rounds.paused
        rounds.run_turn()
    assert b"".join(pieces) == data
    assert not rounds.paused


def test_of_requests_that_come_together_few_are_parsed_before_the_first_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has some kilobytes from then on, and of 300 clients that send as many as fit each would have a hundred."""
    sizes, take = list[int](), HttpConnection._take

    def measure(self: HttpConnection, data: bytes) -> None:
        sizes.append(len(data))
        take(self, data)

    monkeypatch.setattr(HttpConnection, "_take", measure)
    with ThreadedServer(create_app(worlds_of([]))) as server, closing(dial(server)) as line:
        line.sendall(b"\r\n".join([GET] * 100))
        assert hear_statuses(line, 100) == [200] * 100
    assert 0 < max(sizes) <= SLICE_OF_REQUESTS


def test_nothing_more_is_read_or_taken_while_requests_wait_for_their_turn() -> None:
    rounds, pieces, waiting = Rounds(), list[bytes](), [1]
    flow = flow_of(rounds, pieces, waiting)
    flow.take_in_slices(GET * MANY)
    rounds.run_turn()
    assert (pieces, rounds.next) == ([], [])
    waiting.clear()
    flow.resume_reading()
    flow.resume_reading()
    assert len(rounds.next) == 1
    rounds.run_turn()
    assert len(pieces) == 1


def test_of_requests_that_come_together_none_is_parsed_while_data_is_received(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop reads from all connections that have sent something before it turns to anybody else."""
    events: list[str] = []
    take, receive = HttpConnection._take, HttpConnection.data_received

    def take_and_note(self: HttpConnection, data: bytes) -> None:
        events.append("parsed")
        take(self, data)

    def receive_and_note(self: HttpConnection, data: bytes) -> None:
        receive(self, data)
        events.append("received")

    monkeypatch.setattr(HttpConnection, "_take", take_and_note)
    monkeypatch.setattr(HttpConnection, "data_received", receive_and_note)
    with ThreadedServer(create_app(worlds_of([]))) as server, closing(dial(server)) as line:
        line.sendall(GET * 20)
        assert hear_statuses(line, 20) == [200] * 20
    assert events[0] == "received"


def test_a_body_in_chunks_of_one_byte_is_taken_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    longest, take = 0, HttpConnection._take

    def measure(self: HttpConnection, data: bytes) -> None:
        nonlocal longest
        longest = max(longest, data.count(b"\r\n"))
        take(self, data)

    monkeypatch.setattr(HttpConnection, "_take", measure)
    with ThreadedServer(create_app(worlds_of([]))) as server, closing(dial(server)) as line:
        sending = Thread(target=line.sendall, args=(POST + b"1\r\n[\r\n" * MANY + b"0\r\n\r\n" + GET,))
        sending.start()
        assert hear_statuses(line, 2) == [400, 200]
        sending.join()
    assert 0 < longest <= SLICE // 3 + 1


def test_requests_that_come_together_are_all_answered() -> None:
    with ThreadedServer(create_app(worlds_of([]))) as server, closing(dial(server)) as line:
        sending = Thread(target=line.sendall, args=(GET * 3_000,))
        sending.start()
        assert hear_statuses(line, 3_000) == [200] * 3_000
        sending.join()
