"""Work and waits beside an event loop: threads for long work, and waits that no test can stop."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop, BaseEventLoop, Event, get_running_loop
from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from threading import Lock, Thread
from types import coroutine
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from emulator.kernel.clock import MONOTONIC

T = TypeVar("T")

MAX_THREADS = 3
"""Threads that run at once for one event loop: with each, the loop waits longer for its turn."""

_PLACES: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def in_limited_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function in a thread as soon as fewer than MAX_THREADS others run, in order of arrival."""
    loop = asyncio.get_running_loop()
    if loop not in _PLACES:
        _PLACES[loop] = asyncio.Semaphore(MAX_THREADS)
    async with _PLACES[loop]:
        return await in_thread(function, *arguments)


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
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


EVENTS_PER_ROUND = 4
"""Events set in one round of a loop: what waits for them is work, and everybody else waits for that."""


class Queue:
    """Events of one loop that are set a few in each round, in order."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._lock = Lock()

    def add(self, loop: AbstractEventLoop, event: Event) -> None:
        """Have an event set after those that were added before. Any thread may call this.

        Raises:
            RuntimeError: the loop has ended.
        """
        with self._lock:
            self._events.append(event)
            is_first = len(self._events) == 1
        if is_first:
            loop.call_soon_threadsafe(self._set_some, loop)

    def _set_some(self, loop: AbstractEventLoop) -> None:
        with self._lock:
            some = [self._events.popleft() for _ in range(min(EVENTS_PER_ROUND, len(self._events)))]
            if self._events:
                loop.call_soon(self._set_some, loop)
        for event in some:
            event.set()


_QUEUES: WeakKeyDictionary[AbstractEventLoop, Queue] = WeakKeyDictionary()


def set_soon(loop: AbstractEventLoop, event: Event) -> None:
    """Set an event of a loop, a few of them in each round of it, so that others have their turns between.

    Any thread may call this.

    Raises:
        RuntimeError: the loop has ended.
    """
    _QUEUES.setdefault(loop, Queue()).add(loop, event)


@coroutine
def next_round() -> Generator[None, None, None]:
    """Let everything else in the loop have its turn."""
    yield


async def pause(seconds: float) -> None:
    """Let so many seconds of the loop's clock pass."""
    await wait_at_most(Event(), seconds)


async def wait_at_most(event: Event, seconds: float) -> None:
    """Wait until an event is set, and set it after so many seconds of the loop's clock."""
    timer = get_running_loop().call_later(seconds, event.set)
    try:
        await event.wait()
    finally:
        timer.cancel()


def use_real_clock(loop: AbstractEventLoop) -> None:
    """Give a loop of asyncio's own, which reads `time.monotonic` each time, a clock that no test can stop."""
    if isinstance(loop, BaseEventLoop):
        loop.time = MONOTONIC  # type: ignore[method-assign]
