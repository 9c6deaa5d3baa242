"""Records of TLS, given to OpenSSL one by one: a client that sends many small ones, or such as carry nothing, holds up nobody.

A record that carries nothing costs OpenSSL more than its bytes: for each of the 27 bytes of a KeyUpdate it makes new keys and
an answer. OpenSSL takes all that came, a quarter of a megabyte, in one call.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

HEAD = 5
"""Bytes at the beginning of a record: its type, its version, and how many follow."""

LARGEST = 16_384 + 2_048
"""Bytes that follow these, at most."""

TYPES = range(20, 24)
"""Types of records; what has another, or another version, is none, and fails."""

MOST_EMPTY = 100
"""Records of a connection that carry nothing to read, at most: a handshake has some five, and new keys come once in days."""

AT_ONCE = 64
"""Records that are read before others have their turn: more than come at once where they are not small."""


class TooManyEmptyRecords(ssl.SSLError):
    """A client sends records, and hardly anything in them."""


def _nothing() -> None:
    """Do nothing: nobody has to be told."""


class RecordsInTurn(ssl.SSLObject):
    """A side of TLS that takes a record at a time of what is `arriving`, where its loop writes; OpenSSL reads what is `taken`.

    After `AT_ONCE` records it calls `on_rest` and says that it wants more, though more is there, until it is told to `go_on`.
    """

    arriving: ssl.MemoryBIO
    taken: ssl.MemoryBIO
    on_rest: Callable[[], object] = staticmethod(_nothing)
    _head = b""
    _read_at_once = _empty = 0
    _waits = False

    def do_handshake(self) -> None:
        self._by_records(super().do_handshake)

    def unwrap(self) -> Any:
        return self._by_records(super().unwrap)

    def read(self, len: int = 1024, buffer: Any = None) -> Any:
        if not self._waits and self._read_at_once >= AT_ONCE and self.arriving.pending:
            self._waits = True
            self.on_rest()
        if self._waits:
            raise ssl.SSLWantReadError
        try:
            found = self._by_records(super().read, len, *([] if buffer is None else [buffer]))
        except ssl.SSLWantReadError:
            self._read_at_once = 0
            raise
        self._read_at_once += 1
        return found

    def go_on(self) -> None:
        """Read the next records when asked to."""
        self._waits, self._read_at_once = False, 0

    def _by_records(self, act: Callable[..., T], *arguments: Any) -> T:
        """Return what an action of OpenSSL does, with so many of the records that came as it needs.

        Raises:
            TooManyEmptyRecords: there are too many from which nothing comes.
        """
        while True:
            is_taken = bool(self.pending()) or self._take_record()
            try:
                return act(*arguments)
            except ssl.SSLWantReadError:
                if not is_taken:
                    raise
            self._empty += 1
            if self._empty > MOST_EMPTY:
                raise TooManyEmptyRecords("too many records of TLS carry nothing")

    def _take_record(self) -> bool:
        """Give OpenSSL the next record if it is there as a whole; and at once what is none, so that it fails."""
        self._head += self.arriving.read(HEAD - len(self._head)) if len(self._head) < HEAD else b""
        if len(self._head) < HEAD:
            return False
        length = int.from_bytes(self._head[3:])
        if self._head[0] not in TYPES or self._head[1] != 3 or length > LARGEST:
            length = self.arriving.pending
        if self.arriving.pending < length:
            return False
        self.taken.write(self._head + (self.arriving.read(length) if length else b""))
        self._head = b""
        return True
