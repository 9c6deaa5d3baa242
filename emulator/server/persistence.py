"""Whether a connection outlives an answer (RFC 9112, 9.3), of which releases of uvicorn say different things to a client."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from emulator.server.transports import OneWrite


class Persistence:
    """Follows which request is being answered on a wire, and tells the wire whether the connection is kept after it."""

    def __init__(self, wire: OneWrite) -> None:
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
