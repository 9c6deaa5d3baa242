"""The access log, one line for each exchange: method, target, status, answer, world/n and faults."""

from __future__ import annotations

from collections.abc import Callable

from emulator.delivery.outgoing import Outgoing
from emulator.kernel.exchange import Exchange, outcome
from emulator.kernel.world import World
from emulator.text.redact import redact_text
from emulator.web.connection import Message, Scope, Send, target_of
from emulator.web.guard import OPEN, off_loop_if_long
from emulator.web.response import OutgoingResponse, RawHeaders

WriteLine = Callable[[str], None]

ERROR = b"emulator-error"

LONGEST = 500
"""Characters of a target that are shown."""


class AccessLog:
    """Writes a line for each exchange. No credential can be read in it; `write_raw` gets it, and escapes control characters."""

    def __init__(self, write_raw: WriteLine) -> None:
        self._write = write_raw

    def log_exchange(self, scope: Scope, response: OutgoingResponse) -> None:
        """Log an exchange with a vendor, or the refusal of ours that stands in its place."""
        if response.entry is not None:
            self._write(exchange_line(response.entry.exchange, f"{response.entry.world.id}/{response.entry.n}"))
        else:
            self.log_own(scope, response.status, error_code_of(response.headers))

    def log_attempt(self, world: World, outgoing: Outgoing, outcome: str, status: str) -> None:
        """Log an attempt to deliver a notification, and what came of it."""
        came = redact_text(outcome)
        self._write(f"POST {redacted_target(outgoing.url)} {came} {status} {world.id}/{world.journal.last}")

    def log_request(self, method: str, target: str, status: int, error: str, why: str = "") -> None:
        """Log a request that the connection refuses; its method and target are `-` where they are not known."""
        because = why and f" ({redact_text(why)})"
        self._write(f"{redact_text(method)} {redacted_target(target)} {status} {error}{because}".rstrip())

    def logging_send(self, scope: Scope, send: Send) -> Send:
        """Return a `send` that logs the response to a control request; a health check that succeeds gets no line."""

        async def send_and_log(message: Message) -> None:
            if message["type"] == "http.response.start" and not (scope["path"] in OPEN and message["status"] < 400):
                await off_loop_if_long(scope, self.log_own, scope, message["status"], error_code_of(message["headers"]))
            await send(message)

        return send_and_log

    def log_own(self, scope: Scope, status: int, error: str) -> None:
        """Log a request that gets an answer of ours."""
        self.log_request(scope["method"], target_of(scope), status, error)


def exchange_line(exchange: Exchange, place: str) -> str:
    """Return the line of an exchange with a vendor; it says `no answer` where nothing came back."""
    faults = "".join(f" {fault.id}:{fault.do}" for fault in exchange.faults)
    request = f"{redact_text(exchange.method)} {redacted_target(exchange.target)}"
    return f"{request} {outcome(exchange.status, exchange.answer)} {place}{faults}"


def redacted_target(target: str) -> str:
    """Return a request's target in which no credential can be read, cut where it is too long for a line."""
    target = redact_text(target)
    return target if len(target) <= LONGEST else f"{target[:LONGEST]}..."


def error_code_of(headers: RawHeaders) -> str:
    """Return the name of our error in the headers of an answer; empty where it has none."""
    return next((value.decode("latin-1") for name, value in headers if name == ERROR), "")
