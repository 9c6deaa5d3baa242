"""The taking in of an uploaded file, line by line: each row is checked, and kept as no more than what the results need."""

from __future__ import annotations

import re
from array import array
from dataclasses import replace
from sys import getsizeof
from typing import Any
from zlib import DEFLATED, compressobj

import orjson

from emulator.vendors.stripe.files.model.rows import (
    BLOCK,
    CONTEXT_FORM,
    FINE,
    ID_FORM,
    ID_MISSING,
    ID_TWICE,
    LONG,
    NOT_JSON,
    PARAMS_FORM,
    PATH_FORM,
    PLAIN,
    WINDOW,
    Rows,
)

_ID = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_ACCOUNT = re.compile(r"acct_\w+", re.ASCII)
_MOST_SHAPES = 0xFFFF
_FIRST_TABLE = 1024
_HASH = 0xFFFF_FFFF
_MEMORY = 4
"""The memory that zlib takes to compress: 2 to the power of this and 6 more, in bytes."""

LONGEST_BLOCK = 16_384
"""Bytes of a block from which on it takes no more rows."""

LONGEST_LINE = 1_000_000
"""A line that is longer is no request; the bound keeps a file without line ends from filling the memory."""

LARGEST_FILE = 5_000_000_000
"""Evidence: stripe-file-1."""


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
        self._names_size = 0
        self._seen = array("I", bytes(4 * _FIRST_TABLE))
        self._hashes = array("I", bytes(4 * _FIRST_TABLE))
        self._ids = 0

    @property
    def size(self) -> int:
        """Bytes of what is kept of the file so far."""
        tables = getsizeof(self._seen) + getsizeof(self._hashes)
        return self._rows.weigh().own + len(self._rest) + self._block_size + self._names_size + tables

    def give_up(self) -> None:
        """Keep nothing any more."""
        self.__init__()  # type: ignore[misc]

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
        if names not in self._names and len(self._names) < _MOST_SHAPES:
            self._names[names] = len(self._names)
            self._names_size += sum(map(getsizeof, (names, *names)))
        values = orjson.dumps([*path_params.values()]) if path_params else b""
        self._block += id, values
        self._block_size += len(id) + len(values)
        rows.lengths.append(min(len(id) + len(values), LONG))
        rows.faults.append(fault)
        rows.shapes.append(self._names.get(names, 0))
        if len(self._block) == 2 * BLOCK or self._block_size >= LONGEST_BLOCK:
            self._close_block()

    def _close_block(self) -> None:
        """Puts the rows of the block that is being written to the others."""
        rows, block = self._rows, b"\n".join(self._block)
        if not block:
            return
        if len(rows.records) >= PLAIN:
            compressor = compressobj(1, DEFLATED, WINDOW, _MEMORY)
            block = compressor.compress(block) + compressor.flush()
        rows.records.extend(block)
        rows.firsts.append(len(rows) - len(self._block) // 2)
        rows.ends.append(len(rows.records))
        self._block, self._block_size = [], 0

    def _is_known(self, key: bytes) -> bool:
        """Return whether an earlier row has this id; note otherwise that the row about to be added is the first."""
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
    if not _is_of_texts(row.get("path_params")):
        return PATH_FORM
    if not isinstance(row.get("params"), dict | None):
        return PARAMS_FORM
    fits = _is_context(row.get("context")) and isinstance(row.get("stripe_version"), str | None)
    return FINE if fits else CONTEXT_FORM


def _is_of_texts(value: Any) -> bool:
    return value is None or (type(value) is dict and all(type(it) is str for it in value.values()))


def _is_context(value: Any) -> bool:
    """Return whether a row may have this context: an account's id, or nothing. Evidence: stripe-file-6."""
    return value is None or (type(value) is str and _ACCOUNT.fullmatch(value) is not None)
