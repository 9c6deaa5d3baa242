"""The data plane: finds the world and the operation of a request, lets the vendor answer, and notes it in the journal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from emulator.kernel.budget import Quota
from emulator.kernel.clock import FROZEN
from emulator.kernel.errors import BadInput, TooLarge, TooMany
from emulator.kernel.faults import Fault
from emulator.kernel.limits import MANY_RESOURCES, Limits
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.sdk.request import Reader, Request
from emulator.sdk.response import Stream
from emulator.sdk.vendor import Vendor
from emulator.text.redact import redact_text
from emulator.web.answers import answer_to, would_refuse
from emulator.web.connection import (
    Connection,
    InProcessConnection,
    InstantConnection,
    NoAnswer,
    Receive,
    Scope,
    Send,
    connection_of,
    run_sync,
)
from emulator.web.delays import FaultDelays
from emulator.web.event_loop import in_limited_thread
from emulator.web.fault_effects import note_delivery, send_with_faults
from emulator.web.faulted_request import FaultedRequest
from emulator.web.guard import CONTROL_NAMES, PREFIX
from emulator.web.held_requests import HeldRequests
from emulator.web.lanes import Lanes, NoLanes, has_long_head, off_loop_if_long
from emulator.web.origin import AUTHORITY
from emulator.web.recorder import Recorder, ResponseValidator
from emulator.web.requests import (
    GZIP,
    IncomingBody,
    account_for_bodies,
    waits_for_continue,
    waits_with_too_much,
    with_plain_letters,
)
from emulator.web.response import LONG, MAX_DRAIN_BYTES, OutgoingResponse, emulator_error, send_response
from emulator.web.routes import Route, Routes, why_no_world, world_of
from emulator.web.unmatched import intended_target

OnResponse = Callable[[Scope, OutgoingResponse], None]
"""Is told of each answer, before it goes out."""

NO_LANES = NoLanes()

log = logging.getLogger("emulator")


class DryRun(NamedTuple):
    """A request tried on a copy of its world: the entry there, the reply, and the id of the world it really picks, if any."""

    world: World
    n: int
    wire: OutgoingResponse
    picked: str | None


class Gateway:
    """One ASGI callable for all vendors. From the request's last byte to its journal entry nothing is awaited.

    But for its turn in the world's lane, and a thread where it is long.
    """

    def __init__(
        self,
        worlds: Worlds,
        vendors: Iterable[Vendor],
        judge: ResponseValidator | None,
        limits: Limits,
        held: HeldRequests,
        lanes: Lanes,
        tell: OnResponse | None = None,
    ) -> None:
        self._lanes = lanes
        self._limits = limits
        self._held = held
        self._worlds = worlds
        self._arriving = account_for_bodies(limits)
        self._uploads = Quota(worlds.budget)
        self._routes = Routes(vendors)
        self._recorder = Recorder(judge, limits.journal_bytes)
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = with_plain_letters((scope.get("raw_path") or scope["path"].encode()).decode("latin-1"))
        route = self._routes.find(scope["method"], path)
        if route is None:
            route = self._routes.of_host(scope["headers"])
        if route is None:
            wire: OutgoingResponse | None = await off_loop_if_long(scope, self._nowhere, scope, path)
        else:
            wire = await self._serve(scope, receive, path, route)
        if wire is None:
            return
        if self._tell is not None:
            await off_loop_if_long(scope, self._tell, scope, wire)
        connection = connection_of(scope)
        if wire.faults and wire.holding is not None and not connection.gone:
            await send_with_faults(wire, wire.holding, connection, send)
        else:
            if connection.half_closed:
                await note_delivery(wire, connection, self._lanes_for(connection))
            await send_response(wire, send, connection)
        if connection.half_closed and not connection.gone:
            await connection.probe()
        if wire.ends_with_its_answer and (connection.gone or connection.half_closed or wire.faults):
            await note_delivery(wire, connection, self._lanes_for(connection))

    async def _serve(self, scope: Scope, receive: Receive, path: str, route: Route) -> OutgoingResponse | None:
        """Reads the request to its end, and from there on answers without awaiting anything. None when the client is gone."""
        method, operation = scope["method"], route.operation
        reader = operation.reader() if operation and operation.reader else None
        limit = self._limits.body if reader is None else min(reader.limit, self._limits.upload)
        arriving = (
            IncomingBody(self._uploads, is_upload=True) if reader else IncomingBody(self._arriving)
        )  # until it is answered
        try:
            connection = connection_of(scope)
            if waits_with_too_much(scope, limit):
                raise TooLarge(limit)
            if waits_for_continue(scope):
                bare = await off_loop_if_long(scope, _call_on, route, scope, path)
                if await self._is_turned_away(route, bare, connection):
                    return await self._answer(route, bare, connection, 0)
            body, size = await _read(receive, reader, limit, connection, arriving)
            request = await off_loop_if_long(scope, _call_on, route, scope, path, reader, body)
            return await self._answer(route, request, connection, size, has_long_head(scope))
        except TooLarge as error:
            return emulator_error(413, "body-too-large", f"{error}{self._hint(limit)}", (b"connection", b"close"))
        except TooMany as error:
            return emulator_error(429, "too-many", str(error))
        except ConnectionError:
            return None
        except NoAnswer:
            raise
        except Exception:
            log.exception("%s %s failed", method, redact_text(path))
            return emulator_error(500, "internal", "the emulator failed; its log says where")

    async def _is_turned_away(self, route: Route, request: Request, connection: Connection) -> bool:
        """Tell whether a request gets no further, whatever its body is."""
        while (world := world_of(self._worlds, route.vendor, request)) is not None:
            ask = partial(self._would_refuse, world, route, request)
            if (turned_away := await self._lanes_for(connection).run(world, ask, is_long=False)) is not None:
                return turned_away
        return True

    def _would_refuse(self, world: World, route: Route, request: Request) -> bool | None:
        """Tell whether a world refuses a request; None where it was replaced or dropped before anybody had its lock."""
        return would_refuse(world, route, request) if self._is_chosen(world, route, request) else None

    async def _answer(
        self, route: Route, request: Request, connection: Connection, size: int, has_long_head: bool = False
    ) -> OutgoingResponse:
        """Let the world of a request answer it: the one that is there once its lock is held."""
        lanes = self._lanes_for(connection)
        while (world := world_of(self._worlds, route.vendor, request)) is not None:
            faults = world.store.size(Fault.kind)
            is_long = has_long_head or size > LONG or faults > MANY_RESOURCES or route.takes_long(world, request)
            if faults:
                holding = FaultDelays(
                    self._held, world, request, route.name, connection, self._limits.hang_seconds, lanes, is_long
                )
                faulted = FaultedRequest(world, route, request, holding, self._recorder)
                wire = await faulted.answer(partial(self._is_chosen, world, route, request))
            else:
                wire = await lanes.run(world, partial(self._exchange_in, world, route, request), is_long)
            if wire is not None:
                return wire
        is_long = has_long_head or (len(self._worlds) > MANY_RESOURCES and lanes is not NO_LANES)
        return await in_limited_thread(self._no_world, request) if is_long else self._no_world(request)

    def _no_world(self, request: Request) -> OutgoingResponse:
        return emulator_error(404, "no-such-world", why_no_world(self._worlds, request))

    def _nowhere(self, scope: Scope, path: str) -> OutgoingResponse:
        return emulator_error(404, "no-such-path", self._no_path(call_in(scope, path)))

    def _lanes_for(self, connection: Connection) -> NoLanes:
        return NO_LANES if isinstance(connection, InProcessConnection) else self._lanes

    def _is_chosen(self, world: World, route: Route, request: Request) -> bool:
        return world_of(self._worlds, route.vendor, request) is world

    def _exchange_in(self, world: World, route: Route, request: Request) -> OutgoingResponse | None:
        """Let a world answer; None where it was replaced, dropped or given a fault before anybody had its lock."""
        if not self._is_chosen(world, route, request) or world.store.size(Fault.kind):
            return None
        return self._exchange(world, route, request)

    def _exchange(self, world: World, route: Route, request: Request) -> OutgoingResponse:
        with world.transaction(route.name, request) as tx:
            answer, response = answer_to(tx, route, request)
            return self._recorder.record(tx, world, route, request, answer, response)

    def _hint(self, limit: int) -> str:
        """Return how to raise a bound that is ours; empty where it is the vendor's."""
        bounds = {self._limits.upload: "upload", self._limits.body: "body"}
        return f": {Limits.more(bounds[limit])}" if limit in bounds else ""

    def dry_run(self, world: World, request: Request) -> DryRun:
        """Tries a request on a copy of this world. The real time that a fault would take does not pass.

        A stream that is longer than a request's body may be is left out.

        Raises:
            BadInput: no vendor has the path.
            TooLarge: the body is, for the operation.
            TooMany: the world has no room for what the request would add.
        """
        route = self._routes.find(request.method, request.path) or self._routes.of_host(request.raw_headers)
        if route is None:
            raise BadInput.at(self._no_path(request), "url")
        request.parameters, request.credential = route.parameters, route.vendor.credential(request)
        limit = self._limits.body
        if route.operation and route.operation.reader:
            request.reader = route.operation.reader()
            limit = min(request.reader.limit, self._limits.upload)
        if len(request.body) > limit:
            raise TooLarge(limit, self._hint(limit))
        if request.reader is not None:
            request.reader.feed(request.body)
            request.body = GZIP if request.body.startswith(GZIP) else b""
        twin = world.copy()
        twin.clock.set_rate(FROZEN)  # or the time of a virtual delay would really have to pass
        connection = InstantConnection()
        holding = FaultDelays(self._held, twin, request, route.name, connection, self._limits.hang_seconds)
        wire = run_sync(FaultedRequest(twin, route, request, holding, self._recorder).answer())
        assert wire is not None  # noqa: S101  nobody else knows the copy, and so nobody resets it
        run_sync(note_delivery(wire, connection, NO_LANES))
        ((n, _),) = twin.journal.newest_exchanges(1)
        content = wire.content
        if isinstance(content, Stream):
            content = b"".join(content.chunks) if content.length <= self._limits.body else b""
        picked = world_of(self._worlds, route.vendor, request)
        return DryRun(twin, n, wire._replace(content=content), picked.id if picked else None)

    def _no_path(self, request: Request) -> str:
        """Return that no vendor has the path, and what it may be meant for."""
        path = request.path
        if path == "/":
            elsewhere = "; GET / without a credential or a query is the index of this server"
        elif not path.startswith("/"):
            elsewhere = "; a path begins with /, and no request is for the server as a whole"
        elif path.split("/")[1] in CONTROL_NAMES:
            elsewhere = f"; the control plane is below {PREFIX}: {PREFIX}{path}"
        elif hint := intended_target(self._routes, request):
            elsewhere = f"; {hint}"
        else:
            elsewhere = self._routes.nearest(path)
        return f"no vendor has the path {path}{elsewhere}"


def call_in(scope: Scope, path: str, body: bytes = b"") -> Request:
    """Return the request of a scope."""
    return Request(scope["method"], path, scope["query_string"].decode("latin-1"), scope["headers"], body, scope["scheme"])


def _call_on(route: Route, scope: Scope, path: str, reader: Reader | None = None, body: bytes = b"") -> Request:
    """Return the request of a scope as its vendor reads it."""
    request = call_in(scope, path, body)
    request.parameters, request.reader, request.authority = route.parameters, reader, scope.get(AUTHORITY)
    request.credential = route.vendor.credential(request)
    return request


async def _read(
    receive: Receive, reader: Reader | None, limit: int, connection: Connection, arriving: IncomingBody
) -> tuple[bytes, int]:
    """The whole body; where a reader takes it in, nothing but what tells that it is compressed. And how many bytes it had.

    What is longer than others should wait for, the reader takes in beside the event loop.

    Raises:
        TooLarge: it is larger than the limit.
        TooMany: there is no room for what is kept of it, which counts meanwhile.
        ConnectionError: the client hung up before its end, so that nothing was asked.
    """
    body, size, more = bytearray(), 0, True
    while more and size <= max(limit, MAX_DRAIN_BYTES):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > limit or arriving.refusal:
            body.clear()
        elif reader is None:
            body += chunk
            arriving.count(len(body))
        else:
            body += chunk[: len(GZIP) - len(body)]
            if size <= LONG or isinstance(connection, InProcessConnection):
                reader.feed(chunk)
            else:
                await in_limited_thread(reader.feed, chunk)
            arriving.count(reader.size)
            if arriving.refusal:
                reader.give_up()
    if size > limit:
        raise TooLarge(limit)
    if arriving.refusal:
        raise arriving.refusal
    return bytes(body) if reader is None or body == GZIP else b"", size
