"""The handle of a world for `async def`: every wait for the server is in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from emulator.handle.emulator import Emulator

P = ParamSpec("P")
T = TypeVar("T")


def awaited(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """The same function, to be awaited."""

    @wraps(function)
    async def wait(*args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(function, *args, **kwargs)

    return wait


class AsyncEmulator:
    """What the handle asks of the server, awaited; each attribute is the handle's own function of that name."""

    def __init__(self, emulator: Emulator) -> None:
        self.load = awaited(emulator.load)
        self.reset = awaited(emulator.reset)
        self.advance = awaited(emulator.clock.advance)
        self.run = awaited(emulator.clock.run)
        self.state = awaited(lambda: dict(emulator.state))
        self.change = awaited(emulator.state.change)
        self.journal = awaited(lambda: emulator.journal)
        self.exchanges = awaited(lambda operation=None: emulator.journal.exchanges(operation))
        self.ledger = awaited(lambda: emulator.ledger)
        self.dry_run = awaited(emulator.dry_run)
        self.snapshot = awaited(emulator.snapshot)
        self.restore = awaited(emulator.restore)
        self.undo = awaited(emulator.undo)
        self.diff = awaited(emulator.diff)
        self.fork = awaited(emulator.fork)
        self.explore = awaited(emulator.explore)
        self.faults = awaited(emulator.faults.list)
        self.add_fault = awaited(emulator.faults.add)
        self.remove_fault = awaited(emulator.faults.remove)
        self.clear_faults = awaited(emulator.faults.clear)
