"""The line to a client: bounded in size and time before anything is understood, and answered with one write."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Sized
from functools import partial
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from emulator.kernel.limits import Limits
from emulator.web.accidents import LENT
from emulator.web.wire import Receive

LINGER_NOT = struct.pack("ii", 1, 0)
"""SO_LINGER, so that a close does not say goodbye (FIN) but breaks off (RST)."""

PHRASES = {408: "Request Timeout", 414: "URI Too Long", 431: "Request Header Fields Too Large", 503: "Service Unavailable"}


NOTHING, HEAD, BODY = range(3)
"""What a line hears: nothing since the last request, or part of the next. Trailers are heard with the body."""


class TooMuch(Exception):
    """Stops the parser; the client has its answer by then."""


class OneWrite:
    """A transport that holds the head of a reply until its body comes, since two writes cost two system calls."""

    __slots__ = ("_held", "_transport", "get_extra_info", "is_closing", "pause_reading", "resume_reading")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._held = b""
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        if self._held:
            data, self._held = self._held + data, b""
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 100"):
            self._held = data
            return
        if not self.is_closing():  # uvicorn tells only the newest request that the client is gone
            self._transport.write(data)

    def close(self) -> None:
        if self._held:
            self._transport.write(self._held)
            self._held = b""
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def say(self, data: bytes) -> None:
        """Writes bytes as they are, after what was held; to a client that is gone, nothing."""
        data, self._held = self._held + data, b""
        if data and not self.is_closing():
            self._transport.write(data)

    def cut(self, hang_up: Callable[[Any], None]) -> None:
        """Hangs up in this way once what was said is on its way; whatever is written from now on goes nowhere."""
        self.say(b"")
        transport, self._transport = self._transport, Nowhere()
        hang_up(transport)


class Nowhere:
    """Where writes go on a line that was cut."""

    def write(self, data: bytes) -> None:
        """Takes no notice."""

    def close(self) -> None:
        """It is closed."""

    abort = close


class OneReadAhead(FlowControl):
    """Reads on only while no request waits for its turn, or who asks and asks would have them all kept here."""

    def __init__(self, transport: Any, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        if not self._waiting and not self._transport.is_closing():
            super().resume_reading()


class Lent:
    """The means to hang up that a line lends to the application."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._over = False
        self.gone = False

    async def pause(self, seconds: float) -> None:
        if not self._over:
            await self._pause_or_drop(seconds)

    async def _pause_or_drop(self, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:  # the server closes, and waits no longer
            self._over = True
            await self.drop()

    async def say(self, data: bytes) -> None:
        self._line.wire.say(data)

    async def drop(self) -> None:
        self._line.wire.cut(lambda transport: transport.close())

    async def reset(self) -> None:
        self._line.wire.say(b"")
        if not self._line.wire.is_closing():
            self._line.wire.pause_reading()  # or a next request might be heard that is never answered
        await asyncio.sleep(0)  # uvloop writes at the end of its round
        await asyncio.sleep(0)
        self._line.wire.cut(_break_off)

    async def hang(self, receive: Receive, seconds: float) -> None:
        self._line.wire.say(b"")
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(receive(), seconds)
        await self.drop()


def _break_off(transport: Any) -> None:
    with contextlib.suppress(OSError, ValueError):  # the client may be gone by now
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
    transport.abort()


class Line(HttpToolsProtocol):
    """uvicorn's protocol over httptools, with bounds. `limits` is set on the class that a server makes for itself."""

    limits = Limits()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self.flow = OneReadAhead(transport, self.pipeline)
        self.wire = OneWrite(transport)
        self.transport = self.wire  # type: ignore[assignment]
        self._lent = Lent(self)
        self.app_state = {LENT: self._lent}
        self._hears, self._loose, self._due = HEAD, 0, 0
        self._last_word: Callable[[], None] | None = None
        self._began = self._heard = self.loop.time()
        if len(self.connections) > self.limits.connections:
            self.refuse(503, "connections", f"more than {self.limits.connections} connections are open")

    def connection_lost(self, exc: Exception | None) -> None:
        self._lent.gone = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Also counts the bytes that are neither body nor of a whole head, which the parser keeps until they are.

        What comes in one piece with the end of something else is not counted, as nobody can tell where it begins.
        """
        if self._last_word is not None:
            return
        self._heard = self.loop.time()
        if self._hears == NOTHING:
            self._hears, self._began = HEAD, self._heard
        self._loose += len(data)
        super().data_received(data)
        if self._loose > self.limits.head + self.limits.url:
            self._refuse_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._hears, self._began = HEAD, self._heard

    def on_headers_complete(self) -> None:
        if len(self.url) > self.limits.url:
            self._stop(414, "url-too-long", f"a request's target has at most {self.limits.url} bytes")
        self._bound_headers()
        super().on_headers_complete()
        self.headers = []  # trailers will be put here, where nobody looks: the guard has seen the others by then
        self._hears, self._loose = BODY, 0
        self._due += 1

    def on_body(self, body: bytes) -> None:
        self._loose = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._bound_headers()
        self._hears, self._loose = NOTHING, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self.wire.say(b"")  # the reply to HEAD has nothing but a head
        self._due -= 1
        self._began = self._heard = self.loop.time()  # who waited for an answer was not slow meanwhile
        super().on_response_complete()
        self._say_last_word()

    def send_400_response(self, msg: str) -> None:
        self._end(partial(super().send_400_response, msg))

    def is_slow(self, now: float) -> bool:
        """Whether the client takes too long over a request that it has begun, or over beginning its first.

        Whoever still waits for another answer does not.
        """
        if self._hears == NOTHING or self._due > self._asks:
            return False
        if self._hears == HEAD:
            return now - self._began > self.limits.head_seconds
        return now - self._heard > self.limits.idle_seconds

    def refuse(self, status: int, error: str, message: str) -> None:
        """Answers in our own name, once all that is owed is said, and hangs up."""
        body = f'{{"message": "{message}"}}'
        head = f"HTTP/1.1 {status} {PHRASES[status]}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self._end(partial(self._leave, f"{head}emulator-error: {error}\r\nconnection: close\r\n\r\n{body}".encode()))

    @property
    def _asks(self) -> bool:
        """Whether the request that is being heard has been passed on, and waits for the rest of its body."""
        return self._hears == BODY and not self.cycle.response_started

    def _end(self, last_word: Callable[[], None]) -> None:
        """Hears nothing more, and says a last word once every answer is out. To what has an answer, there is none."""
        if self._last_word is not None:
            return
        self._last_word = last_word
        if self._asks:
            self._due -= 1
            if self.pipeline:
                self.pipeline.popleft()  # it will never be whole
        elif self._hears == BODY:
            self._last_word = self.transport.close
        self._hears = NOTHING
        self._say_last_word()

    def _say_last_word(self) -> None:
        if self._last_word is not None and not self._due and not self.transport.is_closing():
            self._last_word()

    def _leave(self, reply: bytes) -> None:
        self.transport.write(reply)
        self.transport.close()

    def _bound_headers(self) -> None:
        """Refuses too large a head; at the end of the request, its trailers."""
        if sum(len(name) + len(value) + 4 for name, value in self.headers) > self.limits.head:
            self._refuse_head()
            raise TooMuch

    def _refuse_head(self) -> None:
        self.refuse(431, "head-too-large", f"a request's head has at most {self.limits.head} bytes")

    def _stop(self, status: int, error: str, message: str) -> None:
        self.refuse(status, error, message)
        raise TooMuch
