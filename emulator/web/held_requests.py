"""Requests that faults hold up: what waits, and what lets it go before its time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from threading import TIMEOUT_MAX, Event, Lock, Timer
from typing import NamedTuple

from emulator.kernel.errors import Conflict, TimeRunsForward
from emulator.kernel.faults import BEFORE_COMMIT, NEXT, Fault
from emulator.kernel.history import Mark
from emulator.kernel.journal import Exchange
from emulator.kernel.world import World
from emulator.sdk.request import Request
from emulator.web.event_loop import set_soon

LIFTED, GONE = "lifted", "gone"
"""Why a request is let go: its fault was taken away; its world was reset, taken back or dropped, or the server ends."""


@dataclass(slots=True)
class JournalEntry:
    """The entry of an exchange in the journal of its world, to be changed once it is known what became of the answer."""

    world: World
    n: int
    exchange: Exchange

    def mark(self, delivered: bool | None) -> None:
        """Notes whether the client got the whole answer; None where nobody knows. Whoever calls this holds the world's lock."""
        self.exchange = self.world.journal.mark(self.n, self.exchange, delivered)

    def withdraw(self) -> None:
        """Takes the entry out: the request is not over after all, and is noted again when it is."""
        self.world.journal.withdraw(self.n, self.exchange)

    def was_taken_back(self) -> bool:
        """Tell whether the world was brought back to before this exchange."""
        return self.world.journal.was_undone(self.n, self.exchange)


class Revision(NamedTuple):
    """A world's past at some point of a request: its epoch, and the mark in its history."""

    epoch: int
    mark: Mark

    @classmethod
    def of(cls, world: World) -> Revision:
        """The past of a world as it is now."""
        return cls(world.epoch, world.history.mark())

    def is_kept(self, world: World) -> bool:
        """Tell whether the world still has this past, whatever was undone after it."""
        return world.epoch == self.epoch and world.history.has(self.mark)


class HeldRequest:
    """One request, for as long as one fault holds it up. It is woken from any thread, and waits in a thread or a loop.

    `since` is the world's instant at which that began, `past` the world's past then; `due` the instant at which a virtual
    delay is over, None for every other fault. `noted` is its entry in the journal, once it has one. `ended` is LIFTED or GONE
    once it has been let go.
    """

    __slots__ = ("_wake", "_woken", "due", "ended", "fault", "noted", "operation", "past", "reckoned", "request", "since")

    def __init__(
        self,
        request: Request,
        operation: str,
        fault: Fault,
        since: datetime,
        past: Revision,
        due: datetime | None = None,
        noted: JournalEntry | None = None,
    ) -> None:
        self.request = request
        self.operation = operation
        self.fault = fault
        self.since = since
        self.past = past
        self.due = due
        self.noted = noted
        self.ended: str | None = None
        self.reckoned: tuple[datetime, float] | None = None
        self._woken = False
        self._wake: Callable[[], object] | None = None

    def release(self, why: str) -> None:
        """Ends the wait, for good."""
        self.ended = why
        self.wake()

    def wake(self) -> None:
        """Ends the present wait, so that whoever waits looks again."""
        self._woken = True
        wake = self._wake
        if wake is not None:
            _wake(wake)

    def rearm(self) -> None:
        """Makes ready for another wait. Whoever waits looks after this whether it still has to."""
        self._wake, self._woken = None, False

    @property
    def woken(self) -> bool:
        """Tell whether it was woken since it was last rearmed."""
        return self._woken

    def wait_in_thread(self, seconds: float) -> None:
        """Blocks this thread until it is woken, or for so long."""
        event = Event()
        self._on_wake(event.set)
        event.wait(seconds)

    async def wait_in_loop(self, seconds: float) -> None:
        """Waits in asyncio until it is woken, or for so long."""
        loop = asyncio.get_running_loop()
        event = asyncio.Event()
        wake = partial(set_soon, loop, event)
        self._on_wake(wake)
        timer = loop.call_later(seconds, wake)
        try:
            await event.wait()
        finally:
            timer.cancel()

    async def wait_in_any_loop(self, seconds: float) -> None:
        """Waits in asyncio or trio until it is woken, or for so long."""
        import anyio

        event = anyio.Event()
        wake = partial(_call_soon(), event.set)
        self._on_wake(wake)
        timer = Timer(
            min(seconds, TIMEOUT_MAX), _wake, (wake,)
        )  # the loop is the client's, whose clock a test may have stopped
        timer.daemon = True
        timer.start()
        try:
            await event.wait()
        finally:
            timer.cancel()

    def _on_wake(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        if self._woken:
            wake()


def _wake(wake: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # its event loop has ended
        wake()


def _call_soon() -> Callable[[Callable[[], object]], object]:
    """Returns the function by which another thread has the running loop call something."""
    try:
        return asyncio.get_running_loop().call_soon_threadsafe
    except RuntimeError:
        from trio.lowlevel import current_trio_token  # type: ignore[import-not-found, unused-ignore]

        token: Callable[[Callable[[], object]], object] = current_trio_token().run_sync_soon
        return token


class HeldRequests:
    """Every request of one server that a fault holds up, by world. The list itself is safe from any number of threads."""

    def __init__(self) -> None:
        self._of: dict[World, dict[HeldRequest, None]] = {}
        self._list = Lock()
        self._closed = False

    def of(self, world: World) -> list[HeldRequest]:
        """The requests that are held up in a world, in the order in which they came."""
        with self._list:
            return [*self._of.get(world, ())]

    @contextmanager
    def hold(self, world: World, held: HeldRequest) -> Iterator[None]:
        """List a request for as long as this lasts. Whoever does looks at it once it is listed."""
        with self._list:
            self._of.setdefault(world, {})[held] = None
        try:
            yield
        finally:
            with self._list:
                self._of[world].pop(held)
                if not self._of[world]:
                    del self._of[world]

    def in_flight(self, world: World) -> list[tuple[str, Request]]:
        """Return the requests to a world that are held up before they take effect, each with its operation."""
        return [(held.operation, held.request) for held in self.of(world) if held.fault.where == BEFORE_COMMIT]

    def jump(self, world: World, faults: Iterable[Fault]) -> None:
        """Let the time of these virtual delays pass at once. The caller holds the world's lock."""
        for fault in faults:
            with suppress(TimeRunsForward, Conflict):  # beyond the end of time, or of what a world may go through at once
                if fault.delay == NEXT:
                    world.advance_to_next()
                elif isinstance(fault.delay, timedelta):
                    world.advance_by(fault.delay)
        self.review(world)

    def look_at(self, world: World, held: HeldRequest) -> None:
        """Let a request go where nothing holds it up any more. Whoever calls this holds the world's lock."""
        self._review(world, held, self._closed)

    def review(self, world: World, gone: bool = False) -> None:
        """Lets go whom nothing holds up any more, after a world was steered; everybody where the world is `gone`.

        Whoever calls this holds the world's lock.
        """
        for held in self.of(world):
            self._review(world, held, gone)

    def release_all(self) -> None:
        """Lets everybody go, also who would be held up from now on: the server ends."""
        self._closed = True
        with self._list:
            everybody = [held for listed in self._of.values() for held in listed]
        for held in everybody:
            if held.ended is None:
                held.release(GONE)

    def _review(self, world: World, held: HeldRequest, gone: bool) -> None:
        if held.ended is not None:
            return
        undone = not held.past.is_kept(world) or (held.noted is not None and held.noted.was_taken_back())
        if gone or undone:
            held.release(GONE)
        elif world.store.find(Fault.kind, held.fault.id) is None:
            held.release(LIFTED)
        elif held.due is not None and held.reckoned != (world.clock.base, world.clock.rate):
            held.wake()
