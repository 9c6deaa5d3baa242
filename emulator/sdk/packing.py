"""Bytes and arrays of numbers as texts, for values that are kept as JSON."""

from __future__ import annotations

from array import array
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


def pack(value: Buffer) -> str:
    """Return bytes, or the numbers of an array, as a text."""
    return b64encode(value).decode()


def unpack(text: str) -> bytearray:
    """Return the bytes of a text.

    Raises:
        ValueError: it is none that `pack` returns.
    """
    return bytearray(b64decode(text, validate=True))


def unpack_numbers(typecode: str, text: str) -> array[int]:
    """Return the array of a text whose numbers have this code of the module `array`.

    Raises:
        ValueError: it is none that `pack` returns for such an array.
    """
    numbers = array(typecode)
    numbers.frombytes(unpack(text))
    return numbers
