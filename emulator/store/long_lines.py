"""Long lines of an image, read in turns: one call for all of a line of megabytes would hold up every thread."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Raw, convert, json

from emulator.kernel.errors import BadInput
from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern

LONG = 262_144
"""Bytes from which on a line is read in turns. Those that are written have fewer, unless one thing alone has as many."""

MOST_VALUES = 250_000
"""Values of a long line, each of which takes memory: what is written long has few, as most of it is one text."""

PIECE = 65_536
DEEPEST = 100

_INSIDE = pattern(r'[^"\\]*+(?:\\(?:u[0-9a-fA-F]{4}|[^u])[^"\\]*+)*+')
_HALF = pattern(r"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
"""The first of two escapes that are one character."""
_SCALAR = pattern(r"true|false|null|-?[0-9][0-9.eE+-]{0,400}")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
_INTEGER = pattern(r"-?(?:0|[1-9][0-9]{0,17})")
_MEMBER = json.Decoder(dict[str, Raw])
_text_of = json.Decoder(str).decode


def read_in_turns(line: bytes, most: int = MOST_VALUES) -> Any:
    """Return the value of a line without spaces. A number that is no small integer stays as it is written.

    Raises:
        BadInput: it is no JSON, or has spaces, too many values, or too many of them in each other.
    """
    return _Reader(line, most).whole()


def contents_of(line: bytes, most: int = MOST_VALUES) -> Iterator[tuple[str, Any]]:
    """Yield what a line has: its name, and the content as JSON, of a long line a few items at a time; of parts, as values.

    Raises:
        BadInput: it is no object with one member.
    """
    members: Any = _MEMBER.decode(line) if len(line) < LONG else read_in_turns(line, most)
    if not isinstance(members, dict) or len(members) != 1:
        raise BadInput.at("it is no object with one member")
    ((name, content),) = members.items()
    if isinstance(content, Raw):
        yield name, content
    elif name == "parts":
        yield name, convert(content, list[tuple[str, Any]])
    elif isinstance(content, list):
        yield from ((name, it) for it in _groups(content))
    else:
        yield name, Raw(json.encode(content))


def _groups(items: list[Any]) -> Iterator[Raw]:
    """Yield lists of items, together all of them, each of some bytes or of one item."""
    for some in grouped(map(json.encode, items)):
        yield Raw(b"[%b]" % b",".join(some))


def grouped(items: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield items as they come, so many together as are not long; one that is long stands alone."""
    group, size = list[bytes](), 0
    for it in items:
        checkpoint()
        if group and size + len(it) >= LONG:
            yield group
            group, size = [], 0
        group.append(it)
        size += len(it) + 1
    if group:
        yield group


class _Reader:
    """Reads one text, from left to right."""

    def __init__(self, line: bytes, most: int) -> None:
        self._text = _decoded(line)
        self._left = most

    def whole(self) -> Any:
        value, end = self._value(0, 0)
        if end != len(self._text):
            raise self._mistake(end)
        return value

    def _value(self, at: int, depth: int) -> tuple[Any, int]:
        checkpoint()
        self._left -= 1
        if self._left < 0 or depth > DEEPEST:
            raise BadInput.at("it has too many values for a line, or too many in each other")
        match self._text[at : at + 1]:
            case '"':
                return self._string(at)
            case "[":
                return self._list(at, depth)
            case "{":
                return self._object(at, depth)
        found = _SCALAR.match(self._text, at)
        if found is None:
            raise self._mistake(at)
        return _scalar(found[0]), found.end()

    def _list(self, at: int, depth: int) -> tuple[list[Any], int]:
        values: list[Any] = []
        at, goes_on = self._next(at + 1, "]", is_first=True)
        while goes_on:
            value, at = self._value(at, depth + 1)
            values.append(value)
            at, goes_on = self._next(at, "]")
        return values, at

    def _object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        at, goes_on = self._next(at + 1, "}", is_first=True)
        while goes_on:
            name, at = self._string(at)
            if self._text[at : at + 1] != ":":
                raise self._mistake(at)
            members[name], at = self._value(at + 1, depth + 1)
            at, goes_on = self._next(at, "}")
        return members, at

    def _next(self, at: int, closing: str, *, is_first: bool = False) -> tuple[int, bool]:
        """Return where the next item begins, and True; where there is none, the place behind the closing, and False."""
        letter = self._text[at : at + 1]
        if letter == closing:
            return at + 1, False
        if is_first:
            return at, True
        if letter != ",":
            raise self._mistake(at)
        return at + 1, True

    def _string(self, at: int) -> tuple[str, int]:
        """Return a text, which is read a piece at a time."""
        if self._text[at : at + 1] != '"':
            raise self._mistake(at)
        pieces = list[str]()
        at += 1
        while self._text[at : at + 1] != '"':
            checkpoint()
            end = self._end_of_piece(at)
            pieces.append(_text_of(f'"{self._text[at:end]}"'.encode()))
            at = end
        return "".join(pieces), at + 1

    def _end_of_piece(self, at: int) -> int:
        """Return where a piece of a text ends: with the text, or between two characters."""
        found = _INSIDE.match(self._text, at, at + PIECE)
        end = found.end() if found else at
        if (half := _HALF.search(self._text, max(at, end - 6), end)) and half.start() > at:
            end = half.start()
        if end == at:
            raise self._mistake(at)
        return end

    def _mistake(self, at: int) -> BadInput:
        return BadInput.at(f"it is no JSON without spaces, at character {at}")


def _scalar(written: str) -> Any:
    if written in _WORDS:
        return _WORDS[written]
    return int(written) if _INTEGER.fullmatch(written) else Raw(json.encode(json.decode(written, type=Raw)))


def _decoded(line: bytes) -> str:
    """Return the text of bytes, which may take long where not all of it is ASCII."""
    decoder = getincrementaldecoder("utf-8")()
    pieces = list[str]()
    for start in range(0, len(line), PIECE):
        checkpoint()
        pieces.append(decoder.decode(line[start : start + PIECE]))
    return "".join([*pieces, decoder.decode(b"", True)])
