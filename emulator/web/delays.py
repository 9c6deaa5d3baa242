"""Delays and hangs of one request, in the time of its world or of the machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from emulator.delivery.carriers import PATIENCE, Carriers
from emulator.delivery.claims import Key
from emulator.kernel.advance import TURN_LIMIT, catch_up
from emulator.kernel.clock import FROZEN, MONOTONIC
from emulator.kernel.faults import DELAY, VIRTUAL, Fault
from emulator.kernel.revision import Revision
from emulator.kernel.time import END_OF_TIME
from emulator.kernel.world import World
from emulator.sdk.request import Request
from emulator.web.connection import Connection, InProcessConnection
from emulator.web.held_requests import GONE, LIFTED, HeldRequest, HeldRequests, JournalEntry
from emulator.web.lanes import NoLanes
from emulator.web.waits import until_done

T = TypeVar("T")

MANY_KEPT_BYTES = 100_000
"""Bytes kept by a server beyond which a request that faults may hold up is carried out in a thread."""

LONGEST_WAIT = 86_400.0
"""Seconds of one wait, after which it is computed anew: no timer lasts for as long as a world's time can take."""


class WorldReset(Exception):
    """Ends a request whose world was reset, restored or dropped while a fault held it up."""

    def __init__(self, committed: bool) -> None:
        self.committed = committed
        happened = "look at its state before you ask again" if committed else "this has not happened"
        super().__init__(f"its world was reset, restored or dropped meanwhile, or the server ends: {happened}")


class FaultDelays:
    """The waits of one request. `entry` is that of its exchange, once it is committed.

    All faults together hold it up for at most `max_seconds` of real time, counted from the first wait. What it does with the
    world is done in the world's lane; where that `is_long`, or the server keeps much, in a thread.
    """

    def __init__(
        self,
        requests: HeldRequests,
        world: World,
        request: Request,
        connection: Connection,
        max_seconds: float,
        lanes: NoLanes | None = None,
        is_long: bool = False,
    ) -> None:
        self.entry: JournalEntry | None = None
        self.lanes = lanes or NoLanes()
        self._max_seconds = max_seconds
        self._end: float | None = None
        self._requests = requests
        self._world = world
        self._request = request
        self._connection = connection
        self._revision = Revision.of(world)
        self._lifted: set[str] = set()
        self._is_long = is_long

    async def in_lane(self, function: Callable[[], T]) -> T:
        """Call a function in the world's lane, unless the revision in which the request has come so far was undone.

        Raises:
            WorldReset: it was.
        """
        return await self._in_lane(partial(self._unless_undone, function))

    async def _in_lane(self, function: Callable[[], T]) -> T:
        is_long = self._is_long or self._world.quota.budget.bytes > MANY_KEPT_BYTES
        return await self.lanes.run(self._world, function, is_long)

    def _unless_undone(self, function: Callable[[], T]) -> T:
        if not self._revision.is_kept(self._world):
            raise WorldReset(committed=False)
        result = function()
        self._revision = Revision.of(self._world)
        return result

    def is_over(self, fault: Fault) -> bool:
        """Tell whether a fault was removed since it struck, so that it spares the request from then on."""
        if self._revision.is_kept(self._world) and self._world.store.find(Fault.kind, fault.id) is None:
            self._lifted.add(fault.id)
        return self.was_lifted(fault)

    def was_lifted(self, fault: Fault) -> bool:
        """Tell whether a fault was found to be removed."""
        return fault.id in self._lifted

    async def delay(self, faults: Iterable[Fault]) -> None:
        """Wait through those of these faults that are delays.

        Raises:
            WorldReset: the world was reset, restored or dropped meanwhile.
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
        """Let real time pass until the request is woken; return False where no more of it need pass, or may."""
        seconds = min(seconds, self._seconds_left())
        return held.ended is None and seconds > 0 and await self._connection.pause(held, seconds)

    async def until_delivered(self, carriers: Carriers, keys: Sequence[Key]) -> None:
        """Wait until deliveries were attempted that are due; those of which nothing is heard in time are unanswered.

        Raises:
            WorldReset: the world was reset, restored or dropped meanwhile.
        """
        base_url = "" if isinstance(self._connection, InProcessConnection) else self._request.base_url
        end = MONOTONIC() + PATIENCE
        while works := await self.in_lane(partial(carriers.expect, self._world, keys, base_url)):
            if not await until_done(works, self._connection, end - MONOTONIC()):
                await self.in_lane(partial(carriers.give_up, self._world, keys))
                return

    async def hang(self, fault: Fault, entry: JournalEntry | None = None) -> bool:
        """Send nothing until the fault is removed (True), the client gives up, or no more time may pass.

        `entry` is that of a request that has not taken effect.

        Raises:
            WorldReset: the world was reset, restored or dropped meanwhile.
        """
        async with self.hold(fault, entry=entry) as held:
            if held.ended is None:
                await self._connection.hang(held, self._seconds_left())
        return held.ended == LIFTED

    @asynccontextmanager
    async def hold(
        self, fault: Fault, due: datetime | None = None, entry: JournalEntry | None = None
    ) -> AsyncIterator[HeldRequest]:
        """List the request as held up by a fault for as long as this lasts.

        Raises:
            WorldReset: at the end, where the world was reset, restored or dropped meanwhile.
        """
        since, entry = self._world.clock.now(), entry or self.entry
        held = HeldRequest(self._request, fault, since, self._revision, due, entry)
        with self._requests.hold(self._world, held):
            await self._in_lane(partial(self._requests.release_if_free, self._world, held))
            yield held
        if held.ended == LIFTED:
            self._lifted.add(fault.id)
        if held.ended == GONE:
            raise WorldReset(committed=self.entry is not None)

    async def _delay_virtually(self, fault: Fault) -> None:
        """Let the world's own time pass: at once where its clock is frozen, or else for as long as the clock takes."""
        due = await self._in_lane(partial(self._jump_or_end, fault))
        if due is None:
            return
        async with self.hold(fault, due) as held:
            while True:
                held.rearm()
                left = self._seconds_until(due, held)
                if left <= 0 or not await self.pause(held, min(left, LONGEST_WAIT)):
                    break

    def _seconds_left(self) -> float:
        """Return the seconds of real time for which faults may still hold the request up."""
        now = MONOTONIC()
        if self._end is None:
            self._end = now + self._max_seconds
        return max(0.0, self._end - now)

    def _jump_or_end(self, fault: Fault) -> datetime | None:
        """Return the instant at which a virtual delay ends; None where it takes no time, or has passed by this call."""
        if self._world.clock.rate == FROZEN and self._revision.is_kept(self._world):
            self._requests.jump(self._world, (fault,))
            return None
        if not isinstance(fault.delay, timedelta):
            return self._world.next_due()
        now = self._world.clock.now()
        return None if fault.delay > END_OF_TIME - now else now + fault.delay

    def _seconds_until(self, due: datetime, held: HeldRequest) -> float:
        """Return the real seconds until an instant, and note by which base and rate of the clock they were computed."""
        clock = self._world.clock
        if clock.is_behind and self._world.lock.acquire(blocking=False):
            try:
                catch_up(self._world, TURN_LIMIT)
            finally:
                self._world.lock.release()
        held.clock_setting = clock.base, clock.rate
        return clock.seconds_until(due)
