"""A world as a file: a header, the lines of its image, and a last line with their checksum, compressed by gzip."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b

from msgspec import ValidationError, json

from emulator.kernel.budget import Charge, Quota
from emulator.kernel.errors import BadInput
from emulator.kernel.limits import Limits
from emulator.kernel.resource import Struct
from emulator.kernel.room import refusal
from emulator.store.image import FORMAT
from emulator.store.values import reader_of
from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern

KIND = "batch-emulator world"
FILE_TYPE, ENDING = "application/gzip", ".world.gz"
GZIP = b"\x1f\x8b"

LEVEL = 6
_WITH_HEADER = 31
"""The window of zlib for a stream with the header of gzip, in which it writes no time."""

PIECE = 65_536
"""Bytes that are taken in or decompressed at once."""

RATIO, FREE = 300, 10_000_000
"""The bytes that one of a file may become, and those of a file that may be more: no world is so much alike throughout."""

LONGEST_END = 65_536
"""Bytes of the first and the last line at most."""

_EMPTY_LINES = pattern(rb"\n{2,}+")

COPIES = 2
"""Copies of a long line that are there while it is read, about: its bytes, its text, and what is made of them."""

TIMES = 8
"""Bytes of a file, decompressed, for each that a server keeps at most: what the memory has once is told in words there."""

TOO_ALIKE = (
    "this file is no world: one of its bytes would become more than {} when it is decompressed, as in a bomb;"
    " export the world again"
)
CUT = "this file ends before all of the world is there: it was cut short; copy it again, or export the world again"


class Header(Struct, frozen=True, omit_defaults=True):
    """The first line of a file: its format, when and by what it was written, and the id of the world.

    `secrets` tells whether they are in it as they are; `about` is what whoever had it written says of it.
    """

    format: int
    kind: str
    version: str
    written: datetime
    by: str
    world: str
    secrets: bool = False
    about: str = ""


class End(Struct, frozen=True):
    """The last line of a file: how many lines the image has, and the BLAKE2b of them and their line ends in 32 bytes."""

    lines: int
    blake2b: str


class HeaderLine(Struct, frozen=True):
    """The line of a header."""

    file: Header


class EndLine(Struct, frozen=True, forbid_unknown_fields=True):
    """The line of an end."""

    end: End


def written(header: Header, image: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces of a file."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, _WITH_HEADER)
    for line in lines_of(header, image):
        checkpoint()
        for start in range(0, len(line), PIECE):
            if piece := compressor.compress(line[start : start + PIECE]):
                yield piece
    yield compressor.flush()


def lines_of(header: Header, image: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file, each with its line end."""
    yield json.encode(HeaderLine(header)) + b"\n"
    digest, count = blake2b(digest_size=32), 0
    for line in image:
        count += 1
        digest.update(line + b"\n")
        yield line + b"\n"
    yield json.encode(EndLine(End(count, digest.hexdigest()))) + b"\n"


class WorldFile:
    """A file of a world that is read: its header at once, and then the lines of its image. A long line counts in a quota.

    Raises:
        BadInput: it is none, or one of a newer format.
        TooMany: there is no room for its first line.
    """

    def __init__(self, content: bytes, limits: Limits, quota: Quota) -> None:
        self._lines = _lines(_pieces(content), limits, quota)
        self.header = _header(next(self._lines, b""))

    def image(self) -> Iterator[bytes]:
        """Yield the lines of the image, without their ends.

        Raises:
            BadInput: the file was cut short or changed, or has more bytes than it may have.
            TooMany: there is no room for a line.
        """
        digest, count = blake2b(digest_size=32), 0
        last = b""
        for line in self._lines:
            if last:
                count += 1
                digest.update(last + b"\n")
                yield last
            last = line
        _check_end(last, End(count, digest.hexdigest()))


def _header(line: bytes) -> Header:
    try:
        if len(line) > LONGEST_END:
            raise ValueError
        found = json.decode(line, type=_HeaderOfAny).file
    except (ValidationError, ValueError, RecursionError):
        raise BadInput.at("this file is no world: it does not begin as one does that `batch-emulator export` wrote") from None
    if found.kind != KIND:
        raise BadInput.at(f"this file is no world, but {found.kind[:100]!r}: give one that `batch-emulator export` wrote")
    if found.format != FORMAT:
        raise BadInput.at(
            f"this file has format {found.format}, written by version {found.version[:100]!r}, and this version reads format"
            f" {FORMAT}: open it with that version or a newer one"
        )
    try:
        header: HeaderLine = reader_of(HeaderLine)(line)
    except ValidationError as error:
        raise BadInput.at(f"the first line of this file is no header of a world: {error}") from None
    return header.file


class _AnyHeader(Struct, frozen=True):
    format: int
    kind: str
    version: str


class _HeaderOfAny(Struct, frozen=True):
    file: _AnyHeader


def _check_end(line: bytes, expected: End) -> None:
    try:
        if len(line) > LONGEST_END:
            raise ValueError
        end = json.decode(line, type=EndLine).end
    except (ValidationError, ValueError, RecursionError):
        raise BadInput.at(CUT) from None
    if end != expected:
        raise BadInput.at(
            "this file was changed since it was written, or damaged: the checksum in its last line is that of other lines;"
            " copy it again, or export the world again"
        )


def _pieces(content: bytes) -> Iterator[bytes]:
    """Yield the bytes of a file, decompressed where it is compressed."""
    if not content.startswith(GZIP):
        for start in range(0, len(content), PIECE):
            checkpoint()
            yield content[start : start + PIECE]
        return
    decompressor, size, end = zlib.decompressobj(_WITH_HEADER), 0, 0
    while not decompressor.eof:
        checkpoint()
        start, end = end, end + PIECE
        left = content[start:end]
        if not left:
            raise BadInput.at(CUT)
        while left and not decompressor.eof:
            try:
                piece = decompressor.decompress(left, PIECE)
            except zlib.error as error:
                raise BadInput.at(f"this file is damaged: gzip cannot read it ({error}); copy it again") from None
            left, size = decompressor.unconsumed_tail, size + len(piece)
            if size > max(FREE, RATIO * len(content)):
                raise BadInput.at(TOO_ALIKE.format(RATIO))
            yield piece
    if decompressor.unused_data or end < len(content):
        raise BadInput.at("this file is damaged: something stands behind the world; copy it again")


def _lines(pieces: Iterable[bytes], limits: Limits, quota: Quota) -> Iterator[bytes]:
    """Yield lines, without their ends, that have no more bytes than they may have, each and together."""
    waiting, size, most, held = bytearray(), 0, TIMES * limits.memory, quota.keep(0)
    for piece in pieces:
        size += len(piece)
        if size > most:
            raise BadInput.at(f"this file has more than {most} bytes when it is decompressed: {Limits.more('memory')}")
        *lines, rest = _EMPTY_LINES.sub(b"\n", piece).split(b"\n")
        for line in lines:
            waiting += line
            whole = bytes(waiting)
            waiting.clear()
            yield whole
        waiting += rest
        _hold(len(waiting), limits.answer, held)
    if waiting:
        yield bytes(waiting)


def _hold(size: int, most: int, held: Charge) -> None:
    """Count the bytes of a line as it comes, and as it is read, if it is a long one.

    Raises:
        BadInput: it has more bytes than an answer may have, in which it would have been.
        TooMany: there is no room for it.
    """
    if size > most:
        raise BadInput.at(f"this file has a line of more than {most} bytes: {Limits.more('memory')}")
    counted = COPIES * size if size > PIECE else 0
    if counted != held.size:
        held.become(counted)
    if held.quota.over:
        raise refusal(held.quota, "this file")
