"""A connection with a client: uvicorn's protocol over httptools, bounded in size and time, with one write per response.

Most requests are ordinary: a whole ASCII head in one piece, no body, a plain target and no header that asks for more than an
answer. A cheap look recognizes them; the modules for everything else are called only where it fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sized
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.flow_control import FlowControl

from emulator.server.ending import BODY, HEAD, IDLE
from emulator.server.framing import MISSPELT, Head, flaw_in, flaw_of, head_too_large, origin_form, too_large
from emulator.server.request_line import RequestLine, feed, parse_without_upgrade
from emulator.server.room import Room, crowded
from emulator.server.socket_connection import SocketConnection
from emulator.server.timeouts import IDLE_NUMBERS, has_unread_bytes, keep_alive_headers
from emulator.server.transports import CoalescingTransport
from emulator.server.waiting import WaitingProtocol
from emulator.web.connection import CONNECTION_KEY
from emulator.web.event_loop import call_in_turn
from emulator.web.guard import OPEN
from emulator.web.requests import LONG_BODY, NOT_UTF_8

HEAD_END = b"\r\n\r\n"
BODILESS = frozenset({None, b"0"})
SPECIAL_HEADERS = frozenset({b"expect", b"transfer-encoding", b"upgrade"})
"""Headers of requests that are not ordinary."""


MANY_LINES = 1_000
"""Lines in data that came at once, beyond which it is parsed in slices: each chunk of a body, and each request, takes time."""

SLICE = 8_192
"""Bytes that are parsed then, before others have their turn: 1,400 chunks of one byte each."""


class InputFlow(FlowControl):
    """Reads on while no pipelined request waits and all is parsed; `take` parses many lines in slices, one in each round.

    Much data that begins a request is parsed when its turn comes, and after more of it reading goes on when its turn comes: of
    all that send much, a few have their turns in each round.
    """

    def __init__(self, transport: Any, waiting: Sized, loop: asyncio.AbstractEventLoop, take: Callable[[bytes], None]) -> None:
        super().__init__(transport)
        self._waiting = waiting
        self._loop = loop
        self._take = take
        self._is_due = self._may_go_on = False
        self.rest = b""

    def let_go(self) -> None:
        """Hold the connection no longer: it is lost, and what is not parsed yet is nobody's."""
        self.rest, self._take = b"", _discard

    def take_in_slices(self, data: bytes) -> None:
        self.rest += data
        self.pause_reading()
        self._take_slice()

    def resume_reading(self) -> None:
        if not self.read_paused or self._waiting or self._transport.is_closing():
            return
        if self._is_due:
            self._may_go_on = True
        elif not self.rest:
            super().resume_reading()
        else:
            self._is_due = True
            self._loop.call_soon(self._take_slice)

    def take_in_turn(self, data: bytes) -> None:
        """Parse data, if there is any, and read on, when others that sent much before have had their turns."""
        self._may_go_on, self._is_due = bool(data) or not self.read_paused, True
        self.rest = data
        self.pause_reading()
        call_in_turn(self._loop, self._on_turn)

    def _on_turn(self) -> None:
        self._is_due = False
        if self._may_go_on and not (self._waiting or self._transport.is_closing()):
            data, self.rest = self.rest, b""
            super().resume_reading()
            if data:
                self._take(data)

    def _take_slice(self) -> None:
        self._is_due = False
        piece, self.rest = self.rest[:SLICE], self.rest[SLICE:]
        self._take(piece)
        self.resume_reading()


def _discard(_: bytes) -> None:
    """Take nothing."""


class HttpConnection(WaitingProtocol):
    """One connection. A server has a subclass of its own with its `limits`, `room`, `refusals_log` and `keep_alive` lines."""

    room = Room()
    keep_alive = keep_alive_headers(WaitingProtocol.limits.keep_alive)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.flow = self._input = InputFlow(transport, self.pipeline, self.loop, self._take)
        self.writer = CoalescingTransport(transport, self.keep_alive, self._is_to_come)
        self.transport = self.writer  # type: ignore[assignment]
        self._socket = SocketConnection(self)
        self.app_state = {CONNECTION_KEY: self._socket}
        self._unparsed = 0
        self._ordinary = b""
        self._request_line = RequestLine()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        if len(self.connections) > self.limits.connections:
            self.is_spare = self.room.make(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go whatever holds this connection: its memory is free at once, since not all that is in a cycle is looked for."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()  # uvicorn leaves the timer of one that is reset
        self._ending = None
        for held in (self._input, self.writer, self._socket):
            held.let_go()

    def data_received(self, data: bytes) -> None:
        if self._input.rest or data.count(b"\r\n") > MANY_LINES:
            self._input.take_in_slices(data)
        elif self._reading == IDLE and len(data) >= LONG_BODY:
            self._input.take_in_turn(data)
        else:
            self._take(data)
            if len(data) >= LONG_BODY:
                self._input.take_in_turn(b"")

    def _take(self, data: bytes) -> None:
        """Parse data; count the bytes that are neither body nor of a whole head, which the parser keeps until they are.

        What comes in one piece with the end of something else is not counted, as nobody can tell where it begins.
        """
        is_idle = self._reading == IDLE
        if self._ignores_input or self._ending is not None or (is_idle and not data.strip(b"\r\n")):
            return  # the end of a line after a body, as some clients send it, begins no request
        self._last_read = self.loop.time()
        self._unset_keepalive_if_required()
        size = len(data)
        self._unparsed += size
        self._received += size
        if is_idle:
            self._reading, self._head_began = HEAD, self._last_read
            if size <= self.limits.head and _is_one_head(data):
                self._ordinary = data
        try:
            if self._ordinary:
                self._feed_ordinary(data)
            else:
                self._feed(data)
        except HttpParserError as error:
            self._refuse_nonsense(flaw_in(error, data, is_first=self._answered is None))
        if self._unparsed > self.limits.head + self.limits.url:
            self.refuse(*head_too_large(self.limits))

    def _feed_ordinary(self, head: bytes) -> None:
        try:
            self.parser.feed_data(head)
        except HttpParserUpgrade:
            parse_without_upgrade(self)
        finally:
            self._ordinary = b""

    def _feed(self, data: bytes) -> None:
        for piece in self._request_line.pieces(data):
            feed(self, piece)
            if self._request_line.is_broken:
                self.refuse(400, "bad-request", NOT_UTF_8)
                return

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._reading, self._head_began = HEAD, self._last_read
        if not self._ordinary:
            self._request_line.begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value.rstrip(b" \t"))  # the parser leaves tabs at its end

    def on_headers_complete(self) -> None:
        if self.is_spare and self.url.decode("latin-1") not in OPEN and len(self.connections) > self.limits.connections:
            self._stop_for(crowded(self.limits))
        if self._ordinary and not self._is_ordinary():
            self._request_line.begin_with(self._ordinary)
            self._ordinary = b""
        if not self._ordinary:
            head = self._check()
            if self.parser.should_upgrade():
                return
            self.url, self.headers = origin_form(self.url, self.headers)
            self.scope["headers"], self.expect_100_continue = self.headers, head.expects_continue
        super().on_headers_complete()
        if not self.pipeline:
            self._answered, self.writer.keeps = self.cycle, self.cycle.keep_alive
        if self.expect_100_continue:
            self._expect_body()
        self.headers = []  # trailers will be put here, where nobody looks: the guard has seen the others by then
        self._reading, self._unparsed = BODY, 0
        self._unanswered += 1
        if not self._ordinary:
            self._pace.begin(self._last_read, self._received)
            self._request_line.end_head()

    def _is_ordinary(self) -> bool:
        """Tell whether a head that came as one piece is one that need not be looked at any closer."""
        method, headers = self.parser.get_method(), dict(self.headers)
        line = b"%s %s HTTP/1.1\r\n" % (method, self.url)
        return (
            self._ordinary.startswith(line)
            and self.url.startswith(b"/")
            and b"#" not in self.url
            and method != b"CONNECT"
            and len(self.url) <= self.limits.url
            and len(self.headers) <= self.limits.headers
            and SPECIAL_HEADERS.isdisjoint(headers)
            and headers.get(b"content-length") in BODILESS
        )

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        self._request_line.pass_over(body)
        self._note_body()
        super().on_body(body)
        if self.cycle.response_complete:
            self._discard(len(body))

    def on_message_complete(self) -> None:
        if not self._ordinary:
            if self.parser.should_upgrade():
                return
            self._stop_for(too_large(self.headers, self.limits))  # these are trailers
            self._note_body()
            self._request_line.end()
        self._reading, self._unparsed = IDLE, 0
        super().on_message_complete()
        if self.cycle.response_complete:
            self._end_discarding()
        if self.cycle.keep_alive and not self.parser.should_keep_alive():
            if not self.cycle.response_started:
                self._keep_alive(self.cycle, False)
            self._end(self.transport.close)  # trailers say so, and the parser reads nothing after them

    def on_response_complete(self) -> None:
        self.writer.flush()  # the response to HEAD has nothing but a head
        self._unanswered -= 1
        self._head_began = self._last_read = self.loop.time()  # a client that waited for a response was not slow meanwhile
        self._idle_number = next(IDLE_NUMBERS)
        if self.pipeline:
            self._answered = self.pipeline[-1][0]  # the one that uvicorn takes up now
            self.writer.keeps = self._answered.keep_alive
        super().on_response_complete()
        self._end_if_answered()

    def timeout_keep_alive_handler(self) -> None:
        """Close the idle connection, unless a request has just come: loops may look at the time before they read."""
        if not self.has_unread_bytes():
            super().timeout_keep_alive_handler()

    def has_unread_bytes(self) -> bool:
        return bool(self._input.rest) or has_unread_bytes(self.writer)

    def _check(self) -> Head:
        """Return the head that was read; refuse it where it must be refused, whatever it asks for."""
        head = Head(self.parser.get_method(), self.url, self.parser.get_http_version(), self.headers)
        is_spelt = self._request_line.is_spelt(head.method, head.target, head.version)
        self._stop_for(flaw_of(head, self.limits) or (None if is_spelt else MISSPELT))
        return head


def _is_one_head(data: bytes) -> bool:
    """Tell whether data is one head and nothing else, in ASCII, with CRLF at every line's end."""
    ends = data.count(b"\r\n")
    return (
        data.isascii()
        and data.find(HEAD_END) == len(data) - len(HEAD_END) >= 0
        and data.count(b"\r") == data.count(b"\n") == ends
    )
