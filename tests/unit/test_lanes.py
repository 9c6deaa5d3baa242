"""Requests of one world while it is busy: they are answered in order of arrival, and the event loop waits for none of them."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from threading import current_thread
from typing import Any, cast

import httpx
import pytest

from emulator.kernel.budget import Budget, Quota
from emulator.kernel.limits import MANY_RESOURCES, Limits
from emulator.kernel.world import World
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from emulator.vendors.stripe.files.model import outcomes as outcomes_of
from emulator.web.connection import Connection
from emulator.web.lanes import Lanes, NoLanes
from emulator.web.requests import LONG_BODY, IncomingBody, read_body
from tests.support.busy import busy
from tests.support.loading import load_value
from tests.support.toy import kitchen

APART = "batch-emulator-apart"


async def rounds() -> None:
    """Let everybody who can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize("is_long", [False, True], ids=["short", "long"])
def test_requests_of_a_busy_world_are_answered_in_order_of_arrival(is_long: bool) -> None:
    async def run() -> list[int]:
        world, lanes, order = kitchen(), Lanes(), list[int]()
        with busy(world) as release:
            tasks = []
            for n in range(8):
                tasks.append(asyncio.create_task(lanes.run(world, lambda n=n: order.append(n), is_long)))  # type: ignore[misc]
                await rounds()
            assert order == [], "nobody has the world but the other thread"
            release()
            await asyncio.gather(*tasks)
        return order

    assert asyncio.run(run()) == [*range(8)]


def test_a_short_request_does_not_pass_those_that_wait() -> None:
    async def run() -> list[str]:
        world, lanes, order = kitchen(), Lanes(), list[str]()
        with busy(world) as release:
            waits = asyncio.create_task(lanes.run(world, lambda: order.append("first"), is_long=True))
            await rounds()
            release()  # from here on the world may be free at any moment
            await lanes.run(world, lambda: order.append("second"), is_long=False)
            await waits
        return order

    assert asyncio.run(run()) == ["first", "second"]


def test_the_event_loop_goes_on_with_another_world_while_one_is_busy() -> None:
    async def run() -> str:
        one, other, lanes = kitchen(), kitchen(), Lanes()
        other.id = "other"
        with busy(one) as release:
            waits = asyncio.create_task(lanes.run(one, lambda: "one", is_long=False))
            await rounds()
            response = await lanes.run(other, lambda: "other", is_long=False)
            assert not waits.done()
            release()
            assert await waits == "one"
        return response

    assert asyncio.run(run()) == "other"


def test_a_client_that_gives_up_leaves_the_lane_to_the_next_and_the_last_leaves_none() -> None:
    async def run() -> list[str]:
        world, lanes, order = kitchen(), Lanes(), list[str]()
        with busy(world) as release:
            tasks = [
                asyncio.create_task(lanes.run(world, lambda name=name: order.append(name), is_long=False))  # type: ignore[misc]
                for name in ("first", "second", "third")
            ]
            await rounds()
            tasks[1].cancel()
            await rounds()
            assert world.id in lanes.waiting
            release()
            await asyncio.gather(*tasks, return_exceptions=True)
        assert not lanes.waiting
        return order

    assert asyncio.run(run()) == ["first", "third"]


def test_without_a_loop_a_request_is_answered_in_the_calling_thread() -> None:
    answering = NoLanes().run(kitchen(), lambda: current_thread().name, is_long=True)
    with pytest.raises(StopIteration) as excinfo:
        answering.send(None)
    assert excinfo.value.value == current_thread().name


MANY_BATCHES = [
    {"id": "ONE", "status": "queued", "searches": 1},
    {"repeat": MANY_RESOURCES + 1, "status": "queued", "searches": 1},
]
MANY_SEARCHES = [{"id": "ONE", "status": "idle", "searches": MANY_RESOURCES + 1}]
FEW: list[dict[str, Any]] = [{"id": "ONE", "status": "idle", "searches": 1}]
LONG_NAME = {"name": "x" * LONG_BODY}
WORLD = "/_emulator/worlds/default"


@pytest.mark.parametrize(
    ("batches", "method", "path", "body", "is_apart"),
    [
        (FEW, "GET", "/live/batches/stopall", None, False),
        (FEW, "GET", "/live/batches", None, False),
        (FEW, "GET", "/live/batches/ONE/searches/json", None, False),
        (FEW, "PUT", "/live/batches/ONE", {"name": "x"}, False),
        (FEW, "PUT", "/live/batches/ONE", LONG_NAME, True),
        (MANY_SEARCHES, "GET", "/live/batches/ONE/searches/json", None, True),
        (MANY_BATCHES, "GET", "/live/batches/ONE", None, False),
        (MANY_BATCHES, "GET", "/live/batches", None, False),
        (MANY_BATCHES, "GET", "/live/batches/stopall", None, True),
        (FEW, "GET", f"{WORLD}/clock", None, False),
        (MANY_BATCHES, "GET", f"{WORLD}/clock", None, True),
        (FEW, "GET", f"{WORLD}/state", None, True),
        (FEW, "GET", f"{WORLD}/diff", None, True),
        (FEW, "GET", f"{WORLD}/ledger", None, True),
        (FEW, "GET", f"{WORLD}/journal", None, True),
        (FEW, "POST", f"{WORLD}/dry-run", {"method": "GET", "url": "/live/batches?api_key=k"}, True),
        (FEW, "PATCH", f"{WORLD}/state", {"serpwow": {"account": {"name": "A"}}}, True),
    ],
)
def test_what_may_take_long_is_done_beside_the_event_loop_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, batches: list[Any], method: str, path: str, body: Any, is_apart: bool
) -> None:
    scenario = load_value(
        {"title": "A", "timing": {"serpwow.queue": "never"}, "given": {"serpwow": {"batches": batches}}}, VENDORS
    )
    threads: set[str] = set()
    settle, transaction = World.settle, World.transaction

    def noting_settle(world: World) -> Any:
        threads.add(current_thread().name)
        return settle(world)

    def noting_transaction(world: World, why: str, context: Any = None) -> Any:
        threads.add(current_thread().name)
        return transaction(world, why, context)

    with ThreadedServer(create_app(worlds_of([scenario]))) as server:
        monkeypatch.setattr(World, "settle", noting_settle)
        monkeypatch.setattr(World, "transaction", noting_transaction)
        answer = httpx.request(
            method, server.url + path, params={} if WORLD in path else {"api_key": "k"}, json=body, timeout=None
        )
    assert answer.status_code < 500
    assert threads == {APART if is_apart else "batch-emulator"}


class Noting:
    """A reader that notes which thread it is fed in."""

    limit = 10**9
    size = 0

    def __init__(self) -> None:
        self.fed: list[tuple[int, str]] = []

    def feed(self, chunk: bytes) -> None:
        self.fed.append((len(chunk), current_thread().name))

    def give_up(self) -> None:
        raise NotImplementedError


def test_a_long_file_is_taken_in_beside_the_event_loop() -> None:
    pieces = [b"x" * LONG_BODY, b"y" * 5, b"z" * LONG_BODY]
    messages = iter([{"type": "http.request", "body": piece, "more_body": piece is not pieces[-1]} for piece in pieces])
    reader, here = Noting(), current_thread().name

    async def receive() -> MutableMapping[str, Any]:
        return next(messages)

    async def run(connection: object) -> tuple[bytes, int]:
        return await read_body(
            await receive(),
            receive,
            reader,
            reader.limit,
            cast(Connection, connection),
            IncomingBody(Quota(Budget.of(Limits()))),
        )

    assert asyncio.run(run(object())) == (b"", 2 * LONG_BODY + 5)
    assert reader.fed == [(LONG_BODY, here), (5, APART), (LONG_BODY, APART)]


@pytest.mark.parametrize(("few", "stretch"), [(10**6, 7), (0, 10**6), (0, 1)])
def test_the_places_of_rows_that_fail_are_the_same_however_they_are_found(
    monkeypatch: pytest.MonkeyPatch, few: int, stretch: int
) -> None:
    outcomes, order = bytearray(n % 3 == 0 for n in range(100)), outcomes_of.Order.of("a job", 100)
    expected = sorted(order.place(row) for row in range(0, 100, 3))
    monkeypatch.setattr(outcomes_of, "FEW", few)
    monkeypatch.setattr(outcomes_of, "STRETCH", stretch)
    assert [*outcomes_of._places(outcomes, order)] == expected


@pytest.mark.parametrize(("count", "is_apart"), [(1, False), (MANY_RESOURCES + 1, True)])
def test_a_request_under_many_faults_is_answered_beside_the_event_loop(
    monkeypatch: pytest.MonkeyPatch, count: int, is_apart: bool
) -> None:
    fault = {"at": "serpwow.account.get", "where": "before-commit", "do": "status", "status": 503, "after": 9}
    threads: set[str] = set()
    settle = World.settle

    def noting(world: World) -> Any:
        threads.add(current_thread().name)
        return settle(world)

    scenario = load_value({"title": "A", "faults": [fault] * count}, VENDORS)
    with ThreadedServer(create_app(worlds_of([scenario]))) as server:
        monkeypatch.setattr(World, "settle", noting)
        assert httpx.get(f"{server.url}/live/account?api_key=k", timeout=None).status_code == 200
    assert threads == {APART if is_apart else "batch-emulator"}
