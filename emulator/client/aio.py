"""The handle of a world for `async def`: every wait for the server is in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from anyio import to_thread

from emulator.client.journal import Exchange

if TYPE_CHECKING:
    from emulator.client.emulator import Emulator

P = ParamSpec("P")
T = TypeVar("T")


def awaited(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """The same function, to be awaited."""

    @wraps(function)
    async def wait(*args: P.args, **kwargs: P.kwargs) -> T:
        return await to_thread.run_sync(partial(function, *args, **kwargs))

    return wait


class AsyncEmulator:
    """What the handle asks of the server, awaited, in a loop of asyncio or of trio.

    Each attribute does what the handle's own function of that name does; `journal` and `ledger` return pictures, which stay as
    they are. For all else, call it with a function:
    `await emulator.aio(lambda: emulator.stripe.batch_job(id).status)`.
    """

    def __init__(self, emulator: Emulator) -> None:
        def exchanges(operation: str | None = None) -> list[Exchange]:
            return emulator.journal.exchanges(operation)

        self.load = awaited(emulator.load)
        self.reset = awaited(emulator.reset)
        self.advance = awaited(emulator.clock.advance)
        self.run = awaited(emulator.clock.run)
        self.sleep = emulator.clock.asleep
        self.now = awaited(lambda: emulator.clock.now)
        self.next = awaited(lambda: emulator.clock.next)
        self.state = awaited(lambda: dict(emulator.state))
        self.change = awaited(emulator.state.change)
        self.journal = awaited(lambda: emulator.journal.picture())
        self.exchanges = awaited(exchanges)
        self.ledger = awaited(lambda: emulator.ledger.picture())
        self.dry_run = awaited(emulator.dry_run)
        self.snapshot = awaited(emulator.snapshot)
        self.restore = awaited(emulator.restore)
        self.undo = awaited(emulator.undo)
        self.diff = awaited(emulator.diff)
        self.fork = awaited(emulator.fork)
        self.explore = awaited(emulator.explore)
        self.faults = awaited(emulator.faults.list)
        self.held = awaited(emulator.faults.held)
        self.add_fault = awaited(emulator.faults.add)
        self.remove_fault = awaited(emulator.faults.remove)
        self.clear_faults = awaited(emulator.faults.clear)
        self.close = awaited(emulator.close)

    async def __call__(self, function: Callable[[], T]) -> T:
        """The result of any function, in a thread of its own."""
        return await to_thread.run_sync(function)
