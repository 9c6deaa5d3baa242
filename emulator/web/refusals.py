"""Refusals of bytes that are no HTTP, or too much of it."""

from __future__ import annotations

import re
from http import HTTPStatus

from httptools import HttpParserCallbackError, HttpParserError

from emulator.web.guard import Rejection
from emulator.web.response import emulator_error_body

TLS_RECORDS = (b"\x16\x03", b"\x15\x03")
"""The first bytes of a handshake and of an alert of TLS."""

SSLV2_HELLO = re.compile(rb"[\x80-\xff].\x01(\x03|\x00\x02)", re.DOTALL)
"""The greeting in the format of SSLv2, with which old clients offer TLS too."""


def refusal(status: int, error: str, message: str) -> bytes:
    """Return a whole reply in our own name, after which the connection is closed."""
    body = emulator_error_body(error, message)
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
    head += f"content-length: {len(body)}\r\nemulator-error: {error}\r\nconnection: close\r\n\r\n"
    return head.encode() + body


def flaw_in(error: HttpParserError, data: bytes, is_first: bool) -> Rejection:
    """Return the refusal of what the parser refuses; `is_first` tells that the client has sent nothing before these bytes."""
    if is_first and _is_tls(data):
        return bad_request("TLS (https) was spoken to the plain http port; use http:// or serve --tls")
    if isinstance(error, HttpParserCallbackError):
        return bad_request("its target is no URL")
    if "PRI" in str(error):
        return unspoken("HTTP/2")
    return unspoken("this version of HTTP") if str(error) == "Invalid HTTP version" else bad_request(str(error))


def bad_request(reason: str) -> Rejection:
    """Return the refusal of what is no request, with the reason."""
    return Rejection(400, "bad-request", f"this is no request in HTTP/1.1: {reason}")


def unspoken(version: str) -> Rejection:
    """Return the refusal of a version of HTTP that is not spoken here (RFC 9110, 15.6.6)."""
    return Rejection(505, "http-version", f"{version} is not spoken here: send HTTP/1.1")


def _is_tls(data: bytes) -> bool:
    return any(record.startswith(data[:2]) for record in TLS_RECORDS) or SSLV2_HELLO.match(data) is not None
