"""The rows of an uploaded file, stored as no more than what the results need."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from codecs import BOM_UTF8
from collections.abc import Iterator
from sys import getsizeof
from typing import Any

import orjson

from emulator.sdk import JsonDict, Shared, Struct, Weight, field, pack, structs, unpack, unpack_numbers
from emulator.vendors.stripe.files.model.kept import check_rows, opened

FINE, NOT_JSON, UNREADABLE, ID_MISSING, ID_FORM, ID_TWICE, PATH_FORM = range(7)
PARAMS_FORM, CONTEXT_FORM, NAME_TWICE, BYTE_ORDER_MARK, OTHER_KEY, PATH_NAMES = range(7, 13)
"""The faults of a row. Only an assumption makes OTHER_KEY one, and only the endpoint of the job decides the last one."""

LONGEST_LINE = 1_000_000
"""Bytes of the longest line that is read. A longer one is not kept, so a file without line ends cannot fill the memory."""

MOST_MARKS = 100_000
"""Most marks of structure in a line: each value takes time, in one call that holds up everybody else."""

FAULTS = (
    "",
    "The line is not a JSON object",
    f"This server reads no line of more than {LONGEST_LINE:,} bytes, or of more than {MOST_MARKS:,} of the marks [ {{ , and :,"
    " none with half a surrogate pair or a number beyond a double, and none nested more than 1,000 deep",
    "The request has no id",
    "The id has other characters than letters, digits, - and _",
    "The id is that of an earlier request",
    "path_params is not an object of strings, none of them empty",
    "params is not an object",
    "context is not the id of an account, or a path of them, or stripe_version is not a string",
    "An object of the line has the same name more than once",
    "The line begins with a byte order mark, which JSON does not have",
    "The request has a key besides id, path_params, params, context and stripe_version",
    "path_params does not name the placeholders of the endpoint's path",
)

OWN_ID = "\ud800"
"""The name, in the place of path_params, of the id in params; no JSON that is read has it."""

PLAIN = 32_000_000
"""Bytes of blocks stored uncompressed, which are quick to read; the blocks after them are compressed."""

MAX_STORED_LENGTH = 0xFFFF
"""The stored length of a record that has this length or a greater one."""


class Rows(Struct, Shared, frozen=True):
    """The rows of one file; immutable.

    `records` holds the id and the path_params values of each row, both as JSON, in blocks: `ends` has the end of each block,
    `firsts` its first row. Per row, `lengths` has the length of its record, `faults` its fault and `shapes` the index of its
    path_params names in `names`. `opened` caches the block read last, with its number, and
    `decided` the outcomes of the rows that were decided last, with what they depend on.
    """

    records: bytearray
    ends: array[int]
    firsts: array[int]
    lengths: array[int]
    faults: bytearray
    shapes: array[int]
    names: tuple[tuple[str, ...], ...]
    opened: list[tuple[int, list[bytes]]] = field(default_factory=lambda: [(-1, [])])
    decided: list[tuple[Any, Any]] = field(default_factory=list)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rows) and structs.astuple(self)[:-2] == structs.astuple(other)[:-2]

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def is_long(self) -> bool:
        """True where some blocks are compressed."""
        return len(self.records) > PLAIN

    def record(self, row: int) -> tuple[bytes, bytes]:
        """Return the id and the path_params values of a row, as JSON; without path_params, the second is empty."""
        block = bisect_right(self.firsts, row) - 1
        known, parts = self.opened[0]
        if known != block:
            parts = self._open(block)
            self.opened[0] = block, parts
        place = 2 * (row - self.firsts[block])
        return parts[place], parts[place + 1]

    def record_length(self, row: int) -> int:
        """Return the bytes of a row's record."""
        length = self.lengths[row]
        return length if length < MAX_STORED_LENGTH else sum(map(len, self.record(row)))

    def kept(self) -> list[Any]:
        """Return the values of which `from_kept` makes equal rows; None stands for a name that no JSON has."""
        names = [[None if name == OWN_ID else name for name in each] for each in self.names]
        numbers = [(it.typecode, pack(it)) for it in (self.ends, self.firsts, self.lengths, self.shapes)]
        return [pack(self.records), pack(self.faults), numbers, names]

    @classmethod
    def from_kept(cls, kept: list[Any]) -> Rows:
        """Return the rows of which these are the values.

        Raises:
            ValueError: no file has such rows.
        """
        records, faults, numbers, names = kept
        ends, firsts, lengths, shapes = [unpack_numbers(*it) for it in numbers]
        known = tuple(tuple(OWN_ID if name is None else str(name) for name in each) for each in names)
        rows = cls(unpack(records), ends, firsts, lengths, unpack(faults), shapes, known)
        check_rows(rows, len(FAULTS))
        return rows

    def weigh(self) -> Weight:
        """Return the memory that the rows take."""
        held = (self.records, self.ends, self.firsts, self.lengths, self.faults, self.shapes)
        return Weight(sum(map(getsizeof, held)), [self.names])

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of a file that has these same rows."""
        return (self._line(row) + b"\n" for row in range(len(self)))

    def _open(self, block: int) -> list[bytes]:
        return opened(bytes(self.records[self.ends[block - 1] if block else 0 : self.ends[block]]))

    def _line(self, row: int) -> bytes:
        fault, (id, values) = self.faults[row], self.record(row)
        if fault == NOT_JSON:
            return b"?"
        if fault == BYTE_ORDER_MARK:
            return BOM_UTF8 + b"{}"
        if fault == UNREADABLE:
            return b'{"":1e999}'
        if fault == ID_MISSING:
            return b"{}"
        if fault == NAME_TWICE:
            return b'{"id":%b,"id":%b}' % (id, id)
        line: JsonDict = {"id": orjson.Fragment(id)} | _MARKS.get(fault, {})
        if values:
            named = dict(zip(self.names[self.shapes[row]], orjson.loads(values), strict=False))
            line |= {"params": {"id": named[OWN_ID]}} if OWN_ID in named else {"path_params": named}
        return orjson.dumps(line)


_MARKS: dict[int, dict[str, int]] = {
    PATH_FORM: {"path_params": 0},
    PARAMS_FORM: {"params": 0},
    CONTEXT_FORM: {"context": 0},
    OTHER_KEY: {"": 0},
}
"""The member that gives a line this fault."""
