"""Refusals of bytes that are no HTTP, or too much of it."""

from __future__ import annotations

import re
from http import HTTPStatus

from httptools import HttpParserCallbackError, HttpParserError

from emulator.web.wire import body_of_ours

TLS_RECORDS = (b"\x16\x03", b"\x15\x03")
"""The first bytes of a handshake and of an alert of TLS."""

SSLV2_HELLO = re.compile(rb"[\x80-\xff].\x01(\x03|\x00\x02)", re.DOTALL)
"""The greeting in the format of SSLv2, with which old clients offer TLS too."""


def refusal(status: int, error: str, message: str) -> bytes:
    """Return a whole reply in our own name, after which the connection is closed."""
    body = body_of_ours(error, message)
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
    head += f"content-length: {len(body)}\r\nemulator-error: {error}\r\nconnection: close\r\n\r\n"
    return head.encode() + body


def reason_of(error: HttpParserError, data: bytes, is_first: bool) -> str:
    """Return why these bytes are no request; `is_first` tells that the client has sent nothing before them."""
    if is_first and _is_tls(data):
        return "TLS (https) was spoken to the plain http port; use http:// or serve --tls"
    if isinstance(error, HttpParserCallbackError):
        return "its target is no URL"
    return "it is HTTP/2, which is not spoken here" if "PRI" in str(error) else str(error)


def _is_tls(data: bytes) -> bool:
    return any(record.startswith(data[:2]) for record in TLS_RECORDS) or SSLV2_HELLO.match(data) is not None
