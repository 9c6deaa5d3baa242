"""The vendors' plane: each request is answered by the world that it names or its credential picks, in its turn there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from emulator.kernel.clock import FROZEN
from emulator.kernel.errors import TakesLong, TooLarge, TooMany
from emulator.kernel.faults import Fault
from emulator.kernel.limits import MANY_RESOURCES, Limits
from emulator.kernel.store import Store
from emulator.kernel.timeline import Reaction
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.sdk.request import Reader, Request
from emulator.text.redact import redact_text
from emulator.web.access_log import AccessLog
from emulator.web.connection import Connection, InProcessConnection, Scope
from emulator.web.event_loop import in_limited_thread
from emulator.web.guard import Rejection
from emulator.web.held_requests import HeldRequests
from emulator.web.known import Known
from emulator.web.lanes import Lanes, NoLanes
from emulator.web.pipeline import Pipeline
from emulator.web.plan import MOST_PLANS, Plan
from emulator.web.receipts import NotKept, expect_store, once_over, unavailable, with_receipt
from emulator.web.requests import LONG_BODY, check_values
from emulator.web.response import OutgoingResponse, emulator_error
from emulator.web.routes import why_no_world
from emulator.web.unmatched import UnmatchedRequests
from emulator.web.waits import MustWait

T = TypeVar("T")

NO_LANES = NoLanes()

log = logging.getLogger("emulator")


class VendorPlane:
    """Answers requests for vendors. `is_locked` tells that nobody may learn the names of worlds.

    Nothing is awaited from a request's last byte to its journal entry, but for its turn in a busy world and for a thread where
    it takes long. What needs neither is answered at once.
    """

    def __init__(
        self,
        worlds: Worlds,
        pipeline: Pipeline,
        limits: Limits,
        held: HeldRequests,
        lanes: Lanes,
        unmatched: UnmatchedRequests,
        access_log: AccessLog | None,
        is_locked: Callable[[], bool],
    ) -> None:
        self._worlds = worlds
        self._pipeline = pipeline
        self._limits = limits
        self._longest = min(LONG_BODY, limits.body)
        self._held = held
        self._lanes = lanes
        self._unmatched = unmatched
        self._access_log = access_log
        self._is_locked = is_locked
        self._long: set[int] = set()  # digests of requests that turned out to take long

    def answer_at_once(self, plan: Plan, body: bytes) -> OutgoingResponse | None:
        """Return the response to a whole request, noted and logged; None, and nothing happens, where it must wait.

        One with a receipt is neither yet: `finish` returns what goes out once that is over.
        """
        if len(body) != plan.size or plan.size > self._longest:
            return None
        try:
            response = self._repeat(plan.known, body) or self._answer_free(plan, body)
        except (MustWait, TooLarge):
            return None
        except NotKept as error:
            response = unavailable(error)
        except TooMany as error:
            response = emulator_error(429, "too-many", str(error))
        except Exception:
            response = emulator_error(*self.failure(plan.request.method, plan.request.path))
        if response is not None and response.receipt is None:
            self.note(plan.scope, response)
        return response

    def finish(self, plan: Plan, response: OutgoingResponse) -> OutgoingResponse:
        """Return what goes out now that the receipt of a response is over, noted and logged."""
        response = once_over(response)
        self.note(plan.scope, response)
        return response

    def failure(self, method: str, path: str) -> Rejection:
        """Log the exception that is handled at present, and return what the client hears."""
        log.exception("%s %s failed", method, redact_text(path))
        return Rejection(500, "internal", "the emulator failed; its log says where")

    async def refuses(self, request: Request, connection: Connection) -> bool:
        """Tell whether a request gets no further than admission, whatever its body is."""
        refuses_bare = partial(self._pipeline.refuses, is_whole=False)
        while (world := world_of(self._worlds, request)) is not None:
            look = partial(self._if_chosen, refuses_bare, world, request)
            try:
                refuses = await self.lanes_for(connection).run(world, look, is_long=False)
            except NotKept:
                return True
            if refuses is not None:
                return refuses
        return True

    async def answer(self, request: Request, connection: Connection, is_long: bool) -> OutgoingResponse:
        """Let the world of a request answer it: the one that is there once its lock is held."""
        while (world := world_of(self._worlds, request)) is not None:
            try:
                response = await self._ask(world, request, connection, is_long)
            except TakesLong:
                self._note_long(request)
                continue
            except MustWait:
                continue
            except TooMany as error:
                response = emulator_error(429, "too-many", str(error))
            if response is not None:
                return response
        is_long = is_long or (len(self._worlds) > MANY_RESOURCES and self.lanes_for(connection) is not NO_LANES)
        why = partial(why_no_world, self._worlds, request, self._is_locked())
        return emulator_error(404, "no-such-world", await in_limited_thread(why) if is_long else why())

    async def _ask(self, world: World, request: Request, connection: Connection, is_long: bool) -> OutgoingResponse | None:
        """Let a world answer a request; None where that was replaced or dropped before its lock was held.

        Raises:
            NotKept: what it would do cannot be kept.
        """
        if world.keeper is not None:
            expect_store(world.keeper)
        faults, lanes = world.store.size(Fault.kind), self.lanes_for(connection)
        is_slow = is_long or faults > MANY_RESOURCES or self._takes_long(world, request)
        request.is_on_loop = not (is_slow or faults or lanes is NO_LANES)
        if faults or request.waits_for:
            from emulator.web.delays import FaultDelays  # hardly any world has faults
            from emulator.web.faulted_request import FaultedRequest

            delays = FaultDelays(self._held, world, request, connection, self._limits.hang_seconds, lanes, is_slow)
            return await FaultedRequest(self._pipeline, world, request, delays).answer(partial(self._is_chosen, world, request))
        if is_slow or not _is_free(world, lanes):
            return await lanes.run(world, partial(self._if_chosen, self._carry_out, world, request), is_slow)
        return self._if_chosen_and_release(self._carry_out, world, request)

    def _takes_long(self, world: World, request: Request) -> bool:
        """Tell whether a request may take long, or one like it turned out to."""
        return (bool(self._long) and _digest(request) in self._long) or takes_long(world, request)

    def _note_long(self, request: Request) -> None:
        """Remember that requests like this one take long, beside the newest of those that do."""
        if len(self._long) >= MOST_PLANS:
            self._long.clear()
        self._long.add(_digest(request))

    def _if_chosen_and_release(self, function: Callable[[World, Request], T], world: World, request: Request) -> T | None:
        """Call a function in a world whose lock is held; not (None) where that was replaced or dropped meanwhile."""
        try:
            return self._if_chosen(function, world, request)
        finally:
            world.lock.release()

    def _repeat(self, known: Known | None, body: bytes) -> OutgoingResponse | None:
        """Answer a request as the known one was; None where it is another, or its world is not as it was, or not free."""
        if known is None or known.request.body != body:
            return None
        world = world_of(self._worlds, known.request)
        if world is None or not _is_free(world, self._lanes):
            return None
        try:
            if world.keeper is not None:
                expect_store(world.keeper)
            is_as_it_was = world_of(self._worlds, known.request) is world and known.fits(world)
            repeated = known.repeat(world) if is_as_it_was else None
            return repeated and with_receipt(repeated, world)
        finally:
            world.lock.release()

    def _answer_free(self, plan: Plan, body: bytes) -> OutgoingResponse | None:
        """Return the response to a request of a plan in a world that is free; None where it must wait."""
        request = request_of(plan, body, None, self._limits)
        world = world_of(self._worlds, request)
        if world is None or not _is_free(world, self._lanes):
            return None
        try:
            return self._if_chosen_and_release(partial(self._carry_out_planned, plan), world, request)
        except TakesLong:
            self._note_long(request)
            return None

    def _carry_out_planned(self, plan: Plan, world: World, request: Request) -> OutgoingResponse | None:
        """Carry out a request at once, and note with its plan what is known then; None where it takes long."""
        if self._takes_long(world, request):
            return None
        request.is_on_loop, version = True, world.store.versions[0]
        response = self._at_once(world, request)
        plan.known = Known.of(request, response) if response and world.store.versions[0] == version else None
        return response and with_receipt(response, world)

    def _carry_out(self, world: World, request: Request) -> OutgoingResponse | None:
        """Carry out a request in a world without faults; None where it was given one meanwhile."""
        return (response := self._at_once(world, request)) and with_receipt(response, world)

    def _at_once(self, world: World, request: Request) -> OutgoingResponse | None:
        return None if world.store.tables.get(Fault.kind) else self._pipeline.at_once(world, request)

    def _if_chosen(self, function: Callable[[World, Request], T], world: World, request: Request) -> T | None:
        """Call a function in a world; not (None) where that was replaced or dropped before its lock was held.

        Raises:
            NotKept: what it would do cannot be kept.
        """
        if world.keeper is not None:
            expect_store(world.keeper)
        return function(world, request) if self._is_chosen(world, request) else None

    def _is_chosen(self, world: World, request: Request) -> bool:
        return world_of(self._worlds, request) is world

    def lanes_for(self, connection: Connection) -> NoLanes:
        """Return the lanes of requests that come over sockets; without a socket, a request waits in its own thread."""
        return NO_LANES if isinstance(connection, InProcessConnection) else self._lanes

    def note(self, scope: Scope, response: OutgoingResponse) -> None:
        """Note a request that reached no world of a test, and log it, by its response."""
        self._unmatched.note_response(scope, response)
        if self._access_log:
            self._access_log.log_exchange(scope, response)

    def note_rejection(self, scope: Scope, rejection: Rejection) -> None:
        """Note a request that the guard turned away, and log it."""
        self._unmatched.note_rejection(scope, rejection)
        if self._access_log:
            self._access_log.log_own(scope, rejection.status, rejection.error)


def _digest(request: Request) -> int:
    """Return a number that is the same for requests of one client that ask for the same."""
    return hash((request.method, request.target, request.credential))


def takes_long(world: World, request: Request) -> bool:
    """Tell whether carrying out a request may take so long that it is done in a thread."""
    operation, store = request.operation, world.store
    if operation is None:
        return False
    about, most = operation.about, operation.beside
    if most is not None and (store.size(about.kind) if about else len(store)) > most:
        return True
    if operation.holds_much is not None and operation.holds_much(store.find, request):
        return True
    return bool(store.tables.get(Reaction.kind)) and _may_be_followed_by_much(store)


def _may_be_followed_by_much(store: Store) -> bool:
    """Tell whether what follows from a request may take long, where something may follow."""
    return len(store) > MANY_RESOURCES or any(reaction.size > MANY_RESOURCES for reaction in store.group(Reaction.kind))


def _is_free(world: World, lanes: NoLanes) -> bool:
    """Tell whether a world that keeps up with its clock is used by nobody else; its lock is held then."""
    return world.clock.rate == FROZEN and world.id not in lanes.waiting and world.lock.acquire(blocking=False)


def request_of(plan: Plan, body: bytes, reader: Reader | None = None, limits: Limits | None = None) -> Request:
    """Return the request of a plan with a body, or with what took its body in and the beginning of that.

    Raises:
        TooLarge: the body has more values than there may be.
    """
    if limits is not None and reader is None and len(body) > limits.values:
        check_values(body, limits)
    request = Request(*plan.values)
    request.body, request.reader = body, reader
    if body and plan.route:
        request.credential = request.vendor.credential(request)  # which may be in the body
    return request


def world_of(worlds: Worlds, request: Request) -> World | None:
    """Return the world that a request names or its credential picks; None where there is none, or two are named.

    A link whose world is unknown, as in `/_files/stripe/any/...`, leads into the one that the header names.
    """
    linked, named = request.parameters.get("world"), request.named_world
    if linked is None and named is None:
        return worlds.owners.get((request.vendor.name, request.credential or ""), worlds.default)
    known = {id for id in (linked, named) if id is not None and id in worlds}
    is_plain = len(known) == 1 and (named is None or named in known)
    return worlds.get(known.pop()) if is_plain else None
