"""Long work in a thread beside the event loop, and the wait for what such a thread holds: others are served meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any

from emulator.kernel.ahead import TURN_LIMIT, steps_of_a_look
from emulator.kernel.lapse import keep_up
from emulator.kernel.world import World
from emulator.web.turns import pause, turn

TURN = 0.001
"""Seconds between two looks at whether a world is free."""


async def apart(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what the function returns, or raise what it raises. A caller that is cancelled leaves the thread to end alone.

    The thread is a daemon: a server that is told to stop does not wait for it.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Any] = loop.create_future()

    def settle(set_outcome: Callable[[Any], None], value: Any) -> None:
        if not outcome.done():
            set_outcome(value)

    def work() -> None:
        set_outcome: Callable[[Any], None] = outcome.set_result
        try:
            value = function(*arguments)
        except BaseException as error:  # it is raised again where it is awaited
            set_outcome, value = outcome.set_exception, error
        with suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(settle, set_outcome, value)

    Thread(target=work, name="batch-emulator-apart", daemon=True).start()
    return await outcome


async def free(world: World) -> bool:
    """Wait, in turns with everybody else, until no other thread holds the world and it keeps up with its clock.

    Return whether another thread held it: then it may have been replaced or dropped, and has to be looked up again. A clock
    that is too fast for the world is given up on after the steps of a look.
    """
    waited = await _unlocked(world)
    for _ in range(steps_of_a_look(world) // TURN_LIMIT):
        with world.lock:
            if keep_up(world, TURN_LIMIT):
                break
        await turn()
        waited |= await _unlocked(world)
    return waited


async def _unlocked(world: World) -> bool:
    waited = False
    while not world.lock.acquire(blocking=False):
        waited = True
        await pause(TURN)
    world.lock.release()
    return waited
