"""The data plane: finds the world and the operation of a request, lets the vendor answer, and notes it in the journal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import NamedTuple

from emulator.kernel.clock import FROZEN
from emulator.kernel.errors import BadInput, TooLarge, TooMany
from emulator.kernel.faults import Fault
from emulator.kernel.limits import Limits
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.vendors.vendor import Call, Reader, Stream, Vendor
from emulator.web.accidents import Impatient, NoSocket, Unanswered, at_once, befall, means_of, note_delivery
from emulator.web.answers import answer_to
from emulator.web.apart import free
from emulator.web.coding import GZIP
from emulator.web.guard import CONTROL_NAMES, PREFIX
from emulator.web.held import HeldRequests
from emulator.web.holding import Holding
from emulator.web.meant import meant
from emulator.web.origin import AUTHORITY
from emulator.web.recorder import Judge, Recorder
from emulator.web.redact import redact_text
from emulator.web.routes import Route, Routes
from emulator.web.stricken import Stricken
from emulator.web.target import with_plain_letters
from emulator.web.wire import HEARD_OUT, Means, Receive, Scope, Send, Wire, ours, send_out
from emulator.web.world_choice import why_no_world, world_of

Tell = Callable[[Scope, Wire], None]
"""Is told of each answer, before it goes out."""

log = logging.getLogger("emulator")


class Rehearsed(NamedTuple):
    """A request tried on a copy of its world: the entry there, the reply, and the id of the world it really picks, if any."""

    world: World
    n: int
    wire: Wire
    picked: str | None


class Gateway:
    """One ASGI callable for all vendors. From the request's last byte to its journal entry nothing is awaited."""

    def __init__(
        self,
        worlds: Worlds,
        vendors: Iterable[Vendor],
        judge: Judge | None,
        limits: Limits,
        held: HeldRequests,
        tell: Tell | None = None,
    ) -> None:
        self._limits = limits
        self._held = held
        self._worlds = worlds
        self._routes = Routes(vendors)
        self._recorder = Recorder(judge, limits.journal_bytes)
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = with_plain_letters((scope.get("raw_path") or scope["path"].encode()).decode("latin-1"))
        route = self._routes.find(scope["method"], path)
        if route is None:
            route = self._routes.of_host(scope["headers"])
        if route is None:
            wire: Wire | None = ours(404, "no-such-path", self._no_path(call_in(scope, path)))
        else:
            wire = await self._serve(scope, receive, path, route)
        if wire is None:
            return
        if self._tell is not None:
            self._tell(scope, wire)
        means = means_of(scope)
        if wire.faults and wire.holding is not None and not means.gone:
            await befall(wire, wire.holding, means, send, self._limits.hang_seconds)
        else:
            await send_out(wire, send, means)
        if means.gone or wire.faults:
            note_delivery(wire, means)

    async def _serve(self, scope: Scope, receive: Receive, path: str, route: Route) -> Wire | None:
        """Reads the request to its end, and from there on answers without awaiting anything. None when the client is gone."""
        method, operation = scope["method"], route.operation
        reader = operation.reader() if operation and operation.reader else None
        limit = self._limits.body if reader is None else min(reader.limit, self._limits.upload)
        try:
            body = await _read(receive, reader, limit)
            call = call_in(scope, path, body)
            call.parameters, call.reader, call.authority = route.parameters, reader, scope.get(AUTHORITY)
            call.credential = route.vendor.credential(call)
            return await self._answer(route, call, means_of(scope))
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

    async def _answer(self, route: Route, call: Call, means: Means) -> Wire:
        """Let the world of a request answer it: the one that is there once its lock is held."""
        while (world := world_of(self._worlds, route.vendor, call)) is not None:
            if not isinstance(means, NoSocket) and await free(world):
                continue
            with world.lock:
                if world_of(self._worlds, route.vendor, call) is not world:
                    continue  # another thread replaced or dropped it before this one had its lock
                if not world.store.size(Fault.kind):
                    return self._exchange(world, route, call)
                stricken = self._stricken(world, route, call, means)
            if (wire := await stricken.answer()) is not None:
                return wire
        return ours(404, "no-such-world", why_no_world(self._worlds, call))

    def _exchange(self, world: World, route: Route, call: Call) -> Wire:
        with world.transaction(route.name) as tx:
            answer, reply = answer_to(tx, route, call)
            return self._recorder.record(tx, world, route, call, answer, reply)

    def _stricken(self, world: World, route: Route, call: Call, means: Means) -> Stricken:
        holding = Holding(self._held, world, call, route.name, means)
        return Stricken(world, route, call, holding, self._recorder, self._limits.hang_seconds)

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
        wire = at_once(self._stricken(twin, route, call, means).answer())
        assert wire is not None  # noqa: S101  nobody else knows the copy, and so nobody resets it
        note_delivery(wire, means)
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


async def _read(receive: Receive, reader: Reader | None, limit: int) -> bytes:
    """The whole body; where a reader takes it in, nothing but what tells that it is compressed.

    Raises:
        TooLarge: it is larger than the limit.
        ConnectionError: the client hung up before its end, so that nothing was asked.
    """
    body, size, more = bytearray(), 0, True
    while more and size <= max(limit, HEARD_OUT):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > limit:
            body.clear()
        elif reader is None:
            body += chunk
        else:
            body += chunk[: len(GZIP) - len(body)]
            reader.feed(chunk)
    if size > limit:
        raise TooLarge(limit)
    return bytes(body) if reader is None or body == GZIP else b""
