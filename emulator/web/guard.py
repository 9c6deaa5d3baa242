"""The guard: requests that may not be answered at all, rejected before either plane sees them.

A page in a browser must neither read nor change anything, even where the server listens on loopback only: not by its own
requests (Origin, Sec-Fetch-Site), nor by making its own name point here (Host). Programs send none of these but Host.
"""

from __future__ import annotations

import hmac
from binascii import a2b_base64
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import NamedTuple, TypeVar

from emulator.kernel.resource import Struct, field
from emulator.text.percent import percent_decoded
from emulator.text.redact import redact_header
from emulator.text.secrets import LIVE
from emulator.web.connection import InProcessConnection, Scope, connection_of
from emulator.web.event_loop import in_limited_thread
from emulator.web.hosts import LONGEST_HOST, may_name_us, name_in
from emulator.web.origin import (
    AUTHORITY,
    OWN_SITES,
    SAID_BY_PROXIES,
    Proxies,
    at_forwarded_port,
    authority_of,
    forwarded,
    is_own_origin,
    is_own_referer,
)
from emulator.web.requests import NOT_UTF_8, encode_target

_DECODED = 3
"""Times that a key may be percent-encoded and still be recognized."""


def has_live_key(headers: Iterable[tuple[bytes, bytes]], *target: bytes) -> bool:
    """Tell whether a key that looks live is in a header, in basic authentication too, or in a part of the target."""
    texts = [*target, *[_decoded(it) if name.endswith(b"authorization") else it for name, it in headers]]
    whole = b" ".join(texts)
    return (b"live_" in whole or b"%" in whole) and any(map(_is_live, texts))


def _is_live(text: bytes) -> bool:
    for _ in range(_DECODED):
        if b"%" not in text or (decoded := percent_decoded(text)) == text:
            break
        text = decoded
    return b"live_" in text and LIVE.search(text.decode("latin-1")) is not None


def _decoded(authorization: bytes) -> bytes:
    """Return the credentials of basic authentication as they are meant; any other value as it is."""
    if authorization[:6].lower() != b"basic ":
        return authorization
    try:
        return a2b_base64(authorization[6:] + b"==")
    except ValueError:
        return authorization[6:]


T = TypeVar("T")

PREFIX = "/_emulator"

CONSOLE = f"{PREFIX}/console"
"""The page for people. Its files hold nothing, and so need no token; what it asks for does."""

CONTROL_NAMES = frozenset(
    {"check", "console", "health", "openapi.json", "ready", "scenarios", "schema", "stream", "vendors", "worlds"}
)
"""First segments of control paths after the prefix."""

OPEN = frozenset({f"{PREFIX}/health", f"{PREFIX}/ready"})
"""Control paths that need no token, so that a health check has no secret to keep."""


def is_open(path: str) -> bool:
    """Tell whether a control path needs no token."""
    return path in OPEN or path == CONSOLE or (path.startswith(f"{CONSOLE}/") and "/" not in path[len(CONSOLE) + 1 :])


HOW_TO_OPEN = (
    "send the header `Authorization: Bearer TOKEN` with the token that the server was given, or printed when it started."
    " Our commands take it from --control-token or EMULATOR_CONTROL_TOKEN, the pytest fixture from EMULATOR_CONTROL_TOKEN"
)


NO_TOKEN = f"the control plane is locked, and no token was sent: {HOW_TO_OPEN}"

WRONG_TOKEN = f"the control plane is locked, and this Authorization does not hold its token: {HOW_TO_OPEN}"

NO_SOCKET = None
"""The client's address of an in-process request, which no page in a browser can send."""

FOREIGN_REFERER = (
    "its Referer is a page of another site, which may not send requests here: if a program sends this, leave the header out"
)


class Rejection(NamedTuple):
    """The rejection of a request: status, the name of our error, and the reason."""

    status: int
    error: str
    reason: str


class Guard(Struct):
    """Checks requests. `hosts` are names by which the server may be called besides the local ones.

    A `token` that is not empty locks the control plane; `proxies` are trusted to say how a client reached them.
    """

    hosts: frozenset[str] = frozenset()
    token: str | None = None
    proxies: Proxies = field(default_factory=Proxies)
    _known: dict[bytes, bool] | None = None

    def check(self, scope: Scope) -> Rejection | None:
        """Return why a request may not be answered, or None; note in its scope how the client reached the server."""
        said: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            said.setdefault(name, []).append(value)
        if rejection := _bad_head(scope, said):
            return rejection
        host = next(iter(said.get(b"host", ())), b"")
        if scope.get("client") is not NO_SOCKET:
            found = self._host(scope, host)
            if isinstance(found, Rejection):
                return found
            host = found
        if not all(not origin or is_own_origin(origin, scope["scheme"], host) for origin in said.get(b"origin", ())):
            return Rejection(403, "cross-origin", "a page of another origin may not send requests here")
        if not all(is_own_referer(referer, scope["scheme"], host) for referer in said.get(b"referer", ())):
            return Rejection(403, "cross-origin", FOREIGN_REFERER)
        authorization = next(iter(said.get(b"authorization", ())), None)
        if scope["path"].startswith(PREFIX) and not is_open(scope["path"]) and not self.accepts_token(authorization):
            return Rejection(401, "control-token", NO_TOKEN if authorization is None else WRONG_TOKEN)
        if has_live_key(scope["headers"], scope.get("raw_path") or scope["path"].encode(), scope["query_string"]):
            return Rejection(403, "live-key", "this looks like a live key, which is for the vendor alone: consider rolling it")
        return None

    def check_own(self, scope: Scope) -> Rejection | None:
        """Return why a request of a handle in this process may not be answered, of whose head only the target is not ours."""
        target: bytes = scope["raw_path"] + scope["query_string"]
        is_sound = target.isascii() and b"%" not in target and b"live_" not in target
        return None if is_sound and not self.token else self.check(scope)

    def _host(self, scope: Scope, host: bytes) -> bytes | Rejection:
        """Return the host that the client asked for, as trusted proxies say; note in the scope what differs from the header."""
        if not host and scope["http_version"] == "1.1":
            return Rejection(400, "no-host", "a request in HTTP/1.1 needs a Host header")
        if host and not self._may_be_called(host):
            return _not_called(host)
        by_proxy = [it for it in scope["headers"] if it[0] in SAID_BY_PROXIES]
        if by_proxy and self.proxies.trust(scope["client"][0]):
            scheme, name = forwarded(by_proxy)
            if name and not self._may_be_called(name):
                return _not_called(name)
            scope["scheme"] = scheme or scope["scheme"]
            host = name or host
            if host:
                host = at_forwarded_port(host, by_proxy, scope["scheme"])
        if not host or by_proxy:
            scope[AUTHORITY] = host.decode("latin-1") if host else authority_of(scope.get("server"))
        return host

    def accepts_token(self, authorization: bytes | None) -> bool:
        """Tell whether an Authorization header holds the control token; always where there is none to hold."""
        if not self.token:
            return True
        scheme, _, given = (authorization or b"").partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), self.token.encode())

    def _may_be_called(self, host: bytes) -> bool:
        if len(host) > LONGEST_HOST:
            return False
        known = self._known = {} if self._known is None or len(self._known) > 1000 else self._known
        if host not in known:
            known[host] = may_name_us(host.decode("latin-1"), self.hosts)
        return known[host]


def _bad_head(scope: Scope, said: Mapping[bytes, list[bytes]]) -> Rejection | None:
    """Return why a head that says this cannot be looked at, or None; percent-encode what its target has beyond ASCII."""
    if not (scope["query_string"].isascii() and (scope.get("raw_path") or b"").isascii()):
        try:
            encode_target(scope)
        except UnicodeDecodeError:
            return Rejection(400, "bad-request", NOT_UTF_8)
    for name in ("Host", "Authorization"):
        if len(said.get(name.lower().encode(), ())) > 1:
            return Rejection(400, "repeated-header", f"it has several {name} headers: send one")
    if not OWN_SITES.issuperset(said.get(b"sec-fetch-site", ())):
        return Rejection(403, "cross-origin", "a page of another site may not send requests here")
    return None


def _not_called(host: bytes) -> Rejection:
    """Return the rejection of a host, with the option that would allow it."""
    shown = redact_header("host", host[:LONGEST_HOST].decode("latin-1"))
    name = name_in(shown) if len(host) <= LONGEST_HOST else ""
    cure = f"if it is meant, serve with --allow-host {name} (EMULATOR_ALLOW_HOST={name})" if name else "it is no host name"
    return Rejection(421, "host-not-allowed", f"this is not {shown}: {cure}")


LONG_TARGET = 1_000
"""Bytes of a path, or of a query, from which on a head is long; each byte takes up to 3 microseconds."""

LONG_HEADERS = 4_000
"""Bytes of all headers from which on a head is long."""


def has_long_head(scope: Scope) -> bool:
    """Tell whether a request with a socket has a long head. Without a socket there may be no event loop to hold up."""
    is_long = (
        len(scope.get("raw_path") or scope["path"]) > LONG_TARGET
        or len(scope["query_string"]) > LONG_TARGET
        or sum(map(len, chain.from_iterable(scope["headers"]))) > LONG_HEADERS
    )
    return is_long and not isinstance(connection_of(scope), InProcessConnection)


async def off_loop_if_long(scope: Scope, function: Callable[..., T], *arguments: object, is_long: bool = False) -> T:
    """Call a function, in a thread where it `is_long` or the head of the request is; return what it returns."""
    is_beside = has_long_head(scope) or (is_long and not isinstance(connection_of(scope), InProcessConnection))
    return await in_limited_thread(function, *arguments) if is_beside else function(*arguments)
