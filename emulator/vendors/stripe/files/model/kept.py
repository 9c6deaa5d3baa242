"""Whether the rows and the outcomes of a file that was kept are such as a file can have: anybody may have written them."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd
from typing import TYPE_CHECKING
from zlib import decompressobj, error

import orjson

from emulator.sdk import checkpoint

if TYPE_CHECKING:
    from emulator.vendors.stripe.files.model.outcomes import RowOutcomes
    from emulator.vendors.stripe.files.model.rows import Rows

BLOCK = 32
"""Most rows of a block; one of long rows has fewer."""

LONGEST_OPENED = 4_000_000
"""Bytes of a block when it is decompressed: it is closed with 16,384, and no line has more than a million."""

WINDOW = 12
COMPRESSED = 0x48
"""The first byte of a zlib stream with this window; no JSON value begins with it."""

STRETCH = 10_000
"""Outcomes that are looked at in one step."""


def opened(stored: bytes) -> list[bytes]:
    """Return the records of a block: the id and the values of each of its rows.

    Raises:
        ValueError: nothing can be read, or more than a block can have, as in a bomb.
    """
    if stored[:1] != bytes([COMPRESSED]):
        return stored.split(b"\n")
    decompressor = decompressobj(WINDOW)
    try:
        content = decompressor.decompress(stored, LONGEST_OPENED)
    except error as reason:
        raise ValueError(f"a block of rows cannot be read: {reason}") from None
    _expect(decompressor.eof, "a block of rows is cut short, or larger than any")
    return content.split(b"\n")


def check_rows(rows: Rows, faults: int) -> None:
    """Check that each row can be read, and has one of so many faults.

    Raises:
        ValueError: they are none that a file has.
    """
    tables = rows.ends, rows.firsts, rows.lengths, rows.shapes
    _expect([it.typecode for it in tables] == [*"QQHH"], "the numbers of rows are of another type")
    _expect(len(rows.faults) == len(rows.shapes) == len(rows), "rows have not as many faults and shapes")
    _expect(len(rows.firsts) == len(rows.ends), "blocks of rows have not as many beginnings and ends")
    row = end = 0
    for first, after, block in zip(rows.firsts, _ends_of(rows), rows.ends, strict=True):
        checkpoint()
        _expect(first == row < after <= first + BLOCK and end < block, "a block of rows begins or ends elsewhere")
        _check_block(rows, range(first, after), bytes(rows.records[end:block]), faults)
        row, end = after, block
    _expect(row == len(rows) and end == len(rows.records), "some rows are in no block")


def _ends_of(rows: Rows) -> Iterator[int]:
    """Yield for each block the row behind its last."""
    firsts = iter(rows.firsts)
    next(firsts, None)
    yield from firsts
    if rows.firsts:
        yield len(rows)


def _check_block(rows: Rows, those: range, stored: bytes, faults: int) -> None:
    records, shapes = opened(stored), rows.shapes[those.start : those.stop]
    _expect(len(records) == 2 * len(those), "a block has not as many records as rows")
    _expect(max(rows.faults[those.start : those.stop]) < faults, "a row has a fault that there is not")
    _expect(max(shapes) < max(1, len(rows.names)), "a row has a shape that there is not")
    for id, values, shape in zip(records[::2], records[1::2], shapes, strict=True):
        orjson.loads(id)
        found = orjson.loads(values) if values else []
        _expect(isinstance(found, list) and all(isinstance(it, str) for it in found), "the values of a row are no texts")
        _expect(not values or len(found) == len(rows.names[shape]), "a row has not as many values as names")


def check_outcomes(work: RowOutcomes) -> None:
    """Check that every row has an outcome that there is, and a place in the order.

    Raises:
        ValueError: they are none that the rows of a file have.
    """
    count, order = len(work.rows), work.order
    _expect(len(work.outcomes) == count == order.count, "there are not as many outcomes as rows")
    _expect(count == 0 or gcd(order.step, count) == 1, "the order has not each row once")
    _expect(work.invalid is None or 0 <= work.invalid < count, "the first invalid row is none of them")
    for start in range(0, count, STRETCH):
        checkpoint()
        most = max(work.outcomes[start : start + STRETCH])
        _expect(most <= len(work.failures), "a row has an outcome that there is not")
    texts = [text for it in work.failures for text in (it.message, it.type, *filter(None, (it.code,)))]
    _expect(all(isinstance(it, str) for it in (*texts, work.endpoint.http_method, work.endpoint.path)), "a text is none")
    _expect(all(type(it.status) is int for it in work.failures), "a status is no number")


def _expect(is_right: bool, wrong: str) -> None:
    if not is_right:
        raise ValueError(wrong)
