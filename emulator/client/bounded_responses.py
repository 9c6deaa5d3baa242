"""Responses of a server that may be no emulator, each read whole within bounds of time and bytes."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from io import BufferedReader, RawIOBase
from socket import socket
from typing import Any

from emulator.kernel.clock import MONOTONIC

MOST_BYTES = 500_000_000
"""Bytes of a body: several times those of a state with 100,000 resources."""

READ_SIZE = 65_536
"""Bytes that are read at once: what a server announces is never set aside before it comes."""


class Unbounded(OSError):
    """An answer that is longer, or takes longer, than is waited for."""


class Timed(RawIOBase):
    """A stream of what comes on a socket within so many seconds from now; http.client takes it for the socket."""

    def __init__(self, sock: socket, seconds: float) -> None:
        self._sock, self._silence, self._seconds = sock, sock.gettimeout(), seconds
        self._end = MONOTONIC() + seconds
        self._raw = sock.makefile("rb", buffering=0)

    def makefile(self, _: str) -> BufferedReader:
        """Return the stream that http.client reads the answer from."""
        return BufferedReader(self)

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there.

        Raises:
            Unbounded: the time is over.
            TimeoutError: nothing came for as long as the socket may be silent.
        """
        left = self._end - MONOTONIC()
        if left > 0:
            self._sock.settimeout(left if self._silence is None else min(left, self._silence))
            try:
                return self._raw.readinto(buffer)
            except TimeoutError:
                if self._end > MONOTONIC():
                    raise
        raise Unbounded(f"no whole answer came within {self._seconds:g} s")

    def close(self) -> None:
        """Let the socket go, which stays open for the next answer."""
        self._raw.close()
        super().close()


def bound(connection: HTTPConnection, seconds: float) -> None:
    """Let each answer on a connection, also that of a proxy to CONNECT, take so many seconds from when it is waited for."""

    def answer(sock: socket, *arguments: Any, **options: Any) -> HTTPResponse:
        return HTTPResponse(Timed(sock, seconds), *arguments, **options)  # type: ignore[arg-type]

    connection.response_class = answer  # type: ignore[assignment]
    if connection.sock is not None:
        connection.sock.settimeout(connection.timeout)


def body_of(answer: HTTPResponse) -> bytes:
    """Return the whole body of an answer.

    Raises:
        Unbounded: it has more than `MOST_BYTES`.
        IncompleteRead: the server hung up before its end.
        OSError: the connection failed, or nothing came for too long.
    """
    content = bytearray()
    while len(content) + (answer.length or 0) <= MOST_BYTES:
        if not (piece := answer.read(READ_SIZE)):
            if answer.length:
                raise IncompleteRead(bytes(content), answer.length)
            return bytes(content)
        content += piece
    raise Unbounded(f"its answer has more than {MOST_BYTES:,} bytes, and is no emulator's")
