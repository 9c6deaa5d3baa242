"""Read an uploaded JSON Lines file as it arrives: check each row, and keep only what the results need."""

from __future__ import annotations

import json
import re
from array import array
from codecs import BOM_UTF8
from sys import getsizeof
from typing import Any
from zlib import DEFLATED, compressobj

import orjson

from emulator.sdk import JsonDict, pattern, repeats_a_name, structs, take_room
from emulator.vendors.stripe.files.model.kept import BLOCK, WINDOW
from emulator.vendors.stripe.files.model.rows import (
    BYTE_ORDER_MARK,
    CONTEXT_FORM,
    FINE,
    ID_FORM,
    ID_MISSING,
    ID_TWICE,
    LONGEST_LINE,
    MAX_STORED_LENGTH,
    MOST_MARKS,
    NAME_TWICE,
    NOT_JSON,
    OTHER_KEY,
    OWN_ID,
    PARAMS_FORM,
    PATH_FORM,
    PLAIN,
    UNREADABLE,
    Rows,
)

_KEYS = frozenset(("id", "path_params", "params", "context", "stripe_version"))
"""The keys of a row. Evidence: stripe-file-2 and stripe-file-3."""

_ID = pattern(r"[A-Za-z0-9_-]+", re.ASCII)
_ACCOUNTS = pattern(r"acct_\w+(/acct_\w+)*+", re.ASCII)
_MOST_SHAPES = 0xFFFF
_FIRST_TABLE = 1024
_HASH = 0xFFFF_FFFF
_MEMORY = 4
"""The zlib memory level: a compressor takes 2 ** (_MEMORY + 6) bytes."""

LONGEST_BLOCK = 16_384
"""Bytes at which a block is closed, even if it has fewer than BLOCK rows."""

LARGEST_FILE = 5_000_000_000
"""Bytes of the largest file. Evidence: stripe-file-1."""


class JsonlReader:
    """Read a file chunk by chunk. Beside the rows it holds one unfinished line, and a hash table of the ids seen."""

    limit = LARGEST_FILE

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False
        self._rows = Rows(bytearray(), array("Q"), array("Q"), array("H"), bytearray(), array("H"), ())
        self._block: list[bytes] = []
        self._block_size = 0
        self._names: dict[tuple[str, ...], int] = {(): 0}
        self._names_size = 0
        self._allocate(_FIRST_TABLE)
        self._ids = 0

    @property
    def size(self) -> int:
        """The bytes held in memory for the file so far."""
        tables = getsizeof(self._seen) + getsizeof(self._hashes)
        return self._rows.weigh().own + len(self._rest) + self._block_size + self._names_size + tables

    def give_up(self) -> None:
        """Drop everything read so far."""
        self.__init__()  # type: ignore[misc]

    def feed(self, chunk: bytes) -> None:
        """Read the next bytes of the file."""
        first, *others = chunk.split(b"\n")
        self._rest += b"" if self._skipping else first
        if others:
            self._read_line(self._rest)
            for line in others[:-1]:
                self._read_line(line)
            self._rest, self._skipping = others[-1], False
        if len(self._rest) > LONGEST_LINE:
            self._add(b"null", UNREADABLE)
            self._rest, self._skipping = b"", True

    def rows(self) -> Rows:
        """Finish the file and return its rows."""
        self._read_line(self._rest)
        self._close_block()
        self._rest, self._seen, self._hashes = b"", array("I"), array("I")
        return structs.replace(self._rows, names=tuple(self._names), opened=[(-1, [])])

    def _read_line(self, line: bytes) -> None:
        """Add the row of a line; skip a blank one. Evidence: stripe-file-4."""
        if not line.strip():
            return
        fault, row = _load(line)
        if fault:
            self._add(b"null", fault)
            return
        id = row.get("id")
        key = _dump_id(id)
        fault = _fault_of_id(id) or (ID_TWICE if self._is_known(key) else _fault_of(row))
        if fault in (FINE, OTHER_KEY) and repeats_a_name(line, row):
            fault = NAME_TWICE
        self._add(key, fault, row.get("path_params") or _own_id(row) if fault in (FINE, OTHER_KEY) else {})

    def _add(self, id: bytes, fault: int, path_params: dict[str, str] | None = None) -> None:
        rows, names = self._rows, tuple(path_params or ())
        if names not in self._names and len(self._names) < _MOST_SHAPES:
            self._names[names] = len(self._names)
            self._names_size += sum(map(getsizeof, (names, *names)))
        values = orjson.dumps([*path_params.values()]) if path_params else b""
        length = len(id) + len(values)
        self._block += id, values
        self._block_size += length
        rows.lengths.append(min(length, MAX_STORED_LENGTH))
        rows.faults.append(fault)
        rows.shapes.append(self._names.get(names, 0))
        if len(self._block) == 2 * BLOCK or self._block_size >= LONGEST_BLOCK:
            self._close_block()

    def _close_block(self) -> None:
        """Append the current block to the rows, compressed once they exceed PLAIN bytes."""
        rows, block = self._rows, b"\n".join(self._block)
        if not block:
            return
        if len(rows.records) >= PLAIN:
            compressor = compressobj(1, DEFLATED, WINDOW, _MEMORY)
            block = compressor.compress(block) + compressor.flush()
        rows.records.extend(block)
        rows.firsts.append(self._first_of_block())
        rows.ends.append(len(rows.records))
        self._block, self._block_size = [], 0

    def _first_of_block(self) -> int:
        return len(self._rows) - len(self._block) // 2

    def _is_known(self, key: bytes) -> bool:
        """Return whether an earlier row has this id; if not, record that the next row has it."""
        hashed = hash(key) & _HASH
        slot = self._slot(hashed, key)
        if self._seen[slot]:
            return True
        self._seen[slot], self._hashes[slot] = len(self._rows) + 1, hashed
        self._ids += 1
        if 4 * self._ids > 3 * len(self._seen):
            self._grow()
        return False

    def _slot(self, hashed: int, key: bytes | None = None) -> int:
        """Return the slot that holds this id in the hash table, or else the free slot where it belongs."""
        seen, mask = self._seen, len(self._seen) - 1
        slot = hashed & mask
        while row := seen[slot]:
            if key is not None and self._hashes[slot] == hashed and self._id(row - 1) == key:
                return slot
            slot = (slot + 1) & mask
        return slot

    def _id(self, row: int) -> bytes:
        """Return the id of an earlier row, which may still be in the open block."""
        first = self._first_of_block()
        return self._block[2 * (row - first)] if row >= first else self._rows.record(row)[0]

    def _allocate(self, slots: int) -> None:
        self._seen, self._hashes = array("I", bytes(4 * slots)), array("I", bytes(4 * slots))

    def _grow(self) -> None:
        """Double the hash table."""
        earlier = zip(self._seen, self._hashes, strict=True)
        self._allocate(2 * len(self._seen))
        for row, hashed in earlier:
            if row:
                slot = self._slot(hashed)
                self._seen[slot], self._hashes[slot] = row, hashed


def read_rows(text: str) -> Rows:
    """Return the rows of the lines of a text."""
    reader = JsonlReader()
    reader.feed(text.encode())
    return reader.rows()


def dump_rows(rows: Rows, _: object) -> str | dict[str, str]:
    """Return the lines of a file; for a long one, an object that says so, which no state accepts.

    Raises:
        TooMany: there is no room for them.
    """
    lines, left = list[bytes](), 0 if rows.is_long else PLAIN
    for line in rows.lines():
        left -= len(line)
        if left < 0:
            return {"left_out": f"{len(rows):,} rows, which are more than a state shows"}
        lines.append(take_room(line))
    return b"".join(lines).decode()


def _load(line: bytes) -> tuple[int, JsonDict]:
    """Return the JSON object of a line, or the fault that it is none, or is not read."""
    if len(line) > LONGEST_LINE or (len(line) > MOST_MARKS and sum(map(line.count, (b"[", b"{", b",", b":"))) > MOST_MARKS):
        return UNREADABLE, {}
    try:
        row = orjson.loads(line)
    except ValueError:
        return _why_unread(line), {}
    return (FINE, row) if type(row) is dict else (NOT_JSON, {})


def _why_unread(line: bytes) -> int:
    """Return UNREADABLE for JSON that orjson does not read, though its grammar is right, and why anything else is no JSON."""
    if line.startswith(BOM_UTF8):  # evidence: stripe-file-11
        return BYTE_ORDER_MARK
    try:
        json.loads(line.decode(), parse_int=len, parse_float=len, parse_constant=int)
    except RecursionError:
        return UNREADABLE
    except ValueError:
        return NOT_JSON
    return UNREADABLE


def _dump_id(id: Any) -> bytes:
    """Return an id of any type as JSON; null where it is nested too deeply for orjson."""
    try:
        return orjson.dumps(id)
    except orjson.JSONEncodeError:
        return b"null"


def _own_id(row: JsonDict) -> dict[str, str]:
    """Return the id that a valid row asks for what it creates. Evidence: stripe-results-7."""
    id = (row.get("params") or {}).get("id")
    return {OWN_ID: id} if type(id) is str and id else {}


def _fault_of_id(id: Any) -> int:
    if id is None:
        return ID_MISSING
    return FINE if type(id) is str and _ID.fullmatch(id) else ID_FORM


def _fault_of(row: JsonDict) -> int:
    """Return the fault of a row whose id is valid. Evidence: stripe-file-3, stripe-file-6 to stripe-file-8."""
    path_params, context = row.get("path_params"), row.get("context")
    if path_params is not None and not (
        type(path_params) is dict and all(type(it) is str and it for it in path_params.values())
    ):
        return PATH_FORM
    if not isinstance(row.get("params"), dict | None):
        return PARAMS_FORM
    is_account = context is None or (type(context) is str and _ACCOUNTS.fullmatch(context))
    if not (is_account and isinstance(row.get("stripe_version"), str | None)):
        return CONTEXT_FORM
    return FINE if row.keys() <= _KEYS else OTHER_KEY
