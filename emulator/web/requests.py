"""Read a request: the spelling of its target, its content coding, and its body within bounds."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from sys import getsizeof
from typing import Any

from emulator.kernel.budget import Budget, Charge, Quota
from emulator.kernel.errors import TooLarge, TooMany
from emulator.kernel.limits import Limits
from emulator.kernel.room import refusal
from emulator.kernel.weight import weigh
from emulator.sdk.request import Reader
from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern
from emulator.web.connection import Connection, InProcessConnection, Message, Receive, Scope
from emulator.web.event_loop import in_limited_thread

_ENCODED_LETTER = pattern(r"%(2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|5[0-9AaFf]|7[0-9AaEe])")
"""The unreserved characters of RFC 3986 (2.3): letters, digits, `-`, `.`, `_` and `~`."""

NOT_UTF_8 = "this is no request in HTTP/1.1: its target is neither percent-encoded nor in UTF-8"

_NOT_ASCII = pattern(rb"[\x80-\xff]+")


def percent_encoded(target: bytes) -> bytes:
    """Return a target whose bytes are all ASCII."""
    return _NOT_ASCII.sub(lambda found: f"%{found[0].hex('%').upper()}".encode(), target)


def encode_target(scope: Scope) -> None:
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


CONTINUE = b"100-continue"


def declared_length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Return the value of Content-Length, or sys.maxsize where it is more; None where there is none, or it is no number."""
    value = next((value for name, value in headers if name == b"content-length"), b"").strip()
    digits = value.lstrip(b"0")
    return (int(digits or b"0") if len(digits) < len(str(sys.maxsize)) else sys.maxsize) if value.isdigit() else None


MAX_DRAIN_BYTES = 1_000_000_000
"""Bytes of a body that is too large which are read all the same: a client that is still sending never sees the refusal."""

LONG_BODY = 32_768
"""Bytes of a body from which on reading it takes so long that others must have their turn."""


def waits_for_continue(scope: Scope) -> bool:
    """Tell whether the client of a request waits before it sends the body."""
    return scope["http_version"] == "1.1" and any(
        name == b"expect" and CONTINUE in value.lower() for name, value in scope["headers"]
    )


GZIP = b"\x1f\x8b"
"""The first bytes of what gzip makes."""

BODILESS = frozenset({b"", b"0"})


def content_coding(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> str | None:
    """Return in what a request's body is compressed: as its headers say, or as it begins; None where it is plain, or empty.

    Of the body of an upload, no more than its beginning is kept.
    """
    said, length, chunked = "", b"", False
    for name, value in headers:
        if name == b"content-encoding":
            said = value.decode("latin-1").strip().lower()
        elif name == b"content-length":
            length = value
        elif name == b"transfer-encoding":
            chunked = True
    if not body and not chunked and length in BODILESS:
        return None
    if said not in ("", "identity"):
        return said
    return "gzip" if body.startswith(GZIP) else None


UNCOUNTED_BYTES = 32_768
"""Bytes of a body that are not counted."""

NO_ROOM = f"this body has no room beside those that arrive at the same time: send fewer at once, or {Limits.more('memory')}"


def quota_for_bodies(limits: Limits) -> Quota:
    """Return an account for all bodies that arrive at a time: a quarter of what the server keeps, and at least the largest."""
    return Quota(Budget(max(limits.memory // 4, limits.body, limits.control)))


class IncomingBody:
    """One body that is arriving. `refusal` says that there is no room for it; of an upload, the first `kept` bytes are kept.

    It is no exception: one that was raised would know whoever waits for this body, who knows it.
    """

    def __init__(self, account: Quota, kept: int = 0) -> None:
        self.refusal = ""
        self.kept = kept
        self._account = account
        self._charge: Charge | None = None

    @property
    def is_counted(self) -> bool:
        """True if it is long enough to count."""
        return self._charge is not None

    def count(self, kept: int) -> bool:
        """Count the bytes that are kept by now, and return whether there is room for them."""
        if kept <= UNCOUNTED_BYTES and self._charge is None:
            return True
        if self._charge is None:
            self._charge = self._account.keep(0)
        self._charge.become(kept)
        if self._account.over:
            self.refusal = str(refusal(self._account, "this upload")) if self.kept else NO_ROOM
            self._charge.become(0)
        return not self.refusal

    def count_value(self, value: Any) -> None:
        """Count the value that was read from the body in its place: it can be many times as large.

        Raises:
            TooMany: there is no room for it beside other bodies.
        """
        weight = weigh(value)
        size = weight.own + sum(map(getsizeof, weight.large))
        self._charge = self._account.keep(size)
        if self._account.over and self._account.budget.used > size:
            self._charge = None
            raise TooMany(NO_ROOM)


async def read_body(
    message: Message,
    receive: Receive,
    reader: Reader | None,
    limit: int,
    connection: Connection,
    incoming: IncomingBody,
) -> tuple[bytes, int]:
    """Read a body to its end, of which `message` is the beginning; return it, and its size in bytes.

    Where a reader takes it in, no more is returned than is kept of it; a long one is fed beside the event loop.

    Raises:
        TooLarge: it is larger than the limit.
        TooMany: there is no room for what is kept of it, which counts meanwhile.
        ConnectionError: the client hung up before its end, so that there is no request.
    """
    body, size = bytearray(), 0
    while True:
        if message["type"] == "http.disconnect":
            raise ConnectionError
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit or incoming.refusal:
            body.clear()
        elif reader is None:
            body += chunk
            incoming.count(len(body))
        else:
            body += chunk[: incoming.kept - len(body)]
            if size <= LONG_BODY or isinstance(connection, InProcessConnection):
                reader.feed(chunk)
            else:
                await in_limited_thread(reader.feed, chunk)
            if not incoming.count(reader.size):
                reader.give_up()
        if not message.get("more_body") or size > max(limit, MAX_DRAIN_BYTES):
            break
        message = await receive()
    if size > limit:
        raise TooLarge(limit)
    if incoming.refusal:
        raise TooMany(incoming.refusal)
    return bytes(body), size


_BEGINS_JSON = pattern(rb"[ \t\r\n]*+[\[{]")
_SEPARATORS = b",[{"
"""Before each value of a JSON text but the first, one of these stands."""

_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_SOME_STRINGS = pattern(rb'[^"]*+(?:' + _STRING + rb'[^"]*+){1,1000}+', re.DOTALL)
_NAME_OR_STRING = pattern(rb"(" + _STRING + rb")[ \t\r\n]*+:|" + rb'"(?:[^"\\]++|\\.?)*+(?:"|\Z)', re.DOTALL)

VALUES_OF_A_NAME = 25
"""Values for which a JSON body may have one more name: to make many names that differ lets nobody else have a turn."""


def check_values(body: bytes, limits: Limits) -> None:
    """Count the values of a JSON body before it is read, and the names that differ, and let others have turns meanwhile.

    Raises:
        TooLarge: there are more than there may be.
    """
    if not _BEGINS_JSON.match(body):
        return
    most, most_names = limits.values, limits.values // VALUES_OF_A_NAME
    cure = f": {Limits.more('values')}"
    if _separators(body) > most and sum(_separators(_NAME_OR_STRING.sub(b"", it)) for it in _pieces(body)) > most:
        raise TooLarge(most, cure, "values in JSON")
    names = set[bytes]()
    for piece in _pieces(body) if body.count(b":") > most_names else ():
        names.update(_NAME_OR_STRING.findall(piece))
        if len(names) - (b"" in names) > most_names:
            raise TooLarge(most_names, f"{cure}, one for {VALUES_OF_A_NAME} values", "different names in JSON")


def _separators(text: bytes) -> int:
    return sum(text.count(separator) for separator in _SEPARATORS)


def _pieces(body: bytes) -> Iterator[bytes]:
    """Yield the pieces of a JSON text, each of which ends before a string, up to one that has no end."""
    start = 0
    while match := _SOME_STRINGS.match(body, start):
        checkpoint()
        yield match[0]
        start = match.end()
    yield body[start:].partition(b'"')[0]


def body_hint(limits: Limits, limit: int) -> str:
    """Return how to raise a bound that is ours; empty where it is the vendor's."""
    bounds = {limits.upload: "upload", limits.body: "body"}
    return f": {Limits.more(bounds[limit])}" if limit in bounds else ""
