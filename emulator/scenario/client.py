"""The client that a scenario is played with: it sends a request, and returns the whole response."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from email.message import Message
from typing import NamedTuple, Protocol
from urllib.parse import quote, urlsplit

from emulator.kernel.errors import EmulatorError

Headers = Sequence[tuple[bytes, bytes]]

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(rb"[^\x00\r\n]*")
_SAFE = "".join(map(chr, range(0x21, 0x7F)))


class NoResponse(EmulatorError):
    """No whole response came back, and why."""


class Response(NamedTuple):
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

    def send(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> Response:
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
    given = {name.lower() for name, _ in headers}
    added = {b"host": host.encode("latin-1"), b"user-agent": b"batch-emulator", b"accept": b"*/*"}
    if content is not None or method in ("POST", "PUT", "PATCH"):
        added[b"content-length"] = b"%d" % len(content or b"")
    return [*((name, value) for name, value in added.items() if name not in given), *headers]
