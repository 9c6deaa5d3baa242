"""The rows of an uploaded file, kept as no more than what the results need."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from sys import getsizeof
from typing import Any
from zlib import decompress

import orjson

from emulator.sdk import Shared, Weight

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

BLOCK = 32
"""Rows that lie together in a block; fewer where they are long."""

PLAIN = 32_000_000
"""Bytes of blocks that are kept as they are, quick to read; the blocks of a longer file are compressed from there on."""

WINDOW = 12
_COMPRESSED = 0x48
"""The first byte of what zlib compresses with this window; no JSON value begins with it."""

LONG = 0xFFFF
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

    @property
    def is_long(self) -> bool:
        """Whether part of it is kept compressed."""
        return len(self.records) > PLAIN

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
        return length if length < LONG else sum(map(len, self.record(row)))

    def weigh(self) -> Weight:
        """Return its bytes."""
        held = (self.records, self.ends, self.firsts, self.lengths, self.faults, self.shapes)
        return Weight(sum(map(getsizeof, held)), [self.names])

    def _open(self, block: int) -> list[bytes]:
        written = bytes(self.records[self.ends[block - 1] if block else 0 : self.ends[block]])
        return (decompress(written, WINDOW) if written[0] == _COMPRESSED else written).split(b"\n")

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
