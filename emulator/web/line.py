"""The line to a client: bounded in size and time before anything is understood, and answered with one write."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from emulator.kernel.limits import Limits
from emulator.web.accidents import LENT
from emulator.web.wire import Receive

LINGER_NOT = struct.pack("ii", 1, 0)
"""SO_LINGER, so that a close does not say goodbye (FIN) but breaks off (RST)."""

PHRASES = {408: "Request Timeout", 414: "URI Too Long", 431: "Request Header Fields Too Large", 503: "Service Unavailable"}


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


class Lent:
    """The means to hang up that a line lends to the application."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.gone = False

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def say(self, data: bytes) -> None:
        self._wire.say(data)

    async def drop(self) -> None:
        self._wire.cut(lambda transport: transport.close())

    async def reset(self) -> None:
        self._wire.say(b"")
        if not self._wire.is_closing():
            self._wire.pause_reading()  # or a next request might be heard that is never answered
        await asyncio.sleep(0)  # uvloop writes at the end of its round
        await asyncio.sleep(0)
        self._wire.cut(_break_off)

    async def hang(self, receive: Receive, seconds: float) -> None:
        self._wire.say(b"")
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(receive(), seconds)
        await self.drop()

    @property
    def _wire(self) -> OneWrite:
        wire: OneWrite = self._line.transport  # type: ignore[assignment]
        return wire


def _break_off(transport: Any) -> None:
    with contextlib.suppress(OSError, ValueError):  # the client may be gone by now
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
    transport.abort()


class Line(HttpToolsProtocol):
    """uvicorn's protocol over httptools, with bounds. `limits` is set on the class that a server makes for itself."""

    limits = Limits()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self.transport = OneWrite(transport)  # type: ignore[assignment]
        self._lent = Lent(self)
        self.app_state = {LENT: self._lent}
        self._in_head, self._in_request, self._head_bytes = True, True, 0
        self._began = self._heard = self.loop.time()
        if len(self.connections) > self.limits.connections:
            self.refuse(503, "connections", f"more than {self.limits.connections} connections are open")

    def connection_lost(self, exc: Exception | None) -> None:
        self._lent.gone = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._heard = self.loop.time()
        if not self._in_request:
            self._in_head, self._in_request, self._head_bytes, self._began = True, True, 0, self._heard
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > self.limits.head + self.limits.url:
                self.refuse(431, "head-too-large", f"a request's head has at most {self.limits.head} bytes")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._in_request = True, True

    def on_headers_complete(self) -> None:
        self._in_head = False
        if len(self.url) > self.limits.url:
            self._stop(414, "url-too-long", f"a request's target has at most {self.limits.url} bytes")
        if sum(len(name) + len(value) + 4 for name, value in self.headers) > self.limits.head:
            self._stop(431, "head-too-large", f"a request's head has at most {self.limits.head} bytes")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_request = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def is_slow(self, now: float) -> bool:
        """Whether the client takes too long over a request that it has begun, or over beginning its first."""
        if self._in_head:
            return now - self._began > self.limits.head_seconds
        return self._in_request and now - self._heard > self.limits.idle_seconds

    def refuse(self, status: int, error: str, message: str) -> None:
        """Answers in our own name, whatever was being said, and hangs up."""
        body = f'{{"message": "{message}"}}'
        head = f"HTTP/1.1 {status} {PHRASES[status]}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(f"{head}emulator-error: {error}\r\nconnection: close\r\n\r\n{body}".encode())
        self.transport.close()

    def _stop(self, status: int, error: str, message: str) -> None:
        self.refuse(status, error, message)
        raise TooMuch
