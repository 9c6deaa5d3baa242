"""Requests that the control plane sends for somebody, as a client would. A browser repeats one whose answer is lost."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from emulator.control import entries
from emulator.control.context import ControlContext
from emulator.control.explain import entry_of
from emulator.control.journal_models import Sent
from emulator.control.route import ControlRequest, Outside, Steps, route
from emulator.control.written_request import FIELDS, WrittenRequest, refuse_unreachable, written_request
from emulator.kernel.errors import BadInput, Conflict, TooMany
from emulator.kernel.exchange import Exchange
from emulator.kernel.world import World
from emulator.scenario.state_schema import closed
from emulator.store.receipt import Receipt
from emulator.text.redact import redact_header
from emulator.web.connection import CONNECTION_KEY, ConnectionCut, InProcessConnection, Message, Scope
from emulator.web.guard import NO_SOCKET, PREFIX
from emulator.web.held_requests import HeldRequest
from emulator.web.waits import Wait

PATIENCE = 10.0
"""Seconds of silence that are borne for somebody; a client that gives up then has heard nothing."""

AT_ONCE = 64
"""Requests that are sent for somebody at a time: each that its world has no time for waits in a thread."""

SEND = {
    "anyOf": [
        closed(FIELDS, "method", "url"),
        closed({"n": {"type": "integer", "minimum": 1, "description": "an exchange of the journal, once more"}}, "n"),
    ],
    "examples": [{"method": "GET", "url": "/live/account?api_key={serpwow.api_key}"}, {"n": 1}],
}
FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection", b"expect"})
"""Headers of a request that its connection needs, and that another connection has anew."""


class _Silence(NamedTuple):
    """A wait of so many seconds at most, which whoever calls the route is to bear: it keeps no thread meanwhile."""

    wait: Wait
    seconds: float

    def __await__(self) -> Generator[Outside, None, None]:
        yield Outside([self.wait.over()], self.seconds)


class PatientConnection(InProcessConnection):
    """A caller that bears a silence for a while, and has given up then."""

    def __init__(self) -> None:
        self.gone = False

    async def until_over(self, receipt: Receipt) -> None:
        receipt.wait()

    async def pause(self, held: HeldRequest, seconds: float) -> bool:
        return await self.wait(held, seconds)

    async def wait(self, wait: Wait, seconds: float) -> bool:
        if not self.gone:
            await _Silence(wait, min(seconds, PATIENCE))
            self.gone = seconds > PATIENCE and not wait.woken
        return not self.gone


class Heard(NamedTuple):
    """An answer as its client hears it: status 0 where none comes, and the error of a line that was cut."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    error: str | None


@route(
    "POST",
    "/worlds/{world}/send",
    "Send a request as a client would, or an exchange of the journal once more",
    body=SEND,
    takes_long=True,
    leaves_world=True,
)
def send(request: ControlRequest) -> Steps[Sent]:
    with _counted(request.context):
        return (yield from _sent(request))


@contextmanager
def _counted(context: ControlContext) -> Iterator[None]:
    """Count a request as on its way.

    Raises:
        TooMany: there are as many as there may be.
    """
    if len(context.sending) >= AT_ONCE:
        raise TooMany(f"{AT_ONCE} requests are being sent for somebody, and no more are at once: wait for their answers")
    context.sending.add(token := object())
    try:
        yield
    finally:
        context.sending.discard(token)


def _sent(request: ControlRequest) -> Steps[Sent]:
    world = request.context.worlds.get(request.path_param("world"))
    with world.lock:
        sent = _exchange(world, request.body["n"]) if "n" in request.body else written_request(request, world)
    if sent.path.startswith(PREFIX) or sent.path == "/":
        raise BadInput.at("it is no path of a vendor: what is sent here is a client's request to one", "url")
    refuse_unreachable(request, sent.read())
    before = world.journal.last
    heard = yield from _send(request, sent).__await__()
    found = next(_found(request, world.id, before, sent), None)
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in heard.headers]
    return Sent(
        heard.status,
        tuple((name, redact_header(name, value)) for name, value in headers),
        entries.body(heard.body),
        found,
        heard.error,
    )


def _exchange(world: World, n: int) -> WrittenRequest:
    """Return the request of an exchange, to be sent once more.

    Raises:
        NotFound: the journal has no such entry.
        Conflict: it is no exchange, or not all of it is kept.
    """
    event = entry_of(world, n).event
    if not isinstance(event, Exchange):
        raise Conflict(f"entry {n} is no exchange, and only what a client sent can be sent again")
    if event.cut:
        raise Conflict(f"the body of exchange {n} was longer than what is kept of it")
    path, _, query = event.target.partition("?")
    headers = [(name, value) for name, value in event.headers if name not in FRAMING]
    return WrittenRequest(event.method, "http", path, query, headers, event.request)


async def _send(request: ControlRequest, sent: WrittenRequest) -> Heard:
    """Send a request to its vendor in this process, and return what its client hears."""
    connection, heard = PatientConnection(), list[Message]()
    body = [(b"content-length", b"%d" % len(sent.body))] if sent.body else []
    scope: Scope = {
        **{
            name: request.http.scope[name]
            for name in ("type", "asgi", "http_version", "root_path")
            if name in request.http.scope
        },
        "method": sent.method,
        "scheme": sent.scheme,
        "path": sent.read().path,
        "raw_path": sent.path.encode(),
        "query_string": sent.query.encode(),
        "headers": [*sent.headers, *body],
        "server": None,
        "client": NO_SOCKET,
        "state": {CONNECTION_KEY: connection},
    }
    incoming = [{"type": "http.request", "body": sent.body, "more_body": False}]

    async def receive() -> Message:
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def take(message: Message) -> None:
        if not connection.gone:
            heard.append(message)

    assert request.context.gateway is not None  # noqa: S101  every server has one
    try:
        await request.context.gateway()(scope, receive, take)
    except ConnectionCut as cut:
        return _heard(heard, str(cut))
    return _heard(heard, f"nothing came for {PATIENCE:g} seconds, and the client gave up" if connection.gone else None)


def _heard(messages: list[Message], error: str | None) -> Heard:
    if not messages:
        return Heard(0, [], b"", error)
    return Heard(messages[0]["status"], messages[0]["headers"], b"".join(it.get("body", b"") for it in messages[1:]), error)


def _found(request: ControlRequest, id: str, after: int, sent: WrittenRequest) -> Iterator[int]:
    """Yield the number of the exchange that the journal of a world has of a request that was sent after an entry."""
    if id not in request.context.worlds:
        return
    world, target = request.context.worlds.get(id), f"{sent.path}?{sent.query}" if sent.query else sent.path
    with world.lock:
        for entry in world.journal.since(after):
            if isinstance(entry.event, Exchange) and (entry.event.method, entry.event.target) == (sent.method, target):
                yield entry.n
