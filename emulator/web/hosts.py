"""Host names by which this server may be called: the allow-list, and which addresses are this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import ip_address, ip_network

from emulator.text.pattern import pattern

PRIVATE_SUFFIXES = frozenset({"corp", "example", "home", "internal", "invalid", "lan", "local", "localhost", "svc", "test"})
"""Names without a dot below which nobody can buy a domain; every other is taken for a public suffix."""

HOST = pattern(r"(?:\[([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)\]|([A-Za-z0-9._~-]+))(?::[0-9]*)?")


LONGEST_HOST = 300
"""Bytes of the longest Host header that is looked at; a name has at most 253 (RFC 1035, 2.3.4)."""


def allowed(names: Iterable[str]) -> frozenset[str]:
    """Return host names, in lists separated by commas or blanks, as they are compared: without a port, in lower case.

    `*.example.com` stays a pattern for every name below example.com; `.example.com` is that, and example.com too.

    Raises:
        ValueError: one of them can match no Host header, or matches any.
    """
    return frozenset(pattern for text in names for name in _parts(text) for pattern in _read_allowed(name))


def may_name_us(host: str, patterns: frozenset[str]) -> bool:
    """Tell whether a Host header may name this server.

    Addresses, names without a dot (which no stranger can make point here), localhost, and what matches the patterns.
    """
    name = name_in(host)
    if not name:
        return False
    return _is_address(name) or "." not in name or name.endswith(".localhost") or not patterns.isdisjoint(_patterns_of(name))


def _parts(text: str) -> list[str]:
    """Return the parts of a list that are not empty; of a list without any, one empty part."""
    return text.replace(",", " ").split() or [""]


def _read_allowed(name: str) -> Iterator[str]:
    if name.strip(".") == "*":
        raise ValueError(f"{name!r} would let the pages of any site in: name the hosts, or *.DOMAIN for those of a domain")
    domain = name.removeprefix("*.").removeprefix(".")
    if not (host := name_in(_in_ascii(domain))):
        raise ValueError(_never_matches(name))
    if domain != name and "." not in host and host not in PRIVATE_SUFFIXES:
        raise ValueError(f"{name!r} would let every site below .{host} in: name a domain, such as *.example.{host}")
    if not name.startswith("*."):
        yield host
    if domain != name:
        yield f"*.{host}"


def _in_ascii(name: str) -> str:
    """Return a name as a Host header has it; an address of IPv6 gets its brackets."""
    if _is_address(name) and ":" in name:
        return f"[{name}]"
    with suppress(UnicodeError):
        return name if name.isascii() else name.encode("idna").decode()
    return name


def _never_matches(name: str) -> str:
    """Return why a name can match no Host header, and the name that may be meant."""
    if not name:
        return "it is empty: write the name by which clients call the server, such as emulator.example.com"
    if _is_network(name):
        return f"{name!r} is a network, and addresses are always allowed: leave it out"
    meant = (name.partition("://")[2] or name).lstrip("/")
    meant = meant.partition("/")[0].rpartition("@")[2]
    reason = f"{name!r} can match no Host header, which holds a name and no more"
    return f"{reason}: write {meant}" if meant != name and name_in(meant.removeprefix("*.")) else reason


def _patterns_of(name: str) -> Iterator[str]:
    """Yield a name, and every pattern that it matches."""
    yield name
    while "." in name:
        name = name.partition(".")[2]
        yield f"*.{name}"


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on is reached from this machine only."""
    name = host.lower().rstrip(".").removeprefix("[").removesuffix("]")
    if not _is_address(name):
        return name == "localhost"
    address = ip_address(name)
    return bool((getattr(address, "ipv4_mapped", None) or address).is_loopback)


def name_in(host: str) -> str:
    """Return the name or address of a host without its port; empty where it is not written as one."""
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
