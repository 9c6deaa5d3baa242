"""The head of a request as RFC 9110 and RFC 9112 read it: what the parser lets through, and a server must refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator

from httptools import HttpParserCallbackError, HttpParserError

from emulator.kernel.limits import Limits
from emulator.kernel.resource import Struct
from emulator.web.guard import Rejection
from emulator.web.hosts import HOST
from emulator.web.requests import CONTINUE, declared_length

TLS_RECORDS = (b"\x16\x03", b"\x15\x03")
"""The first bytes of a handshake and of an alert of TLS."""

SSLV2_HELLO = rb"[\x80-\xff].\x01(\x03|\x00\x02)"
"""The greeting in the format of SSLv2, with which old clients offer TLS too."""


def flaw_in(error: HttpParserError, data: bytes, is_first: bool) -> Rejection:
    """Return the refusal of what the parser refuses; `is_first` tells that the client has sent nothing before these bytes."""
    if is_first and (any(it.startswith(data[:2]) for it in TLS_RECORDS) or re.match(SSLV2_HELLO, data, re.DOTALL)):
        return bad_request("TLS (https) came to the plain http port: use http:// or serve --tls")
    if isinstance(error, HttpParserCallbackError):
        return bad_request("its target is no URL")
    if "PRI" in str(error):
        return unsupported("HTTP/2")
    return unsupported("this version of HTTP") if str(error) == "Invalid HTTP version" else bad_request(str(error))


def bad_request(reason: str) -> Rejection:
    """Return the refusal of what is no request, with the reason."""
    return Rejection(400, "bad-request", f"this is no request in HTTP/1.1: {reason}")


def unsupported(version: str) -> Rejection:
    """Return the refusal of a version of HTTP that is not supported (RFC 9110, 15.6.6)."""
    return Rejection(505, "http-version", f"{version} is not supported: send HTTP/1.1")


VERSIONS = frozenset({"1.0", "1.1"})

CHUNKED = b"chunked"

ASTERISK = b"*"

_ABSOLUTE = rb"(?i:https?)://([^/?#]*)(.*)"

Headers = list[tuple[bytes, bytes]]

MISSPELT = bad_request("its first line is not a method, a target and HTTP/1.1 with one space between them")


class Head(Struct, frozen=True):
    """The head of a request: method, target, version (`1.1`) and headers, with their names in lower case."""

    method: bytes
    target: bytes
    version: str
    headers: Headers

    def values(self, name: bytes) -> Iterator[bytes]:
        """Yield the members of a header that is a list, in lower case; an empty one for each line without any."""
        for known, value in self.headers:
            if known == name:
                yield from (member.strip().lower() for member in value.split(b","))

    @property
    def expects_continue(self) -> bool:
        """Tell whether the client waits for `100 Continue` before it sends a body (RFC 9110, 10.1.1)."""
        return self.version != "1.0" and CONTINUE in self.values(b"expect") and self.has_body

    @property
    def has_body(self) -> bool:
        """Tell whether a body is announced that is not empty."""
        return any(name == b"transfer-encoding" for name, _ in self.headers) or declared_length(self.headers) not in (None, 0)


def flaw_of(head: Head, limits: Limits) -> Rejection | None:
    """Return why a request must be refused, whatever it asks for; None where it need not be."""
    if head.version not in VERSIONS:
        return unsupported(f"HTTP/{head.version}")
    if len(head.target) > limits.url:
        return Rejection(414, "url-too-long", f"a target has at most {limits.url} bytes: {Limits.more('url')}")
    if head.method == b"CONNECT":
        return Rejection(501, "no-tunnel", "this is no proxy, and opens no tunnel")
    names = [name for name, _ in head.headers]
    return (
        too_large(head.headers, limits)
        or _flaw_of_target(head)
        or (_flaw_of_coding(head) if b"transfer-encoding" in names else None)
        or (_flaw_of_expectation(head) if b"expect" in names else None)
    )


def too_large(headers: Headers, limits: Limits) -> Rejection | None:
    """Return why headers, or trailers, are too many or too long; None where they are not."""
    size = sum(len(name) + len(value) + 4 for name, value in headers)
    return head_too_large(limits) if size > limits.head or len(headers) > limits.headers else None


def head_too_large(limits: Limits) -> Rejection:
    """Return the refusal of a head, or of trailers, beyond the bounds."""
    bounds = f"at most {limits.head} bytes and {limits.headers} header lines"
    return Rejection(431, "head-too-large", f"a request's head has {bounds}: {Limits.more('head')}, {Limits.more('headers')}")


def origin_form(target: bytes, headers: Headers) -> tuple[bytes, Headers]:
    """Return a target as a path with its query, and the headers that go with it.

    The host that an absolute target names stands in place of the one in the Host header (RFC 9112, 3.2.2). A missing or
    repeated Host header stays so, for the guard to refuse.
    """
    match = re.fullmatch(_ABSOLUTE, target, re.DOTALL)
    if match is None:
        return target, headers
    path = match[2] if match[2].startswith(b"/") else b"/" + match[2]
    return path, [(name, match[1] if name == b"host" else value) for name, value in headers]


def _flaw_of_target(head: Head) -> Rejection | None:
    """Check the form of a target (RFC 9112, 3.2), and what a URI of http may hold (RFC 9110, 4.2)."""
    target = head.target
    if b"#" in target:
        return bad_request("its target has a fragment, which is never sent: write %23 where a # is meant")
    if target.startswith(b"/"):
        return None
    if target == ASTERISK:
        return None if head.method == b"OPTIONS" else bad_request("the target * is for OPTIONS alone")
    match = re.fullmatch(_ABSOLUTE, target, re.DOTALL)
    if match is None:
        return bad_request("its target is neither a path nor a URL of http or https")
    if b"@" in match[1]:
        return bad_request("its target holds a user, which a URL of http may not")
    return None if HOST.fullmatch(match[1].decode("latin-1")) else bad_request("its target names no host")


def _flaw_of_coding(head: Head) -> Rejection | None:
    """Refuse a body without a certain end, and codings that this server does not decode (RFC 9112, 6.1 and 6.3)."""
    codings = [*head.values(b"transfer-encoding")]
    if head.version == "1.0":
        return bad_request("HTTP/1.0 has no Transfer-Encoding")
    if any(name == b"content-length" for name, _ in head.headers):
        return bad_request("it has both Transfer-Encoding and Content-Length")
    if codings[-1] != CHUNKED or b"" in codings or codings.count(CHUNKED) > 1:
        return bad_request("its Transfer-Encoding does not end in one chunked, so that its end is unknown")
    if len(codings) > 1:
        return Rejection(
            501, "transfer-coding", "no transfer coding but chunked is undone here: send the body as it is, in chunks"
        )
    return None


def _flaw_of_expectation(head: Head) -> Rejection | None:
    """Refuse expectations but 100-continue (RFC 9110, 10.1.1); HTTP/1.0 has none, so they are ignored."""
    unmet = [value for value in head.values(b"expect") if value and value != CONTINUE] if head.version != "1.0" else []
    if not unmet:
        return None
    return Rejection(417, "expectation", "no expectation but 100-continue is met here: leave the header Expect out")
