"""The response to which an answer of a vendor is rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from emulator.kernel.resource import Struct, field
from emulator.sdk.json_pieces import Room


class Stream(Struct, frozen=True):
    """A body that is sent in chunks: its length in bytes, and these, which may be made meanwhile."""

    length: int
    chunks: Iterator[bytes]


class Pieces(Struct, frozen=True):
    """A body that is made whole before it is sent. `make` yields its pieces, and takes room for those that it has to keep."""

    make: Callable[[Room], Iterable[bytes]]


class Response(Struct, frozen=True):
    """An HTTP response: status, body (a JSON value, bytes, a Stream or Pieces), and headers in lower case."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def reason_phrase(status: int) -> str:
    """Return the reason phrase of a status, `Error` for one that HTTP does not have."""
    return HTTPStatus(status).phrase if status in {*HTTPStatus} else "Error"
