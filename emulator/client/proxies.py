"""The HTTP proxy that the environment names for an address, and the addresses that it exempts."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed leaves it out

from emulator.client.address import Address
from emulator.kernel.errors import EmulatorError
from emulator.text.redact import redact_text
from emulator.web.hosts import is_loopback

PORT = 80


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
    return host in ("0.0.0.0", "::") or is_loopback(host) or host.lower().rstrip(".").endswith(".localhost")  # noqa: S104


def is_exempt(address: Address, environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether NO_PROXY names an address: its host, a domain above it, its network, or everything (`*`)."""
    entries = re.split(r"[\s,]+", environ.get("no_proxy") or environ.get("NO_PROXY") or "")
    domains = ",".join(entry.removeprefix("*.") for entry in entries if entry)
    place = f"[{address.host}]:{address.port}" if ":" in address.host else f"{address.host}:{address.port}"
    is_named = "*" in entries or proxy_bypass_environment(place, {"no": domains})
    return bool(is_named) or any(_has(entry, address.host) for entry in entries)


def _has(network: str, host: str) -> bool:
    """Tell whether a network, such as 10.0.0.0/8, has the address of a host in it; not where either is a name."""
    try:
        return ip_address(host) in ip_network(network, strict=False)
    except ValueError:
        return False


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
