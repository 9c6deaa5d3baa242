"""The rows of an uploaded file: taken in line by line, checked, and kept as no more than what the results need."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from sys import getsizeof
from typing import Any
from zlib import DEFLATED, compressobj, decompress

import orjson

from emulator.kernel.weight import Shared, Weight

LARGEST_FILE = 5_000_000_000
"""Evidence: stripe-file-1."""

LONGEST_LINE = 1_000_000
"""A line that is longer is no request; the bound keeps a file without line ends from filling the memory."""

FINE, NOT_JSON, ID_MISSING, ID_FORM, ID_TWICE, PATH_FORM, PARAMS_FORM, CONTEXT_FORM, PATH_NAMES = range(9)
"""What can be wrong with a row. The last can only be told once the job's endpoint is known."""

FAULTS = (
    "",
    "The line is not a JSON object",
    "The request has no id",
    "The id has other characters than letters, digits, - and _",
    "The id is that of an earlier request",
    "path_params is not an object of strings",
    "params is not an object",
    "context is not the id of an account, or stripe_version is not a string",
    "path_params does not name the placeholders of the endpoint's path",
)

_ID = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_ACCOUNT = re.compile(r"acct_\w+", re.ASCII)
_MOST_SHAPES = 0xFFFF
_FIRST_TABLE = 1024
_HASH = 0xFFFF_FFFF
_MEMORY = 4
"""How much memory zlib takes to compress: 2 to the power of that and 6 more, in bytes."""


BLOCK = 32
"""Rows that lie together in a block; fewer where they are long."""

LONGEST_BLOCK = 16_384
"""Bytes of a block from which on it takes no more rows."""

PLAIN = 32_000_000
"""Bytes of blocks that are kept as they are, quick to read; the blocks of a longer file are compressed from there on."""

_WINDOW = 12
_COMPRESSED = 0x48
"""The first byte of what zlib compresses with this window; no JSON value begins with it."""

_LONG = 0xFFFF
"""Stands for the length of a record that is as long, or longer."""


@dataclass(frozen=True, slots=True)
class Rows(Shared):
    """What is kept of a file, never to be changed again.

    `records` holds each row's id and the values of its path_params, both as JSON, in blocks, which end at `ends` and whose
    first rows are `firsts`; `lengths` those of the records; `faults` what is wrong with each row; `shapes` which of `names`
    are those of its path_params. `opened` is the block that was read last, with its number.
    """

    records: bytearray
    ends: array[int]
    firsts: array[int]
    lengths: array[int]
    faults: bytearray
    shapes: array[int]
    names: tuple[tuple[str, ...], ...]
    opened: list[tuple[int, list[bytes]]] = field(default_factory=lambda: [(-1, [])], compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.lengths)

    def record(self, row: int) -> tuple[bytes, bytes]:
        """The row's id and the values of its path_params, as JSON; without path_params there are none."""
        block = bisect_right(self.firsts, row) - 1
        opened, parts = self.opened[0]
        if opened != block:
            parts = self._open(block)
            self.opened[0] = block, parts
        place = 2 * (row - self.firsts[block])
        return parts[place], parts[place + 1]

    def record_length(self, row: int) -> int:
        """The length of both."""
        length = self.lengths[row]
        return length if length < _LONG else sum(map(len, self.record(row)))

    def weigh(self) -> Weight:
        """Return its bytes."""
        held = (self.records, self.ends, self.firsts, self.lengths, self.faults, self.shapes)
        return Weight(sum(map(getsizeof, held)), [self.names])

    def _open(self, block: int) -> list[bytes]:
        written = bytes(self.records[self.ends[block - 1] if block else 0 : self.ends[block]])
        return (decompress(written, _WINDOW) if written[0] == _COMPRESSED else written).split(b"\n")

    def lines(self) -> Iterator[bytes]:
        """A file that would be read as these same rows."""
        return (self._line(row) + b"\n" for row in range(len(self)))

    def _line(self, row: int) -> bytes:
        fault, (id, values) = self.faults[row], self.record(row)
        if fault == NOT_JSON:
            return b"?"
        if fault == ID_MISSING:
            return b"{}"
        written: dict[str, Any] = {"id": orjson.Fragment(id)} | _MARKS.get(fault, {})
        if values:
            written["path_params"] = dict(zip(self.names[self.shapes[row]], orjson.loads(values), strict=False))
        return orjson.dumps(written)


_MARKS: dict[int, dict[str, int]] = {PATH_FORM: {"path_params": 0}, PARAMS_FORM: {"params": 0}, CONTEXT_FORM: {"context": 0}}


class Intake:
    """Takes in a file as it arrives. What it holds beyond the rows is one line, and a table of the ids seen."""

    limit = LARGEST_FILE

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False
        self._rows = Rows(bytearray(), array("Q"), array("Q"), array("H"), bytearray(), array("H"), ())
        self._block: list[bytes] = []
        self._block_size = 0
        self._names: dict[tuple[str, ...], int] = {(): 0}
        self._seen = array("I", bytes(4 * _FIRST_TABLE))
        self._hashes = array("I", bytes(4 * _FIRST_TABLE))
        self._ids = 0

    @property
    def size(self) -> int:
        """Bytes of what is kept of the file so far."""
        return self._rows.weigh().own

    def feed(self, chunk: bytes) -> None:
        """Takes in the next bytes."""
        first, *others = chunk.split(b"\n")
        self._rest += b"" if self._skipping else first
        if others:
            self._take(self._rest)
            for line in others[:-1]:
                self._take(line)
            self._rest, self._skipping = others[-1], False
        if len(self._rest) > LONGEST_LINE:
            self._add(b"null", NOT_JSON)
            self._rest, self._skipping = b"", True

    def rows(self) -> Rows:
        """The rows, once the file has been taken in."""
        self._take(self._rest)
        self._close_block()
        self._rest, self._seen, self._hashes = b"", array("I"), array("I")
        return replace(self._rows, names=tuple(self._names), opened=[(-1, [])])

    def _take(self, line: bytes) -> None:
        """Takes in a line; one that is blank is no request. Evidence: stripe-file-4."""
        if not line.strip():
            return
        try:
            row = orjson.loads(line) if len(line) <= LONGEST_LINE else None
        except ValueError:
            row = None
        if type(row) is dict:
            self._take_row(row)
        else:
            self._add(b"null", NOT_JSON)

    def _take_row(self, row: dict[str, Any]) -> None:
        id = row.get("id")
        key = _written(id)
        if id is None:
            self._add(key, ID_MISSING)
        elif type(id) is not str or not _ID.fullmatch(id):
            self._add(key, ID_FORM)
        elif self._is_known(key):
            self._add(key, ID_TWICE)
        elif fault := _fault(row):
            self._add(key, fault)
        else:
            self._add(key, FINE, row.get("path_params") or {})

    def _add(self, id: bytes, fault: int, path_params: dict[str, str] | None = None) -> None:
        rows, names = self._rows, tuple(path_params or ())
        shape = self._names.setdefault(names, len(self._names)) if len(self._names) < _MOST_SHAPES else 0
        values = orjson.dumps([*path_params.values()]) if path_params else b""
        self._block += id, values
        self._block_size += len(id) + len(values)
        rows.lengths.append(min(len(id) + len(values), _LONG))
        rows.faults.append(fault)
        rows.shapes.append(self._names.get(names, shape))
        if len(self._block) == 2 * BLOCK or self._block_size >= LONGEST_BLOCK:
            self._close_block()

    def _close_block(self) -> None:
        """Puts the rows of the block that is being written to the others."""
        rows, block = self._rows, b"\n".join(self._block)
        if not block:
            return
        if len(rows.records) >= PLAIN:
            compressor = compressobj(1, DEFLATED, _WINDOW, _MEMORY)
            block = compressor.compress(block) + compressor.flush()
        rows.records.extend(block)
        rows.firsts.append(len(rows) - len(self._block) // 2)
        rows.ends.append(len(rows.records))
        self._block, self._block_size = [], 0

    def _is_known(self, key: bytes) -> bool:
        """Whether an earlier row has this id; the row about to be added is noted as its first otherwise."""
        hashed = hash(key) & _HASH
        place = self._place(key, hashed)
        if self._seen[place]:
            return True
        self._seen[place], self._hashes[place] = len(self._rows) + 1, hashed
        self._ids += 1
        if 4 * self._ids > 3 * len(self._seen):
            self._grow()
        return False

    def _place(self, key: bytes, hashed: int) -> int:
        """Where in the table of ids this one stands, or belongs."""
        seen, hashes = self._seen, self._hashes
        mask = len(seen) - 1
        place = hashed & mask
        while row := seen[place]:
            if hashes[place] == hashed and self._id(row - 1) == key:
                return place
            place = (place + 1) & mask
        return place

    def _id(self, row: int) -> bytes:
        """The id of an earlier row, which may be in the block that is being written."""
        first = len(self._rows) - len(self._block) // 2
        return self._block[2 * (row - first)] if row >= first else self._rows.record(row)[0]

    def _grow(self) -> None:
        """Makes the table twice as large."""
        earlier = zip(self._seen, self._hashes, strict=True)
        size = 2 * len(self._seen)
        self._seen, self._hashes = array("I", bytes(4 * size)), array("I", bytes(4 * size))
        for row, hashed in earlier:
            if row:
                place = self._free(hashed)
                self._seen[place], self._hashes[place] = row, hashed

    def _free(self, hashed: int) -> int:
        mask = len(self._seen) - 1
        place = hashed & mask
        while self._seen[place]:
            place = (place + 1) & mask
        return place


def read_rows(text: str) -> Rows:
    """The rows of a file that is written out."""
    intake = Intake()
    intake.feed(text.encode())
    return intake.rows()


def _written(id: Any) -> bytes:
    """An id, whatever it is; null where it is nested more deeply than can be written."""
    try:
        return orjson.dumps(id)
    except orjson.JSONEncodeError:
        return b"null"


def _fault(row: dict[str, Any]) -> int:
    """What is wrong with a row whose id is right. Null is as good as nothing. Evidence: stripe-file-3."""
    path_params = row.get("path_params")
    if path_params is not None and not (
        type(path_params) is dict and all(type(value) is str for value in path_params.values())
    ):
        return PATH_FORM
    if not isinstance(row.get("params"), dict | None):
        return PARAMS_FORM
    fits = _is_context(row.get("context")) and isinstance(row.get("stripe_version"), str | None)
    return FINE if fits else CONTEXT_FORM


def _is_context(value: Any) -> bool:
    """Return whether a row may have this context: an account's id, or nothing. Evidence: stripe-file-6."""
    return value is None or (type(value) is str and _ACCOUNT.fullmatch(value) is not None)
