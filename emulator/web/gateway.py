"""The data plane: finds the world and the operation of a request, lets the vendor answer, and notes it in the journal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any, NamedTuple

from emulator.evidence import grounds_of
from emulator.kernel.clock import FROZEN
from emulator.kernel.errors import BadInput, TooLarge, TooMany
from emulator.kernel.faults import STATUS, Fault
from emulator.kernel.journal import STEPS, Began, Exchange
from emulator.kernel.limits import Limits
from emulator.kernel.transaction import Transaction
from emulator.kernel.words import hint
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.vendors.vendor import Answer, Call, Reader, Reply, Stream, Vendor, dump
from emulator.web.accidents import Impatient, NoSocket, Unanswered, at_once, befall, means_of, note_delivery
from emulator.web.answers import FAILED, SCRIPTED, answer_to
from emulator.web.apart import free
from emulator.web.coding import coding_of
from emulator.web.guard import CONTROL_NAMES, PREFIX
from emulator.web.held import HeldRequests, Noted
from emulator.web.holding import Holding
from emulator.web.origin import AUTHORITY
from emulator.web.routes import Route, Routes
from emulator.web.stricken import Stricken
from emulator.web.target import with_plain_letters
from emulator.web.wire import HEARD_OUT, WORLD_HEADER, Means, RawHeaders, Receive, Scope, Send, Wire, ours, send_out

Judge = Callable[[str, str, int, bytes], None]
"""Is shown (vendor, operation, status, body) of each reply and raises when it is not one that the vendor could give."""

Tell = Callable[[Scope, Wire], None]
"""Is told of each answer, before it goes out."""

REFUSED = 400
"""The least status of a refusal."""

NO_VENDORS = frozenset((SCRIPTED, FAILED))
"""Answers that are not the vendor's own."""

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
        self._judge = judge
        self._tell = tell
        self._date: tuple[datetime | None, bytes] = (None, b"")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = with_plain_letters((scope.get("raw_path") or scope["path"].encode()).decode("latin-1"))
        route = self._routes.find(scope["method"], path)
        if route is None:
            route = self._routes.of_host(scope["headers"])
        if route is None:
            wire: Wire | None = ours(404, "no-such-path", f"no vendor has the path {path}{self._elsewhere(path)}")
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
            call = Call(method, path, scope["query_string"].decode("latin-1"), scope["headers"], body, scope["scheme"])
            call.parameters, call.reader, call.authority = route.parameters, reader, scope.get(AUTHORITY)
            call.credential = route.vendor.credential(call)
            world = self._world(route.vendor, call)
            while world is not None and not isinstance(means_of(scope), NoSocket) and await free(world):
                world = self._world(route.vendor, call)
            if world is None:
                return ours(404, "no-such-world", self._no_world(call))
            if world.store.size(Fault.kind):
                return await self._stricken(world, route, call, means_of(scope))
            return self._exchange(world, route, call)
        except TooLarge as error:
            return ours(413, "body-too-large", f"{error}{self._hint(limit)}", (b"connection", b"close"))
        except TooMany as error:
            return ours(429, "too-many", str(error))
        except ConnectionError:
            return None
        except Unanswered:
            raise
        except Exception:
            log.exception("%s %s failed", method, path)
            return ours(500, "internal", "the emulator failed; its log says where")

    async def _stricken(self, world: World, route: Route, call: Call, means: Means) -> Wire:
        holding = Holding(self._held, world, call, route.name, means)
        return await Stricken(world, route, call, holding, self._conclude, self._limits.hang_seconds).answer()

    def _no_world(self, call: Call) -> str:
        named = call.parameters.get("world")
        source = "the path"
        for name, value in call.raw_headers:
            if name == WORLD_HEADER:
                named, source = value.decode("latin-1"), "the header Emulator-World"
        return f"{source} names {named!r}, and no world is called so{hint(str(named), (it.id for it in self._worlds))}"

    def _hint(self, limit: int) -> str:
        """Return how to raise a bound that is ours; empty where it is the vendor's."""
        bounds = {self._limits.upload: "upload", self._limits.body: "body"}
        return f": {Limits.more(bounds[limit])}" if limit in bounds else ""

    def _world(self, vendor: Vendor, call: Call) -> World | None:
        named = call.parameters.get("world")
        for name, value in call.raw_headers:
            if name == WORLD_HEADER:
                named = value.decode("latin-1")
        if named is None:
            return self._worlds.pick(vendor.name, call.credential)
        return self._worlds.get(named) if named in self._worlds else None

    def _exchange(self, world: World, route: Route, call: Call) -> Wire:
        with world.lock, world.transaction(route.name) as tx:
            answer, reply = answer_to(tx, route, call)
            return self._conclude(tx, world, route, call, answer, reply)

    def _conclude(
        self,
        tx: Transaction,
        world: World,
        route: Route,
        call: Call,
        answer: Answer,
        reply: Reply,
        faults: tuple[Fault, ...] = (),
        over: Collection[str] = (),
    ) -> Wire:
        """Notes the exchange in the journal and makes its reply ready to go out. The faults whose ids are `over` spare it."""
        n = world.journal.last + 1
        content = _content(reply.body)
        basis, also = grounds_of(route.vendor.name, answer.name, answer.evidence, answer.also, answer.assumption)
        headers = self._headers(tx, route, call, reply, n)
        notes = tuple(fault.note() for fault in faults)
        left = [fault for fault in faults if fault.id not in over]
        own = answer.name not in NO_VENDORS and not any(fault.do == STATUS for fault in left)
        if own and reply.status >= REFUSED and coding_of(call.raw_headers, call.body):
            headers.append((b"emulator-error", b"compressed-body"))
        if world.rules.provenance:
            headers.append((b"emulator-exchange", f"{world.id}/{n}".encode()))
            if own:
                headers.append((b"emulator-basis", basis.encode()))
            if notes:
                headers += [(b"emulator-fault", note.id.encode()) for note in notes]
        kept = self._limits.journal_bytes
        if self._judge is not None and own:
            self._judge(route.vendor.name, tx.why, reply.status, b"" if isinstance(content, Stream) else content)
        exchange = Exchange(
            tx.now, call.began or Began(tx.now, n - 1, world.history.count), tx.why, call.method, call.target, call.body[:kept],
            answer.name, answer.evidence, answer.assumption, basis,
            reply.status, b"" if isinstance(content, Stream) else content[:kept], tuple(tx.changes),
            tuple(tx.steps[:STEPS]), tuple(tx.consulted), call.credential,
            notes, _delivered(left), len(call.body) > kept, call.raw_headers, also,
        )  # fmt: skip
        world.journal.add(exchange)
        return Wire(reply.status, headers, content, (), Noted(world, n, exchange))

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
            raise BadInput.at(f"no vendor has the path {call.path}{self._elsewhere(call.path)}", "url")
        call.parameters, call.credential = route.parameters, route.vendor.credential(call)
        limit = self._limits.body
        if route.operation and route.operation.reader:
            call.reader = route.operation.reader()
            limit = min(call.reader.limit, self._limits.upload)
        if len(call.body) > limit:
            raise TooLarge(limit)
        if call.reader is not None:
            call.reader.feed(call.body)
            call.body = b""
        twin = world.copy()
        twin.clock.run_at(FROZEN)  # or the time of a virtual delay would really have to pass
        means = Impatient()
        wire = at_once(self._stricken(twin, route, call, means))
        note_delivery(wire, means)
        ((n, _),) = twin.journal.newest_exchanges(1)
        content = wire.content
        if isinstance(content, Stream):
            content = b"".join(content.chunks) if content.length <= self._limits.body else b""
        picked = self._world(route.vendor, call)
        return Rehearsed(twin, n, wire._replace(content=content), picked.id if picked else None)

    def _elsewhere(self, path: str) -> str:
        """A hint at what a path is for that no vendor has."""
        if path == "/":
            return "; GET / without a credential or a query is the index of this server"
        if path.split("/")[1] in CONTROL_NAMES:
            return f"; the control plane is below {PREFIX}: {PREFIX}{path}"
        return self._routes.nearest(path)

    def _headers(self, tx: Transaction, route: Route, call: Call, reply: Reply, n: int) -> RawHeaders:
        """The world's date, what the vendor always sends, and what this reply adds or replaces."""
        headers = [(b"date", self._date_of(tx.now))]
        if reply.body is not None and "content-type" not in reply.headers:
            headers.append((b"content-type", route.vendor.media_type.encode()))
        headers += route.vendor.constant_headers
        headers += _encoded(route.vendor.finish(tx, call, n))
        headers += _encoded(reply.headers)
        if route.operation is None and not route.verbs:
            headers.append((b"emulator-error", b"no-such-path"))
        return headers

    def _date_of(self, now: datetime) -> bytes:
        known = self._date
        if known[0] != now:
            self._date = known = now, format_datetime(now, usegmt=True).encode()
        return known[1]


def _delivered(faults: Iterable[Fault]) -> bool | None:
    """Tell whether faults let the client have the vendor's own answer, whole; None where that takes real time."""
    return not any(it.takes_real_time for it in faults) or None if all(it.spares_the_answer for it in faults) else False


def _encoded(headers: Mapping[str, str]) -> RawHeaders:
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]


def _content(body: Any) -> bytes | Stream:
    if isinstance(body, (bytes, Stream)):
        return body
    return b"" if body is None else dump(body)


async def _read(receive: Receive, reader: Reader | None, limit: int) -> bytes:
    """The whole body, or nothing where a reader takes it in.

    Raises:
        TooLarge: it is larger than the limit.
        ConnectionError: the client hung up before its end, so that nothing was asked.
    """
    body, size, more = b"", 0, True
    while more and size <= max(limit, HEARD_OUT):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        chunk, more = message.get("body", b""), message.get("more_body", False)
        size += len(chunk)
        if size > limit:
            body = b""
        elif reader is None:
            body += chunk
        else:
            reader.feed(chunk)
    if size > limit:
        raise TooLarge(limit)
    return body
