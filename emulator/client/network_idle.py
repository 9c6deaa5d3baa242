"""Network idle, for which virtual time waits: the tasks of an event loop can do no more, and no request is pending."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from threading import Event
from typing import Any, NamedTuple

from emulator.kernel.clock import MONOTONIC
from emulator.web.event_loop import in_thread, next_round

ROUNDS = 20
"""Rounds of the loop between two looks at the server, in which a task takes its answer and asks the next thing."""

PAUSE = 0.001
"""Real seconds between two looks, in which bytes arrive that are on their way."""

MAX_WAIT = 5.0
"""Real seconds after which time passes all the same, where a request does not get on."""


class ServerActivity(NamedTuple):
    """Requests of a server: `pending` still wait for their answer; `mark` changes with everything that comes or goes."""

    pending: int
    mark: Any


Look = Callable[[], Awaitable[ServerActivity | None]]
"""Returns the activity of a server; None where clients call it without a socket."""


class NetworkIdle:
    """Waits until nothing is under way between the tasks of the running loop and a server."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._seen: ServerActivity | None = None

    async def wait(self) -> None:
        """Return once no request is pending, and two looks in a row show the same."""
        ends = MONOTONIC() + MAX_WAIT
        while True:
            await _rounds()
            if self._seen is not None:
                await in_thread(Event().wait, PAUSE)  # the loop is the client's, whose clock a test may have stopped
                await _rounds()
            before, self._seen = self._seen, await self._look()
            if self._seen is None:
                return
            if self._seen != before:
                ends = MONOTONIC() + MAX_WAIT
            elif not self._seen.pending or MONOTONIC() > ends:
                return


async def _rounds() -> None:
    for _ in range(ROUNDS):
        await next_round()
