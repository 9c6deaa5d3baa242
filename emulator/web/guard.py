"""The one choke point: who may ask anything at all, decided before either plane sees the request.

A page in a browser must neither read nor change anything, even where the server listens on loopback only: not by its own
requests (Origin, Sec-Fetch-Site), nor by making its own name point here (Host). Programs send none of these but Host.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from emulator.kernel.redact import redact_header
from emulator.web.live_key import has_live_key
from emulator.web.origin import AUTHORITY, SAID_BY_PROXIES, Proxies, at_forwarded_port, authority_of, forwarded
from emulator.web.pages import OWN_SITES, is_own_origin, is_own_referer
from emulator.web.target import NOT_UTF_8, encode_target

PREFIX = "/_emulator"
CONTROL_NAMES = frozenset({"health", "openapi.json", "ready", "scenarios", "schema", "vendors", "worlds"})
"""With which the paths of the control plane go on after its prefix."""

OPEN = frozenset({f"{PREFIX}/health", f"{PREFIX}/ready"})
"""Control paths that need no token, so that a health check has no secret to keep."""

HOW_TO_OPEN = (
    "send the header `Authorization: Bearer TOKEN` with the token that the server was given, or printed when it started."
    " Our commands take it from --control-token or EMULATOR_CONTROL_TOKEN, the pytest fixture from EMULATOR_CONTROL_TOKEN"
)
NO_TOKEN = f"the control plane is locked, and no token was sent: {HOW_TO_OPEN}"
WRONG_TOKEN = f"the control plane is locked, and this Authorization does not hold its token: {HOW_TO_OPEN}"

NO_SOCKET = None
"""In place of a client's address: the request comes from this very program, which no page in a browser can be."""

FOREIGN_REFERER = (
    "its Referer is no page of this server, and a page of another site may ask nothing here: if a program asks, leave it out"
)
PRIVATE_SUFFIXES = frozenset({"corp", "example", "home", "internal", "invalid", "lan", "local", "localhost", "svc", "test"})
"""Names without a dot below which nobody can buy a domain; every other is taken for a public suffix."""

HOST = re.compile(r"(?:\[([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)\]|([A-Za-z0-9._~-]+))(?::[0-9]*)?")


class Rejection(NamedTuple):
    """A request that is turned away: status, our error's name, and the reason."""

    status: int
    error: str
    reason: str


@dataclass(slots=True)
class Guard:
    """`hosts` are names it may be called by besides the local ones; a `token` that is not empty locks the control plane.

    `proxies` are believed when they say how a client reached them.
    """

    hosts: frozenset[str] = frozenset()
    token: str | None = None
    proxies: Proxies = field(default_factory=Proxies)
    _known: dict[bytes, bool] | None = None

    def turn_away(self, scope: MutableMapping[str, Any]) -> Rejection | None:
        """Why a request may not be answered; None when it may. Its scope is told how the client reached the server."""
        try:
            encode_target(scope)
        except UnicodeDecodeError:
            return Rejection(400, "bad-request", NOT_UTF_8)
        host = authorization = None
        origins: list[bytes] = []
        referers: list[bytes] = []
        by_proxy: list[tuple[bytes, bytes]] = []
        for name, value in scope["headers"]:
            if name == b"host":
                if host is not None:
                    return Rejection(400, "repeated-header", "which host is meant? There are several Host headers")
                host = value
            elif name == b"origin":
                origins.append(value)
            elif name == b"referer":
                referers.append(value)
            elif name == b"authorization":
                if authorization is not None:
                    return Rejection(400, "repeated-header", "who asks? There are several Authorization headers")
                authorization = value
            elif name == b"sec-fetch-site" and value not in OWN_SITES:
                return Rejection(403, "cross-origin", "a page of another site may ask nothing here")
            elif name in SAID_BY_PROXIES:
                by_proxy.append((name, value))
        if scope.get("client") is not NO_SOCKET:
            if not host and scope["http_version"] == "1.1":
                return Rejection(400, "no-host", "a request in HTTP/1.1 says in its Host header whom it is for")
            if host and not self._may_be_called(host):
                return _not_called(host)
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
        if not all(not it or is_own_origin(it, scope["scheme"], host or b"") for it in origins):
            return Rejection(403, "cross-origin", "a page of another origin may ask nothing here")
        if not all(is_own_referer(it, scope["scheme"], host or b"") for it in referers):
            return Rejection(403, "cross-origin", FOREIGN_REFERER)
        if scope["path"].startswith(PREFIX) and scope["path"] not in OPEN and not self.opens(authorization):
            return Rejection(401, "control-token", NO_TOKEN if authorization is None else WRONG_TOKEN)
        if has_live_key(scope["headers"], scope.get("raw_path") or scope["path"].encode(), scope["query_string"]):
            return Rejection(403, "live-key", "this looks like a live key, which is for the vendor alone: consider rolling it")
        return None

    def opens(self, authorization: bytes | None) -> bool:
        """Tell whether this header opens the control plane; where no token is demanded, whatever it says."""
        if not self.token:
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
        if not name:
            return False
        local = _is_address(name) or "." not in name or name.endswith(".localhost")
        return local or not self.hosts.isdisjoint(_patterns_of(name))


def allowed(names: Iterable[str]) -> frozenset[str]:
    """Return host names, in lists separated by commas or blanks, as they are compared: without a port, in lower case.

    `*.example.com` stays a pattern for every name below example.com; `.example.com` is that, and example.com too.

    Raises:
        ValueError: one of them can match no Host header, or matches any.
    """
    return frozenset(pattern for text in names for name in _parts(text) for pattern in _read_allowed(name))


def _parts(text: str) -> list[str]:
    """The parts of a list that are not empty; a list without any is one part that is."""
    return text.replace(",", " ").split() or [""]


def _read_allowed(name: str) -> Iterator[str]:
    if name.strip(".") == "*":
        raise ValueError(f"{name!r} would let the pages of any site in: name the hosts, or *.DOMAIN for those of a domain")
    domain = name.removeprefix("*.").removeprefix(".")
    if not (host := _name_in(_in_ascii(domain))):
        raise ValueError(_never_matches(name))
    if domain != name and "." not in host and host not in PRIVATE_SUFFIXES:
        raise ValueError(f"{name!r} would let every site below .{host} in: name a domain, such as *.example.{host}")
    if not name.startswith("*."):
        yield host
    if domain != name:
        yield f"*.{host}"


def _in_ascii(name: str) -> str:
    """A name as a Host header has it; an address of IPv6 gets its brackets."""
    if _is_address(name) and ":" in name:
        return f"[{name}]"
    with suppress(UnicodeError):
        return name if name.isascii() else name.encode("idna").decode()
    return name


def _never_matches(name: str) -> str:
    """Why a name can match no Host header, and the name that may be meant."""
    if not name:
        return "it is empty: write the name by which clients call the server, such as emulator.example.com"
    if _is_network(name):
        return f"{name!r} is a network, and addresses are always allowed: leave it out"
    meant = (name.partition("://")[2] or name).lstrip("/")
    meant = meant.partition("/")[0].rpartition("@")[2]
    reason = f"{name!r} can match no Host header, which holds a name and no more"
    return f"{reason}: write {meant}" if meant != name and _name_in(meant.removeprefix("*.")) else reason


def _patterns_of(name: str) -> Iterator[str]:
    """A name, and every pattern that it matches."""
    yield name
    while "." in name:
        name = name.partition(".")[2]
        yield f"*.{name}"


def _not_called(host: bytes) -> Rejection:
    """The refusal of a host, with the option that would allow it."""
    shown = redact_header("host", host.decode("latin-1"))
    name = _name_in(shown)
    cure = f"if it is meant, serve with --allow-host {name} (EMULATOR_ALLOW_HOST={name})" if name else "it is no host name"
    return Rejection(421, "host-not-allowed", f"this is not {shown}: {cure}")


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reached from this machine only."""
    name = host.lower().rstrip(".").removeprefix("[").removesuffix("]")
    if not _is_address(name):
        return name == "localhost"
    address = ip_address(name)
    return bool((getattr(address, "ipv4_mapped", None) or address).is_loopback)


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


def _is_network(name: str) -> bool:
    try:
        ip_network(name, strict=False)
    except ValueError:
        return False
    return True
