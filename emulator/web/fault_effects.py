"""The effects of faults on a response: it is lost, cut, spoilt or slow."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from hashlib import shake_128

from emulator.kernel.faults import AFTER_REPLY, DELAY, DRIBBLE, DROP, GARBAGE, HANG, MID_BODY, RESET, STATUS, TRUNCATE, Fault
from emulator.sdk.response import Stream
from emulator.web.answers import PIECE
from emulator.web.connection import Connection, Send
from emulator.web.delays import FaultDelays, WorldReset
from emulator.web.held_requests import GONE
from emulator.web.lanes import NoLanes
from emulator.web.response import OutgoingResponse, emulator_error, send_chunk, send_head, send_response

DRIBBLES = 20
"""Pieces into which a body is split that dribbles."""


async def send_with_faults(response: OutgoingResponse, delays: FaultDelays, connection: Connection, send: Send) -> None:
    """Send a response as far as its faults let it through."""
    injector = FaultInjector(response.faults[-1], delays, connection, send)
    connection.charge = response.charge
    try:
        await delays.delay(response.faults[:-1])
        await injector.send_with_faults(response)
    except WorldReset as gone:
        if injector.has_begun:
            await connection.drop()
        else:
            await send_response(world_gone(gone), send, connection)
    finally:
        connection.charge = None


async def record_delivery(response: OutgoingResponse, connection: Connection, lanes: NoLanes) -> None:
    """Record in the journal whether the client gets the response, where that was not known when it was committed.

    False where the client hung up before its end; True where a fault delayed it, as nothing is in its way any more; None
    where the client had closed its side before, so that nobody knows.
    """
    if response.entry is None:
        return
    spared = all(
        fault.preserves_response or (response.delays and response.delays.was_lifted(fault)) for fault in response.faults
    )
    delivered: bool | None = None
    if connection.gone:
        delivered = False
    elif spared and response.delays is not None and not connection.half_closed:
        delivered = True
    elif not (spared and connection.half_closed):
        return
    await lanes.run(response.entry.world, partial(response.entry.mark, delivered), is_long=False)


def world_gone(gone: WorldReset) -> OutgoingResponse:
    """Return the response to a request that was held up when its world was reset, restored or dropped."""
    return emulator_error(503, "world-gone", str(gone))


class FaultInjector:
    """Applies the last fault of an exchange to its connection. `has_begun` tells whether the head of the response is sent."""

    def __init__(self, fault: Fault, delays: FaultDelays, connection: Connection, send: Send) -> None:
        self.has_begun = False
        self._fault = fault
        self._delays = delays
        self._connection = connection
        self._send = send

    async def send_with_faults(self, response: OutgoingResponse) -> None:
        """Send the response as far as the fault lets it through; all of it where the fault was removed meanwhile.

        A request that a fault kept from taking effect has no response but the fault.
        """
        if self._fault.do == STATUS or (self._fault.commits and self._delays.is_over(self._fault)):
            await self._send_response(response)
        elif self._fault.where == AFTER_REPLY:
            self._connection.stop_reading()  # or a next request would get the end of this response
            await self._send_response(response)
            await self._strike(response)
        elif self._fault.where == MID_BODY:
            await self._in_the_middle(response)
        else:
            await self._strike(response)
            await self._send_response(response)

    async def _send_response(self, response: OutgoingResponse) -> None:
        await self._record_delivery(response)  # before the client can have it, so that it is true when the client asks
        await send_response(response, self._send, self._connection)

    async def _record_delivery(self, response: OutgoingResponse) -> None:
        await record_delivery(response, self._connection, self._delays.lanes)

    async def _strike(self, response: OutgoingResponse) -> None:
        """Do to the connection what the fault says.

        Raises:
            NotImplementedError: it says nothing that is done here.
        """
        if self._fault.do == HANG:
            await self._delays.hang(self._fault)
            await self._record_delivery(response)
        elif self._fault.do == RESET:
            await self._connection.reset()
        elif self._fault.do == DELAY:
            await self._delays.delay((self._fault,))
            await self._record_delivery(response)
        elif self._fault.do == GARBAGE:
            await self._connection.write_raw(garbage(self._fault.id, 64))
            await self._connection.drop()
        elif self._fault.do in (DROP, TRUNCATE):
            await self._connection.drop()
        else:
            raise NotImplementedError(f"no effect on a connection is called {self._fault.do!r}")

    async def _in_the_middle(self, response: OutgoingResponse) -> None:
        length = response.length
        if length < 2:
            await self._without_a_middle(response)
            return
        self.has_begun = True
        await send_head(response, self._send)
        if self._fault.do == DRIBBLE:
            await self._dribble(response, -(-length // DRIBBLES))
        else:
            await self._break(response, length // 2)
        await self._send({"type": "http.response.body", "body": b""})

    async def _without_a_middle(self, response: OutgoingResponse) -> None:
        """Cut a response whose body has no middle in its head."""
        if self._fault.do == HANG:
            await self._strike(response)
        elif self._fault.do not in (DELAY, DRIBBLE):
            await self._connection.write_raw(b"HTTP/1.1 %d" % response.status)
            await self._strike(response)
        await self._send_response(response)

    async def _dribble(self, response: OutgoingResponse, size: int) -> None:
        """Pause between the pieces of a body, until the fault is removed."""
        sent, next_pause = 0, size
        async with self._delays.hold(self._fault) as held:
            for piece in split_body(response.content, min(size, PIECE)):
                if sent >= next_pause:
                    await self._delays.pause(held, self._fault.pace.total_seconds())
                    next_pause += size
                if held.ended == GONE or not await self._send_more(piece):
                    return
                sent += len(piece)

    async def _break(self, response: OutgoingResponse, half: int) -> None:
        """Strike once half of the body is sent; the rest is sent too where the connection is still there, or is garbage."""
        sent, struck = 0, False
        for piece in split_body(response.content, min(half, PIECE)):
            spoilt = struck and self._fault.do == GARBAGE
            if not await self._send_more(garbage(self._fault.id, len(piece)) if spoilt else piece):
                return
            sent += len(piece)
            if sent >= half and not struck:
                struck = True
                if self._fault.do != GARBAGE:
                    await self._strike(response)

    async def _send_more(self, piece: bytes) -> bool:
        return await send_chunk(piece, self._send, self._connection)


def split_body(content: bytes | Stream, size: int) -> Iterator[bytes]:
    """Yield a body in pieces of so many bytes; the last may be shorter."""
    left = bytearray()
    for chunk in content.chunks if isinstance(content, Stream) else (content,):
        left += chunk
        whole = len(left) - len(left) % size
        yield from (bytes(left[start : start + size]) for start in range(0, whole, size))
        del left[:whole]
    if left:
        yield bytes(left)


def garbage(seed: str, length: int) -> bytes:
    """Return bytes that mean nothing, the same for each seed; the first can begin neither HTTP nor JSON."""
    return b"\x00" + shake_128(seed.encode()).digest(length - 1)
