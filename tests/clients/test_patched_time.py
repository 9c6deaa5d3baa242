"""What a test replaces to be quick, the sleeps of the process or its time, stops neither the handle nor its server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from types import ModuleType
from typing import Any
from unittest.mock import AsyncMock, patch

import httpx
import pytest
import uvloop
from freezegun import freeze_time

from emulator import Emulator
from emulator.kernel.clock import MONOTONIC, wall_now
from tests.support.waiting import wait_until

GIVEN = {"given": {"serpwow": {"batches": [{"id": "B1", "status": "queued", "searches": 1}]}}}
DELAY: dict[str, Any] = {"at": "serpwow", "where": "before-commit", "do": "delay", "delay": 0.02, "clock": "real", "times": 1}
MINUTE = timedelta(minutes=1)

PATCHES: dict[str, Callable[[Emulator], AbstractContextManager[object]]] = {
    "asyncio.sleep is the world's": lambda emulator: patch("asyncio.sleep", emulator.aio.sleep),
    "asyncio.sleep does nothing": lambda _: patch("asyncio.sleep", AsyncMock()),
    "asyncio.wait_for runs out of time": lambda _: patch("asyncio.wait_for", AsyncMock(side_effect=TimeoutError)),
    "time.sleep is the world's": lambda emulator: patch("time.sleep", emulator.clock.sleep),
    "time.monotonic stands still": lambda _: patch("time.monotonic", lambda: 0.0),
    "freezegun": lambda _: freeze_time("2030-01-01"),
    "freezegun with real_asyncio": lambda _: freeze_time("2030-01-01", real_asyncio=True),
}


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def emulator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A world on a server that listens, in either loop."""
    monkeypatch.setattr("emulator.server.server.new_event_loop", request.param)
    with Emulator(GIVEN) as emulator:
        assert emulator.url
        yield emulator


async def sleep(emulator: Emulator) -> None:
    await emulator.aio.sleep(60)


async def sleep_by_asyncio(emulator: Emulator) -> None:
    module: Any = ModuleType("a_client")
    exec("import asyncio\nasync def nap(): return await asyncio.sleep(60, 'woken')", vars(module))
    with emulator.clock.patch_sleep(module):
        assert await module.nap() == "woken"


async def advance(emulator: Emulator) -> None:
    await emulator.aio.advance(60)


async def ask_and_sleep(emulator: Emulator) -> None:
    async with httpx.AsyncClient() as http:
        await http.get(f"{emulator.serpwow.url}/account", params={"api_key": emulator.serpwow.api_key})
    await emulator.aio.sleep(60)


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES)
@pytest.mark.parametrize("act", [sleep, sleep_by_asyncio, advance, ask_and_sleep])
def test_an_awaited_sleep_passes_the_worlds_time_whatever_is_replaced(
    emulator: Emulator,
    patch: Callable[[Emulator], AbstractContextManager[object]],
    act: Callable[[Emulator], Awaitable[None]],
) -> None:
    async def run() -> None:
        with patch(emulator):
            await act(emulator)

    began = emulator.clock.now
    asyncio.run(run())
    assert emulator.clock.now - began == MINUTE


@pytest.mark.parametrize("patch", PATCHES.values(), ids=PATCHES)
def test_a_real_delay_is_over_whatever_is_replaced(
    emulator: Emulator, patch: Callable[[Emulator], AbstractContextManager[object]]
) -> None:
    emulator.faults.add(**DELAY)
    with patch(emulator):
        answer = httpx.get(f"{emulator.serpwow.url}/account", params={"api_key": emulator.serpwow.api_key})
    assert answer.status_code == 200


def test_a_real_delay_without_a_socket_is_over_where_the_clients_loop_stands_still(emulator: Emulator) -> None:
    async def run() -> int:
        with freeze_time("2030-01-01"):
            async with httpx.AsyncClient(transport=emulator.transport(), base_url="http://serpwow/live") as http:
                return (await http.get("/account", params={"api_key": emulator.serpwow.api_key})).status_code

    emulator.faults.add(**DELAY)
    assert asyncio.run(run()) == 200


def test_a_clock_that_runs_goes_on_where_the_time_of_the_test_stands_still(emulator: Emulator) -> None:
    with freeze_time("2030-01-01"):
        emulator.clock.run("real")
        began = emulator.clock.now
        wait_until(lambda: emulator.clock.now > began)


@pytest.mark.parametrize("frozen", [nullcontext(), freeze_time("2000-01-01")], ids=["real", "frozen"])
def test_the_machines_time_is_the_real_one(frozen: AbstractContextManager[object]) -> None:
    before = time.time(), time.monotonic()
    with frozen:
        now = wall_now().timestamp(), MONOTONIC()
    assert before[0] <= now[0] + 0.001
    assert before[1] <= now[1]
