"""The handle of a world for `async def`: every wait for the server is in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from anyio import to_thread

from emulator.client.journal import Attempt, Exchange

if TYPE_CHECKING:
    from emulator.client.applications import App
    from emulator.client.deliveries import Delivery
    from emulator.client.emulator import Emulator

P = ParamSpec("P")
T = TypeVar("T")


def as_async(function: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Return the same function as a coroutine function."""

    @wraps(function)
    async def wait(*args: P.args, **kwargs: P.kwargs) -> T:
        return await to_thread.run_sync(partial(function, *args, **kwargs))

    return wait


class AsyncEmulator:
    """The methods of a handle that ask the server, awaited in a loop of asyncio or of trio.

    Each attribute does what the handle's own function of that name does; `journal` and `ledger` return pictures, which stay as
    they are. For all else, call it with a function:
    `await emulator.aio(lambda: emulator.stripe.batch_job(id).status)`.
    """

    def __init__(self, emulator: Emulator) -> None:
        def exchanges(operation: str | None = None) -> list[Exchange]:
            return emulator.journal.exchanges(operation)

        def attempts(event: str | None = None) -> list[Attempt]:
            return emulator.journal.attempts(event)

        self._receivers = emulator.receivers
        self.load = as_async(emulator.load)
        self.reset = as_async(emulator.reset)
        self.advance = emulator.clock.aadvance
        self.run = as_async(emulator.clock.run)
        self.sleep = emulator.clock.asleep
        self.now = as_async(lambda: emulator.clock.now)
        self.next = as_async(lambda: emulator.clock.next)
        self.state = as_async(lambda: dict(emulator.state))
        self.change = as_async(emulator.state.change)
        self.journal = as_async(lambda: emulator.journal.picture())
        self.exchanges = as_async(exchanges)
        self.ledger = as_async(lambda: emulator.ledger.picture())
        self.dry_run = as_async(emulator.dry_run)
        self.record = as_async(emulator.record)
        self.export = as_async(emulator.export)
        self.snapshot = as_async(emulator.snapshot)
        self.restore = as_async(emulator.restore)
        self.undo = as_async(emulator.undo)
        self.diff = as_async(emulator.diff)
        self.fork = as_async(emulator.fork)
        self.explore = as_async(emulator.explore)
        self.faults = as_async(emulator.faults.list)
        self.held = as_async(emulator.faults.held)
        self.add_fault = as_async(emulator.faults.add)
        self.remove_fault = as_async(emulator.faults.remove)
        self.clear_faults = as_async(emulator.faults.clear)
        self.timeline = as_async(emulator.timeline.list)
        self.add_event = as_async(emulator.timeline.add)
        self.remove_event = as_async(emulator.timeline.remove)
        self.clear_timeline = as_async(emulator.timeline.clear)
        self.replies = as_async(emulator.replies.list)
        self.add_reply = as_async(emulator.replies.add)
        self.remove_reply = as_async(emulator.replies.remove)
        self.clear_replies = as_async(emulator.replies.clear)
        self.deliveries = as_async(emulator.deliveries.filter)
        self.expect = as_async(emulator.deliveries.expect)
        self.attempts = as_async(attempts)
        self.close = as_async(emulator.close)

    async def receiver(self, url: str, app: App) -> None:
        """Call an application for each notification to a URL, in the running loop where that is one of asyncio."""
        self._receivers.note_loop()
        await to_thread.run_sync(self._receivers.add, url, app)

    async def resend(self, delivery: Delivery) -> Delivery:
        """Make a new attempt now, as the delivery's own `resend` does; its receiver is called in the running loop."""
        self._receivers.note_loop()
        return await to_thread.run_sync(delivery.resend)

    async def __call__(self, function: Callable[[], T]) -> T:
        """Return the result of any function, run in a thread of its own."""
        return await to_thread.run_sync(function)
