"""The origin of a request: the address, the name or the trusted proxy by which the client reached this server.

Links lead back there, and a page of this origin, and of no other, may ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import islice
from typing import Any

from emulator.kernel.resource import Struct
from emulator.text.pattern import pattern

AUTHORITY = "emulator.authority"
"""Under this name in a scope: host and port at which the client reached the server, where they are not in its Host header."""

SAID_BY_PROXIES = frozenset({b"forwarded", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port"})

MAPPED_BITS = 96
"""Bits of an address of IPv6 that say that it stands for one of IPv4."""

PORTS = {"http": 80, "https": 443}
"""The schemes, each with the port that need not be written in a URL."""

MAX_PORT = 65_535

MOST_PAIRS = 100
"""Parameters of Forwarded that are read; those of the client's own hop come first."""

_PAIR = pattern(r'[\s;,]*([\w!#$%&\'*+.^`|~-]+)=("(?:[^"\\]|\\.)*"|[^\s;,"]+)(?=\s*(?:[;,]|$))', re.ASCII)
"""One parameter of the header Forwarded (RFC 7239, 4), and what separates it from the one before."""

_PORT = pattern("[0-9]{1,5}")

_WITH_PORT = pattern(rb"(\[[^\]]*\]|[^:]*)(:[0-9]*)?")

_QUOTED = pattern(r"\\(.)")


class Proxies(Struct, frozen=True):
    """The proxies that are trusted to say how a client came: this machine and these networks; or `anybody`."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    anybody: bool = False

    @classmethod
    def of(cls, written: Iterable[str]) -> Proxies:
        """Read lists of addresses and networks, separated by commas; `*` is anybody.

        Raises:
            ValueError: one of them is neither.
        """
        names = [name for text in written for part in text.split(",") if (name := part.strip())]
        return cls(tuple(_network(name) for name in names if name != "*"), "*" in names)

    def trust(self, address: str) -> bool:
        """Tell whether the peer at this address is trusted."""
        try:
            peer = ip_address(_unmapped(address))
        except ValueError:  # a socket of the file system has no address
            return self.anybody
        return self.anybody or peer.is_loopback or any(peer in network for network in self.networks)


def forwarded(headers: Sequence[tuple[bytes, bytes]]) -> tuple[str | None, bytes | None]:
    """Return scheme and host at which a client reached the outermost proxy, each None where no proxy says so.

    In lists to which every proxy adds, the first is the client's. Forwarded goes before the older headers.
    """
    joined: dict[bytes, bytes] = {}
    for name, value in headers:
        joined[name] = joined[name] + b"," + value if name in joined else value
    said = {"host": _first(joined, b"x-forwarded-host"), "proto": _first(joined, b"x-forwarded-proto")}
    said |= dict(reversed([*islice(_pairs(joined.get(b"forwarded", b"").decode("latin-1")), MOST_PAIRS)]))
    scheme, host = said.get("proto", "").lower(), said.get("host", "")
    return scheme if scheme in PORTS else None, host.encode("latin-1") or None


def at_forwarded_port(host: bytes, headers: Sequence[tuple[bytes, bytes]], scheme: str) -> bytes:
    """Return a host with the port that X-Forwarded-Port says in place of its own, if any; the scheme's usual port is left out.

    A port in X-Forwarded-Host goes before it, and so does Forwarded, in which a port is a part of the host. What is no port
    from 1 to 65535 counts for nothing.
    """
    joined = dict(reversed(headers))
    said, match = _first(joined, b"x-forwarded-port"), _WITH_PORT.fullmatch(host)
    if match is None or b"forwarded" in joined or (match[2] and b"x-forwarded-host" in joined):
        return host
    if not _PORT.fullmatch(said) or not 0 < int(said) <= MAX_PORT:
        return host
    return match[1] if int(said) == PORTS.get(scheme) else match[1] + b":%d" % int(said)


def authority_of(server: Sequence[Any] | None) -> str | None:
    """Return host and port of the address at which a connection was accepted; None where it has none."""
    if not server or server[1] is None:
        return None
    host = _unmapped(str(server[0]))
    return f"[{host}]:{server[1]}" if ":" in host else f"{host}:{server[1]}"


def _first(headers: Mapping[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1").partition(",")[0].strip()


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield the parameters of Forwarded in order, up to the first that is not one."""
    end = 0
    while match := _PAIR.match(text, end):
        value = match[2]
        yield match[1].lower(), _QUOTED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
        end = match.end()


def _network(name: str) -> IPv4Network | IPv6Network:
    """Return a network; one of IPv4 as such where it is written as one of IPv6, as the addresses of peers are."""
    try:
        network = ip_network(name, strict=False)
    except ValueError:
        raise ValueError(f"{name!r} is neither an address such as 10.0.0.1, a network such as 10.0.0.0/8, nor '*'") from None
    if network.version == 4 or network.prefixlen < MAPPED_BITS or (first := network.network_address.ipv4_mapped) is None:
        return network
    return IPv4Network((first, network.prefixlen - MAPPED_BITS))


def _unmapped(address: str) -> str:
    """Return an address of IPv4 as such where a socket for both families shows it as one of IPv6."""
    if not address.startswith("::ffff:"):
        return address
    mapped = IPv6Address(address).ipv4_mapped
    return str(mapped) if mapped else address


OWN_SITES = frozenset({b"none", b"same-origin"})
"""Values of Sec-Fetch-Site of a request that no page of another site, and no other page of this host, has made."""

_ORIGIN = pattern(rb"(https?)://([^/?#\\@]+)(?:[/?#].*)?", re.IGNORECASE | re.DOTALL)

_PATH = pattern(rb"/(?![/\\]).*|", re.DOTALL)
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
