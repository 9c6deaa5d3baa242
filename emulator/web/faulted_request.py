"""A request to a world that has faults: the same hops as any other, and between them what the faults do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from emulator.kernel.faults import BEFORE_COMMIT, DELAY, HANG, STATUS, VIRTUAL, Fault, select_faults
from emulator.kernel.world import World
from emulator.sdk.request import Request
from emulator.sdk.response import Answer, Response
from emulator.web.answers import FAILED, act_upon, answer_to, failure, would_refuse
from emulator.web.delays import FaultDelays, WorldReset
from emulator.web.fault_effects import world_gone
from emulator.web.held_requests import JournalEntry
from emulator.web.recorder import Recorder
from emulator.web.response import OutgoingResponse
from emulator.web.routes import Route

Faults = tuple[Fault, ...]


class Stop(NamedTuple):
    """Where faults hold a request up: every fault that befell it so far, the newest of them, and how it goes on."""

    hit_so_far: Faults
    faults: Faults
    then: Callable[[], Stop | OutgoingResponse]


class FaultedRequest:
    """One request among faults. Only where one holds it up is anything awaited; each hop by itself is atomic."""

    def __init__(self, world: World, route: Route, request: Request, holding: FaultDelays, recorder: Recorder) -> None:
        self._world = world
        self._route = route
        self._call = request
        self._holding = holding
        self._recorder = recorder
        self._name = route.name
        self._withdrawn: list[JournalEntry] = []
        self._held_up = False

    async def answer(self, is_chosen: Callable[[], bool] = lambda: True) -> OutgoingResponse | None:
        """Return the reply, with the faults that are still to befall it on the wire.

        None where the world is not the chosen one once its turn comes, or was reset or replaced before a fault held the
        request up: it has to begin anew.
        """
        try:
            return await self._answer(is_chosen)
        except WorldReset as gone:
            return world_gone(gone) if self._held_up else None

    async def _answer(self, is_chosen: Callable[[], bool]) -> OutgoingResponse | None:
        reached = await self._holding.hop(lambda: self._begin() if is_chosen() else None)
        while isinstance(reached, Stop):
            if failed := await self._stopped(reached.hit_so_far, reached.faults):
                return failed
            reached = await self._holding.hop(reached.then)
        return reached

    def _begin(self) -> Stop | OutgoingResponse:
        self._call.checkpoint = self._world.checkpoint()
        early = self._strike(early=True)
        return Stop(early, early, partial(self._go_on, early)) if early else self._go_on(early)

    def _go_on(self, early: Faults) -> Stop | OutgoingResponse:
        self._call.in_flight = self._holding.in_flight()
        admitted = not would_refuse(self._world, self._route, self._call)
        late = self._strike(early=False, admitted=admitted)
        before = tuple(fault for fault in late if fault.where == BEFORE_COMMIT)
        if before:
            return Stop(early + before, before, partial(self._commit, early, late, let_in=True))
        return self._commit(early, late)

    def _strike(self, early: bool, admitted: bool = True) -> Faults:
        with self._world.transaction(self._name) as tx:
            return select_faults(tx, early, self._route.vendor.name, self._name, self._call.parameters.values(), admitted)

    async def _stopped(self, hit_so_far: Faults, faults: Faults) -> OutgoingResponse | None:
        """Waits through the newest of the faults that befell it. The end of the request, or None where it goes on."""
        self._held_up = self._held_up or bool(faults)
        await self._holding.delay(faults)
        if all(fault.commits for fault in faults) or self._holding.is_over(faults[-1]):
            return None
        failed = await self._holding.hop(partial(self._fail, hit_so_far))
        if faults[-1].do == HANG and await self._holding.hang(faults[-1], failed.noted):
            await self._holding.hop(partial(self._withdraw, failed))
            return None
        return failed

    def _withdraw(self, failed: OutgoingResponse) -> None:
        if failed.noted is not None:
            failed.noted.withdraw()
            self._withdrawn.append(failed.noted)

    def _fail(self, faults: Faults) -> OutgoingResponse:
        """Nothing happens; the client hears of a failure, or nothing at all."""
        last = faults[-1]
        with self._world.transaction(self._name) as tx:
            response = failure(tx, self._route, self._call, last) if last.do == STATUS else Response(0)
            answer = Answer(FAILED, last.place or last.id)
            over = {fault.id for fault in faults[:-1]}
            wire = self._recorder.record(tx, self._world, self._route, self._call, answer, response, faults, over)
        self._link(wire)
        return wire._replace(status=response.status or 500, faults=(last,), holding=self._holding)

    def _link(self, wire: OutgoingResponse) -> None:
        """Lets the numbers that this request had in the journal while a fault held it up lead to its present one."""
        for earlier in self._withdrawn:
            if wire.noted is not None:
                self._world.journal.set_successor(earlier.n, wire.noted.n)

    def _commit(self, early: Faults, late: Faults, let_in: bool = False) -> OutgoingResponse:
        """Let the request take effect. Virtual time that passes after it has passed when the client has its reply."""
        after = tuple(fault for fault in late if fault.where != BEFORE_COMMIT)
        jumped = tuple(it for it in after if it.do == DELAY and it.clock == VIRTUAL) if self._holding.is_frozen() else ()
        left = tuple(fault for fault in after if fault not in jumped)
        over = {fault.id for fault in early + late} - {fault.id for fault in left}
        with self._world.transaction(self._name, self._call) as tx:
            answer, response = (act_upon if let_in else answer_to)(tx, self._route, self._call)
            if left and left[-1].do == STATUS:
                response = failure(tx, self._route, self._call, left[-1])
            wire = self._recorder.record(tx, self._world, self._route, self._call, answer, response, early + late, over)
        self._holding.noted = wire.noted
        self._link(wire)
        self._holding.jump(jumped)
        return wire._replace(faults=left, holding=self._holding)
