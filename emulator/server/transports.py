"""The writing side of a connection: one write for each response, and ways to hang up."""

from __future__ import annotations

import socket
import struct
from asyncio import AbstractEventLoop
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from emulator.sdk.response import Stream
from emulator.web.response import LENGTHLESS, header_lines

if TYPE_CHECKING:
    from emulator.web.response import OutgoingResponse, RawHeaders

LINGER = 2
"""Seconds for which input is read and discarded after the last response."""

LINGER_RST = struct.pack("ii", 1, 0)
"""SO_LINGER, so that a close sends RST rather than FIN."""

CLOSES = b"connection: close\r\n"
CONNECTION = b"\r\nconnection: "
"""The beginning of a header line that says something of the connection, behind the end of another line."""


class CoalescingTransport:
    """A transport that holds the head of a response until its body comes, since two writes cost two system calls.

    `kept` are header lines for every head that says nothing of the connection itself, where that `keeps` open. To `close`
    while more of a request `is_to_come` does no more than note that it `ends`: a client that still sends would be reset.
    """

    __slots__ = (
        *("_held", "_is_to_come", "_kept", "_transport", "ends", "get_extra_info", "is_closing", "keeps"),
        *("pause_reading", "resume_reading"),
    )

    def __init__(self, transport: Any, kept: bytes = b"", is_to_come: Callable[[], bool] = lambda: False) -> None:
        self._is_to_come = is_to_come
        self.ends = False
        self._transport = transport
        self._held = b""
        self._kept = kept
        self.keeps = True
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        if self._held:
            data, self._held = self._held + data, b""
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 100"):
            self._held = data if CONNECTION in data else data[:-2] + (self._kept if self.keeps else CLOSES) + b"\r\n"
            return
        if not self.is_closing():  # uvicorn tells only the newest request that the client is gone
            self._transport.write(data)

    def respond(self, response: OutgoingResponse, keeps: bool = True) -> None:
        """Write a whole response in one piece, and close after it where it says so, or where that does not keep open."""
        content = b"" if response.status in LENGTHLESS or isinstance(response.content, Stream) else response.content
        length = b"" if response.status in LENGTHLESS else b"content-length: %d\r\n" % len(content)
        lines = header_lines(response.headers) if response.headers else b""
        head = b"%s%s%s%s" % (STATUS_LINE[response.status], response.written, lines, length)
        is_said = CONNECTION in head
        own = b"" if is_said else self._kept if keeps else CLOSES
        self._transport.write(b"%s%s\r\n%s" % (head, own, content))
        if not keeps or (is_said and _closes(response.headers)):
            self.close()

    def close(self) -> None:
        if self._held:
            self._transport.write(self._held)
            self._held = b""
        self.ends = True
        if not self._is_to_come():
            close_once(self._transport)

    def abort(self) -> None:
        self._transport.abort()

    def hang_up_slowly(self, loop: AbstractEventLoop) -> None:
        """Close when the client has closed too, or after LINGER seconds: input on a closed socket resets it.

        See RFC 9112, 9.6. TLS has no half-closed connections.
        """
        self.flush()
        if not self._transport.can_write_eof():
            close_once(self._transport)
            return
        self._transport.write_eof()
        loop.call_later(LINGER, self._transport.close)

    def let_go(self) -> None:
        """Hold nothing any more that belongs to the connection."""
        self._is_to_come = _nothing

    def write_now(self, data: bytes) -> None:
        """Write bytes as they are, after what was held; to a client that is gone, nothing."""
        data, self._held = self._held + data, b""
        if data and not self.is_closing():
            self._transport.write(data)

    def flush(self) -> None:
        """Write what was held."""
        self.write_now(b"")

    def cut(self, hang_up: Callable[[Any], None]) -> None:
        """Hang up in this way once what was written is sent; discard whatever is written from now on."""
        self.flush()
        transport, self._transport = self._transport, NullTransport()
        hang_up(transport)


def _nothing() -> bool:
    return False


def _closes(headers: RawHeaders) -> bool:
    """Tell whether headers say that the connection is closed after the response."""
    said = [value.lower() for name, value in headers if name == b"connection"]
    return any(token.strip() == b"close" for value in said for token in value.split(b","))


def after_rounds(loop: AbstractEventLoop, rounds: int, act: Callable[[], object]) -> None:
    """Call a function after so many rounds of the loop."""
    if rounds:
        loop.call_soon(after_rounds, loop, rounds - 1, act)
    else:
        act()


class NullTransport:
    """Discards what is written to a connection that was cut."""

    def write(self, data: bytes) -> None:
        """Discard data."""

    def close(self) -> None:
        """Do nothing: it is closed."""

    abort = close

    def is_closing(self) -> bool:
        """Tell that it is closed."""
        return True


def close_once(transport: Any) -> None:
    """Close, unless it closes already: asyncio's transport over TLS that is told so twice can neither be aborted nor asked."""
    if not transport.is_closing():
        transport.close()


def close_with_reset(transport: Any) -> None:
    """Reset the connection, unless it is closed: then it has no socket, which TLS shows as None."""
    if (held := transport.get_extra_info("socket")) is not None:
        with suppress(OSError, ValueError):
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RST)
    transport.abort()


def has_failed(transport: Any) -> bool:
    """Tell whether the client's machine has refused what was sent, which a loop notices only when it sends or reads more."""
    if (held := transport.get_extra_info("socket")) is None:
        return True
    try:
        return bool(held.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    except (OSError, ValueError):  # it is closed
        return True
