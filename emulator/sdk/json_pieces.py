"""Answers made in pieces, each in a moment, and within bounds: one call for all of a large value would hold up every thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Any

from emulator.kernel.errors import TooMany
from emulator.kernel.limits import Limits
from emulator.sdk.exact_json import dump
from emulator.text.checkpoint import checkpoint

LETTERS = 65_536
"""Characters written at once at most; those of names, numbers and escapes do not count."""

PART = 16
"""Characters for which an item of a list or a member of an object counts, beside those of its texts."""

SIZE = 262_144
"""Bytes from which on small pieces are sent together."""


def in_pieces(value: Any) -> Iterator[bytes]:
    """Yield the bytes of a JSON value: together, the same as those of `dump`."""
    if _letters(value) <= LETTERS:
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


def _letters(value: Any) -> int:
    """Return for how many characters a value counts; of a large one, for how many at least."""
    if isinstance(value, str):
        return len(value)
    if not isinstance(value, (list, dict)):
        return 0
    letters = PART * len(value)
    for part in value.values() if isinstance(value, dict) else value:
        if letters > LETTERS:
            break
        letters += _letters(part)
    return letters


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
    opening, group, room = b"[", list[Any](), LETTERS
    for item in value:
        letters = PART + _letters(item)
        if group and letters > room:
            yield opening + dump(group)[1:-1]
            opening, group, room = b",", [], LETTERS
        if letters > LETTERS:
            yield opening
            yield from in_pieces(item)
            opening = b","
        else:
            group.append(item)
            room -= letters
    if group:
        yield opening + dump(group)[1:-1]
    yield b"]"
