"""The application called where it stands, with no socket and no client library between; without an event loop, or in one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, DivisionByZero, InvalidOperation, Overflow, localcontext
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from emulator.kernel.errors import EmulatorError
from emulator.kernel.faults import DROP, GARBAGE, HANG, RESET
from emulator.sdk.exact_json import JsonDict, dump
from emulator.web.connection import (
    CONNECTION_KEY,
    App,
    ConnectionCut,
    InProcessConnection,
    Message,
    NoAnswer,
    Scope,
    run_sync,
)
from emulator.web.control_plane import NO_ANSWER, Handed
from emulator.web.guard import NO_SOCKET
from emulator.web.held_requests import HeldRequest
from emulator.web.waits import Wait

if TYPE_CHECKING:
    from emulator.store.receipt import Receipt
    from emulator.web.gateway import Gateway
    from emulator.web.response import OutgoingResponse

Headers = Sequence[tuple[bytes, bytes]]

REASONS = {
    DROP: "Server disconnected without sending a response.",
    RESET: "[Errno 104] Connection reset by peer",
    GARBAGE: "illegal status line",
    HANG: "timed out",
}
"""Messages of client libraries for a socket that fails so."""
LOCAL = [(b"host", b"127.0.0.1")]
"""Headers of a handle's own requests."""
UNREAD = [*LOCAL, NO_ANSWER]
"""Headers of one whose answer nobody reads."""

SHORT = 1_000
"""Bytes of a body, and characters of a text in one, that are read at once."""

SMALL = 2**53
"""The bound of whole numbers that every reader of JSON reads alike."""

EXACT = Context(prec=28, traps=[DivisionByZero, InvalidOperation, Overflow])
"""The decimal context of the vendors, in place of that of the calling thread."""


class AppResponse(NamedTuple):
    """The response of the application to a request, whole unless a fault `cut` it short.

    One that is handed over in this process has its `value` in place of content.
    """

    status: int
    headers: Headers
    content: bytes
    cut: ConnectionCut | None = None
    value: Any = None


class HangWithoutTimeout(EmulatorError, NoAnswer):
    """The server never answers, and the client has no timeout. It is no error that a client library knows, or could catch."""

    def __init__(self) -> None:
        super().__init__("the server never answers (a fault: hang), and this client, having no timeout, would wait for ever")


class SyncConnection(InProcessConnection):
    """Without an event loop, real time passes by waiting. Where the caller would not wait so long, it has given up."""

    def __init__(self, read_timeout: float | None) -> None:
        self._read_timeout = read_timeout
        self.gone = False
        self.cancelled: BaseException | None = None

    async def until_over(self, receipt: Receipt) -> None:
        receipt.wait()

    async def hang(self, held: HeldRequest, seconds: float) -> None:
        if self._read_timeout is None:
            raise HangWithoutTimeout
        await super().hang(held, seconds)

    async def pause(self, held: HeldRequest, seconds: float) -> bool:
        if self._read_timeout is not None and seconds >= self._read_timeout:
            self.gone = True
        if not self.gone:
            held.wait_in_thread(seconds)
        return not self.gone

    async def wait(self, wait: Wait, seconds: float) -> bool:
        if not self.gone:
            patience = seconds if self._read_timeout is None else min(seconds, self._read_timeout)
            wait.wait_in_thread(patience)
            self.gone = patience < seconds and not wait.woken
        return not self.gone


class AsyncConnection(SyncConnection):
    """In an event loop the caller may give up at any time, so that time really passes, until its own patience is at its end."""

    async def hang(self, held: HeldRequest, seconds: float) -> None:
        await self.pause(held, seconds)
        if self.gone:
            raise ConnectionCut(HANG)
        if held.ended is None:
            await self.drop()

    async def pause(self, held: HeldRequest, seconds: float) -> bool:
        return await self.wait(held, seconds)

    async def wait(self, wait: Wait, seconds: float) -> bool:
        """A caller that gives up by cancelling takes back nothing of what it asked: the request goes on, and nobody is told."""
        import anyio

        if self.gone:
            return False
        timeout = seconds if self._read_timeout is None else min(seconds, self._read_timeout)
        try:
            await wait.wait_in_any_loop(timeout)
        except anyio.get_cancelled_exc_class() as error:
            self.cancelled = error
        self.gone = self.cancelled is not None or (timeout < seconds and not wait.woken)
        return not self.gone


def ask(
    app: App,
    method: str,
    target: bytes,
    headers: Headers = (),
    body: bytes = b"",
    scheme: str = "http",
    read_timeout: float | None = None,
) -> AppResponse:
    """Run one request through the application to its end. `read_timeout` is the seconds of silence that the caller bears.

    Raises:
        ConnectionCut: a fault left the request without any answer.
        HangWithoutTimeout: the caller would bear any silence, and this one has no end.
    """
    return run_sync(ask_async(app, SyncConnection(read_timeout), method, target, headers, body, scheme))


async def ask_async(
    app: App, connection: SyncConnection, method: str, target: bytes, headers: Headers, body: bytes, scheme: str
) -> AppResponse:
    """Run one request through the application on a connection that lets real time pass. Raises as `ask` does."""
    scope = _scope(connection, method, target, [(name.lower(), value) for name, value in headers], scheme)
    incoming = [{"type": "http.request", "body": body, "more_body": False}]
    messages: list[Message] = []

    async def receive() -> Message:
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if not connection.gone:
            messages.append(message)

    interruption: ConnectionCut | HangWithoutTimeout | None = None
    try:
        with localcontext(EXACT):
            await app(scope, receive, send)
    except (ConnectionCut, HangWithoutTimeout) as error:
        interruption = error.with_traceback(None)
    try:
        if connection.cancelled is not None:
            raise connection.cancelled
        if connection.gone:
            interruption = ConnectionCut(HANG)
        is_endless = method != "HEAD" and isinstance(interruption, HangWithoutTimeout)
        if interruption is not None and (is_endless or not messages):
            raise interruption
        return _answered(method, messages, interruption)
    finally:
        connection.cancelled = interruption = None  # what knows an exception, and is known to its traceback, is in a cycle


def ask_control(app: Gateway, method: str, target: bytes, value: Any, headers: Headers = LOCAL) -> AppResponse:
    """Return the response of the control plane to a request of a handle, whose body has a JSON value, or is empty for None.

    A short one is not read piece by piece, nor written as JSON where nothing in it would come out of that different.
    """
    body: bytes | JsonDict = {} if value is None else value if _is_flat(value) else dump(value)
    response: OutgoingResponse | Handed | None = None
    if len(body) <= SHORT:
        with localcontext(EXACT):
            response = app.control.respond(_scope(SyncConnection(None), method, target, headers, "http"), body)
    if response is None:
        return ask(app, method, target, headers, b"" if value is None else dump(value))
    if isinstance(response, Handed):
        return AppResponse(response.status, (), b"", None, response.value)
    content = response.content
    return AppResponse(response.status, response.headers, content if isinstance(content, bytes) else b"".join(content.chunks))


def _is_flat(value: Any) -> bool:
    """Tell whether a value is an object of small numbers and short texts in ASCII alone."""
    if value.__class__ is not dict:
        return False
    for part in value.values():
        kind = part.__class__
        if kind is str:
            if len(part) > SHORT or not part.isascii():
                return False
        elif kind is int:
            if not -SMALL < part < SMALL:
                return False
        elif kind is not bool and part is not None:
            return False
    return True


def _scope(connection: SyncConnection, method: str, target: bytes, headers: Headers, scheme: str) -> Scope:
    """Return a request as ASGI has it."""
    path, _, query = target.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "root_path": "",
        "query_string": query,
        "headers": headers,
        "server": None,
        "client": NO_SOCKET,
        "state": {CONNECTION_KEY: connection},
    }


def _answered(method: str, messages: Sequence[Message], interruption: ConnectionCut | HangWithoutTimeout | None) -> AppResponse:
    status, headers = messages[0]["status"], messages[0]["headers"]
    if method == "HEAD":  # its answer has no body, and was whole when the head had come
        return AppResponse(status, headers, b"")
    cut = interruption if isinstance(interruption, ConnectionCut) else None
    return AppResponse(status, headers, b"".join(message.get("body", b"") for message in messages[1:]), cut)


def announced_length(answer: AppResponse) -> int:
    """Return the announced length of the body; 0 where none could be announced."""
    return int(dict(answer.headers).get(b"content-length", b"0"))


def is_whole(answer: AppResponse) -> bool:
    """Tell whether the body came before the line was cut."""
    return len(answer.content) == announced_length(answer)


def shortfall(answer: AppResponse) -> str:
    """Return the received and the announced length of a body, as text."""
    return f"received {len(answer.content)} bytes, expected {announced_length(answer)}"
