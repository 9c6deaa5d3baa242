"""The response to which an answer of a vendor is rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple


class Stream(NamedTuple):
    """A body that is made while it is sent: its length in bytes, and its chunks."""

    length: int
    chunks: Iterator[bytes]


class Response(NamedTuple):
    """An HTTP response: status, body (a JSON value, bytes as they are, or a Stream), and headers in lower case."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = {}


def reason_phrase(status: int) -> str:
    """Return the reason phrase of a status, `Error` for one that HTTP does not have."""
    return HTTPStatus(status).phrase if status in {*HTTPStatus} else "Error"
