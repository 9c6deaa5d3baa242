"""One line for each exchange, for people who watch: method, target, status, answer, world/n and faults."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

from emulator.kernel.journal import Exchange, outcome
from emulator.text.redact import redact_text
from emulator.web.connection import Scope, Send
from emulator.web.guard import OPEN, Rejection, off_loop_if_long
from emulator.web.response import OutgoingResponse

Say = Callable[[str], None]

ERROR = b"emulator-error"

LONGEST = 500
"""Characters of a target that are shown."""


class AccessLog:
    """Says a line for each exchange. No credential can be read in it; what says it escapes it."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def of_vendor(self, scope: Scope, wire: OutgoingResponse) -> None:
        """Tell of what a vendor answers, or of the refusal of ours that stands in its place."""
        if wire.noted is not None:
            self._say(line_of(wire.noted.exchange, f"{wire.noted.world.id}/{wire.noted.n}"))
        else:
            self._say_ours(scope, wire.status, error_code_of(wire.headers))

    def of_refusal(self, scope: Scope, turned: Rejection) -> None:
        """Tell of a request that is let through to no plane."""
        self._say_ours(scope, turned.status, turned.error)

    def of_line(self, method: str, target: str, status: int, error: str, why: str = "") -> None:
        """Tell of a request that gets no further than the line; its method and target are `-` where they are not known."""
        because = why and f" ({redact_text(why)})"
        self._say(f"{redact_text(method)} {shown(target)} {status} {error}{because}".rstrip())

    def of_control(self, scope: Scope, send: Send) -> Send:
        """Return a `send` that tells of the answer to a control request; a health check that goes well is not worth a line."""

        async def telling(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and not (scope["path"] in OPEN and message["status"] < 400):
                await off_loop_if_long(scope, self._say_ours, scope, message["status"], error_code_of(message["headers"]))
            await send(message)

        return telling

    def _say_ours(self, scope: Scope, status: int, error: str) -> None:
        target = scope.get("raw_path") or scope["path"].encode()
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        self.of_line(scope["method"], target.decode("latin-1"), status, error)


def line_of(exchange: Exchange, place: str) -> str:
    """Return the line of an exchange with a vendor; it says `no answer` where nothing came back."""
    faults = "".join(f" {fault.id}:{fault.do}" for fault in exchange.faults)
    return (
        f"{redact_text(exchange.method)} {shown(exchange.target)} {outcome(exchange.status, exchange.answer)} {place}{faults}"
    )


def shown(target: str) -> str:
    """Return a request's target in which no credential can be read, cut where it is too long for a line."""
    target = redact_text(target)
    return target if len(target) <= LONGEST else f"{target[:LONGEST]}..."


def error_code_of(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the name of our error in the headers of an answer; empty where it has none."""
    return next((value.decode("latin-1") for name, value in headers if name == ERROR), "")
