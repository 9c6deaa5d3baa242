"""Waits in an event loop that go on as they are when a test replaces `asyncio.sleep`, `asyncio.wait_for` or the clock."""

from __future__ import annotations

from asyncio import AbstractEventLoop, BaseEventLoop, Event, get_running_loop
from collections.abc import Generator
from types import coroutine

from emulator.kernel.clock import MONOTONIC


@coroutine
def turn() -> Generator[None, None, None]:
    """Let everything else in the loop have its turn."""
    yield


async def pause(seconds: float) -> None:
    """Let so many seconds of the loop's clock pass."""
    await set_within(Event(), seconds)


async def set_within(event: Event, seconds: float) -> None:
    """Wait until an event is set, and set it after so many seconds of the loop's clock."""
    timer = get_running_loop().call_later(seconds, event.set)
    try:
        await event.wait()
    finally:
        timer.cancel()


def keep_time(loop: AbstractEventLoop) -> None:
    """Give a loop of asyncio's own, which reads `time.monotonic` each time, a clock that no test can stop."""
    if isinstance(loop, BaseEventLoop):
        loop.time = MONOTONIC  # type: ignore[method-assign]
