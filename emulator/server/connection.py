"""The line to a client: bounded in size and time before anything is understood, and answered with one write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from emulator.kernel.limits import Limits
from emulator.server.framing import MISSPELT, Head, flaw_in, flaw_of, head_too_large, origin_form, too_large
from emulator.server.request_line import RequestLine, feed
from emulator.server.socket_connection import SocketConnection
from emulator.server.timeouts import RESTS, Pace, WriteStallTimer, has_unread_bytes, hint, longest_idle
from emulator.server.transports import CoalescingTransport, Persistence, PipelineBackpressure, after_rounds
from emulator.web.access_log import AccessLog
from emulator.web.connection import CONNECTION_KEY
from emulator.web.guard import Rejection
from emulator.web.requests import NOT_UTF_8
from emulator.web.response import refusal

NOTHING, HEAD, BODY = range(3)
"""What a line hears: nothing since the last request, or part of the next. Trailers are heard with the body."""

ROUNDS = 6
"""Rounds of the loop for which a half-closed connection stays open after its last answer, until it is seen who refuses it."""


class LimitExceeded(Exception):
    """Stops the parser; the client has its answer by then."""


class HttpConnection(HttpToolsProtocol):
    """uvicorn's protocol over httptools, with bounds. A server sets `limits` and `lines` on a class of its own."""

    limits = Limits()
    lines: AccessLog | None = None
    kept = hint(limits.keep_alive)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self.flow = PipelineBackpressure(transport, self.pipeline)
        self.wire = CoalescingTransport(transport, self.kept)
        self.transport = self.wire  # type: ignore[assignment]
        self._lent = SocketConnection(self)
        self._persistence = Persistence(self.wire)
        self.app_state = {CONNECTION_KEY: self._lent}
        self._hears, self._loose, self._due, self._bytes = NOTHING, 0, 0, 0
        self._is_deaf = False
        self._request_line = RequestLine()
        self._pace = Pace(self.limits)
        self._last_word: Callable[[], None] | None = None
        self._unsent: Callable[[], int] = transport.get_write_buffer_size  # type: ignore[attr-defined]
        self._unread = WriteStallTimer(self._unsent)
        self.abort: Callable[[], None] = transport.abort  # type: ignore[attr-defined]
        self._began = self._heard = self.loop.time()
        self._rests_since = next(RESTS)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        self._make_room()

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio reads what is returned
        """Keep a half-closed connection open until every whole request on it is answered, as the client may listen still.

        A request that is not whole was never asked. TLS has no half-closed connections.
        """
        if self.scheme == "https" or self.transport.is_closing():
            return False
        self._lent.note_half_closed()
        if self.transport.is_closing():  # that has ended a hang
            return False
        self._end(partial(after_rounds, self.loop, ROUNDS, self.transport.close))
        return not self.transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lent.leave()
        self._persistence.leave_unsaid()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        self._unread.begin_anew()
        super().resume_writing()

    def shutdown(self) -> None:
        """Ends at the end of the server: what is owed is answered, and a request that is not whole was never asked."""
        if self._hears != NOTHING:
            self._end(self.transport.close)
        super().shutdown()

    def cut(self, hang_up: Callable[[Any], None]) -> None:
        """Hangs up in this way once what was said is on its way."""
        self.stop_reading()
        self._lent.leave()
        self._persistence.leave_unsaid()
        self.wire.cut(hang_up)

    def stop_reading(self) -> None:
        """Overlooks what comes from now on, and what has come after the request that is being answered."""
        self._is_deaf, self._hears = True, NOTHING
        self._due -= len(self.pipeline)
        self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        """Also counts the bytes that are neither body nor of a whole head, which the parser keeps until they are.

        What comes in one piece with the end of something else is not counted, as nobody can tell where it begins.
        """
        if self._is_deaf or self._last_word is not None or (self._hears == NOTHING and not data.strip(b"\r\n")):
            return  # the end of a line after a body, as some clients send it, begins no request
        self._heard = self.loop.time()
        if self._hears == NOTHING:
            self._hears, self._began = HEAD, self._heard
        self._loose += len(data)
        self._bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            for piece in self._request_line.pieces(data):
                feed(self, piece)
                if self._request_line.is_broken:
                    self.refuse(400, "bad-request", NOT_UTF_8)
                    return
        except HttpParserError as error:
            self._refuse_nonsense(flaw_in(error, data, is_first=self._persistence.is_first))
        if self._loose > self.limits.head + self.limits.url:
            self.refuse(*head_too_large(self.limits))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._request_line.begin()
        self._hears, self._began = HEAD, self._heard

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value.rstrip(b" \t"))  # the parser leaves tabs at its end

    def on_headers_complete(self) -> None:
        method, version = self.parser.get_method(), self.parser.get_http_version()
        head = Head(method, self.url, version, self.headers)
        self._check(head)
        if self.parser.should_upgrade():
            return
        self.url, self.headers = origin_form(self.url, self.headers)
        self.scope["headers"], self.expect_100_continue = self.headers, head.expects_continue
        super().on_headers_complete()
        if not self.pipeline:
            self._persistence.begin(self.cycle)
        if self.expect_100_continue:
            self._persistence.keep_only_with_body(self.cycle)
        self.headers = []  # trailers will be put here, where nobody looks: the guard has seen the others by then
        self._hears, self._loose = BODY, 0
        self._pace.begin(self._heard, self._bytes)
        self._request_line.end_head()
        self._due += 1

    def on_body(self, body: bytes) -> None:
        self._loose = 0
        self._request_line.pass_over(body)
        self._persistence.note_body(self.cycle)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._stop(too_large(self.headers, self.limits))  # these are trailers
        self._persistence.note_body(self.cycle)
        self._hears, self._loose = NOTHING, 0
        self._request_line.end()
        super().on_message_complete()
        if self.cycle.keep_alive and not self.parser.should_keep_alive():
            self._persistence.close_after(self.cycle)  # trailers say so, and the parser hears nothing after them
            self._end(self.transport.close)

    def on_response_complete(self) -> None:
        self.wire.say(b"")  # the reply to HEAD has nothing but a head
        self._due -= 1
        self._began = self._heard = self.loop.time()  # who waited for an answer was not slow meanwhile
        self._rests_since = next(RESTS)
        if self.pipeline:
            self._persistence.begin(self.pipeline[-1][0])  # the one that uvicorn takes up now
        super().on_response_complete()
        self._say_last_word()

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

        Whoever still waits for another answer does not, nor whom nobody reads.
        """
        if self._hears == NOTHING or self._due > self._asks or self.flow.read_paused:
            self._pace.begin(now, self._bytes)
            return False
        if self._hears == HEAD:
            return now - self._began > self.limits.head_seconds
        return now - self._heard > self.limits.idle_seconds or self._pace.is_too_slow(now, self._bytes)

    def is_stuck(self, now: float) -> bool:
        """Whether the client has taken nothing for too long of what is being sent to it."""
        return self._unread.seconds(now) > self.limits.idle_seconds

    def _make_room(self) -> None:
        """Where too many are open, closes the one that has been idle for longest; where none is idle, refuses this one."""
        most = self.limits.connections
        if len(self.connections) <= most:
            return
        others = [
            it for it in self.connections if isinstance(it, HttpConnection) and it is not self and not it.transport.is_closing()
        ]
        if len(others) < most:
            return
        if idle := longest_idle(others):
            idle.transport.close()
        else:
            self.refuse(503, "connections", f"more than {most} connections are open, and none is idle: see --max-connections")
            self.transport.close()  # it has sent nothing that would have to be read first

    def refuse(self, status: int, error: str, message: str) -> None:
        """Answers in our own name, once all that is owed is said, and hangs up."""
        if self.lines is not None and self._last_word is None and (self._hears != BODY or self._asks):
            self.lines.of_line(*self._asked(), status, error, message)
        self._end(partial(self._leave, refusal(status, error, message)))

    def _refuse_nonsense(self, turned: Rejection) -> None:
        if self.lines is None and self._last_word is None:  # or a callback has refused it by name
            self.logger.warning("Invalid HTTP request received: %s", turned.reason)
        self.refuse(*turned)

    def _asked(self) -> tuple[str, str]:
        """The method and target of the request that is being heard; `-` for what is not known."""
        if self._hears == NOTHING or not self.url:
            return "-", "-"
        return self.parser.get_method().decode(), self.url.decode("latin-1")

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

    def _leave(self, response: bytes) -> None:
        self.transport.write(response)
        self._persistence.leave_unsaid()  # the rest of its request will not come
        self.wire.hang_up_slowly(self.loop)

    def _check(self, head: Head) -> None:
        is_spelt = self._request_line.is_spelt(head.method, head.target, head.version)
        self._stop(flaw_of(head, self.limits) or (None if is_spelt else MISSPELT))

    def _stop(self, turned: Rejection | None) -> None:
        """Refuses the request that is being heard, where there is a reason to.

        Raises:
            TooMuch: there is.
        """
        if turned is not None:
            self.refuse(*turned)
            raise LimitExceeded
