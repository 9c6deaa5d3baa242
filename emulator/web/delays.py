"""Delays and hangs of one request: in the world's time or the machine's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from emulator.kernel.advance import TURN_LIMIT, catch_up
from emulator.kernel.clock import FROZEN, MONOTONIC
from emulator.kernel.faults import DELAY, VIRTUAL, Fault
from emulator.kernel.time import END_OF_TIME
from emulator.kernel.world import World
from emulator.sdk.request import Request
from emulator.web.connection import Connection
from emulator.web.held_requests import GONE, LIFTED, HeldRequest, HeldRequests, JournalEntry, Revision
from emulator.web.lanes import NoLanes

T = TypeVar("T")

AT_MOST = 86_400.0
"""Seconds of one wait, since no machine can wait for as long as a world's time can take. Then it is reckoned anew."""


class WorldReset(Exception):
    """Ends a request whose world was reset, taken back or dropped while a fault held it up."""

    def __init__(self, committed: bool) -> None:
        self.committed = committed
        happened = "look at its state before you ask again" if committed else "this has not happened"
        super().__init__(f"its world was reset, taken back or dropped meanwhile, or the server ends: {happened}")


class WaitBudget:
    """The real time, in seconds, for which all faults together may hold up one request. It runs from the first wait."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end: float | None = None

    def left(self) -> float:
        """Return the seconds that are left; 0 from its end on."""
        now = MONOTONIC()
        if self._end is None:
            self._end = now + self._seconds
        return max(0.0, self._end - now)


class FaultDelays:
    """One request among the faults of its world. `noted` is its exchange, once it is committed.

    Faults hold it up for at most `patience` seconds of real time, all of them together. What it does with the world is done
    in the world's lane; where that `is_long`, beside the event loop.
    """

    def __init__(
        self,
        requests: HeldRequests,
        world: World,
        request: Request,
        operation: str,
        connection: Connection,
        patience: float,
        lanes: NoLanes | None = None,
        is_long: bool = False,
    ) -> None:
        self.noted: JournalEntry | None = None
        self._patience = WaitBudget(patience)
        self._requests = requests
        self._world = world
        self._call = request
        self._operation = operation
        self._means = connection
        self._past = Revision.of(world)
        self._lifted: set[str] = set()
        self.lanes = lanes or NoLanes()
        self._is_long = is_long

    async def in_lane(self, function: Callable[[], T]) -> T:
        """Call a function with the world to oneself, if that still has the past in which the request began and went on.

        Raises:
            WorldGone: it has not.
        """
        return await self.alone(partial(self._unless_undone, function))

    async def alone(self, function: Callable[[], T]) -> T:
        """Call a function with the world to oneself."""
        return await self.lanes.run(self._world, function, self._is_long)

    def _unless_undone(self, function: Callable[[], T]) -> T:
        if not self._past.is_kept(self._world):
            raise WorldReset(committed=False)
        result = function()
        self._past = Revision.of(self._world)
        return result

    def is_over(self, fault: Fault) -> bool:
        """Tell whether a fault was taken away since it struck, so that it spares the request from then on."""
        if self._past.is_kept(self._world) and self._world.store.find(Fault.kind, fault.id) is None:
            self._lifted.add(fault.id)
        return self.was_lifted(fault)

    def was_lifted(self, fault: Fault) -> bool:
        """Tell whether a fault was found to be taken away."""
        return fault.id in self._lifted

    async def delay(self, faults: Iterable[Fault]) -> None:
        """Waits through those of these faults that are delays.

        Raises:
            WorldGone: the world was reset, taken back or dropped meanwhile.
        """
        for fault in faults:
            if fault.do != DELAY or self.is_over(fault):
                continue
            if fault.clock == VIRTUAL:
                await self._delay_virtually(fault)
            elif isinstance(fault.delay, timedelta):
                async with self.hold(fault) as held:
                    await self.pause(held, fault.delay.total_seconds())

    async def pause(self, held: HeldRequest, seconds: float) -> bool:
        """Lets real time pass until the request is woken. False where no more of it need pass, or may."""
        seconds = min(seconds, self._patience.left())
        return held.ended is None and seconds > 0 and await self._means.pause(held, seconds)

    async def hang(self, fault: Fault, noted: JournalEntry | None = None) -> bool:
        """Leaves the client without a word until the fault is taken away (True), or it or our patience is at its end.

        `noted` is the entry of a request that has not taken effect.

        Raises:
            WorldGone: the world was reset, taken back or dropped meanwhile.
        """
        async with self.hold(fault, noted=noted) as held:
            if held.ended is None:
                await self._means.hang(held, self._patience.left())
        return held.ended == LIFTED

    @asynccontextmanager
    async def hold(
        self, fault: Fault, due: datetime | None = None, noted: JournalEntry | None = None
    ) -> AsyncIterator[HeldRequest]:
        """Lists the request as held up by a fault for as long as this lasts.

        Raises:
            WorldGone: at the end, where the world was reset, taken back or dropped meanwhile.
        """
        since, entry = self._world.clock.now(), noted or self.noted
        held = HeldRequest(self._call, self._operation, fault, since, self._past, due, entry)
        with self._requests.hold(self._world, held):
            await self.alone(partial(self._requests.look_at, self._world, held))
            yield held
        if held.ended == LIFTED:
            self._lifted.add(fault.id)
        if held.ended == GONE:
            raise WorldReset(committed=self.noted is not None)

    async def _delay_virtually(self, fault: Fault) -> None:
        """Lets the world's own time pass: at once where it stands still, or else for as long as the world takes."""
        due = await self.alone(partial(self._jump_or_end, fault))
        if due is None:
            return
        async with self.hold(fault, due) as held:
            while True:
                held.rearm()
                left = self._seconds_until(due, held)
                if left <= 0 or not await self.pause(held, min(left, AT_MOST)):
                    break

    def _jump_or_end(self, fault: Fault) -> datetime | None:
        """Return the instant at which a virtual delay is over; None where it takes no time, or its time has passed by this."""
        if self._world.clock.rate == FROZEN and self._past.is_kept(self._world):
            self._requests.jump(self._world, (fault,))
            return None
        if not isinstance(fault.delay, timedelta):
            return self._world.next_due()
        now = self._world.clock.now()
        return None if fault.delay > END_OF_TIME - now else now + fault.delay

    def _seconds_until(self, due: datetime, held: HeldRequest) -> float:
        """Return the real seconds until an instant. Who sets the clock meanwhile finds that this was reckoned otherwise."""
        clock = self._world.clock
        if clock.is_behind and self._world.lock.acquire(blocking=False):
            try:
                catch_up(self._world, TURN_LIMIT)
            finally:
                self._world.lock.release()
        held.reckoned = clock.base, clock.rate
        return clock.seconds_until(due)
