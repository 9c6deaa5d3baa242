"""The gateway: every request passes the guard and goes to the control plane, or to its vendor in its world."""

from __future__ import annotations

import logging
from asyncio import CancelledError
from collections.abc import Callable, Hashable
from functools import partial
from typing import TypeVar

from emulator.kernel.budget import Quota
from emulator.kernel.clock import FROZEN
from emulator.kernel.errors import TooLarge, TooMany
from emulator.kernel.faults import Fault
from emulator.kernel.limits import MANY_RESOURCES, Limits
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.sdk.request import Request
from emulator.sdk.vendor import Operation
from emulator.text.redact import redact_text
from emulator.web.access_log import AccessLog
from emulator.web.connection import (
    CONNECTION_KEY,
    Connection,
    InProcessConnection,
    NoAnswer,
    Receive,
    Scope,
    Send,
    connection_of,
)
from emulator.web.control_plane import ControlPlane
from emulator.web.delays import FaultDelays
from emulator.web.event_loop import in_limited_thread
from emulator.web.fault_effects import record_delivery, send_with_faults
from emulator.web.faulted_request import FaultedRequest
from emulator.web.guard import PREFIX, Guard, Rejection, has_long_head, off_loop_if_long
from emulator.web.held_requests import HeldRequests
from emulator.web.lanes import Lanes, NoLanes
from emulator.web.pipeline import LongAnswer, Pipeline, ResponseValidator, takes_long
from emulator.web.plan import Plan, Plans, head_of, path_of
from emulator.web.requests import (
    LONG_BODY,
    UNCOUNTED_BYTES,
    IncomingBody,
    body_hint,
    declared_length,
    quota_for_bodies,
    read_body,
    waits_for_continue,
)
from emulator.web.response import OutgoingResponse, emulator_error, send_response
from emulator.web.routes import Routes, why_no_world, world_of
from emulator.web.unmatched import UnmatchedRequests, no_such_path

T = TypeVar("T")

NO_LANES = NoLanes()

log = logging.getLogger("emulator")


class Gateway:
    """The application: one ASGI callable for both planes.

    On the vendors' plane nothing is awaited from a request's last byte to its journal entry, but for its turn in a busy
    world and for a thread where it takes long.
    """

    def __init__(
        self,
        worlds: Worlds,
        routes: Routes,
        guard: Guard,
        control: ControlPlane,
        limits: Limits,
        held: HeldRequests,
        lanes: Lanes,
        unmatched: UnmatchedRequests,
        validate: ResponseValidator | None,
        answers: Quota,
        access_log: AccessLog | None,
    ) -> None:
        self._worlds = worlds
        self._routes = routes
        self._guard = guard
        self._control = control
        self._limits = limits
        self._held = held
        self._lanes = lanes
        self._unmatched = unmatched
        self.plans = Plans(guard, routes)
        self._pipeline = Pipeline(held, validate, limits, answers)
        self._access_log = access_log
        self._bodies = quota_for_bodies(limits)
        self._uploads = Quota(worlds.budget)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; hang up on its client where that is cancelled, as the server ends."""
        try:
            await self._let_in(scope, receive, send)
        except CancelledError:
            connection = connection_of(scope)
            if isinstance(connection, InProcessConnection):
                raise
            await connection.drop()

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on: nothing reaches a plane that the guard has not let through."""
        if self._is_for_control(scope):
            await self._control.answer(scope, receive, send, self._guard, self._access_log)
            return
        plan = self.plans.known(head := head_of(scope)) or await self._new_plan(scope, head)
        connection: Connection = (scope.get("state") or {}).get(CONNECTION_KEY) or InProcessConnection()
        if plan.rejection:
            await off_loop_if_long(scope, self._note_rejection, scope, plan.rejection)
            await send_response(emulator_error(*plan.rejection), send, connection)
            return
        if plan.route is None:
            why = await off_loop_if_long(scope, no_such_path, self._routes, plan.request)
            response: OutgoingResponse | None = emulator_error(404, "no-such-path", why)
        else:
            response = await self._respond(scope, receive, plan, connection)
        if response is not None:
            if plan.is_long:
                await in_limited_thread(self._note_and_log, scope, response)
            else:
                self._note_and_log(scope, response)
            await self._send(response, send, connection)

    def _is_for_control(self, scope: Scope) -> bool:
        path: str = scope["path"]
        return path.startswith(PREFIX) or (path == "/" and self._control.is_for_index(scope))

    async def _new_plan(self, scope: Scope, head: Hashable) -> Plan:
        """Return the plan of a request, and remember it where it lasts."""
        try:
            plan = await off_loop_if_long(scope, self.plans.make, scope)
        except Exception:
            return Plan(rejection=self._failure(scope["method"], path_of(scope)))
        if head == head_of(scope):
            self.plans.keep(head, plan)
        return plan

    async def _send(self, response: OutgoingResponse, send: Send, connection: Connection) -> None:
        """Send a response as far as its faults let it through, and record what becomes known of its delivery."""
        lanes = self._lanes_for(connection)
        if response.faults and response.delays is not None and not connection.gone:
            await send_with_faults(response, response.delays, connection, send)
        else:
            if connection.half_closed:
                await record_delivery(response, connection, lanes)
            await send_response(response, send, connection)
        if connection.half_closed and not connection.gone:
            await connection.probe()
        if response.ends_with_its_answer and (connection.gone or connection.half_closed or response.faults):
            await record_delivery(response, connection, lanes)

    async def _respond(self, scope: Scope, receive: Receive, plan: Plan, connection: Connection) -> OutgoingResponse | None:
        """Read a request to its end and return its response; None where the client hung up before."""
        operation: Operation | None = plan.request.operation
        reader = operation.reader() if operation and operation.reader else None
        limit = self._limits.body if reader is None else min(reader.limit, self._limits.upload)
        try:
            headers = plan.request.headers
            if headers.get("content-length", "0") != "0" and (declared_length(scope["headers"]) or 0) > limit:
                raise TooLarge(limit)
            if "expect" in headers and waits_for_continue(scope):
                bare = plan.request_of(b"")
                if await self._refuses(bare, connection):
                    return await self._answer(bare, connection, plan.is_long)
            message = await receive()
            body: bytes = message.get("body", b"")
            size = len(body)
            if reader or message.get("more_body") or message["type"] == "http.disconnect" or size > min(limit, UNCOUNTED_BYTES):
                incoming = IncomingBody(self._uploads, is_upload=True) if reader else IncomingBody(self._bodies)
                body, size = await read_body(message, receive, reader, limit, connection, incoming)
            whole = partial(plan.request_of, body, reader, self._limits)
            is_apart = size > LONG_BODY and not isinstance(connection, InProcessConnection)
            request = await in_limited_thread(whole) if is_apart else whole()
            return await self._answer(request, connection, plan.is_long or size > LONG_BODY)
        except TooLarge as error:
            cure = "" if error.cure else body_hint(self._limits, limit)
            return emulator_error(413, "body-too-large", f"{error}{cure}", (b"connection", b"close"))
        except TooMany as error:
            return emulator_error(429, "too-many", str(error))
        except ConnectionError:
            return None
        except NoAnswer:
            raise
        except Exception:
            return emulator_error(*self._failure(scope["method"], path_of(scope)))

    def plan_at_once(self, scope: Scope, head: Hashable) -> Plan | None:
        """Return the plan of a request that may be answered at once, and remember it under its head; None for any other."""
        try:
            plan = Plan() if self._is_for_control(scope) or has_long_head(scope) else self.plans.make(scope)
        except Exception:
            return None  # it is made once more where it is answered, and fails there
        self.plans.keep(head, plan)
        return None if plan.size is None else plan

    def answer_at_once(self, plan: Plan, body: bytes) -> OutgoingResponse | None:
        """Return the response to a whole request, noted and logged; None, and nothing happens, where it must wait."""
        if len(body) != plan.size or len(body) > min(LONG_BODY, self._limits.body):
            return None
        try:
            request = plan.request_of(body, None, self._limits)
            world = world_of(self._worlds, request)
            if world is None or takes_long(world, request) or not _is_free(world, self._lanes):
                return None
            request.is_on_loop = True
            response = self._carry_out_and_release(world, request)
        except (LongAnswer, TooLarge):
            return None
        except TooMany as error:
            response = emulator_error(429, "too-many", str(error))
        except Exception:
            response = emulator_error(*self._failure(plan.request.method, plan.request.path))
        if response is not None:
            self._note_and_log(plan.scope, response)
        return response

    def _failure(self, method: str, path: str) -> Rejection:
        """Log the exception that is handled at present, and return what the client hears."""
        log.exception("%s %s failed", method, redact_text(path))
        return Rejection(500, "internal", "the emulator failed; its log says where")

    async def _refuses(self, request: Request, connection: Connection) -> bool:
        """Tell whether a request gets no further than admission, whatever its body is."""
        while (world := world_of(self._worlds, request)) is not None:
            look = partial(self._if_chosen, self._pipeline.refuses, world, request)
            if (refuses := await self._lanes_for(connection).run(world, look, is_long=False)) is not None:
                return refuses
        return True

    async def _answer(self, request: Request, connection: Connection, is_long: bool) -> OutgoingResponse:
        """Let the world of a request answer it: the one that is there once its lock is held."""
        while (world := world_of(self._worlds, request)) is not None:
            try:
                response = await self._ask(world, request, connection, is_long)
            except LongAnswer:
                is_long = True
                continue
            if response is not None:
                return response
        is_long = is_long or (len(self._worlds) > MANY_RESOURCES and self._lanes_for(connection) is not NO_LANES)
        why = partial(why_no_world, self._worlds, request, bool(self._guard.token))
        return emulator_error(404, "no-such-world", await in_limited_thread(why) if is_long else why())

    async def _ask(self, world: World, request: Request, connection: Connection, is_long: bool) -> OutgoingResponse | None:
        """Let a world answer a request; None where that was replaced or dropped before its lock was held."""
        faults, lanes = world.store.size(Fault.kind), self._lanes_for(connection)
        is_slow = is_long or faults > MANY_RESOURCES or takes_long(world, request)
        request.is_on_loop = not (is_slow or faults or lanes is NO_LANES)
        if faults:
            delays = FaultDelays(self._held, world, request, connection, self._limits.hang_seconds, lanes, is_slow)
            return await FaultedRequest(self._pipeline, world, request, delays).answer(partial(self._is_chosen, world, request))
        if is_slow or not _is_free(world, lanes):
            return await lanes.run(world, partial(self._if_chosen, self._carry_out, world, request), is_slow)
        return self._carry_out_and_release(world, request)

    def _carry_out_and_release(self, world: World, request: Request) -> OutgoingResponse | None:
        """Carry out a request in a world whose lock is held for it; None where that was replaced or dropped meanwhile."""
        try:
            return self._if_chosen(self._carry_out, world, request)
        finally:
            world.lock.release()

    def _carry_out(self, world: World, request: Request) -> OutgoingResponse | None:
        """Carry out a request in a world without faults; None where it was given one meanwhile."""
        return None if world.store.size(Fault.kind) else self._pipeline.at_once(world, request)

    def _if_chosen(self, function: Callable[[World, Request], T], world: World, request: Request) -> T | None:
        """Call a function in a world; not (None) where that was replaced or dropped before its lock was held."""
        return function(world, request) if self._is_chosen(world, request) else None

    def _is_chosen(self, world: World, request: Request) -> bool:
        return world_of(self._worlds, request) is world

    def _lanes_for(self, connection: Connection) -> NoLanes:
        return NO_LANES if isinstance(connection, InProcessConnection) else self._lanes

    def _note_and_log(self, scope: Scope, response: OutgoingResponse) -> None:
        self._unmatched.note_response(scope, response)
        if self._access_log:
            self._access_log.log_exchange(scope, response)

    def _note_rejection(self, scope: Scope, rejection: Rejection) -> None:
        self._unmatched.note_rejection(scope, rejection)
        if self._access_log:
            self._access_log.log_rejection(scope, rejection)


def _is_free(world: World, lanes: NoLanes) -> bool:
    """Tell whether a world that keeps up with its clock is used by nobody else; its lock is held then."""
    return world.clock.rate == FROZEN and world.id not in lanes.waiting and world.lock.acquire(blocking=False)
