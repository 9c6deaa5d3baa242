"""A request that may have to wait, for a fault or for a delivery: its waits at the stops of its way, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial

from emulator.delivery.claims import Key
from emulator.kernel.delivery_faults import BEFORE_RESPONSE
from emulator.kernel.faults import BEFORE_COMMIT, DELAY, EARLY, HANG, LATE, Fault, select_faults
from emulator.kernel.resource import Struct, structs
from emulator.kernel.world import World
from emulator.sdk.request import Request
from emulator.web.calls import call_of
from emulator.web.delays import FaultDelays, WorldReset
from emulator.web.fault_effects import world_gone
from emulator.web.held_requests import JournalEntry
from emulator.web.pipeline import Faults, Pipeline
from emulator.web.receipts import with_receipt
from emulator.web.response import OutgoingResponse
from emulator.web.waits import MustWait


class Stop(Struct, frozen=True):
    """A point on the way at which faults hold a request up: all that have hit it so far, and those that hit it here."""

    hits: Faults
    here: Faults


class UntilDelivered(Struct, frozen=True):
    """A point on the way at which a request waits until deliveries, by kind and id, were attempted as far as they are due."""

    keys: tuple[Key, ...]


Way = Generator[Stop | UntilDelivered, None, OutgoingResponse]
"""A request on its way: each step up to the next stop is atomic; the last returns the response."""


class FaultedRequest:
    """One request among faults. Only where one holds it up is anything awaited."""

    def __init__(self, pipeline: Pipeline, world: World, request: Request, delays: FaultDelays) -> None:
        self._pipeline = pipeline
        self._world = world
        self._request = request
        self._way = self._stops()
        self._delays = delays
        self._withdrawn: list[JournalEntry] = []
        self._is_held_up = False

    async def answer(self, is_chosen: Callable[[], bool] = lambda: True) -> OutgoingResponse | None:
        """Return the response, with the faults that are still to strike when it is sent.

        None where the world is not the chosen one once its turn comes, or was reset or replaced before a fault held the
        request up: it has to begin anew.
        """
        try:
            reached = await self._delays.in_lane(lambda: self._advance() if is_chosen() else None)
            while isinstance(reached, (Stop, UntilDelivered)):
                self._is_held_up = True
                reached = await self._wait(reached) or await self._delays.in_lane(self._advance)
        except WorldReset as reset:
            return world_gone(reset) if self._is_held_up else None
        finally:
            with suppress(ValueError):  # a thread is on it, which its cancelled caller left to end alone
                self._way.close()  # one that ends at a stop would hold the request that holds it
        return reached

    def _stops(self) -> Way:
        """Carry the request out, with a stop wherever faults of its world hold it up.

        A request that was admitted before a stop is not refused after it.
        """
        pipeline, world, request = self._pipeline, self._world, self._request
        early: Faults = ()
        late: Faults = ()
        before: Faults = ()
        request.verdicts = ()
        if world.store.size(Fault.kind):
            request.savepoint = world.savepoint()
            if early := self._select(EARLY):
                yield Stop(early, early)
            request.in_flight = pipeline.held.in_flight(world)
            late = self._select(LATE, admitted=not pipeline.refuses(world, request))
            if before := tuple(fault for fault in late if fault.where == BEFORE_COMMIT):
                request.in_flight = ()  # it is admitted, and would keep all of them for as long as it waits
                yield Stop(early + before, before)
        others = due_before_response(world)
        try:
            response = pipeline.commit(world, request, early, late, is_admitted=bool(before))
        except MustWait:
            pipeline.begin(world, request)
            yield UntilDelivered(request.waits_for)
            response = pipeline.commit(world, request, early, late, is_admitted=True)
        self._delays.entry = response.entry
        if caused := due_before_response(world) - others:
            yield UntilDelivered(tuple(sorted(caused)))
        return response

    def _select(self, phase: str, admitted: bool = True) -> Faults:
        """Return the faults that strike the request, each of which strikes once less from now on."""
        request = self._request
        with self._world.transaction(request.operation_name, request) as tx:
            strikes = select_faults(tx, phase, call_of(request), admitted)
        request.verdicts += strikes.verdicts
        return strikes.faults

    def _advance(self) -> Stop | UntilDelivered | OutgoingResponse:
        """Go on to the next stop at which anything is waited for, or to the response."""
        try:
            while True:
                stop = next(self._way)
                if isinstance(stop, UntilDelivered) or any(fault.do in (DELAY, HANG) for fault in stop.here):
                    return stop
                if not all(fault.commits for fault in stop.here):  # it strikes and fails at once: all of that, or nothing
                    return self._finished(self._pipeline.fail(self._world, self._request, stop.hits))
        except StopIteration as end:
            response: OutgoingResponse = end.value
        return self._finished(response)

    async def _wait(self, stop: Stop | UntilDelivered) -> OutgoingResponse | None:
        """Wait at a stop. Return the end of the request, or None where it goes on."""
        if isinstance(stop, UntilDelivered):
            if self._pipeline.carriers is not None:
                await self._delays.until_delivered(self._pipeline.carriers, stop.keys)
            return None
        last = stop.here[-1]
        await self._delays.delay(stop.here)
        if all(fault.commits for fault in stop.here) or self._delays.is_over(last):
            return None
        failed = await self._delays.in_lane(partial(self._fail_at, stop))
        if failed is None:
            return None
        if last.do == HANG and await self._delays.hang(last, failed.entry):
            await self._delays.in_lane(partial(self._withdraw, failed.entry))
            return None
        return failed

    def _fail_at(self, stop: Stop) -> OutgoingResponse | None:
        """Fail, unless the fault was removed while the request waited for its lane."""
        if self._delays.is_over(stop.here[-1]):
            return None
        return self._finished(self._pipeline.fail(self._world, self._request, stop.hits))

    def _withdraw(self, entry: JournalEntry | None) -> None:
        if entry is not None:
            entry.world.journal.withdraw(entry.n, entry.exchange)  # its request is not over, and gets another when it is
            self._withdrawn.append(entry)

    def _finished(self, response: OutgoingResponse) -> OutgoingResponse:
        """Let the numbers that this request had in the journal while a fault held it up lead to its present one."""
        for earlier in self._withdrawn:
            if response.entry is not None:
                self._world.journal.set_successor(earlier.n, response.entry.n)
        return with_receipt(structs.replace(response, delays=self._delays), self._world)


def due_before_response(world: World) -> frozenset[Key]:
    """Return the deliveries that are under way now and, by a fault, come before the response to the call that caused them."""
    if all(it.do != BEFORE_RESPONSE for it in world.store.group(Fault.kind)):
        return frozenset()
    world.settle()
    return frozenset((it.kind, it.id) for it in world.outside() if any(hit.do == BEFORE_RESPONSE for hit in it.faults))
