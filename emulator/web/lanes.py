"""A lane for each world: its requests one at a time, in order of arrival, and the long ones in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container
from functools import partial
from typing import TypeVar

from emulator.kernel.advance import TURN_LIMIT, catch_up, catch_up_limit
from emulator.kernel.clock import FROZEN
from emulator.kernel.timeline import TimelineEvent
from emulator.kernel.world import World
from emulator.text.checkpoint import TurnLock
from emulator.web.event_loop import in_limited_thread

T = TypeVar("T")


class NoLanes:
    """In-process requests wait in the calling thread: there may be no event loop, and nothing else in it."""

    waiting: Container[str] = frozenset()
    """Ids of the worlds for which somebody waits, or works in a thread."""

    async def run(self, world: World, function: Callable[[], T], is_long: bool, is_known_long: bool = False) -> T:  # noqa: ARG002
        """Return what the function returns, or raise what it raises. It is called while nobody else uses the world."""
        with world.lock:
            return function()


class _Lane:
    """The turns in one world, and how many wait for one or have it."""

    __slots__ = ("turn", "users")

    def __init__(self) -> None:
        self.turn, self.users = asyncio.Lock(), 0


class Lanes(NoLanes):
    """One lane for each world that a thread works on. The event loop itself never waits for a world's lock.

    What is short, in a world that nobody uses and that keeps up with its clock, is called at once. Worlds that replace each
    other have the same id, and so the same lane.
    """

    def __init__(self) -> None:
        self.waiting: dict[str, _Lane] = {}

    async def run(self, world: World, function: Callable[[], T], is_long: bool, is_known_long: bool = False) -> T:
        """Return what the function returns, or raise what it raises. It is called while nobody else uses the world."""
        if world.clock.rate != FROZEN and not is_long and not _keeps_up(world):
            return await self._queue(world, partial(_kept_up, world, function), True, True)
        if not is_long and world.id not in self.waiting and world.lock.acquire(blocking=False):
            try:
                return function()
            finally:
                world.lock.release()
        return await self._queue(world, function, is_long, is_known_long)

    async def _queue(self, world: World, function: Callable[[], T], is_long: bool, is_known_long: bool) -> T:
        lane = self.waiting.setdefault(world.id, _Lane())
        lane.users += 1
        try:
            async with lane.turn:
                return await _run_next(world.lock, function, is_long, is_known_long)
        finally:
            lane.users -= 1
            if not lane.users:
                del self.waiting[world.id]


async def _run_next(lock: TurnLock, function: Callable[[], T], is_long: bool, is_known_long: bool) -> T:
    """Call a function whose turn it is. Where somebody else has the lock, a thread waits for it.

    What may be long waits for no long work, since it may be short: it counts as long once it lasts.
    """
    if is_long or not lock.acquire(blocking=False):
        return await in_limited_thread(_locked, lock, function, is_long=is_known_long)
    try:
        return function()
    finally:
        lock.release()


def _locked(lock: TurnLock, function: Callable[[], T]) -> T:
    with lock:
        return function()


def _keeps_up(world: World) -> bool:
    """Let a world take a few steps towards its clock, where nobody else uses it; return whether it got there.

    An event of its timeline may be much work, and is left to a thread.
    """
    if not world.lock.acquire(blocking=False):
        return False
    try:
        event: TimelineEvent | None = world.store.first(TimelineEvent.kind, "by instant")
        return (event is None or event.at > world.clock.target()) and catch_up(world, TURN_LIMIT)
    finally:
        world.lock.release()


def _kept_up(world: World, function: Callable[[], T]) -> T:
    """Call a function in a world that has come as near to its clock as one look may bring it."""
    catch_up(world, catch_up_limit(world))
    return function()
