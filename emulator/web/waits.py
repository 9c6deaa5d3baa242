"""Waits of a request for what happens elsewhere: in a thread or a loop, and any thread may end them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from threading import TIMEOUT_MAX, Event, Timer
from typing import TYPE_CHECKING, Any

from emulator.delivery.claims import end
from emulator.kernel.clock import MONOTONIC
from emulator.kernel.resource import Struct
from emulator.web.event_loop import call_in_turn

if TYPE_CHECKING:
    from emulator.web.connection import Connection

LONGEST = 86_400.0
"""Seconds of one wait for what ends by itself."""


class MustWait(Exception):
    """Ends a request whose answer waits for a delivery; nothing has happened. `Pipeline.begin` lets it begin."""


class Wait(Struct, eq=False, kw_only=True):
    """One wait. `woken` is whether anything woke it since it was last rearmed."""

    woken: bool = False
    _wake: Callable[[], object] | None = None

    def wake(self) -> None:
        """End the present wait: whoever waits looks again whether it still has to."""
        self.woken = True
        wake = self._wake
        if wake is not None:
            _wake(wake)

    def rearm(self) -> None:
        """Make ready for another wait."""
        self._wake, self.woken = None, False

    def wait_in_thread(self, seconds: float) -> None:
        """Block this thread until it is woken, or for so many seconds."""
        event = Event()
        self._on_wake(event.set)
        event.wait(seconds)

    def over(self) -> Future[None]:
        """Return what is done once it is woken."""
        future: Future[None] = Future()
        self._on_wake(partial(end, future))
        return future

    async def wait_in_loop(self, seconds: float) -> None:
        """Wait in asyncio until it is woken, or for so many seconds."""
        loop = asyncio.get_running_loop()
        event = asyncio.Event()
        wake = partial(call_in_turn, loop, event.set)
        self._on_wake(wake)
        timer = loop.call_later(seconds, wake)
        try:
            await event.wait()
        finally:
            timer.cancel()

    async def wait_in_any_loop(self, seconds: float) -> None:
        """Wait in asyncio or trio until it is woken, or for so many seconds."""
        import anyio

        event = anyio.Event()
        wake = partial(_call_soon(), event.set)
        self._on_wake(wake)
        timer = Timer(
            min(seconds, TIMEOUT_MAX), _wake, (wake,)
        )  # the loop is the client's, whose clock a test may have stopped
        timer.daemon = True
        timer.start()
        try:
            await event.wait()
        finally:
            timer.cancel()

    def _on_wake(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        if self.woken:
            wake()


def _wake(wake: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # its event loop has ended
        wake()


def _call_soon() -> Callable[[Callable[[], object]], object]:
    """Return the function by which another thread has the running loop call something."""
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        from trio.lowlevel import current_trio_token  # type: ignore[import-not-found, unused-ignore]

        token: Callable[[Callable[[], object]], object] = current_trio_token().run_sync_soon
        return token


async def until_done(works: Iterable[Future[Any]], connection: Connection, seconds: float = LONGEST) -> bool:
    """Wait until these are done; return False where one is not after so many seconds, or its client has given up."""
    end = MONOTONIC() + seconds
    for work in works:
        wait = Wait()
        work.add_done_callback(lambda _, wake=wait.wake: wake())  # type: ignore[misc]
        if not (await connection.wait(wait, max(0.0, end - MONOTONIC())) and work.done()):
            return False
    return True
