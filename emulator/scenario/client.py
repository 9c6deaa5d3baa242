"""The client that a scenario is played with, and responses read as values: whatever answers at a URL may be no emulator."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from email.message import Message
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlsplit

from emulator.kernel.errors import EmulatorError
from emulator.sdk.exact_json import depth_of
from emulator.text.escape import escaped
from emulator.text.pattern import pattern

Headers = Sequence[tuple[bytes, bytes]]

_NAME = pattern(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = pattern(rb"[^\x00\r\n]*")
_SAFE = "".join(map(chr, range(0x21, 0x7F)))


class NoResponse(EmulatorError):
    """No whole response came back, and why."""


class ReceivedResponse(NamedTuple):
    """A whole response."""

    status: int
    headers: Headers
    content: bytes

    def header(self, name: str) -> str | None:
        """Return the values of a header, joined by commas; None where there is none."""
        values = [value.decode("latin-1") for key, value in self.headers if key.decode("latin-1").lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def text(self) -> str:
        """The body, decoded by the charset that it says it has."""
        message = Message()
        message["content-type"] = self.header("content-type") or ""
        try:
            return self.content.decode(message.get_content_charset("utf-8"), "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")


class Client(Protocol):
    """A client of one server."""

    def send(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> ReceivedResponse:
        """Send a request to a path with its query, and return the whole response.

        Raises:
            NoResponse: none came back.
        """


def raw_target(target: str) -> tuple[bytes, str | None]:
    """Return the path and query of a target as they are sent, and the host that it names where it is a whole URL."""
    parts = urlsplit(target) if "://" in target.partition("?")[0] else None
    if parts is not None:
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    return quote(target, safe=_SAFE).encode(), parts.netloc if parts else None


def raw_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return headers as they are sent.

    Raises:
        ValueError: one of them cannot be sent.
    """
    raw = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
    for name, value in raw:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"the header {name.decode()!r} is not written as one")
    return raw


def completed(method: str, headers: Headers, content: bytes | None, host: str) -> list[tuple[bytes, bytes]]:
    """Return headers with those that every request has: Host, User-Agent, and the length of its body."""
    names = {name.lower() for name, _ in headers}
    added = {b"host": host.encode("latin-1"), b"user-agent": b"batch-emulator", b"accept": b"*/*"}
    if content is not None or method in ("POST", "PUT", "PATCH"):
        added[b"content-length"] = b"%d" % len(content or b"")
    return [*((name, value) for name, value in added.items() if name not in names), *headers]


MAX_RESPONSE_DEPTH = 200
"""Levels of a value: twice as many as a request to an emulator may have."""

MAX_TYPE_LENGTH = 100
"""Characters of a content type that are shown."""


class NotAnEmulator(NoResponse):
    """An answer came that no emulator gives; the message says of which status and type it was."""

    def __init__(self, response: ReceivedResponse) -> None:
        kind = (response.header("content-type") or "").partition(";")[0] or "no type"
        super().__init__(
            f"it answered {response.status} ({escaped(kind[:MAX_TYPE_LENGTH])}), which is no answer of an emulator"
        )


def read_foreign(content: bytes) -> Any:
    """Return the value of JSON that anybody may have sent; a number with a fraction is a Decimal.

    Raises:
        ValueError: it is none, has more than `MAX_RESPONSE_DEPTH` levels, or a number that Python cannot hold.
    """
    try:
        value = json.loads(content, parse_float=Decimal)
    except (RecursionError, ArithmeticError):
        raise ValueError("it is nested too deep, or has a number beyond all bounds") from None
    if depth_of(value) > MAX_RESPONSE_DEPTH:
        raise ValueError(f"it is nested more than {MAX_RESPONSE_DEPTH} deep")
    return value


def read_answer(response: ReceivedResponse, shape: Any) -> Any:
    """Return the value of an answer that has a shape, as `fits` reads it.

    Raises:
        NotAnEmulator: it has another, or is no JSON.
    """
    try:
        value = read_foreign(response.content)
    except ValueError:
        raise NotAnEmulator(response) from None
    if not fits(value, shape):
        raise NotAnEmulator(response)
    return value


def read_refusal(response: ReceivedResponse) -> str:
    """Return the reason that an emulator gives for a refusal.

    Raises:
        NotAnEmulator: it is none of an emulator.
    """
    body = read_answer(response, dict)
    reason = body.get("detail") or body.get("message")
    if response.status < 400 or not isinstance(reason, str):
        raise NotAnEmulator(response)
    return reason


LARGEST = 2**64
"""The largest number that an answer of an emulator may have where it has one: Python prints none of thousands of digits."""


def fits(value: Any, shape: Any) -> bool:
    """Tell whether a value has a shape: a type, a list of one shape, or an object with these names; `...` is any name."""
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(it, shape[0]) for it in value)
    if not isinstance(shape, dict):
        return isinstance(value, shape) and not (isinstance(value, int) and abs(value) > LARGEST)
    if not isinstance(value, dict):
        return False
    if ... in shape:
        return all(fits(it, shape[...]) for it in value.values())
    return all(name in value and fits(value[name], part) for name, part in shape.items())
