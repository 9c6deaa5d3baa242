"""A request's target: one spelling for targets that are the same."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

_ENCODED_LETTER = re.compile(r"%(2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|5[0-9AaFf]|7[0-9AaEe])")
"""The unreserved characters of RFC 3986 (2.3): letters, digits, `-`, `.`, `_` and `~`."""

NOT_UTF_8 = "this is no request in HTTP/1.1: its target is neither percent-encoded nor in UTF-8"

_NOT_ASCII = re.compile(rb"[\x80-\xff]")


def percent_encoded(target: bytes) -> bytes:
    """Return a target whose bytes are all ASCII."""
    return _NOT_ASCII.sub(lambda byte: b"%%%02X" % ord(byte[0]), target)


def encode_target(scope: MutableMapping[str, Any]) -> None:
    """Percent-encode the path and the query of a scope, which some servers pass on as they were typed.

    Raises:
        UnicodeDecodeError: they are not in UTF-8.
    """
    for part in ("raw_path", "query_string"):
        if (typed := scope.get(part)) and not typed.isascii():
            typed.decode()
            scope[part] = percent_encoded(typed)


def with_plain_letters(path: str) -> str:
    """Return a path without needless percent-encoding: `/%5Ffiles` is `/_files`. What separates and `%2F` stay as they are."""
    return _ENCODED_LETTER.sub(_plain, path) if "%" in path else path


def _plain(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))
