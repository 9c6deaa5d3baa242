"""Sleeps of a client under test: in the modules that are named they pass the world's time, everywhere else the machine's."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from itertools import count
from math import isnan
from numbers import Real
from operator import index
from threading import TIMEOUT_MAX
from types import MethodType, ModuleType
from typing import Any, NamedTuple, TypeVar

import anyio

from emulator.client.clock import ASYNCIO_SLEEP, TIME_SLEEP, Clock
from emulator.client.network_idle import NetworkIdle
from emulator.kernel.time import parse_duration

T = TypeVar("T")


def sleep_length(seconds: object) -> timedelta:
    """Return the duration of a sleep, rounded up to the next whole millisecond.

    Raises:
        TypeError: it is no number, no duration and no timedelta.
        ValueError: it is negative, or no length of time.
    """
    if isinstance(seconds, bool):
        return timedelta(seconds=seconds)
    if not isinstance(seconds, (Real, Decimal, str, timedelta)):
        raise TypeError(f"a sleep lasts a number of seconds, a duration or a timedelta, not {seconds!r}")
    return parse_duration(seconds)


class _Sleeper(NamedTuple):
    """A task that sleeps until an instant; `first` is set in its loop once nobody wakes before it."""

    wakes: datetime
    number: int
    loop: asyncio.AbstractEventLoop
    first: asyncio.Event


class AsyncSleep:
    """`asyncio.sleep` on a world's clock. Tasks that sleep at the same time wake in the order in which their time is over."""

    def __init__(self, clock: Clock, idle: NetworkIdle) -> None:
        self._clock = clock
        self._idle = idle
        self._numbers = count()
        self._sleepers: set[_Sleeper] = set()

    async def sleep(self, delay: Any, result: T | None = None) -> T | None:
        """Let all else come to rest, then passes what is left of `delay`, in seconds, and returns `result`."""
        length = sleep_length(max(delay, 0) if isinstance(delay, (int, float)) else delay)
        wakes, number = self._clock.now + length, next(self._numbers)
        sleeper = _Sleeper(wakes, number, _running_loop(), asyncio.Event())
        self._sleepers.add(sleeper)
        try:
            await self._turn_of(sleeper)
            if (left := wakes - self._clock.now) > timedelta():
                self._clock.advance(left)
        finally:
            self._sleepers.discard(sleeper)
            self._tell_first()
        return result

    async def _turn_of(self, sleeper: _Sleeper) -> None:
        """Wait until this one is the next to wake, and nothing is under way that could still change that."""
        while True:
            while self._first() is not sleeper:
                sleeper.first.clear()
                await sleeper.first.wait()
            await self._idle.wait()
            if self._first() is sleeper:
                return

    def _first(self) -> _Sleeper | None:
        return min([it for it in [*self._sleepers] if not it.loop.is_closed()], key=lambda it: it[:2], default=None)

    def _tell_first(self) -> None:
        first = self._first()
        if first is not None:
            with suppress(RuntimeError):  # its loop has ended just now
                first.loop.call_soon_threadsafe(first.first.set)


def _running_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            "patch_sleep passes time for tasks of asyncio only: in a loop of trio, hand the client emulator.aio.sleep"
        ) from None


class ModuleProxy(ModuleType):
    """A module as one other module sees it: `sleep` is replaced, all else is the real one's."""

    def __init__(self, real: ModuleType, sleep: object) -> None:
        super().__init__(real.__name__, real.__doc__)
        self.__dict__.update(_real=real, sleep=sleep)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_real"], name)

    def __dir__(self) -> list[str]:
        return dir(self.__dict__["_real"])


@dataclass(frozen=True)
class Sleeps:
    """The functions that take the place of `time.sleep` and `asyncio.sleep`, and take and refuse what these do."""

    clock: Clock
    async_sleep: AsyncSleep

    def sleep(self, seconds: Any, /) -> None:
        """Stand in for `time.sleep`.

        Raises:
            TypeError: it is neither a float nor an integer.
            ValueError: it is negative, or no number.
            OverflowError: it is longer than any machine can wait.
        """
        length = seconds if isinstance(seconds, float) else index(seconds)
        if isnan(length):
            raise ValueError("Invalid value NaN (not a number)")
        if length < 0:
            raise ValueError("sleep length must be non-negative")
        if length > TIMEOUT_MAX:
            raise OverflowError("timestamp too large to convert to C PyTime_t")
        self.clock.sleep(length)

    async def asleep(self, delay: Any, result: T | None = None) -> T | None:
        """Stand in for `asyncio.sleep`: what cannot be compared with 0 or added to the time of the loop is refused.

        Raises:
            TypeError: it is no number, or a Decimal.
            ValueError: it is no length of time.
        """
        seconds = 0 if delay <= 0 else 0.0 + delay
        return result if self.clock.receivers.is_called else await self.async_sleep.sleep(seconds, result)

    def in_place_of(self, value: Any) -> Any:
        """The replacement of a sleep or of a module that has one, also where it is a replacement already; else the value."""
        kind = type(value)  # to ask a lazy object of somebody's for its class could wake it
        if kind is staticmethod:
            inner = self.in_place_of(value.__func__)
            return value if inner is value.__func__ else staticmethod(inner)
        if kind is partial:
            inner = self.in_place_of(value.func)
            return value if inner is value.func else partial(inner, *value.args, **value.keywords)
        if kind is tuple:
            inner = tuple(map(self.in_place_of, value))
            return inner if any(new is not old for new, old in zip(inner, value, strict=True)) else value
        meant = value.__func__ if kind is MethodType else vars(value)["_real"] if kind is ModuleProxy else value
        return next((new for old, new in self._substitutes if old is meant), value)

    @cached_property
    def _substitutes(self) -> list[tuple[Any, Any]]:
        """Every sleep, and every module that has one, with what takes its place."""
        sleeps = [(time.sleep, self.sleep), (TIME_SLEEP, self.sleep), (Clock.sleep, self.sleep), (Sleeps.sleep, self.sleep)]
        own = (asyncio.sleep, ASYNCIO_SLEEP, anyio.sleep, Clock.asleep, Sleeps.asleep)
        modules = [(time, self.sleep), (asyncio, self.asleep), (anyio, self.asleep)]
        proxies = [(module, ModuleProxy(module, sleep)) for module, sleep in modules]
        return [*sleeps, *((it, self.asleep) for it in own), *proxies]
