"""Requests that a fault holds up, through each kind of client."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx

from emulator import Emulator
from emulator.client.faults import HeldRequest
from tests.support.waiting import wait_until

STOP = "serpwow.batches.stop"
QUEUED = {"id": "B1", "status": "queued", "searches": 10}
SCENARIO = {"timing": {"serpwow.queue": "never"}, "given": {"serpwow": {"batches": [QUEUED]}}}
HOLDS: dict[str, dict[str, Any]] = {
    "hang": {"do": "hang"},
    "real delay": {"do": "delay", "delay": "5m", "clock": "real"},
    "virtual delay": {"do": "delay", "delay": "30d"},
}
BEFORE = ["before-auth", "before-commit"]
ANYWHERE = [*BEFORE, "after-commit", "mid-body"]


def over_a_socket(emulator: Emulator) -> httpx.Response:
    return httpx.get(f"{emulator.serpwow.url}/batches/B1/stop", params={"api_key": emulator.serpwow.api_key}, timeout=None)


Client = Callable[[Emulator], httpx.Response]


def first_held(emulator: Emulator, answer: Future[httpx.Response] | None = None) -> HeldRequest:
    """The one request that is held up, as soon as there is one; its answer has not come."""
    held = wait_until(emulator.faults.held, lambda: answer is None or not answer.done())
    assert len(held) == 1
    return held[0]


def hold(emulator: Emulator, pool: ThreadPoolExecutor, client: Client, where: str, how: str) -> Future[httpx.Response]:
    """A client that is held up."""
    emulator.faults.add(at=STOP, where=where, times=1, **HOLDS[how])
    answer = pool.submit(client, emulator)
    first_held(emulator, answer)
    return answer
