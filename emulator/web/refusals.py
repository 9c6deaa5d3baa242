"""Refusals of bytes that are no HTTP, or too much of it."""

from __future__ import annotations

from http import HTTPStatus

from httptools import HttpParserCallbackError, HttpParserError

from emulator.web.wire import line_of

TLS_HANDSHAKE = b"\x16\x03"
"""The first bytes of a client that speaks TLS."""


def refusal(status: int, error: str, message: str) -> bytes:
    """Return a whole reply in our own name, after which the connection is closed."""
    body = line_of({"message": message})
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
    head += f"content-length: {len(body)}\r\nemulator-error: {error}\r\nconnection: close\r\n\r\n"
    return head.encode() + body


def reason_of(error: HttpParserError, data: bytes, is_first: bool) -> str:
    """Return why these bytes are no request; `is_first` tells that the client has sent nothing before them."""
    if is_first and TLS_HANDSHAKE.startswith(data[:2]):
        return "TLS (https) was spoken to the plain http port; use http:// or serve --tls"
    if isinstance(error, HttpParserCallbackError):
        return "its target is no URL"
    return "it is HTTP/2, which is not spoken here" if "PRI" in str(error) else str(error)
