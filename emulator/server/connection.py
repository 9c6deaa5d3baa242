"""A connection with a client: uvicorn's protocol over httptools, bounded in size and time, with one write per response.

Most requests are ordinary: one piece with a whole ASCII head and the whole body, a plain target and no header that asks for
more than an answer. A cheap look recognizes them; the modules for everything else are called only where it fails. The gateway
answers them at once, where nothing must be waited for, and after the first with such a head without a look at it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import unquote

from httptools import HttpParserError, HttpParserUpgrade, parse_url

from emulator.server.ending import BODY, HEAD, IDLE
from emulator.server.framing import MISSPELT, Head, flaw_in, flaw_of, head_too_large, origin_form, too_large
from emulator.server.input_flow import MANY_LINES, InputFlow
from emulator.server.kept_answers import KeepingProtocol, hold_nothing
from emulator.server.request_line import RequestLine, feed, parse_without_upgrade
from emulator.server.room import Room, crowded
from emulator.server.socket_connection import SocketConnection
from emulator.server.timeouts import IDLE_NUMBERS, has_unread_bytes, keep_alive_headers
from emulator.server.transports import CoalescingTransport
from emulator.web.connection import CONNECTION_KEY
from emulator.web.guard import OPEN
from emulator.web.requests import LONG_BODY, NOT_UTF_8

if TYPE_CHECKING:
    from emulator.web.gateway import Gateway
    from emulator.web.plan import Plan

HEAD_END = b"\r\n\r\n"
SPECIAL_HEADERS = frozenset({b"expect", b"transfer-encoding", b"upgrade"})
"""Headers of requests that are not ordinary."""

FRAMING = 16
"""Bytes of sizes and extensions of chunks for each byte of a body that do not count; a chunk of one byte needs five."""


class HttpConnection(KeepingProtocol):
    """One connection. A server has a subclass of its own with its `limits`, `room`, `refusals_log` and `keep_alive` lines.

    `gateway` is the application, where that can answer at once.
    """

    room = Room()
    gateway: Gateway | None = None
    keep_alive = keep_alive_headers(KeepingProtocol.limits.keep_alive)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.flow = self._input = InputFlow(transport, self.pipeline, self.loop, self._take)
        self.writer = CoalescingTransport(transport, self.keep_alive, self._is_to_come)
        self.transport = self.writer  # type: ignore[assignment]
        self._socket = SocketConnection(self)
        self.app_state = {CONNECTION_KEY: self._socket}
        self._unparsed = 0
        self._ordinary = self._body = b""
        self._request_line = RequestLine()
        if len(self.connections) > self.limits.connections:
            self.is_spare = self.room.make(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go whatever holds this connection: its memory is free at once, since not all that is in a cycle is looked for."""
        super().connection_lost(exc)
        self._ending = None
        for cycle, _ in self.pipeline:  # nobody hears the answers to requests that have not begun
            cycle.on_response = hold_nothing
        self.pipeline.clear()
        for held in (self._input, self.writer, self._socket):
            held.let_go()

    def data_received(self, data: bytes) -> None:
        gateway = self._gateway_if_free()
        if gateway is not None and self._answer_known(gateway, data):
            return
        is_pipeline = self._reading == IDLE and data.count(HEAD_END) > 1
        if self._input.rest or is_pipeline or data.count(b"\r\n") > MANY_LINES:
            self._input.take_in_slices(data, is_pipeline)
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
        size = len(data)
        self._unparsed += size
        self._received += size
        if is_idle:
            self._reading, self._head_began = HEAD, self._last_read
            if size <= self.limits.head and _is_one_request(data):
                self._ordinary, self._body = data, b""
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
        if self._ordinary and self._is_ordinary():
            return  # it is looked at when it is complete
        if self._ordinary:
            self._request_line.begin_with(self._ordinary)
            self._ordinary = b""
        head = self._check()
        if self.parser.should_upgrade():
            return
        self.url, self.headers = origin_form(self.url, self.headers)
        self.scope["headers"], self.expect_100_continue = self.headers, head.expects_continue
        self._begin_cycle()
        self._pace.begin(self._last_read, self._received)
        self._request_line.end_head()

    def _begin_cycle(self) -> None:
        """Hand the request whose head is read to the application, as soon as those before it are answered."""
        super().on_headers_complete()
        if not self.pipeline:
            self._answered, self.writer.keeps = self.cycle, self.cycle.keep_alive
        if self.expect_100_continue:
            self._expect_body()
        self.headers = []  # trailers will be put here, where nobody looks: the guard has seen the others by then
        self._reading, self._unparsed = BODY, 0
        self._unanswered += 1

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
            and all(value.lower() == b"keep-alive" for name, value in self.headers if name == b"connection")
        )

    def on_body(self, body: bytes) -> None:
        if self._ordinary:
            self._body = body
            return
        self._unparsed = max(0, self._unparsed - FRAMING * len(body))
        self._request_line.pass_over(body)
        self._note_body()
        super().on_body(body)
        if self.cycle.response_complete:
            self._discard(len(body))

    def on_message_complete(self) -> None:
        if self._ordinary:
            self._complete_ordinary()
            return
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

    def _complete_ordinary(self) -> None:
        """Answer an ordinary request at once, or hand it to the application where it must wait for something."""
        self._reading, self._unparsed = IDLE, 0
        gateway = self._gateway_if_free()
        if gateway is not None and self._answer_new(gateway):
            return
        self._begin_cycle()
        self._reading = IDLE
        super().on_body(self._body)
        super().on_message_complete()

    def _gateway_if_free(self) -> Gateway | None:
        """Return the gateway where nothing else is under way on this connection, and all that was sent is on its way."""
        is_free = (
            self._reading == IDLE
            and self._unanswered == 0
            and not (self._ending or self._ignores_input or self.is_spare or self._input.rest or self.flow.write_paused)
            and not (self._socket.half_closed or self._socket.gone)
        )
        return self.gateway if is_free else None

    def _answer_known(self, gateway: Gateway, data: bytes) -> bool:
        """Answer a whole request with a head that has come before; return whether it is answered."""
        ends = data.find(HEAD_END) + len(HEAD_END)
        plan = gateway.plans.known((self.scheme, data[:ends]))
        return plan is not None and self._answer_at_once(gateway, plan, data[ends:])

    def _answer_new(self, gateway: Gateway) -> bool:
        """Answer the ordinary request that has been parsed; return whether it is answered."""
        url = parse_url(self.url)
        path = url.path.decode()
        scope = {**self.scope, "method": self.parser.get_method().decode(), "path": unquote(path) if "%" in path else path}
        scope |= {"raw_path": url.path, "query_string": url.query or b""}
        head = self._ordinary[: len(self._ordinary) - len(self._body)]
        plan = gateway.plan_at_once(scope, (self.scheme, head))
        return plan is not None and self._answer_at_once(gateway, plan, self._body)

    def _answer_at_once(self, gateway: Gateway, plan: Plan, body: bytes) -> bool:
        response = gateway.vendors.answer_at_once(plan, body)
        if response is None:
            return False
        self._last_read = self.loop.time()
        if response.receipt is not None:
            self._answer_when_kept(gateway, plan, response, response.receipt.receipt)
            return True
        self._idle_number = next(IDLE_NUMBERS)
        self.server_state.total_requests += 1
        self.writer.respond(response)
        return True

    def on_response_complete(self) -> None:
        self.writer.flush()  # the response to HEAD has nothing but a head
        self._unanswered -= 1
        self._head_began = self._last_read = self.loop.time()  # a client that waited for a response was not slow meanwhile
        self._idle_number = next(IDLE_NUMBERS)
        if self.pipeline:
            self._answered = self.pipeline[-1][0]  # the one that uvicorn takes up now
            self.writer.keeps = self._answered.keep_alive
        super().on_response_complete()
        self._unset_keepalive_if_required()  # the tick of the server closes idle connections
        self._end_if_answered()

    def close_if_idle(self, now: float) -> None:
        """Close a connection that has been idle for too long, unless a request has just come, which is not read yet."""
        is_idle = self._reading == IDLE and not self._unanswered and now - self._last_read > self.timeout_keep_alive
        if is_idle and not (self.transport.is_closing() or self.has_unread_bytes()):
            self.transport.close()

    def has_unread_bytes(self) -> bool:
        return bool(self._input.rest) or has_unread_bytes(self.writer)

    def _check(self) -> Head:
        """Return the head that was read; refuse it where it must be refused, whatever it asks for."""
        head = Head(self.parser.get_method(), self.url, self.parser.get_http_version(), self.headers)
        is_spelt = self._request_line.is_spelt(head.method, head.target, head.version)
        self._stop_for(flaw_of(head, self.limits) or (None if is_spelt else MISSPELT))
        return head


def _is_one_request(data: bytes) -> bool:
    """Tell whether data is one head in ASCII, with CRLF at every line's end, and the body of which it names the length."""
    ends = data.find(HEAD_END) + len(HEAD_END)
    head, size = data[:ends], len(data) - ends
    if ends < len(HEAD_END) or not head.isascii() or not head.count(b"\r") == head.count(b"\n") == head.count(b"\r\n"):
        return False
    lengths = head.lower().split(b"\r\ncontent-length:")[1:]
    return size == 0 == len(lengths) or [b"%d" % size] == [value.partition(b"\r\n")[0].strip() for value in lengths]
