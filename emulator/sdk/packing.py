"""Bytes and arrays of numbers as texts, for values that are kept as JSON."""

from __future__ import annotations

from array import array
from base64 import b64decode, b64encode
from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from typing_extensions import Buffer

T = TypeVar("T")


ALIKE: ContextVar[dict[Any, Any] | None] = ContextVar("alike", default=None)
"""Values by the keys they were made of, while one file is read; None where nothing is read."""


def one_like(key: Hashable, make: Callable[[], T]) -> T:
    """Return what is made of a key, the same each time while one file is read: so values share it as they did before."""
    known = ALIKE.get()
    if known is None:
        return make()
    if key not in known:
        known[key] = make()
    found: T = known[key]
    return found


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
