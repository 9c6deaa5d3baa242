"""The reading side of a connection: when it reads on, and much data parsed in slices and in turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sized
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl

from emulator.web.event_loop import call_in_turn

MANY_LINES = 1_000
"""Lines in data that came at once, beyond which it is parsed in slices: each chunk of a body, and each request, takes time."""

SLICE = 8_192
"""Bytes that are parsed then, before others have their turn: 1,400 chunks of one byte each."""

SLICE_OF_REQUESTS = 1_024
"""The same of requests that came at once: each of some thirty takes as long as fifty chunks, and has some kilobytes."""


class InputFlow(FlowControl):
    """Reads on while no pipelined request waits and all is parsed; `take` parses many lines, or many requests, in slices.

    Each slice, and much data that begins a request, is parsed when its turn comes, and after more of it reading goes on when
    its turn comes: of all that send much, a few have their turns in each round.
    """

    def __init__(self, transport: Any, waiting: Sized, loop: asyncio.AbstractEventLoop, take: Callable[[bytes], None]) -> None:
        super().__init__(transport)
        self._waiting = waiting
        self._loop = loop
        self._take = take
        self._is_due = self._may_go_on = False
        self._slice = SLICE
        self.rest = b""

    def let_go(self) -> None:
        """Hold the connection no longer: it is lost, and what is not parsed yet is nobody's."""
        self.rest, self._take = b"", _discard

    def take_in_slices(self, data: bytes, are_requests: bool = False) -> None:
        """Parse data a slice at a time, each when its turn comes, and read on when all of it is parsed."""
        if not self.rest:
            self._slice = SLICE_OF_REQUESTS if are_requests else SLICE
        self.rest += data
        self.pause_reading()
        self._await_turn()

    def resume_reading(self) -> None:
        if not self.read_paused or self._waiting or self._transport.is_closing():
            return
        if self._is_due:
            self._may_go_on = True
        elif not self.rest:
            super().resume_reading()
        else:
            self._await_turn()

    def _await_turn(self) -> None:
        if not self._is_due:
            self._is_due = True
            call_in_turn(self._loop, self._take_slice)

    def take_in_turn(self, data: bytes) -> None:
        """Parse data, if there is any, and read on, when others that sent much before have had their turns."""
        self._may_go_on, self._is_due = bool(data) or not self.read_paused, True
        self.rest = data
        self.pause_reading()
        call_in_turn(self._loop, self._on_turn)

    def _on_turn(self) -> None:
        self._is_due = False
        if self._may_go_on and not (self._waiting or self._transport.is_closing()):
            data, self.rest = self.rest, b""
            super().resume_reading()
            if data:
                self._take(data)

    def _take_slice(self) -> None:
        self._is_due = False
        if self._waiting or self._transport.is_closing():
            return  # reading goes on, and so does this, when those that wait are answered
        piece, self.rest = self.rest[: self._slice], self.rest[self._slice :]
        self._take(piece)
        self.resume_reading()


def _discard(_: bytes) -> None:
    """Take nothing."""
