"""Answers made in pieces, each in a moment, and within bounds: one call for all of a large value would hold up every thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Any

from emulator.kernel.errors import TooMany
from emulator.kernel.limits import Limits
from emulator.sdk.exact_json import dump
from emulator.text.checkpoint import checkpoint

MANY = 500
"""Items written at once at most."""

LETTERS = 65_536
"""Characters written at once at most."""

SIZE = 262_144
"""Bytes from which on small pieces are sent together."""


def in_pieces(value: Any) -> Iterator[bytes]:
    """Yield the bytes of a JSON value: together, the same as those of `dump`."""
    if not _is_large(value):
        yield dump(value)
    elif isinstance(value, str):
        yield from _text(value)
    elif isinstance(value, dict):
        yield from _object(value)
    else:
        yield from _array(value)


class Room:
    """The bytes that an answer in the making may have, or what is made for it."""

    def __init__(self, most: float = inf) -> None:
        self._most = self._left = most

    def take(self, piece: bytes) -> bytes:
        """Return a piece for which there is room.

        Raises:
            TooMany: there is none.
        """
        self.take_bytes(len(piece))
        return piece

    def take_bytes(self, count: int) -> None:
        """Count so many bytes, for which there is room.

        Raises:
            TooMany: there is none.
        """
        checkpoint()
        self._left -= count
        if self._left < 0:
            raise TooMany(Limits.answer_too_large(self._most))


def together(pieces: Iterable[bytes], room: Room) -> list[bytes]:
    """Return the pieces, those that are small joined.

    Raises:
        TooMany: there is no room for them.
    """
    joined: list[bytes] = []
    waiting = bytearray()
    for piece in pieces:
        waiting += room.take(piece)
        if len(waiting) >= SIZE:
            joined.append(bytes(waiting))
            waiting.clear()
    return [*joined, bytes(waiting)] if waiting else joined


def _is_large(value: Any) -> bool:
    """Tell whether a value, or one in it, has more parts than are written at once."""
    if isinstance(value, str):
        return len(value) > LETTERS
    if not isinstance(value, (list, dict)):
        return False
    if len(value) > MANY:
        return True
    for part in value.values() if isinstance(value, dict) else value:  # noqa: SIM110  faster than a generator
        if _is_large(part):
            return True
    return False


def _text(value: str) -> Iterator[bytes]:
    yield b'"'
    for start in range(0, len(value), LETTERS):
        yield dump(value[start : start + LETTERS])[1:-1]
    yield b'"'


def _object(value: dict[str, Any]) -> Iterator[bytes]:
    opening = b"{"
    for name, part in value.items():
        yield opening + dump(name) + b":"
        yield from in_pieces(part)
        opening = b","
    yield b"}"


def _array(value: Sequence[Any]) -> Iterator[bytes]:
    """Write items in groups; one that is large is written by itself."""
    opening, group = b"[", list[Any]()
    for item in value:
        large = _is_large(item)
        if group and (large or len(group) == MANY):
            yield opening + dump(group)[1:-1]
            opening, group = b",", []
        if large:
            yield opening
            yield from in_pieces(item)
            opening = b","
        else:
            group.append(item)
    if group:
        yield opening + dump(group)[1:-1]
    yield b"]"
