"""What a fault does to the wire: a reply that is lost, cut, spoilt or slow, done with the means that the line lends."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from hashlib import shake_128

from emulator.kernel.faults import AFTER_REPLY, DELAY, DRIBBLE, GARBAGE, HANG, MID_BODY, RESET, STATUS, Fault
from emulator.sdk.response import Stream
from emulator.web.connection import Connection, Send
from emulator.web.delays import FaultDelays, WorldReset
from emulator.web.held_requests import GONE
from emulator.web.lanes import NoLanes
from emulator.web.response import OutgoingResponse, begin, emulator_error, send_chunk, send_response

DRIBBLES = 20
"""In how many pieces a body dribbles."""

PIECE = 65_536


async def send_with_faults(wire: OutgoingResponse, holding: FaultDelays, connection: Connection, send: Send) -> None:
    """Sends a reply as far as its faults let it through."""
    accident = FaultInjector(wire.faults[-1], holding, connection, send)
    try:
        await holding.delay(wire.faults[:-1])
        await accident.send_with_faults(wire)
    except WorldReset as gone:
        if accident.begun:
            await connection.drop()
        else:
            await send_response(world_gone(gone), send, connection)


async def note_delivery(wire: OutgoingResponse, connection: Connection, lanes: NoLanes) -> None:
    """Note in the journal whether the client gets the answer, as far as that was not known when it was committed.

    Who hung up before its end has not got it. Who was held up gets it, since nothing is in its way any more. Of who has
    closed its side of the connection before, nobody knows.
    """
    if wire.noted is None:
        return
    spared = all(fault.preserves_response or (wire.holding and wire.holding.was_lifted(fault)) for fault in wire.faults)
    delivered: bool | None = None
    if connection.gone:
        delivered = False
    elif spared and wire.holding is not None and not connection.half_closed:
        delivered = True
    elif not (spared and connection.half_closed):
        return
    await lanes.run(wire.noted.world, partial(wire.noted.mark, delivered), is_long=False)


def world_gone(gone: WorldReset) -> OutgoingResponse:
    """The answer to a request that was held up when its world was reset, taken back or dropped."""
    return emulator_error(503, "world-gone", str(gone))


class FaultInjector:
    """The last fault that befell an exchange, and the line that it befalls. `begun` is whether the head of the reply is out."""

    def __init__(self, fault: Fault, holding: FaultDelays, connection: Connection, send: Send) -> None:
        self.begun = False
        self._fault = fault
        self._holding = holding
        self._means = connection
        self._send = send

    async def send_with_faults(self, wire: OutgoingResponse) -> None:
        """Sends the reply as far as the fault lets it through; all of it where the fault was taken away meanwhile."""
        if self._fault.do == STATUS or self._holding.is_over(self._fault):
            await self._send_out(wire)
        elif self._fault.where == AFTER_REPLY:
            self._means.stop_reading()  # or a next request would begin with the end of this answer
            await self._send_out(wire)
            await self._strike(wire)
        elif self._fault.where == MID_BODY:
            await self._in_the_middle(wire)
        else:
            await self._strike(wire)
            await self._send_out(wire)

    async def _send_out(self, wire: OutgoingResponse) -> None:
        await self._note(wire)  # before the client can have it, so that it is true when the client asks
        await send_response(wire, self._send, self._means)

    async def _note(self, wire: OutgoingResponse) -> None:
        await note_delivery(wire, self._means, self._holding.lanes)

    async def _strike(self, wire: OutgoingResponse) -> None:
        """Does to the connection what the fault says, wherever in the reply that is."""
        if self._fault.do == HANG:
            await self._holding.hang(self._fault)
            await self._note(wire)
        elif self._fault.do == RESET:
            await self._means.reset()
        elif self._fault.do == DELAY:
            await self._holding.delay((self._fault,))
            await self._note(wire)
        else:
            if self._fault.do == GARBAGE:
                await self._means.say(noise(self._fault.id, 64))
            await self._means.drop()

    async def _in_the_middle(self, wire: OutgoingResponse) -> None:
        length = wire.length
        if length < 2:
            await self._without_a_middle(wire)
            return
        self.begun = True
        await begin(wire, self._send)
        if self._fault.do == DRIBBLE:
            await self._dribble(wire, -(-length // DRIBBLES))
        else:
            await self._break(wire, length // 2)
        await self._send({"type": "http.response.body", "body": b""})

    async def _without_a_middle(self, wire: OutgoingResponse) -> None:
        """A reply whose body has no middle is cut in its head."""
        if self._fault.do == HANG:
            await self._strike(wire)
        elif self._fault.do not in (DELAY, DRIBBLE):
            await self._means.say(b"HTTP/1.1 %d" % wire.status)
            await self._strike(wire)
        await self._send_out(wire)

    async def _dribble(self, wire: OutgoingResponse, size: int) -> None:
        """Pauses between the pieces of a body, until the fault is taken away."""
        sent, next_pause = 0, size
        async with self._holding.hold(self._fault) as held:
            for piece in pieces(wire.content, min(size, PIECE)):
                if sent >= next_pause:
                    await self._holding.pause(held, self._fault.pace.total_seconds())
                    next_pause += size
                if held.ended == GONE or not await self._send_more(piece):
                    return
                sent += len(piece)

    async def _break(self, wire: OutgoingResponse, half: int) -> None:
        """Strikes once half of the body is out. What follows goes out too where the line is still there, or is garbage."""
        sent, struck = 0, False
        for piece in pieces(wire.content, min(half, PIECE)):
            spoilt = struck and self._fault.do == GARBAGE
            if not await self._send_more(noise(self._fault.id, len(piece)) if spoilt else piece):
                return
            sent += len(piece)
            if sent >= half and not struck:
                struck = True
                if self._fault.do != GARBAGE:
                    await self._strike(wire)

    async def _send_more(self, piece: bytes) -> bool:
        return await send_chunk(piece, self._send, self._means)


def pieces(content: bytes | Stream, size: int) -> Iterator[bytes]:
    """A body in pieces of this size; the last may be shorter."""
    left = bytearray()
    for chunk in content.chunks if isinstance(content, Stream) else (content,):
        left += chunk
        whole = len(left) - len(left) % size
        yield from (bytes(left[start : start + size]) for start in range(0, whole, size))
        del left[:whole]
    if left:
        yield bytes(left)


def noise(seed: str, length: int) -> bytes:
    """Bytes that mean nothing, the same each time; the first can begin neither HTTP nor JSON."""
    return b"\x00" + shake_128(seed.encode()).digest(length - 1)
