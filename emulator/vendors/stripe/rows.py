"""The rows of an uploaded file: taken in line by line, checked, and kept as no more than what the results need."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from emulator.kernel.weight import Shared

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
    "context or stripe_version is not a string",
    "path_params does not name the placeholders of the endpoint's path",
)

_ID = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_MOST_SHAPES = 0xFFFF
_FIRST_TABLE = 1024


@dataclass(frozen=True, slots=True)
class Rows(Shared):
    """What is kept of a file, never to be changed again.

    `records` holds each row's id and the values of its path_params, both as JSON, up to `ends`; `faults` what is wrong with
    each row; `shapes` which of `names` are those of its path_params.
    """

    records: bytearray
    ends: array[int]
    faults: bytearray
    shapes: array[int]
    names: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.ends)

    def record(self, row: int) -> tuple[bytes, bytes]:
        """The row's id and the values of its path_params, as JSON; without path_params there are none."""
        start = self.ends[row - 1] if row else 0
        id, _, values = self.records[start : self.ends[row]].partition(b"\n")
        return bytes(id), bytes(values)

    def record_length(self, row: int) -> int:
        """The length of both."""
        return self.ends[row] - (self.ends[row - 1] if row else 0) - 1

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
        self._rows = Rows(bytearray(), array("Q"), bytearray(), array("H"), ())
        self._names: dict[tuple[str, ...], int] = {(): 0}
        self._seen = array("I", bytes(4 * _FIRST_TABLE))
        self._ids = 0

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
        self._rest, self._seen = b"", array("I")
        taken = self._rows
        return Rows(taken.records, taken.ends, taken.faults, taken.shapes, tuple(self._names))

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
        elif self._is_known(key + b"\n"):
            self._add(key, ID_TWICE)
        elif fault := _fault(row):
            self._add(key, fault)
        else:
            self._add(key, FINE, row.get("path_params") or {})

    def _add(self, id: bytes, fault: int, path_params: dict[str, str] | None = None) -> None:
        rows, names = self._rows, tuple(path_params or ())
        shape = self._names.setdefault(names, len(self._names)) if len(self._names) < _MOST_SHAPES else 0
        rows.records.extend(id + b"\n" + (orjson.dumps([*path_params.values()]) if path_params else b""))
        rows.ends.append(len(rows.records))
        rows.faults.append(fault)
        rows.shapes.append(self._names.get(names, shape))

    def _is_known(self, key: bytes) -> bool:
        """Whether an earlier row has this id; the row about to be added is noted as its first otherwise."""
        place = self._place(key)
        if self._seen[place]:
            return True
        self._seen[place] = len(self._rows) + 1
        self._ids += 1
        if 3 * self._ids > 2 * len(self._seen):
            self._grow(key)
        return False

    def _place(self, key: bytes) -> int:
        """Where in the table of ids this one stands, or belongs."""
        seen, ends, records = self._seen, self._rows.ends, self._rows.records
        mask = len(seen) - 1
        place = hash(key) & mask
        while row := seen[place]:
            if records.startswith(key, ends[row - 2] if row > 1 else 0):
                return place
            place = (place + 1) & mask
        return place

    def _grow(self, newest: bytes) -> None:
        """Makes the table twice as large; the newest row is in the table, but not among the rows yet."""
        earlier, count = self._seen, len(self._rows)
        self._seen = array("I", bytes(8 * len(earlier)))
        for row in earlier:
            if row:
                key = newest if row > count else self._rows.record(row - 1)[0] + b"\n"
                self._seen[self._free(key)] = row

    def _free(self, key: bytes) -> int:
        mask = len(self._seen) - 1
        place = hash(key) & mask
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
    fits = isinstance(row.get("context"), str | None) and isinstance(row.get("stripe_version"), str | None)
    return FINE if fits else CONTEXT_FORM
