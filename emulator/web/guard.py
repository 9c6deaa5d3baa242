"""The one choke point: who may ask anything at all, decided before either plane sees the request.

A page in a browser must neither read nor change anything, even where the server listens on loopback only: not by its own
requests (Origin, Sec-Fetch-Site), nor by making its own name point here (Host). Programs send none of these but Host.
"""

from __future__ import annotations

import hmac
import re
from binascii import a2b_base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

PREFIX = "/_emulator"
OPEN = frozenset({f"{PREFIX}/health", f"{PREFIX}/ready"})
"""Control paths that need no token, so that a health check has no secret to keep."""

NO_SOCKET = None
"""In place of a client's address: the request comes from this very program, which no page in a browser can be."""

LIVE_KEYS = (b"sk_live_", b"rk_live_")
ELSEWHERE = frozenset({b"cross-site", b"same-site"})
HOST = re.compile(r"(?:\[([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)\]|([A-Za-z0-9._~-]+))(?::[0-9]*)?")


class Turned(NamedTuple):
    """A request that is turned away: status, our error's name, and the reason."""

    status: int
    error: str
    reason: str


@dataclass(slots=True)
class Guard:
    """`hosts` are names it may be called by besides the local ones; a `token` that is not empty locks the control plane."""

    hosts: frozenset[str] = frozenset()
    token: str | None = None
    _known: dict[bytes, bool] | None = None

    def turn_away(self, scope: Mapping[str, Any]) -> Turned | None:
        """Why a request may not be answered; None when it may."""
        host = authorization = None
        origin = b""
        for name, value in scope["headers"]:
            if name == b"host":
                if host is not None:
                    return Turned(400, "repeated-header", "which host is meant? There are several Host headers")
                host = value
            elif name == b"origin":
                origin = value
            elif name == b"authorization":
                if authorization is not None:
                    return Turned(400, "repeated-header", "who asks? There are several Authorization headers")
                authorization = value
            elif name == b"sec-fetch-site" and value in ELSEWHERE:
                return Turned(403, "cross-origin", "a page of another site may ask nothing here")
        if scope.get("client") is not NO_SOCKET:
            if not host and scope["http_version"] == "1.1":
                return Turned(400, "no-host", "a request in HTTP/1.1 says in its Host header whom it is for")
            if host and not self._may_be_called(host):
                return Turned(421, "host-not-allowed", f"this is not {host.decode('latin-1')}; --allow-host would make it so")
        if origin and origin != f"{scope['scheme']}://".encode() + (host or b""):
            return Turned(403, "cross-origin", "a page of another origin may ask nothing here")
        if scope["path"].startswith(PREFIX) and not self._opens(scope["path"], authorization):
            return Turned(401, "control-token", "the control plane wants Authorization: Bearer and the control token")
        if has_live_key(authorization or b"", scope["query_string"]):
            return Turned(403, "live-key", "this looks like a live key, which is for the vendor alone: consider rolling it")
        return None

    def _opens(self, path: str, authorization: bytes | None) -> bool:
        if not self.token or path in OPEN:
            return True
        scheme, _, given = (authorization or b"").partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), self.token.encode())

    def _may_be_called(self, host: bytes) -> bool:
        known = self._known = {} if self._known is None or len(self._known) > 1000 else self._known
        if host not in known:
            known[host] = self._is_ours(host.decode("latin-1"))
        return known[host]

    def _is_ours(self, host: str) -> bool:
        """Addresses, and names without a dot, which no stranger can make point here; localhost; and what was allowed."""
        name = _name_in(host)
        return bool(name) and (_is_address(name) or "." not in name or name.endswith(".localhost") or name in self.hosts)


def has_live_key(authorization: bytes, query: bytes) -> bool:
    """Whether a key that looks live is sent: as it is, encoded in the query, or in basic authentication."""
    if b"%" in query:
        query = unquote_to_bytes(query)
    if authorization[:6].lower() == b"basic ":
        authorization = _decoded(authorization[6:])
    for key in LIVE_KEYS:  # noqa: SIM110  with any() it costs three times as much, of every request
        if key in authorization or key in query:
            return True
    return False


def _decoded(base64: bytes) -> bytes:
    try:
        return a2b_base64(base64 + b"==")
    except ValueError:
        return base64


def allowed(names: Iterable[str]) -> frozenset[str]:
    """Host names as they are compared: without a port, in lower case."""
    return frozenset(_name_in(name) for name in names)


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine only."""
    name = host.lower().rstrip(".").removeprefix("[").removesuffix("]")
    return name == "localhost" or (_is_address(name) and ip_address(name).is_loopback)


def _name_in(host: str) -> str:
    """A host's name or address, without its port; nothing where it is not written as one."""
    match = HOST.fullmatch(host)
    return (match[1] or match[2]).lower().rstrip(".") if match else ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
