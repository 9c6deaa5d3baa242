"""The data plane: finds the world and the operation of a request, lets the vendor answer, and notes it in the journal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from emulator.kernel.beside import MANY
from emulator.kernel.budget import Account
from emulator.kernel.clock import FROZEN
from emulator.kernel.errors import BadInput, TooLarge, TooMany
from emulator.kernel.faults import Fault
from emulator.kernel.limits import Limits
from emulator.kernel.redact import redact_text
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.sdk.vendor import Call, Reader, Stream, Vendor
from emulator.web.answers import answer_to, would_refuse
from emulator.web.arriving import Arriving, room_for_bodies
from emulator.web.coding import GZIP
from emulator.web.expectation import waits_for_continue, waits_with_too_much
from emulator.web.fault_effects import Impatient, NoSocket, Unanswered, at_once, befall, means_of, note_delivery
from emulator.web.faulted_request import Stricken
from emulator.web.guard import CONTROL_NAMES, PREFIX
from emulator.web.held import HeldRequests
from emulator.web.holding import Holding
from emulator.web.intended_vendor import meant
from emulator.web.lanes import Lanes, NoLanes
from emulator.web.long_heads import has_long_head, with_head
from emulator.web.origin import AUTHORITY
from emulator.web.recorder import Judge, Recorder
from emulator.web.response import HEARD_OUT, LONG, Means, Receive, Scope, Send, Wire, ours, send_out
from emulator.web.routes import Route, Routes
from emulator.web.target import with_plain_letters
from emulator.web.threads import in_turn
from emulator.web.world_choice import why_no_world, world_of

Tell = Callable[[Scope, Wire], None]
"""Is told of each answer, before it goes out."""

NO_LANES = NoLanes()

log = logging.getLogger("emulator")


class Rehearsed(NamedTuple):
    """A request tried on a copy of its world: the entry there, the reply, and the id of the world it really picks, if any."""

    world: World
    n: int
    wire: Wire
    picked: str | None


class Gateway:
    """One ASGI callable for all vendors. From the request's last byte to its journal entry nothing is awaited.

    But for its turn in the world's lane, and a thread where it is long.
    """

    def __init__(
        self,
        worlds: Worlds,
        vendors: Iterable[Vendor],
        judge: Judge | None,
        limits: Limits,
        held: HeldRequests,
        lanes: Lanes,
        tell: Tell | None = None,
    ) -> None:
        self._lanes = lanes
        self._limits = limits
        self._held = held
        self._worlds = worlds
        self._arriving = room_for_bodies(limits)
        self._uploads = Account(worlds.budget)
        self._routes = Routes(vendors)
        self._recorder = Recorder(judge, limits.journal_bytes)
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = with_plain_letters((scope.get("raw_path") or scope["path"].encode()).decode("latin-1"))
        route = self._routes.find(scope["method"], path)
        if route is None:
            route = self._routes.of_host(scope["headers"])
        if route is None:
            wire: Wire | None = await with_head(scope, self._nowhere, scope, path)
        else:
            wire = await self._serve(scope, receive, path, route)
        if wire is None:
            return
        if self._tell is not None:
            await with_head(scope, self._tell, scope, wire)
        means = means_of(scope)
        if wire.faults and wire.holding is not None and not means.gone:
            await befall(wire, wire.holding, means, send)
        else:
            if means.may_be_gone:
                await note_delivery(wire, means, self._lanes_for(means))
            await send_out(wire, send, means)
        if means.may_be_gone and not means.gone:
            await means.see_off()
        if wire.ends_with_its_answer and (means.gone or means.may_be_gone or wire.faults):
            await note_delivery(wire, means, self._lanes_for(means))

    async def _serve(self, scope: Scope, receive: Receive, path: str, route: Route) -> Wire | None:
        """Reads the request to its end, and from there on answers without awaiting anything. None when the client is gone."""
        method, operation = scope["method"], route.operation
        reader = operation.reader() if operation and operation.reader else None
        limit = self._limits.body if reader is None else min(reader.limit, self._limits.upload)
        arriving = Arriving(self._uploads, is_upload=True) if reader else Arriving(self._arriving)  # until it is answered
        try:
            means = means_of(scope)
            if waits_with_too_much(scope, limit):
                raise TooLarge(limit)
            if waits_for_continue(scope):
                bare = await with_head(scope, _call_on, route, scope, path)
                if await self._is_turned_away(route, bare, means):
                    return await self._answer(route, bare, means, 0)
            body, size = await _read(receive, reader, limit, means, arriving)
            call = await with_head(scope, _call_on, route, scope, path, reader, body)
            return await self._answer(route, call, means, size, has_long_head(scope))
        except TooLarge as error:
            return ours(413, "body-too-large", f"{error}{self._hint(limit)}", (b"connection", b"close"))
        except TooMany as error:
            return ours(429, "too-many", str(error))
        except ConnectionError:
            return None
        except Unanswered:
            raise
        except Exception:
            log.exception("%s %s failed", method, redact_text(path))
            return ours(500, "internal", "the emulator failed; its log says where")

    async def _is_turned_away(self, route: Route, call: Call, means: Means) -> bool:
        """Tell whether a request gets no further, whatever its body is."""
        while (world := world_of(self._worlds, route.vendor, call)) is not None:
            ask = partial(self._would_refuse, world, route, call)
            if (turned_away := await self._lanes_for(means).run(world, ask, is_long=False)) is not None:
                return turned_away
        return True

    def _would_refuse(self, world: World, route: Route, call: Call) -> bool | None:
        """Tell whether a world refuses a request; None where it was replaced or dropped before anybody had its lock."""
        return would_refuse(world, route, call) if self._is_chosen(world, route, call) else None

    async def _answer(self, route: Route, call: Call, means: Means, size: int, has_long_head: bool = False) -> Wire:
        """Let the world of a request answer it: the one that is there once its lock is held."""
        lanes = self._lanes_for(means)
        while (world := world_of(self._worlds, route.vendor, call)) is not None:
            faults = world.store.size(Fault.kind)
            is_long = has_long_head or size > LONG or faults > MANY or route.takes_long(world, call)
            if faults:
                holding = Holding(self._held, world, call, route.name, means, self._limits.hang_seconds, lanes, is_long)
                stricken = Stricken(world, route, call, holding, self._recorder)
                wire = await stricken.answer(partial(self._is_chosen, world, route, call))
            else:
                wire = await lanes.run(world, partial(self._exchange_in, world, route, call), is_long)
            if wire is not None:
                return wire
        is_long = has_long_head or (len(self._worlds) > MANY and lanes is not NO_LANES)
        return await in_turn(self._no_world, call) if is_long else self._no_world(call)

    def _no_world(self, call: Call) -> Wire:
        return ours(404, "no-such-world", why_no_world(self._worlds, call))

    def _nowhere(self, scope: Scope, path: str) -> Wire:
        return ours(404, "no-such-path", self._no_path(call_in(scope, path)))

    def _lanes_for(self, means: Means) -> NoLanes:
        return NO_LANES if isinstance(means, NoSocket) else self._lanes

    def _is_chosen(self, world: World, route: Route, call: Call) -> bool:
        return world_of(self._worlds, route.vendor, call) is world

    def _exchange_in(self, world: World, route: Route, call: Call) -> Wire | None:
        """Let a world answer; None where it was replaced, dropped or given a fault before anybody had its lock."""
        if not self._is_chosen(world, route, call) or world.store.size(Fault.kind):
            return None
        return self._exchange(world, route, call)

    def _exchange(self, world: World, route: Route, call: Call) -> Wire:
        with world.transaction(route.name) as tx:
            answer, reply = answer_to(tx, route, call)
            return self._recorder.record(tx, world, route, call, answer, reply)

    def _hint(self, limit: int) -> str:
        """Return how to raise a bound that is ours; empty where it is the vendor's."""
        bounds = {self._limits.upload: "upload", self._limits.body: "body"}
        return f": {Limits.more(bounds[limit])}" if limit in bounds else ""

    def rehearse(self, world: World, call: Call) -> Rehearsed:
        """Tries a request on a copy of this world. The real time that a fault would take does not pass.

        A stream that is longer than a request's body may be is left out.

        Raises:
            BadInput: no vendor has the path.
            TooLarge: the body is, for the operation.
            TooMany: the world has no room for what the request would add.
        """
        route = self._routes.find(call.method, call.path) or self._routes.of_host(call.raw_headers)
        if route is None:
            raise BadInput.at(self._no_path(call), "url")
        call.parameters, call.credential = route.parameters, route.vendor.credential(call)
        limit = self._limits.body
        if route.operation and route.operation.reader:
            call.reader = route.operation.reader()
            limit = min(call.reader.limit, self._limits.upload)
        if len(call.body) > limit:
            raise TooLarge(limit, self._hint(limit))
        if call.reader is not None:
            call.reader.feed(call.body)
            call.body = GZIP if call.body.startswith(GZIP) else b""
        twin = world.copy()
        twin.clock.run_at(FROZEN)  # or the time of a virtual delay would really have to pass
        means = Impatient()
        holding = Holding(self._held, twin, call, route.name, means, self._limits.hang_seconds)
        wire = at_once(Stricken(twin, route, call, holding, self._recorder).answer())
        assert wire is not None  # noqa: S101  nobody else knows the copy, and so nobody resets it
        at_once(note_delivery(wire, means, NO_LANES))
        ((n, _),) = twin.journal.newest_exchanges(1)
        content = wire.content
        if isinstance(content, Stream):
            content = b"".join(content.chunks) if content.length <= self._limits.body else b""
        picked = world_of(self._worlds, route.vendor, call)
        return Rehearsed(twin, n, wire._replace(content=content), picked.id if picked else None)

    def _no_path(self, call: Call) -> str:
        """Return that no vendor has the path, and what it may be meant for."""
        path = call.path
        if path == "/":
            elsewhere = "; GET / without a credential or a query is the index of this server"
        elif not path.startswith("/"):
            elsewhere = "; a path begins with /, and no request is for the server as a whole"
        elif path.split("/")[1] in CONTROL_NAMES:
            elsewhere = f"; the control plane is below {PREFIX}: {PREFIX}{path}"
        elif hint := meant(self._routes, call):
            elsewhere = f"; {hint}"
        else:
            elsewhere = self._routes.nearest(path)
        return f"no vendor has the path {path}{elsewhere}"


def call_in(scope: Scope, path: str, body: bytes = b"") -> Call:
    """Return the request of a scope."""
    return Call(scope["method"], path, scope["query_string"].decode("latin-1"), scope["headers"], body, scope["scheme"])


def _call_on(route: Route, scope: Scope, path: str, reader: Reader | None = None, body: bytes = b"") -> Call:
    """Return the request of a scope as its vendor reads it."""
    call = call_in(scope, path, body)
    call.parameters, call.reader, call.authority = route.parameters, reader, scope.get(AUTHORITY)
    call.credential = route.vendor.credential(call)
    return call


async def _read(receive: Receive, reader: Reader | None, limit: int, means: Means, arriving: Arriving) -> tuple[bytes, int]:
    """The whole body; where a reader takes it in, nothing but what tells that it is compressed. And how many bytes it had.

    What is longer than others should wait for, the reader takes in beside the event loop.

    Raises:
        TooLarge: it is larger than the limit.
        TooMany: there is no room for what is kept of it, which counts meanwhile.
        ConnectionError: the client hung up before its end, so that nothing was asked.
    """
    body, size, more = bytearray(), 0, True
    while more and size <= max(limit, HEARD_OUT):
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
            if size <= LONG or isinstance(means, NoSocket):
                reader.feed(chunk)
            else:
                await in_turn(reader.feed, chunk)
            arriving.count(reader.size)
            if arriving.refusal:
                reader.give_up()
    if size > limit:
        raise TooLarge(limit)
    if arriving.refusal:
        raise arriving.refusal
    return bytes(body) if reader is None or body == GZIP else b"", size
