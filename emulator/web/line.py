"""The line to a client: bounded in size and time before anything is understood, and answered with one write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from emulator.kernel.limits import Limits
from emulator.web.accidents import LENT
from emulator.web.exchange_lines import ExchangeLines
from emulator.web.flow import OneReadAhead, OneWrite, Unread
from emulator.web.guard import PREFIX
from emulator.web.idle import RESTS, has_unread_bytes, hint, longest_idle
from emulator.web.refusals import reason_of, refusal
from emulator.web.request_line import RequestLine
from emulator.web.socket_connection import SocketConnection
from emulator.web.target import NOT_UTF_8, with_path

NOTHING, HEAD, BODY = range(3)
"""What a line hears: nothing since the last request, or part of the next. Trailers are heard with the body."""


class TooMuch(Exception):
    """Stops the parser; the client has its answer by then."""


class Line(HttpToolsProtocol):
    """uvicorn's protocol over httptools, with bounds. A server sets `limits` and `lines` on a class of its own."""

    limits = Limits()
    lines: ExchangeLines | None = None
    kept = hint(limits.keep_alive)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self.flow = OneReadAhead(transport, self.pipeline)
        self.wire = OneWrite(transport, self.kept)
        self.transport = self.wire  # type: ignore[assignment]
        self._lent = SocketConnection(self)
        self._answered: RequestResponseCycle | None = None
        self._half_closed = False
        self.app_state = {LENT: self._lent}
        self._hears, self._loose, self._due = NOTHING, 0, 0
        self._request_line = RequestLine()
        self._last_word: Callable[[], None] | None = None
        self._unsent: Callable[[], int] = transport.get_write_buffer_size  # type: ignore[attr-defined]
        self._unread = Unread(self._unsent)
        self.abort: Callable[[], None] = transport.abort  # type: ignore[attr-defined]
        self._began = self._heard = self.loop.time()
        self._rests_since = next(RESTS)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        self._make_room()

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio reads what is returned
        """Keep a half-closed connection open while a control request is answered, which may take a thread of its own.

        The client of a vendor that closes its side is taken to be gone. TLS has no half-closed connections.
        """
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.more_body or cycle.response_complete:
            return False
        is_tls = self.transport.get_extra_info("ssl_object") is not None
        self._half_closed = not is_tls and cycle.scope["path"].startswith(PREFIX)
        return self._half_closed

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave_unsaid()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        self._unread.begin_anew()
        super().resume_writing()

    def cut(self, hang_up: Callable[[Any], None]) -> None:
        """Hangs up in this way once what was said is on its way."""
        self._leave_unsaid()
        self.wire.cut(hang_up)

    def data_received(self, data: bytes) -> None:
        """Also counts the bytes that are neither body nor of a whole head, which the parser keeps until they are.

        What comes in one piece with the end of something else is not counted, as nobody can tell where it begins.
        """
        if self._last_word is not None or (self._hears == NOTHING and not data.strip(b"\r\n")):
            return  # the end of a line after a body, as some clients send it, begins no request
        self._heard = self.loop.time()
        if self._hears == NOTHING:
            self._hears, self._began = HEAD, self._heard
        self._loose += len(data)
        self._unset_keepalive_if_required()
        try:
            for piece in self._request_line.pieces(data):
                self._parse(piece)
                if self._request_line.is_broken:
                    self.refuse(400, "bad-request", NOT_UTF_8)
                    return
        except HttpParserError as error:
            self._refuse_nonsense(error, data)
        if self._loose > self.limits.head + self.limits.url:
            self._refuse_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._request_line.begin()
        self._hears, self._began = HEAD, self._heard

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            self._bound_offer()
            return
        if len(self.url) > self.limits.url:
            self._stop(414, "url-too-long", f"a request's target has at most {self.limits.url} bytes: {Limits.more('url')}")
        self._bound_headers()
        if not self.url.startswith(b"/"):
            self.url = with_path(self.url)
        super().on_headers_complete()
        if not self.pipeline:
            self._begin(self.cycle)
        self.headers = []  # trailers will be put here, where nobody looks: the guard has seen the others by then
        self._hears, self._loose = BODY, 0
        self._request_line.end_head()
        self._due += 1

    def on_body(self, body: bytes) -> None:
        self._loose = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._bound_headers()
        self._hears, self._loose = NOTHING, 0
        self._request_line.end()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self.wire.say(b"")  # the reply to HEAD has nothing but a head
        self._due -= 1
        self._began = self._heard = self.loop.time()  # who waited for an answer was not slow meanwhile
        self._rests_since = next(RESTS)
        if self.pipeline:
            self._begin(self.pipeline[-1][0])  # the one that uvicorn takes up now
        super().on_response_complete()
        self._say_last_word()
        if self._half_closed and not self._due:
            self.transport.close()

    def timeout_keep_alive_handler(self) -> None:
        """Closes the idle connection, unless a request has just come: loops may look at the time before they read."""
        if not self.has_unread_bytes():
            super().timeout_keep_alive_handler()

    def has_unread_bytes(self) -> bool:
        return has_unread_bytes(self.wire)

    def idle_since(self) -> int | None:
        """The number of its rest, which begins with an answer, or with the connection; None while a request is under way."""
        if self._hears != NOTHING or self._due or self.transport.is_closing():
            return None
        return self._rests_since

    @property
    def owes(self) -> bool:
        """Tell whether a whole request is still to be answered, which no fault holds up, and whose client reads."""
        return self._due > self._asks and not self._lent.waits and not self._unsent()

    @property
    def mark(self) -> tuple[float, int, int]:
        """A value that changes with every byte and every answer."""
        return self._heard, self._due, self._unsent()

    def is_slow(self, now: float) -> bool:
        """Tell whether the client takes too long over a request that it has begun.

        Whoever still waits for another answer does not.
        """
        if self._hears == NOTHING or self._due > self._asks:
            return False
        if self._hears == HEAD:
            return now - self._began > self.limits.head_seconds
        return now - self._heard > self.limits.idle_seconds

    def is_stuck(self, now: float) -> bool:
        """Whether the client has taken nothing for too long of what is being sent to it."""
        return self._unread.seconds(now) > self.limits.idle_seconds

    def _make_room(self) -> None:
        """Where too many are open, closes the one that has been idle for longest; where none is idle, refuses this one."""
        if len(self.connections) <= self.limits.connections:
            return
        others = [it for it in self.connections if isinstance(it, Line) and it is not self and not it.transport.is_closing()]
        if len(others) < self.limits.connections:
            return
        if idle := longest_idle(others):
            idle.transport.close()
        else:
            reason = f"more than {self.limits.connections} connections are open, and none is idle: see --max-connections"
            self.refuse(503, "connections", reason)

    def refuse(self, status: int, error: str, message: str) -> None:
        """Answers in our own name, once all that is owed is said, and hangs up."""
        if self.lines is not None and self._last_word is None and (self._hears != BODY or self._asks):
            self.lines.of_line(*self._asked(), status, error, message)
        self._end(partial(self._leave, refusal(status, error, message)))

    def _asked(self) -> tuple[str, str]:
        """The method and target of the request that is being heard; `-` for what is not known."""
        if self._hears == NOTHING or not self.url:
            return "-", "-"
        return self.parser.get_method().decode(), self.url.decode("latin-1")

    def _begin(self, cycle: RequestResponseCycle) -> None:
        """Notes whose answer comes next, and whether the connection outlives it: uvicorn says neither in all its releases."""
        self._answered = cycle
        self.wire.keeps = cycle.keep_alive

    def _leave_unsaid(self) -> None:
        """Nobody hears the rest of the answer that is under way, of which uvicorn tells only the newest request."""
        self._lent.leave()
        if self._answered is not None:
            self._answered.disconnected = True
            self._answered.message_event.set()

    @property
    def _asks(self) -> bool:
        """Whether the request that is being heard has been passed on, and waits for the rest of its body."""
        return self._hears == BODY and not self.cycle.response_started

    def _parse(self, data: bytes | memoryview) -> None:
        """Feeds the parser. An offer to go on in another protocol is not taken up, and the request read as without it.

        The parser ends such a message with its head, whose body would be taken for the next request.
        """
        while data:
            try:
                self.parser.feed_data(data)
                return
            except HttpParserUpgrade as offer:
                data = memoryview(data)[offer.args[0] :]
            self._parse_head_again()

    def _parse_head_again(self) -> None:
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())]
        lines += [b"%s: %s" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn makes its own
        self.parser.feed_data(b"\r\n".join([*lines, b"\r\n"]))

    def _refuse_nonsense(self, error: HttpParserError, data: bytes) -> None:
        if self._last_word is None:  # or a callback has refused it by name
            reason = reason_of(error, data, is_first=self._answered is None)
            if self.lines is None:
                self.logger.warning("Invalid HTTP request received: %s", reason)
            self.refuse(400, "bad-request", f"this is no request in HTTP/1.1: {reason}")

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

    def _bound_offer(self) -> None:
        """Refuses too large a head that offers to go on in another protocol, and any that demands it."""
        if self.parser.get_method() == b"CONNECT":
            self._stop(501, "no-tunnel", "this is no proxy, and opens no tunnel")
        self._bound_headers()

    def _refuse_head(self) -> None:
        self.refuse(431, "head-too-large", f"a request's head has at most {self.limits.head} bytes: {Limits.more('head')}")

    def _stop(self, status: int, error: str, message: str) -> None:
        self.refuse(status, error, message)
        raise TooMuch
