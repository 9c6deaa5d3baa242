"""What goes out on a line: in few writes, and whether it is taken; and how far ahead is read of what comes in."""

from __future__ import annotations

import socket
import struct
from asyncio import AbstractEventLoop
from collections.abc import Callable, Sized
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

LINGER = 2
"""Seconds for which a client is heard, and not listened to, after our last word."""

LINGER_RST = struct.pack("ii", 1, 0)
"""SO_LINGER, so that a close does not say goodbye (FIN) but breaks off (RST)."""

CLOSES = b"connection: close\r\n"


class CoalescingTransport:
    """A transport that holds the head of a reply until its body comes, since two writes cost two system calls.

    `kept` are header lines for every head that says nothing of the connection itself, where that `keeps` open.
    """

    __slots__ = ("_held", "_kept", "_transport", "get_extra_info", "is_closing", "keeps", "pause_reading", "resume_reading")

    def __init__(self, transport: Any, kept: bytes = b"") -> None:
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
            self._held = data if b"\r\nconnection: " in data else data[:-2] + (self._kept if self.keeps else CLOSES) + b"\r\n"
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

    def hang_up_slowly(self, loop: AbstractEventLoop) -> None:
        """Closes when the client has closed too, or after a while: what it still sends would break off our last word.

        See RFC 9112, 9.6. TLS has no half-closed connections.
        """
        self.say(b"")
        if not self._transport.can_write_eof():
            self._transport.close()
            return
        self._transport.write_eof()
        loop.call_later(LINGER, self._transport.close)

    def say(self, data: bytes) -> None:
        """Writes bytes as they are, after what was held; to a client that is gone, nothing."""
        data, self._held = self._held + data, b""
        if data and not self.is_closing():
            self._transport.write(data)

    def cut(self, hang_up: Callable[[Any], None]) -> None:
        """Hangs up in this way once what was said is on its way; whatever is written from now on goes nowhere."""
        self.say(b"")
        transport, self._transport = self._transport, NullTransport()
        hang_up(transport)


def after_rounds(loop: AbstractEventLoop, rounds: int, act: Callable[[], object]) -> None:
    """Acts once the loop has gone round so often."""
    if rounds:
        loop.call_soon(after_rounds, loop, rounds - 1, act)
    else:
        act()


class NullTransport:
    """Where writes go on a line that was cut."""

    def write(self, data: bytes) -> None:
        """Takes no notice."""

    def close(self) -> None:
        """It is closed."""

    abort = close


def close_with_reset(transport: Any) -> None:
    """Resets the connection, unless it is closed: then it has no socket, which TLS says by None."""
    if (held := transport.get_extra_info("socket")) is not None:
        with suppress(OSError, ValueError):
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RST)
    transport.abort()


def has_failed(transport: Any) -> bool:
    """Tell whether the client's machine has refused what was sent, which a loop notices only when it sends or hears more."""
    if (held := transport.get_extra_info("socket")) is None:
        return True
    try:
        return bool(held.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    except (OSError, ValueError):  # it is closed
        return True


class PipelineBackpressure(FlowControl):
    """Reads on only while no request waits for its turn, or who asks and asks would have them all kept here."""

    def __init__(self, transport: Any, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        if not self._waiting and not self._transport.is_closing():
            super().resume_reading()


class Persistence:
    """Follows which request is being answered on a wire, and tells the wire whether the connection is kept after it."""

    def __init__(self, wire: CoalescingTransport) -> None:
        self._wire = wire
        self._answered: RequestResponseCycle | None = None
        self._keeps_with_body = False

    @property
    def is_first(self) -> bool:
        """Tell whether no request has come yet."""
        return self._answered is None

    def begin(self, cycle: RequestResponseCycle) -> None:
        """Note whose answer comes next."""
        self._answered = cycle
        self._wire.keeps = cycle.keep_alive

    def keep_only_with_body(self, cycle: RequestResponseCycle) -> None:
        """Close after the answer, unless the body comes before it that the client is to be asked for.

        Without it nobody can tell whether a body or a request comes next (RFC 9110, 10.1.1).
        """
        self._keeps_with_body = cycle.keep_alive
        self._keep(cycle, False)

    def note_body(self, cycle: RequestResponseCycle) -> None:
        """Note that a body comes, or is at its end."""
        if self._keeps_with_body and not cycle.response_started:
            self._keep(cycle, True)
        self._keeps_with_body = False

    def close_after(self, cycle: RequestResponseCycle) -> None:
        """Close after the answer to this request, and say so where it has not begun."""
        if not cycle.response_started:
            self._keep(cycle, False)

    def leave_unsaid(self) -> None:
        """Tell the request that is being answered that nobody hears the rest; uvicorn tells only the newest."""
        if self._answered is not None:
            self._answered.disconnected = True
            self._answered.message_event.set()

    def _keep(self, cycle: RequestResponseCycle, keeps: bool) -> None:
        cycle.keep_alive = keeps
        if self._answered is cycle:
            self._wire.keeps = keeps
