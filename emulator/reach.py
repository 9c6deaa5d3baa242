"""How our own commands and handles reach a server, whatever the environment says of proxies and certificates."""

from __future__ import annotations

from ssl import SSLContext
from typing import TypedDict

import httpx

from emulator.web.guard import is_loopback


class Reaching(TypedDict):
    """Options of httpx."""

    trust_env: bool
    verify: SSLContext | bool


def reaching(url: str) -> Reaching:
    """Through the proxy that the environment names, but not to this machine; our own authority is trusted beside the others.

    Raises:
        httpx.InvalidURL: it is none.
    """
    it = httpx.URL(url)
    return {"trust_env": not is_loopback(it.host), "verify": _trusting() if it.scheme == "https" else False}


def _trusting() -> SSLContext:
    from emulator.tls import kept_certificate

    context = httpx.create_ssl_context()
    if (certificate := kept_certificate()) is not None:
        context.load_verify_locations(cadata=certificate)
    return context
