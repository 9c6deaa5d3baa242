"""A reply as it goes out: status, headers and content, and the sending of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

from emulator.kernel.faults import Fault
from emulator.vendors.vendor import Stream, dump

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

RawHeaders = list[tuple[bytes, bytes]]

HEARD_OUT = 1_000_000_000
"""Bytes of a body that are read though they are too many: who is still sending when the line is closed never hears why."""

JSON = (b"content-type", b"application/json")


class Wire(NamedTuple):
    """A reply as it goes out, the faults that befall it on its way, and how to note in the journal whether it got there."""

    status: int
    headers: RawHeaders
    content: bytes | Stream
    faults: tuple[Fault, ...] = ()
    mark: Callable[[bool], None] | None = None

    @property
    def length(self) -> int:
        """Bytes of the body."""
        return self.content.length if isinstance(self.content, Stream) else len(self.content)


async def begin(wire: Wire, send: Send) -> None:
    """Sends the head."""
    wire.headers.append((b"content-length", b"%d" % wire.length))
    await send({"type": "http.response.start", "status": wire.status, "headers": wire.headers})


async def send_out(wire: Wire, send: Send) -> None:
    """Sends all of it."""
    await begin(wire, send)
    content = wire.content
    if isinstance(content, Stream):
        for chunk in content.chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        content = b""
    await send({"type": "http.response.body", "body": content})


def ours(status: int, error: str, message: str, *headers: tuple[bytes, bytes]) -> Wire:
    """A reply that no client can take for a vendor's."""
    return Wire(status, [JSON, (b"emulator-error", error.encode()), *headers], dump({"message": message}))
