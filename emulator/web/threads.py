"""Long work in a thread beside the event loop: others are served meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

ABREAST = 3
"""Threads that work at once for one event loop: with each, the loop waits longer for its turn."""

_PLACES: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def in_turn(function: Callable[..., T], *arguments: Any) -> T:
    """Do work apart as soon as fewer than ABREAST others are at work, in order of arrival."""
    loop = asyncio.get_running_loop()
    if loop not in _PLACES:
        _PLACES[loop] = asyncio.Semaphore(ABREAST)
    async with _PLACES[loop]:
        return await apart(function, *arguments)


async def apart(function: Callable[..., T], *arguments: Any) -> T:
    """Return what the function returns, or raise what it raises. A caller that is cancelled leaves the thread to end alone.

    The thread is a daemon: a server that is told to stop does not wait for it.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def settle(set_outcome: Callable[[Any], None], value: Any) -> None:
        if not outcome.done():
            set_outcome(value)

    def work() -> None:
        set_outcome: Callable[[Any], None] = outcome.set_result
        try:
            value: Any = function(*arguments)
        except BaseException as error:  # it is raised again where it is awaited
            set_outcome, value = outcome.set_exception, error
        with suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(settle, set_outcome, value)

    Thread(target=work, name="batch-emulator-apart", daemon=True).start()
    return await outcome
