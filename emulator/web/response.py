"""A reply as it goes out: status, headers and content, and the sending of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from emulator.kernel.faults import AFTER_REPLY, Fault
from emulator.sdk.exact_json import dump
from emulator.sdk.response import Stream
from emulator.text.redact import redact_text
from emulator.web.connection import Connection, Send

if TYPE_CHECKING:
    from emulator.web.delays import FaultDelays
    from emulator.web.held_requests import JournalEntry
from http import HTTPStatus

RawHeaders = list[tuple[bytes, bytes]]

LENGTHLESS = frozenset({204, 304})
"""Statuses whose replies end with their heads, and have no length (RFC 9110, 8.6)."""

JSON = (b"content-type", b"application/json")

WORLD_HEADER = b"emulator-world"
"""The header by which a request names its world."""


class OutgoingResponse(NamedTuple):
    """A reply as it goes out, the faults that befall it on its way, and what they may hold up. `noted` is its exchange."""

    status: int
    headers: RawHeaders
    content: bytes | Stream
    faults: tuple[Fault, ...] = ()
    noted: JournalEntry | None = None
    holding: FaultDelays | None = None

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return self.content.length if isinstance(self.content, Stream) else len(self.content)

    @property
    def ends_with_its_answer(self) -> bool:
        """Whether nothing is done to the connection after the answer: a client that leaves then has got it."""
        return all(fault.where != AFTER_REPLY for fault in self.faults)


async def begin(wire: OutgoingResponse, send: Send) -> None:
    """Sends the head."""
    if wire.status not in LENGTHLESS:
        wire.headers.append((b"content-length", b"%d" % wire.length))
    await send({"type": "http.response.start", "status": wire.status, "headers": wire.headers})


async def send_response(wire: OutgoingResponse, send: Send, connection: Connection) -> None:
    """Sends all of it, for as long as there is somebody to send it to."""
    if connection.gone:
        return
    await begin(wire, send)
    content = wire.content
    if isinstance(content, Stream):
        for chunk in content.chunks:
            if not await send_chunk(chunk, send, connection):
                return
        content = b""
    await send({"type": "http.response.body", "body": content})


async def send_chunk(piece: bytes, send: Send, connection: Connection) -> bool:
    """Lets others have their turn, sends a piece of a body, and tells whether there is somebody to send the rest to.

    Nobody has a turn after the last piece, so that who has it all and hangs up is not taken for who did not wait for it.
    """
    await connection.yield_to_loop()
    if not connection.gone:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    return not connection.gone


def emulator_error(status: int, error: str, message: str, *headers: tuple[bytes, bytes]) -> OutgoingResponse:
    """Return a failure of the emulator's own, by the name of its error."""
    return OutgoingResponse(status, [JSON, (b"emulator-error", error.encode()), *headers], emulator_error_body(error, message))


def emulator_error_body(error: str, message: str) -> bytes:
    """Return the body of a failure of the emulator's own, on which every vendor's client fails.

    stripe-node takes a body without `error` for a success, whatever the status. No vendor has this type of error.
    """
    message = redact_text(message)
    return line_of({"message": message, "error": {"type": "emulator_error", "code": error, "message": message}})


def line_of(value: Any) -> bytes:
    """A JSON value that we say ourselves, with a line end, so that a shell's next prompt begins a line of its own."""
    return dump(value) + b"\n"


def refusal(status: int, error: str, message: str) -> bytes:
    """Return a whole reply in our own name, after which the connection is closed."""
    body = emulator_error_body(error, message)
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
    head += f"content-length: {len(body)}\r\nemulator-error: {error}\r\nconnection: close\r\n\r\n"
    return head.encode() + body
