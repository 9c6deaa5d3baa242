"""A response as it goes over the wire, and the sending of it; and the responses of the emulator itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from emulator.kernel.faults import AFTER_REPLY, Fault
from emulator.kernel.resource import Struct
from emulator.sdk.exact_json import dump
from emulator.sdk.response import Stream
from emulator.text.redact import redact_text
from emulator.web.answers import PIECE, AnswerCharge
from emulator.web.connection import Connection, Send

if TYPE_CHECKING:
    from emulator.web.delays import FaultDelays
    from emulator.web.held_requests import JournalEntry
    from emulator.web.receipts import WorldReceipt
from http import HTTPStatus

RawHeaders = list[tuple[bytes, bytes]]

LENGTHLESS = frozenset({204, 304})
"""Statuses whose responses end with their heads and have no length (RFC 9110, 8.6)."""

LEAST_REFUSAL = 400
"""The least status of a refusal."""

JSON = (b"content-type", b"application/json")

WORLD_HEADER = b"emulator-world"
"""The header by which a request names its world."""


class OutgoingResponse(Struct, frozen=True):
    """A response as it goes over the wire, with the faults that strike on its way, their delays, its entry and its charge.

    What is `written` are headers as HTTP/1.1 writes them, which come before the others: a connection that writes all of a
    response itself may get some. One with a `receipt` goes out once that is over, which
    `once_over` turns it into what goes out then.
    """

    status: int
    headers: RawHeaders
    content: bytes | Stream
    faults: tuple[Fault, ...] = ()
    entry: JournalEntry | None = None
    delays: FaultDelays | None = None
    charge: AnswerCharge | None = None
    receipt: WorldReceipt | None = None
    written: bytes = b""

    @property
    def length(self) -> int:
        """The size of the body in bytes."""
        return self.content.length if isinstance(self.content, Stream) else len(self.content)

    @property
    def ends_with_its_answer(self) -> bool:
        """True where no fault strikes after the response: a client that leaves then has got it."""
        return all(fault.where != AFTER_REPLY for fault in self.faults)


def header_lines(headers: RawHeaders) -> bytes:
    """Return headers as HTTP/1.1 writes them."""
    return b"".join([b"%s: %s\r\n" % header for header in headers])


async def send_head(response: OutgoingResponse, send: Send) -> None:
    """Send the head."""
    response.headers[:0] = [(name, value) for name, _, value in map(_parted, response.written.splitlines())]
    if response.status not in LENGTHLESS:
        response.headers.append((b"content-length", b"%d" % response.length))
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})


def _parted(line: bytes) -> tuple[bytes, bytes, bytes]:
    return line.partition(b": ")


async def send_response(response: OutgoingResponse, send: Send, connection: Connection) -> None:
    """Send a response, for as long as its client is there."""
    if connection.gone:
        return
    connection.charge = response.charge
    try:
        await send_head(response, send)
        await _send_body(response.content, send, connection)
    finally:
        connection.charge = None


async def _send_body(content: bytes | Stream, send: Send, connection: Connection) -> None:
    """Send a body; a long one in pieces, each when the client has taken most of those before it."""
    if isinstance(content, Stream) or len(content) > PIECE:
        for piece in _pieces(content):
            if not await send_chunk(piece, send, connection):
                return
        content = b""
    await send({"type": "http.response.body", "body": content})


def _pieces(content: bytes | Stream) -> Iterator[bytes]:
    for chunk in content.chunks if isinstance(content, Stream) else (content,):
        yield from (chunk[start : start + PIECE] for start in range(0, len(chunk), PIECE))


async def send_chunk(piece: bytes, send: Send, connection: Connection) -> bool:
    """Yield to the loop, send a piece of a body, and tell whether the client is still there.

    There is no yield after the last piece, so that a client that has it all and hangs up is not taken for one that gave up.
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
    return json_line({"message": message, "error": {"type": "emulator_error", "code": error, "message": message}})


def json_line(value: Any) -> bytes:
    """Return a JSON value with a line end, so that a shell's next prompt begins a line of its own."""
    return dump(value) + b"\n"


def refusal_bytes(status: int, error: str, message: str) -> bytes:
    """Return the bytes of a whole response in our own name, after which the connection is closed."""
    body = emulator_error_body(error, message)
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
    head += f"content-length: {len(body)}\r\nemulator-error: {error}\r\nconnection: close\r\n\r\n"
    return head.encode() + body
