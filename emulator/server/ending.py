"""The end of a connection: whole requests are answered before it, and a refusal of ours is the last response."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from emulator.server.socket_connection import SocketConnection
from emulator.server.transports import CoalescingTransport, after_rounds
from emulator.web.access_log import AccessLog
from emulator.web.guard import Rejection
from emulator.web.requests import MAX_DRAIN_BYTES
from emulator.web.response import refusal_bytes

IDLE, HEAD, BODY = range(3)
"""The place in a connection's input: nothing since the last request, or part of the next. Trailers are read with the body."""

ROUNDS = 6
"""Rounds of the loop for which a half-closed connection stays open after its last response, until a refusal of it is seen."""


class LimitExceeded(Exception):
    """Stops the parser; the client has its refusal by then."""


class EndingProtocol(HttpToolsProtocol):
    """A connection that ends in good order. `_ending` is called once every whole request is answered; None while it lasts."""

    refusals_log: AccessLog | None = None
    writer: CoalescingTransport
    _socket: SocketConnection

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._reading = IDLE
        self._unanswered = 0
        self._ignores_input = False
        self._answered: RequestResponseCycle | None = None
        self._keeps_with_body = False
        self._ending: Callable[[], None] | None = None
        self._discarded = 0

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio reads what is returned
        """Keep a half-closed connection open until every whole request on it is answered: the client may still listen.

        A request that is not whole has no effect. TLS has no half-closed connections.
        """
        if self.scheme == "https" or self.transport.is_closing():
            return False
        self._socket.note_half_closed()
        if self.transport.is_closing() or (self._ending is not None and not self._unanswered):
            return False  # that has ended a hang, or it was heard out after a refusal
        self._end(partial(after_rounds, self.loop, ROUNDS, self.transport.close))
        return not self.transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._socket.leave()
        self._abandon_response()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End with the server: whole requests are answered, and one that is not whole has no effect."""
        if self._reading != IDLE:
            self._end(self.transport.close)
        super().shutdown()

    def cut(self, hang_up: Callable[[Any], None]) -> None:
        """Hang up in this way once what was written is sent."""
        self.stop_reading()
        self._socket.leave()
        self._abandon_response()
        self.writer.cut(hang_up)

    def stop_reading(self) -> None:
        """Ignore all further input, and what has come after the request that is being answered."""
        self._ignores_input, self._reading = True, IDLE
        self._unanswered -= len(self.pipeline)
        self.pipeline.clear()

    def refuse(self, status: int, error: str, message: str) -> None:
        """Answer in our own name once every whole request is answered, and hang up."""
        if self.refusals_log is not None and self._ending is None and (self._reading != BODY or self._awaits_body):
            self.refusals_log.log_request(*self._method_and_target(), status, error, message)
        self._end(partial(self._leave, refusal_bytes(status, error, message)))

    def _refuse_nonsense(self, rejection: Rejection) -> None:
        if self.refusals_log is None and self._ending is None:  # or a callback has refused it by name
            self.logger.warning("Invalid HTTP request received: %s", rejection.reason)
        self.refuse(*rejection)

    def _stop_for(self, rejection: Rejection | None) -> None:
        """Refuse the request that is being read, where there is a reason to.

        Raises:
            LimitExceeded: there is.
        """
        if rejection is not None:
            self.refuse(*rejection)
            raise LimitExceeded

    def _method_and_target(self) -> tuple[str, str]:
        """Return method and target of the request that is being read; `-` for what is not known."""
        if self._reading == IDLE or not self.url:
            return "-", "-"
        return self.parser.get_method().decode(), self.url.decode("latin-1")

    @property
    def _awaits_body(self) -> bool:
        """Tell whether the request that is being read has been passed on, and waits for the rest of its body."""
        return self._reading == BODY and not self.cycle.response_started

    def _end(self, ending: Callable[[], None]) -> None:
        """Read nothing more, and end so once every whole request is answered; a request with a response gets no other."""
        if self._ending is not None:
            return
        self._ending = ending
        if self._awaits_body:
            self._unanswered -= 1
            if self.pipeline:
                self.pipeline.popleft()  # it will never be whole
        elif self._reading == BODY:
            self._ending = self.transport.close
        self._reading = IDLE
        self._end_if_answered()

    def _end_if_answered(self) -> None:
        if self._ending is not None and not self._unanswered and not self.transport.is_closing():
            self._ending()

    def _is_to_come(self) -> bool:
        """Tell whether more of a body comes, for which the client does not wait to be asked."""
        return self._reading == BODY and not self.expect_100_continue

    def _discard(self, size: int) -> None:
        """Count what comes of a request that is answered already; its client may look for the answer when all is sent."""
        self._discarded += size
        if self._discarded > MAX_DRAIN_BYTES:
            self._end(self.transport.close)

    def _end_discarding(self) -> None:
        """Close, or wait for the next request, once such a request has come to its end.

        Raises:
            LimitExceeded: it closes, and what follows is no request.
        """
        self._discarded = 0
        if self.writer.ends:
            self._end(self.transport.close)
            raise LimitExceeded

    def _leave(self, response: bytes) -> None:
        self.transport.write(response)
        self._abandon_response()  # the rest of its request will not come
        self.writer.hang_up_slowly(self.loop)

    def _keep_alive(self, cycle: RequestResponseCycle, keeps: bool) -> None:
        cycle.keep_alive = keeps
        if self._answered is cycle:
            self.writer.keeps = keeps

    def _expect_body(self) -> None:
        """Close after the response, unless the body comes before it for which the client waits to be asked.

        Without it nobody can tell whether a body or a request comes next (RFC 9110, 10.1.1).
        """
        self._keeps_with_body = self.cycle.keep_alive
        self._keep_alive(self.cycle, False)

    def _note_body(self) -> None:
        """Note that a body comes, or is at its end."""
        if self._keeps_with_body and not self.cycle.response_started:
            self._keep_alive(self.cycle, True)
        self._keeps_with_body = False

    def _abandon_response(self) -> None:
        """Tell the request that is being answered that its client is gone; uvicorn tells only the newest."""
        if self._answered is not None:
            self._answered.disconnected = True
            self._answered.message_event.set()
