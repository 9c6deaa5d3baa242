"""The HTTP proxy that the environment names for an address, and the addresses that it exempts."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from emulator.client.address import Address
from emulator.kernel.errors import EmulatorError
from emulator.text.redact import redact_text
from emulator.web.hosts import is_loopback

PORT = 80
_ENTRY = re.compile(r"\[(?P<v6>[^\]]*)\](?::(?P<v6port>\d+))?|(?P<host>[^:]*):(?P<port>\d+)")


class UselessProxy(EmulatorError):
    """The environment names a proxy of a kind that is not spoken here."""


class Proxy(NamedTuple):
    """A proxy, the variable that names it, and the headers that let us in. As text, it shows no password."""

    host: str
    port: int
    headers: Mapping[str, str]
    url: str
    variable: str

    def __str__(self) -> str:
        return f"the proxy {self.url} ({self.variable})"


def proxy_of(address: Address, environ: Mapping[str, str] = os.environ) -> Proxy | None:
    """Return the proxy through which an address is reached; None for one of this machine, and one that NO_PROXY names.

    Raises:
        UselessProxy: it is no HTTP proxy.
    """
    if is_this_machine(address.host) or is_exempt(address, environ):
        return None
    return next((_read(text, variable) for variable, text in _proxy_variables(address.scheme, environ)), None)


def named_proxy(address: Address, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return how to speak of the proxy that other programs use for an address, this machine's not exempted; None without."""
    if is_exempt(address, environ):
        return None
    return next(
        (f"the proxy {_redacted(text)} ({variable})" for variable, text in _proxy_variables(address.scheme, environ)), None
    )


def is_this_machine(host: str) -> bool:
    """Tell whether a host is this machine, to which no proxy leads: also 0.0.0.0 and ::, which reach it."""
    address = _address(host)
    if address is not None:
        return address.is_loopback or address.is_unspecified
    return is_loopback(host) or host.lower().rstrip(".").endswith(".localhost")


def is_exempt(address: Address, environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether NO_PROXY names an address: its host, a domain above it, its network, or everything (`*`)."""
    entries = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return any(_matches(entry.lower(), address) for entry in re.split(r"[\s,]+", entries) if entry)


def _proxy_variables(scheme: str, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the variables that name a proxy, in order; an empty one in lower case disables that in upper case."""
    for name in (f"{scheme}_proxy", "all_proxy"):
        variable = name if name in environ else name.upper()
        if text := environ.get(variable, "").strip():
            yield variable, text


def _read(text: str, variable: str) -> Proxy:
    redacted = _redacted(text)
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port or PORT
    except ValueError:
        raise UselessProxy(f"the proxy {redacted} ({variable}) is no URL") from None
    if parts.scheme.lower() != "http" or not parts.hostname:
        raise UselessProxy(
            f"the proxy {redacted} ({variable}) is none that speaks plain HTTP, and no other is used here: "
            "name the emulator's host in NO_PROXY"
        )
    headers = {}
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {b64encode(user.encode()).decode()}"
    return Proxy(parts.hostname, port, headers, redacted, variable)


def _redacted(text: str) -> str:
    return redact_text(text) if "://" in text else redact_text(f"http://{text}")


def _matches(entry: str, address: Address) -> bool:
    """Tell whether an entry of NO_PROXY, in lower case, names an address; a scheme and a trailing slash do no harm."""
    entry = entry.rpartition("://")[2].removesuffix("/")
    port = None
    if match := _ENTRY.fullmatch(entry):
        entry, port = match["v6"] or match["host"], match["v6port"] or match["port"]
    if port is not None and int(port) != address.port:
        return False
    return entry == "*" or _names_host(entry, address.host)


def _names_host(entry: str, host: str) -> bool:
    if (literal := _address(host)) is not None:
        return any(literal in network for network in _networks(entry))
    domain, name = _in_ascii(entry.removeprefix("*").strip(".")), _in_ascii(host.rstrip("."))
    return bool(domain) and (name == domain or name.endswith(f".{domain}"))


def _networks(entry: str) -> Iterator[IPv4Network | IPv6Network]:
    """The network of an entry; nothing for a name."""
    with suppress(ValueError):
        yield ip_network(_address(entry) or entry, strict=False)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address, and one of IPv4 as such where it is mapped; None for a name."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _in_ascii(name: str) -> str:
    """A name as it is looked up, in lower case."""
    with suppress(UnicodeError):
        return name.lower() if name.isascii() else name.encode("idna").decode().lower()
    return name.lower()
