"""Requests that are let go at once go on a few at a time, in order, so that others have their turns between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from threading import Thread

import httpx
import pytest

from emulator.kernel.faults import AFTER_COMMIT, HANG, Fault
from emulator.kernel.revision import Revision
from emulator.kernel.world import World
from emulator.sdk.request import read_request
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.web.event_loop import AT_ONCE, CALLS_PER_ROUND, Crowd, next_round
from emulator.web.held_requests import GONE, LIFTED, HeldRequest, HeldRequests
from tests.support.toy import kitchen

MANY = 10 * CALLS_PER_ROUND


def _review(requests: HeldRequests, world: World) -> None:
    requests.review(world)


def _drop(requests: HeldRequests, world: World) -> None:
    requests.review(world, gone=True)


def _in_a_thread(requests: HeldRequests, world: World) -> None:
    thread = Thread(target=requests.review, args=(world,))
    thread.start()
    thread.join()


def _close(requests: HeldRequests, _: World) -> None:
    requests.release_all()


def _wait(_requests: HeldRequests, _world: World) -> None:
    """Let the time pass for which they wait."""


@pytest.mark.parametrize(
    ("release", "seconds", "reason"),
    [(_review, 60, LIFTED), (_in_a_thread, 60, LIFTED), (_drop, 60, GONE), (_close, 60, GONE), (_wait, 0, None)],
)
def test_others_have_turns_between_the_requests_that_are_let_go(
    release: Callable[[HeldRequests, World], None], seconds: float, reason: str | None
) -> None:
    world, requests = kitchen(), HeldRequests()
    gone_on: list[int] = []

    async def hold(n: int, request: HeldRequest) -> None:
        with requests.hold(world, request):
            await request.wait_in_loop(seconds)
        gone_on.append(n)

    fault = Fault(id="fault-1", since=world.clock.now(), at=("toy.list",), where=AFTER_COMMIT, do=HANG)

    async def run() -> None:
        every = [
            HeldRequest(read_request("GET", f"/{n}", "", [], b""), fault, world.clock.now(), Revision.of(world))
            for n in range(MANY)
        ]
        tasks = [asyncio.create_task(hold(n, request)) for n, request in enumerate(every)]
        await next_round()
        release(requests, world)
        while not all(task.done() for task in tasks):
            before = len(gone_on)
            await next_round()
            assert len(gone_on) - before <= CALLS_PER_ROUND
        await asyncio.gather(*tasks)
        assert {request.ended for request in every} == {reason}

    asyncio.run(run())
    assert gone_on == [*range(MANY)]


def test_of_many_that_come_at_once_some_begin_and_the_others_a_few_at_a_time() -> None:
    done = list[int]()

    async def come_at_once() -> list[int]:
        crowd, counts = Crowd(), [0]

        async def come(number: int) -> None:
            await crowd.join()
            done.append(number)

        coming = asyncio.gather(*(come(number) for number in range(AT_ONCE + MANY)))
        while not coming.done():
            await next_round()
            counts.append(len(done))
        return counts

    counts = asyncio.run(come_at_once())
    began = [after - before for before, after in pairwise(counts)]
    assert (began[0], max(began[1:]), done) == (AT_ONCE, CALLS_PER_ROUND, [*range(AT_ONCE + MANY)])


def test_whoever_asks_whether_the_server_is_ready_waits_for_no_crowd(monkeypatch: pytest.MonkeyPatch) -> None:
    joined = list[str]()

    async def join(_: Crowd) -> None:
        joined.append("one")

    monkeypatch.setattr(Crowd, "join", join)
    with ThreadedServer(create_app(worlds_of([]))) as server:
        for path in ("ready", "health", "console", "worlds/default"):
            httpx.get(f"{server.url}/_emulator/{path}", timeout=None).raise_for_status()
    assert joined == ["one"] * 2


@pytest.mark.parametrize(
    ("request_line", "is_of_crowd"),
    [("GET /live/batches?api_key=k", False), ("GET /nowhere", True), ("GET /live/batches?api_key=held", True)],
)
def test_what_vendors_clients_ask_is_one_of_a_crowd_unless_it_is_answered_at_once(
    request_line: str, is_of_crowd: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined, join = list[str](), Crowd.join

    async def join_and_note(self: Crowd) -> None:
        joined.append("one")
        await join(self)

    fault = {"at": "serpwow", "where": "before-auth", "do": "status", "status": 503, "match": {"query": {"api_key": "held"}}}
    with ThreadedServer(create_app(worlds_of([]))) as server:
        if "held" in request_line:
            httpx.post(f"{server.url}/_emulator/worlds/default/faults", json=fault, timeout=None).raise_for_status()
        monkeypatch.setattr(Crowd, "join", join_and_note)
        method, _, path = request_line.partition(" ")
        httpx.request(method, server.url + path, timeout=None)
    assert joined == ["one"] * is_of_crowd
