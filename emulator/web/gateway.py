"""The gateway: every request passes the guard and goes to the control plane, or to its vendor."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from typing import Any

from emulator.kernel.budget import Quota
from emulator.kernel.errors import TooLarge, TooMany
from emulator.kernel.limits import Limits
from emulator.sdk.vendor import Operation
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
from emulator.web.control_plane import ROOT, ControlPlane
from emulator.web.event_loop import Crowd, in_limited_thread
from emulator.web.guard import PREFIX, Guard, has_long_head, off_loop_if_long
from emulator.web.plan import Plan, Plans, head_of, path_of
from emulator.web.receipts import NotKept, once_over, unavailable
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
from emulator.web.routes import Routes
from emulator.web.unmatched import no_such_path
from emulator.web.vendor_plane import VendorPlane, request_of


class Gateway:
    """The application: one ASGI callable for both planes. `uploads` is the account for bodies that are kept.

    `end` is called when the server ends: it lets go what waits for something.
    """

    def __init__(
        self,
        vendors: VendorPlane,
        routes: Routes,
        guard: Guard,
        control: ControlPlane,
        limits: Limits,
        uploads: Quota,
        end: Callable[[], None],
    ) -> None:
        self.vendors = vendors
        self.plans = Plans(guard, routes)
        self._routes = routes
        self.control = control
        self._limits = limits
        self._bodies = quota_for_bodies(limits)
        self._uploads = uploads
        self._crowd = Crowd()
        self.end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; hang up on its client where that is cancelled, as the server ends."""
        await _or_hang_up(self._let_in(scope, receive, send), scope)

    async def send_late(self, response: OutgoingResponse, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send a response whose client has left, or closed its side, while what happened was not kept yet."""
        await _or_hang_up(self._send(response, send, connection_of(scope)), scope)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on: nothing reaches a plane that the guard has not let through.

        Of very many that come at once a few go on in each round, so that whoever asks the control plane has turns between.
        """
        if self._is_for_control(scope):
            await self.control.answer(scope, receive, send)
            return
        connection: Connection = (scope.get("state") or {}).get(CONNECTION_KEY) or InProcessConnection()
        if not isinstance(connection, InProcessConnection):
            await self._crowd.join()
        plan = self.plans.known(head := head_of(scope)) or await self._new_plan(scope, head)
        if plan.rejection:
            await off_loop_if_long(scope, self.vendors.note_rejection, scope, plan.rejection)
            await send_response(emulator_error(*plan.rejection), send, connection)
            return
        if plan.route is None:
            why = await off_loop_if_long(scope, no_such_path, self._routes, plan.request, is_long=True)
            response: OutgoingResponse | None = emulator_error(404, "no-such-path", why)
        else:
            response = await self._respond(scope, receive, plan, connection)
        if response is not None and response.receipt is not None:
            await connection.until_over(response.receipt.receipt)
            response = once_over(response)
        if response is not None:
            if plan.is_long:
                await in_limited_thread(self.vendors.note, scope, response)
            else:
                self.vendors.note(scope, response)
            await self._send(response, send, connection)

    def _is_for_control(self, scope: Scope) -> bool:
        path: str = scope["path"]
        return path.startswith(PREFIX) or (path == ROOT and self.control.is_for_index(scope))

    async def _new_plan(self, scope: Scope, head: Hashable) -> Plan:
        """Return the plan of a request, and remember it where it lasts."""
        try:
            plan = await off_loop_if_long(scope, self.plans.make, scope)
        except Exception:
            return Plan(rejection=self.vendors.failure(scope["method"], path_of(scope)))
        if head == head_of(scope):
            self.plans.keep(head, plan)
        return plan

    async def _send(self, response: OutgoingResponse, send: Send, connection: Connection) -> None:
        """Send a response as far as its faults let it through, and record what becomes known of its delivery."""
        if response.faults and response.delays is not None and not connection.gone:
            from emulator.web.fault_effects import send_with_faults

            await send_with_faults(response, response.delays, connection, send)
        else:
            if connection.half_closed:
                await self._record_delivery(response, connection)
            await send_response(response, send, connection)
        if connection.half_closed and not connection.gone:
            await connection.probe()
        if response.ends_with_its_answer and (connection.gone or connection.half_closed or response.faults):
            await self._record_delivery(response, connection)

    async def _record_delivery(self, response: OutgoingResponse, connection: Connection) -> None:
        from emulator.web.fault_effects import record_delivery

        await record_delivery(response, connection, self.vendors.lanes_for(connection))

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
                bare = request_of(plan, b"")
                if await self.vendors.refuses(bare, connection):
                    return await self.vendors.answer(bare, connection, plan.is_long)
            message = await receive()
            body: bytes = message.get("body", b"")
            size = len(body)
            if reader or message.get("more_body") or message["type"] == "http.disconnect" or size > min(limit, UNCOUNTED_BYTES):
                incoming = IncomingBody(self._uploads, self._limits.journal_bytes + 1) if reader else IncomingBody(self._bodies)
                body, size = await read_body(message, receive, reader, limit, connection, incoming)
            whole = partial(request_of, plan, body, reader, self._limits)
            is_apart = size > LONG_BODY and not isinstance(connection, InProcessConnection)
            request = await in_limited_thread(whole) if is_apart else whole()
            return await self.vendors.answer(request, connection, plan.is_long or size > LONG_BODY)
        except TooLarge as error:
            cure = "" if error.cure else body_hint(self._limits, limit)
            return emulator_error(413, "body-too-large", f"{error}{cure}", (b"connection", b"close"))
        except NotKept as error:
            return unavailable(error)
        except TooMany as error:
            return emulator_error(429, "too-many", str(error))
        except ConnectionError:
            return None
        except NoAnswer:
            raise
        except Exception:
            return emulator_error(*self.vendors.failure(scope["method"], path_of(scope)))

    def plan_at_once(self, scope: Scope, head: tuple[str | None, bytes]) -> Plan | None:
        """Return the plan of a request that may be answered at once, and remember it under its head; None for any other."""
        try:
            plan = Plan() if self._is_for_control(scope) or has_long_head(scope) else self.plans.make(scope)
        except Exception:
            return None  # it is made once more where it is answered, and fails there
        self.plans.keep(head, plan, len(head[1]))
        return None if plan.size is None else plan


async def _or_hang_up(work: Coroutine[Any, Any, None], scope: Scope) -> None:
    """Do a work; hang up on the client for whom it is where that is cancelled, as the server ends."""
    try:
        await work
    except CancelledError:
        connection = connection_of(scope)
        if isinstance(connection, InProcessConnection):
            raise
        await connection.drop()
