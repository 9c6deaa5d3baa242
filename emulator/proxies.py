"""The HTTP proxy that the environment names for an address, and the addresses that it exempts."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from emulator.address import Address
from emulator.kernel.errors import EmulatorError
from emulator.web.guard import is_loopback
from emulator.web.redact import redact_url

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
    for variable in _variables(address.scheme):
        if text := environ.get(variable, "").strip():
            return _read(text, variable)
    return None


def named_proxy(address: Address, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return how to speak of the proxy that other programs use for an address, this machine's not exempted; None without."""
    if is_exempt(address, environ):
        return None
    named = ((variable, environ.get(variable, "").strip()) for variable in _variables(address.scheme))
    return next((f"the proxy {_shown(text)} ({variable})" for variable, text in named if text), None)


def is_this_machine(host: str) -> bool:
    """Tell whether a host is this machine, to which no proxy leads."""
    return is_loopback(host) or host.endswith(".localhost")


def is_exempt(address: Address, environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether NO_PROXY names an address: its host, a domain above it, its network, or everything (`*`)."""
    entries = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return any(_matches(entry.lower(), address) for entry in re.split(r"[\s,]+", entries) if entry)


def _variables(scheme: str) -> Iterable[str]:
    return f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"


def _read(text: str, variable: str) -> Proxy:
    shown = _shown(text)
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port or PORT
    except ValueError:
        raise UselessProxy(f"the proxy {shown} ({variable}) is no URL") from None
    if parts.scheme.lower() != "http" or not parts.hostname:
        raise UselessProxy(
            f"the proxy {shown} ({variable}) is none that speaks plain HTTP, and no other is used here: "
            "name the emulator's host in NO_PROXY"
        )
    headers = {}
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {b64encode(user.encode()).decode()}"
    return Proxy(parts.hostname, port, headers, shown, variable)


def _shown(text: str) -> str:
    return redact_url(text) if "://" in text else redact_url(f"http://{text}")


def _matches(entry: str, address: Address) -> bool:
    if entry == "*":
        return True
    entry = entry.rpartition("://")[2]
    port = None
    if match := _ENTRY.fullmatch(entry):
        entry, port = match["v6"] or match["host"], match["v6port"] or match["port"]
    if port is not None and int(port) != address.port:
        return False
    return _names_host(entry, address.host.lower().rstrip("."))


def _names_host(entry: str, host: str) -> bool:
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        domain = entry.removeprefix("*").strip(".")
        return bool(domain) and (host == domain or host.endswith(f".{domain}"))
