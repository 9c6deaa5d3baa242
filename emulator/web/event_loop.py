"""Work and waits beside an event loop: threads for long work, and waits that no test can stop."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop, BaseEventLoop, Event, Semaphore, get_running_loop
from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from threading import Lock, Thread
from traceback import clear_frames
from types import coroutine
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from emulator.kernel.clock import MONOTONIC
from emulator.text.checkpoint import WORK
from emulator.web.turns import Turns, Work

T = TypeVar("T")

LONG_WORKS, SHORT_WORKS, LASTING_WORKS = 8, 32, 512
"""Works in threads that one event loop has at a time: known to be long, not known to be, and such as turned out to last."""

READINGS = 2
"""Long texts that are read at a time: a megabyte of YAML takes a hundred while it is."""


class Slots:
    """The slots of one loop for works in threads, and their turns: what is short never waits for what is long.

    What lasts gives its slot to the next, as long as not too many last.
    """

    def __init__(self) -> None:
        self.turns = Turns()
        self.free = {True: Semaphore(LONG_WORKS), False: Semaphore(SHORT_WORKS)}
        self.readings = Semaphore(READINGS)
        self.lasting = 0


class Slot:
    """A slot that one work has until it ends or lasts. Only its loop calls this."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._lasts = self._has_ended = False

    def last(self) -> None:
        """Give the slot to the next, if there is room for another work that lasts."""
        slots = self._slots
        if not (self._has_ended or self._lasts) and slots.lasting < LASTING_WORKS:
            self._lasts = True
            slots.lasting += 1
            slots.free[False].release()

    def end(self) -> None:
        """Give the slot back, if the work still has it."""
        self._has_ended = True
        if self._lasts:
            self._slots.lasting -= 1
        else:
            self._slots.free[False].release()


_SLOTS: WeakKeyDictionary[AbstractEventLoop, Slots] = WeakKeyDictionary()


async def in_limited_thread(function: Callable[..., T], *arguments: Any, is_long: bool = False) -> T:
    """Call a function in a thread as soon as a slot is free for it; return or raise as it does."""
    loop = get_running_loop()
    slots = _SLOTS.setdefault(loop, Slots())
    if is_long:
        async with slots.free[True]:
            return await in_thread(_in_turns, slots.turns, _nothing, function, *arguments)
    await slots.free[False].acquire()
    slot = Slot(slots)
    try:
        return await in_thread(_in_turns, slots.turns, partial(loop.call_soon_threadsafe, slot.last), function, *arguments)
    finally:
        slot.end()


async def in_reading_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Call a function that reads a long text in a thread, as soon as few others do; return or raise as it does."""
    async with _SLOTS.setdefault(get_running_loop(), Slots()).readings:
        return await in_limited_thread(function, *arguments, is_long=True)


def _in_turns(turns: Turns, on_last: Callable[..., object], function: Callable[..., T], *arguments: Any) -> T:
    work = Work(turns, on_last)
    WORK.pause, WORK.aside = work.pause, work.aside
    try:
        return function(*arguments)
    finally:
        work.end()


def _nothing() -> None:
    """Do nothing: what is known to be long keeps its slot."""


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Return what the function returns, or raise what it raises. A caller that is cancelled leaves the thread to end alone.

    The thread is a daemon: a server that is told to stop does not wait for it. An error holds nothing of what was done: the
    frames of its traceback are cleared, and no frame here knows it, so that it goes with its last reference.
    """
    outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    Thread(target=_work, args=(outcome, function, arguments), name="batch-emulator-apart", daemon=True).start()
    try:
        return await outcome
    finally:
        del outcome


def _work(outcome: asyncio.Future[Any], function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    error: BaseException | None = None
    value = None
    try:
        value = function(*arguments)
    except BaseException as raised:  # it is raised again where it is awaited
        clear_frames(raised.__traceback__)
        error = raised
    with suppress(RuntimeError):  # the loop has been closed
        outcome.get_loop().call_soon_threadsafe(_settle, outcome, value, error)
    del error, outcome


def _settle(outcome: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:
    if not outcome.done():
        outcome.set_exception(error) if error else outcome.set_result(value)


CALLS_PER_ROUND = 4
"""Calls in one round of a loop: each of them, or what it lets go on, is work, and everybody else waits for that."""


AT_ONCE = 20
"""Works that begin in one round of a loop."""


class Queue:
    """Functions that one loop calls a few at a time in each round, in order."""

    def __init__(self) -> None:
        self._calls: deque[Callable[[], object]] = deque()
        self._lock = Lock()

    def add(self, loop: AbstractEventLoop, call: Callable[[], object]) -> None:
        """Have a function called after those that were added before. Any thread may call this.

        Raises:
            RuntimeError: the loop has ended.
        """
        with self._lock:
            self._calls.append(call)
            is_first = len(self._calls) == 1
        if is_first:
            loop.call_soon_threadsafe(self._call_some, loop)

    def _call_some(self, loop: AbstractEventLoop) -> None:
        with self._lock:
            some = [self._calls.popleft() for _ in range(min(CALLS_PER_ROUND, len(self._calls)))]
            if self._calls:
                loop.call_soon(self._call_some, loop)
        for call in some:
            loop.call_soon(call)  # apart from each other: one that raises takes no other with it


_QUEUES: WeakKeyDictionary[AbstractEventLoop, Queue] = WeakKeyDictionary()


def call_in_turn(loop: AbstractEventLoop, call: Callable[[], object]) -> None:
    """Have a loop call a function, a few of them in each round of it, so that others have their turns between.

    Any thread may call this.

    Raises:
        RuntimeError: the loop has ended.
    """
    _QUEUES.setdefault(loop, Queue()).add(loop, call)


@coroutine
def next_round() -> Generator[None, None, None]:
    """Let everything else in the loop have its turn."""
    yield


async def next_turn() -> None:
    """Wait for a turn among all that take theirs this way, of whom a few go on in each round of the loop."""
    event = Event()
    call_in_turn(get_running_loop(), event.set)
    await event.wait()


class Crowd:
    """Works of one loop that come at once: of more than `AT_ONCE` in a round, the others wait for turns of their own."""

    def __init__(self) -> None:
        self._came = 0

    async def join(self) -> None:
        """Come, and wait where too many came before."""
        self._came += 1
        if self._came == 1:
            get_running_loop().call_soon(self._part)
        if self._came > AT_ONCE:
            await next_turn()

    def _part(self) -> None:
        self._came = 0


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
