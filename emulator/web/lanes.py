"""Lanes: the requests of each world in order of arrival, one at a time, and the long ones beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from threading import RLock
from typing import TypeVar
from weakref import WeakValueDictionary

from emulator.kernel.advance import TURN_LIMIT, catch_up, catch_up_limit
from emulator.kernel.clock import FROZEN
from emulator.kernel.world import World
from emulator.web.connection import InProcessConnection, Scope, connection_of
from emulator.web.event_loop import in_limited_thread

T = TypeVar("T")


class NoLanes:
    """For a caller without a socket, who waits in the calling thread: there may be no event loop, and nobody else in it."""

    async def run(self, world: World, function: Callable[[], T], is_long: bool) -> T:  # noqa: ARG002
        """Return what the function returns, or raise what it raises. It is called while nobody else uses the world."""
        with world.lock:
            return function()


class Lanes(NoLanes):
    """One lane for each world that a thread works on. The event loop itself never waits for a world's lock.

    What is short, in a world that nobody uses and that keeps up with its clock, is called at once. Worlds that replace each
    other have the same id, and so the same lane.
    """

    def __init__(self) -> None:
        self._lanes: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, world: World, function: Callable[[], T], is_long: bool) -> T:
        """Return what the function returns, or raise what it raises. It is called while nobody else uses the world."""
        if world.clock.rate != FROZEN and not is_long and not _keeps_up(world):
            function, is_long = partial(_kept_up, world, function), True
        if not is_long and world.id not in self._lanes and world.lock.acquire(blocking=False):
            try:
                return function()
            finally:
                world.lock.release()
        lane = self._lanes.get(world.id)
        if lane is None:
            self._lanes[world.id] = lane = asyncio.Lock()
        async with lane:
            return await _run_next(world.lock, function, is_long)


async def _run_next(lock: RLock, function: Callable[[], T], is_long: bool) -> T:
    """Call a function whose turn it is. Where somebody else has the lock, a thread waits for it."""
    if is_long or not lock.acquire(blocking=False):
        return await in_limited_thread(_locked, lock, function)
    try:
        return function()
    finally:
        lock.release()


def _locked(lock: RLock, function: Callable[[], T]) -> T:
    with lock:
        return function()


def _keeps_up(world: World) -> bool:
    """Let a world take a few steps towards its clock, where nobody else uses it; return whether it got there."""
    if not world.lock.acquire(blocking=False):
        return False
    try:
        return catch_up(world, TURN_LIMIT)
    finally:
        world.lock.release()


def _kept_up(world: World, function: Callable[[], T]) -> T:
    """Call a function in a world that has come as near to its clock as one look may bring it."""
    catch_up(world, catch_up_limit(world))
    return function()


LONG_TARGET = 1_000
"""Bytes of a path, or of a query, from which on a head is long; each byte takes up to 3 microseconds."""

LONG_HEADERS = 4_000
"""Bytes of all headers from which on a head is long."""


def has_long_head(scope: Scope) -> bool:
    """Tell whether a request with a socket has a long head. Without a socket there may be no event loop to hold up."""
    is_long = (
        len(scope.get("raw_path") or scope["path"]) > LONG_TARGET
        or len(scope["query_string"]) > LONG_TARGET
        or sum(len(name) + len(value) for name, value in scope["headers"]) > LONG_HEADERS
    )
    return is_long and not isinstance(connection_of(scope), InProcessConnection)


async def off_loop_if_long(scope: Scope, function: Callable[..., T], *arguments: object) -> T:
    """Return what a function returns, or raise what it raises; it is called beside the event loop where the head is long."""
    return await in_limited_thread(function, *arguments) if has_long_head(scope) else function(*arguments)
