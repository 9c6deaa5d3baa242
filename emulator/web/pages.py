"""The page of a browser that a request comes from, as its headers tell: one of this server, or one of another site."""

from __future__ import annotations

import re

from emulator.web.origin import PORTS

OWN_SITES = frozenset({b"none", b"same-origin"})
"""Values of Sec-Fetch-Site of a request that no page of another site, and no other page of this host, has made."""

_ORIGIN = re.compile(rb"(https?)://([^/?#\\@]+)(?:[/?#].*)?", re.IGNORECASE | re.DOTALL)
_PATH = re.compile(rb"/(?![/\\]).*|", re.DOTALL)
"""A Referer without a host (RFC 9110, 10.1.3), which is of this one. No browser writes it so."""


def is_own_origin(origin: bytes, scheme: str, host: bytes) -> bool:
    """Tell whether an Origin is that at which the client reached this server."""
    return origin == f"{scheme}://".encode() + host or _same(_ORIGIN.fullmatch(origin), scheme, host)


def is_own_referer(referer: bytes, scheme: str, host: bytes) -> bool:
    """Tell whether a Referer is a page of this server. What is no URL of a page is none."""
    referer = referer.strip()
    return _PATH.fullmatch(referer) is not None or _same(_ORIGIN.fullmatch(referer), scheme, host)


def _same(named: re.Match[bytes] | None, scheme: str, host: bytes) -> bool:
    if named is None or named[1].lower() != scheme.encode():
        return False
    usual = b":%d" % PORTS[scheme] if scheme in PORTS else b":"
    return named[2].lower().removesuffix(usual) == host.lower().removesuffix(usual)
