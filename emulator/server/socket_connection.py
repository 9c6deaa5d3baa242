"""The connection of a client on a socket, as faults use it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from emulator.server.transports import close_once, close_with_reset, has_failed
from emulator.web.answers import AnswerCharge
from emulator.web.event_loop import next_round, next_turn
from emulator.web.held_requests import HeldRequest
from emulator.web.receipts import until_over
from emulator.web.waits import Wait

if TYPE_CHECKING:
    from emulator.server.ending import EndingProtocol
    from emulator.store.receipt import Receipt


SENT = 2
"""Rounds of the loop until what was written is sent: uvloop writes at the end of a round."""


class SocketConnection:
    """Acts on the socket of a client: wait, write raw bytes, close, reset or leave it without a response.

    `waits` is True while a request of it is held up.
    """

    def __init__(self, connection: EndingProtocol) -> None:
        self._connection: EndingProtocol | None = connection
        self._writer = connection.writer
        self._over = False
        self._hanging: HeldRequest | None = None
        self.gone = self.half_closed = False
        self.can_stream = True
        self.waits = False
        self.charge: AnswerCharge | None = None

    def leave(self) -> None:
        """Note that the client has hung up, and end a hang."""
        self.gone = True
        if self._hanging is not None:
            self._hanging.wake()

    def let_go(self) -> None:
        """Hold the connection no longer: it is lost, and nothing can be done to it."""
        self._connection = None

    def note_half_closed(self) -> None:
        """Note that the client has closed its side, and end a hang: a client that closes then has given up."""
        self.half_closed = True
        if self._hanging is not None:
            self._hanging.wake()

    async def until_over(self, receipt: Receipt) -> None:
        await until_over(receipt)

    async def probe(self) -> None:
        """Note that a half-closed client is gone where its machine has refused what was sent since."""
        for _ in range(SENT):
            await self._wait(next_round())
        if has_failed(self._writer):
            self.leave()

    async def yield_to_loop(self) -> None:
        await self._wait(next_turn())

    async def pause(self, held: HeldRequest, seconds: float) -> bool:
        return await self.wait(held, seconds)

    async def wait(self, wait: Wait, seconds: float) -> bool:
        await self._hold(wait, seconds)
        return not self._over

    async def _hold(self, wait: Wait, seconds: float) -> None:
        """Wait for a fault, or for what is outside."""
        self.waits = True
        try:
            await self._wait(wait.wait_in_loop(seconds))
        finally:
            self.waits = False

    async def _wait(self, wait: Coroutine[Any, Any, None]) -> None:
        """Wait, unless the server is closing; then close the connection."""
        if self._over:
            wait.close()
            return
        try:
            await wait
        except asyncio.CancelledError:
            self._over = True
            await self.drop()

    def stop_reading(self) -> None:
        if self._connection is not None:
            self._connection.stop_reading()

    async def write_raw(self, data: bytes) -> None:
        self._writer.write_now(data)

    async def drop(self) -> None:
        self._cut(close_once)

    async def reset(self) -> None:
        self.stop_reading()
        self._writer.flush()
        for _ in range(SENT):
            await next_round()
        self._cut(close_with_reset)

    def _cut(self, hang_up: Callable[[Any], None]) -> None:
        if self._connection is not None:
            self._connection.cut(hang_up)

    async def hang(self, held: HeldRequest, seconds: float) -> None:
        self._writer.flush()
        if not (self.gone or self.half_closed):
            self._hanging = held
            await self._hold(held, seconds)
            self._hanging = None
        if held.ended is None:
            await self.drop()
