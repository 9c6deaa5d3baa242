"""The waits of a connection, at which its server looks once a second, and when too many are open."""

from __future__ import annotations

from math import inf
from typing import Any

from emulator.kernel.limits import Limits
from emulator.server.ending import HEAD, IDLE, EndingProtocol
from emulator.server.room import HELD_UP, WAITS_FOR_CLIENT, WAITS_IDLE, Wait
from emulator.server.socket_connection import SENT
from emulator.server.timeouts import IDLE_NUMBERS, Pace, WriteStallTimer
from emulator.server.transports import after_rounds
from emulator.web.answers import AnswerCharge
from emulator.web.guard import Rejection


class WaitingProtocol(EndingProtocol):
    """A connection that can tell for what it waits, and since when. `is_spare` tells that it is open beyond the bound."""

    limits = Limits()
    is_spare = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._received = 0
        self._pace = Pace(self.limits)
        self._unsent = transport.get_write_buffer_size
        self._stall = WriteStallTimer(self._unsent)
        self.abort = transport.abort
        self._head_began = self._last_read = self.loop.time()
        self._idle_number = next(IDLE_NUMBERS)

    def resume_writing(self) -> None:
        self._stall.restart()
        super().resume_writing()

    def wait(self) -> Wait | None:
        """Return how it waits, and since when; None while it answers. One that closes waits for its client to close too."""
        is_closing = self.transport.is_closing()
        if self.is_answering and not is_closing:
            return None
        if self._unsent():
            now = self.loop.time()
            return Wait(WAITS_FOR_CLIENT, now - self._stall.seconds(now), self._idle_number)
        kind = HELD_UP if self._socket.waits else WAITS_IDLE if is_closing or self._reading == IDLE else WAITS_FOR_CLIENT
        return Wait(kind, self._last_read, self._idle_number)

    def give_way(self, why: Rejection) -> None:
        """Close for another connection; tell a client why whose request is not whole. Over TLS, do not wait for its close."""
        if self._socket.waits or self._unsent() or self.transport.is_closing():
            self.abort()
        elif self._reading != IDLE:
            self.refuse(*why)
        self.transport.close()
        after_rounds(self.loop, SENT, self.abort)

    def probe(self) -> None:
        """Send `100 Continue` to a half-closed client that waits for its answer: if it is gone, its machine refuses that."""
        cycle = self._answered
        if not self._socket.half_closed or not self.is_answering or cycle is None or cycle.response_started:
            return
        if cycle.scope["http_version"] == "1.1":
            self.writer.write_now(b"HTTP/1.1 100 Continue\r\n\r\n")

    @property
    def is_answering(self) -> bool:
        """Tell whether a whole request is still to be answered, which no fault holds up, and whose client reads."""
        return self._unanswered > self._awaits_body and not self._socket.waits and not self._unsent()

    @property
    def activity(self) -> tuple[float, int, int]:
        """Return a value that changes with every byte and every response."""
        return self._last_read, self._unanswered, self._unsent()

    def is_slow(self, now: float) -> bool:
        """Tell whether the client takes too long over a request that it has begun.

        A client that waits for an earlier response does not, nor does one from which nothing is read.
        """
        if self._reading == IDLE or self._unanswered > self._awaits_body or self.flow.read_paused:
            self._pace.begin(now, self._received)
            return False
        if self._reading == HEAD:
            return now - self._head_began > self.limits.head_seconds
        return now - self._last_read > self.limits.idle_seconds or self._pace.is_too_slow(now, self._received)

    def answer(self) -> AnswerCharge | None:
        """Return the charge of the long answer that is being sent, if there is one."""
        return None if self.transport.is_closing() else self._socket.charge

    def pace_of_answer(self) -> float:
        """Return the bytes a second at which the client takes the long answer that is being sent."""
        charge, cycle = self._socket.charge, self._answered
        if charge is None or cycle is None:
            return inf
        return charge.pace(charge.size - cycle.expected_content_length - self._unsent())

    def is_stuck(self, now: float) -> bool:
        """Tell whether the client has taken nothing for too long of what is being sent to it."""
        return self._stall.seconds(now) > self.limits.idle_seconds
