"""Tasks that sleep on a world's clock beside others that wait for their answers, over a socket: exact, every time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import httpx
import pytest

from emulator import Emulator, EmulatorServer
from emulator.client.network_idle import NetworkIdle, ServerActivity
from tests.support.server import Live

RUNNING: dict[str, Any] = {
    "given": {"serpwow": {"batches": [{"id": "B1", "status": "queued", "searches": 10}]}},
    "timing": {"serpwow.queue": "1m", "serpwow.run": "4m"},
}
TIMES = {"in this process": 6, "elsewhere": 3}

TEXT = """
import asyncio

async def beat(out, every=10):
    while True:
        await asyncio.sleep(every)
        out.append(1)

async def poll(ask, every=60):
    while await ask("") != "idle":
        await asyncio.sleep(every)

async def stop_after(ask, seconds):
    await asyncio.sleep(seconds)
    return await ask("/stop")
"""


class Client:
    """A client of a batch, over a socket; its module sleeps on the world's clock."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.began = emulator.clock.now
        self.module: Any = ModuleType("a_client")
        exec(TEXT, vars(self.module))

    def passed(self, at: datetime | None = None) -> timedelta:
        return (at or self.emulator.clock.now) - self.began

    def asked_at(self, operation: str) -> list[timedelta]:
        return [self.passed(exchange.at) for exchange in self.emulator.journal.exchanges(operation)]

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Any]:
        url, key = self.emulator.serpwow.url, self.emulator.serpwow.api_key
        async with httpx.AsyncClient(timeout=None) as http:

            async def ask(action: str) -> str:
                answer = await http.get(f"{url}/batches/B1{action}", params={"api_key": key})
                status: str = answer.json().get("batch", {}).get("status", "")
                return status

            yield ask


def beats_beside_a_poller(client: Client) -> Any:
    async def run() -> int:
        beats = list[int]()
        async with client.connected() as ask:
            beating = asyncio.ensure_future(client.module.beat(beats))
            await client.module.poll(ask)
            beating.cancel()
        return len(beats)

    beats = asyncio.run(run())
    return beats, len(client.asked_at("serpwow.batches.get")), client.passed()


def a_stop_beside_beats(client: Client) -> Any:
    async def run() -> None:
        async with client.connected() as ask:
            others = [asyncio.ensure_future(client.module.beat([], every)) for every in (5, 10, 60)]
            await asyncio.gather(client.module.stop_after(ask, 65), client.module.poll(ask))
            for other in others:
                other.cancel()

    asyncio.run(run())
    return client.asked_at("serpwow.batches.stop"), client.asked_at("serpwow.batches.get")


def a_hang_beside_beats(client: Client) -> Any:
    """One request is held up for ever, and time goes on for all others."""
    client.emulator.faults.add(at="serpwow.batches.stop", where="before-commit", do="hang")

    async def run() -> int:
        beats = list[int]()
        async with client.connected() as ask:
            others = [asyncio.ensure_future(task) for task in (client.module.beat(beats), ask("/stop"))]
            await client.module.poll(ask)
            for other in others:
                other.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        return len(beats)

    beats = asyncio.run(run())
    return beats, len(client.asked_at("serpwow.batches.get")), client.passed()


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        (beats_beside_a_poller, (29, 6, timedelta(minutes=5))),
        (a_stop_beside_beats, ([timedelta(seconds=65)], [timedelta(minutes=minutes) for minutes in range(3)])),
        (a_hang_beside_beats, (29, 6, timedelta(minutes=5))),
    ],
)
@pytest.mark.parametrize("where", TIMES)
def test_tasks_over_a_socket_come_out_the_same_every_time(live: Live, where: str, scene: Any, expected: Any) -> None:
    with EmulatorServer(live.url if where == "elsewhere" else None) as server:
        for _ in range(TIMES[where]):
            with Emulator(RUNNING, server=server) as emulator:
                client = Client(emulator)
                with emulator.clock.patch_sleep(client.module):
                    assert scene(client) == expected


def test_an_answer_that_is_owed_holds_up_time_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [
        ServerActivity(1, "asked"),
        ServerActivity(1, "asked"),
        ServerActivity(0, "answered"),
        ServerActivity(0, "answered"),
        ServerActivity(1, "stuck"),
    ]

    async def look() -> ServerActivity:
        return looks.pop(0) if len(looks) > 1 else looks[0]

    quiet = NetworkIdle(look)
    asyncio.run(quiet.wait())
    assert looks == [ServerActivity(1, "stuck")]
    monkeypatch.setattr("emulator.client.network_idle.MAX_WAIT", 0)
    asyncio.run(quiet.wait())


def test_tasks_that_are_given_their_sleep_do_not_add_their_time_up() -> None:
    with Emulator() as emulator:
        began, woken = emulator.clock.now, list[int]()

        async def nap(seconds: int) -> None:
            await emulator.aio.sleep(seconds)
            woken.append(seconds)

        async def run() -> None:
            await asyncio.gather(*map(nap, (30, 10, 20)))

        asyncio.run(run())
        assert woken == [10, 20, 30]
        assert emulator.clock.now - began == timedelta(seconds=30)
