"""A request to a world that has faults: the same hops as any other, and between them what the faults do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Protocol

from emulator.kernel.errors import Conflict, TimeRunsForward
from emulator.kernel.faults import BEFORE_COMMIT, DELAY, NEXT, STATUS, VIRTUAL, Fault, strike
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.vendors.vendor import Answer, Call, Reply
from emulator.web.accidents import wait_through
from emulator.web.answers import FAILED, act_upon, answer_to, failure, refusal
from emulator.web.routes import Route
from emulator.web.wire import Means, Wire, ours

Faults = tuple[Fault, ...]


class Conclude(Protocol):
    """Notes an exchange in the journal and makes its reply ready to go out."""

    def __call__(
        self, tx: Transaction, world: World, route: Route, call: Call, answer: Answer, reply: Reply, faults: Faults
    ) -> Wire: ...


class TakenBack(Exception):
    """Ends a request whose world was taken back, reset or dropped while real time passed."""


class Stricken:
    """One request among faults. Only where real time passes is anything awaited; each hop by itself is atomic."""

    def __init__(self, world: World, route: Route, call: Call, means: Means, conclude: Conclude) -> None:
        self._world = world
        self._route = route
        self._call = call
        self._means = means
        self._conclude = conclude
        self._name = route.name
        self._epoch = world.epoch

    async def answer(self) -> Wire:
        """The reply, with the faults that are still to befall it on the wire."""
        try:
            return await self._answer()
        except TakenBack:
            return ours(503, "world-gone", "its world was reset, taken back or dropped meanwhile: this has not happened")

    async def _answer(self) -> Wire:
        with self._hop():
            self._call.began = self._world.here()
        early = self._strike(early=True)
        await self._let_pass(early)
        if not all(fault.commits for fault in early):
            return self._fail(early)
        with self._hop():
            admitted = self._lets_in()
            late = self._strike(early=False, admitted=admitted)
            before = tuple(fault for fault in late if fault.where == BEFORE_COMMIT)
            if not before:
                return self._commit(early, late)
        await self._let_pass(before)
        if not all(fault.commits for fault in before):
            return self._fail(early + before)
        with self._hop():
            return self._commit(early, late, let_in=True)

    @contextmanager
    def _hop(self) -> Iterator[None]:
        """The world to oneself, if its past is still that in which the request began."""
        with self._world.lock:
            if self._world.epoch != self._epoch:
                raise TakenBack
            yield

    def _strike(self, early: bool, admitted: bool = True) -> Faults:
        with self._hop(), self._world.transaction(self._name) as tx:
            return strike(tx, early, self._route.vendor.name, self._name, self._call.parameters.values(), admitted)

    def _lets_in(self) -> bool:
        tx = self._world.transaction(self._name)
        try:
            return refusal(tx, self._route, self._call) is None
        finally:
            tx.roll_back()

    def _fail(self, faults: Faults) -> Wire:
        """Nothing happens; the client hears of a failure, or nothing at all."""
        last = faults[-1]
        with self._hop(), self._world.transaction(self._name) as tx:
            reply = failure(tx, self._route, self._call, last) if last.do == STATUS else Reply(0)
            answer = Answer(FAILED, last.place or last.id)
            wire = self._conclude(tx, self._world, self._route, self._call, answer, reply, faults)
        return wire._replace(status=reply.status or 500, faults=(last,))

    def _commit(self, early: Faults, late: Faults, let_in: bool = False) -> Wire:
        """What was asked takes effect. Time that passes after it has passed when the client has its reply."""
        after = tuple(fault for fault in late if fault.where != BEFORE_COMMIT)
        with self._world.transaction(self._name) as tx:
            answer, reply = (act_upon if let_in else answer_to)(tx, self._route, self._call)
            if after and after[-1].do == STATUS:
                reply = failure(tx, self._route, self._call, after[-1])
            wire = self._conclude(tx, self._world, self._route, self._call, answer, reply, early + late)
        self._pass_virtually(after)
        return wire._replace(faults=after)

    async def _let_pass(self, faults: Faults) -> None:
        with self._hop():
            self._pass_virtually(faults)
        await wait_through(faults, self._means)

    def _pass_virtually(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            if fault.do == DELAY and fault.clock == VIRTUAL:
                with suppress(TimeRunsForward, Conflict):  # beyond the end of time, or of what a world may go through at once
                    if fault.delay == NEXT:
                        self._world.advance_to_next()
                    elif isinstance(fault.delay, timedelta):
                        self._world.advance_by(fault.delay)
