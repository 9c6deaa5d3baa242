"""Listening sockets: from a host and a port to sockets, and from sockets to a URL that reaches them."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from ipaddress import ip_address

BACKLOG = 2048
LOCALHOST = ("127.0.0.1", "::1")
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  where it listens is not where it is reached
PORTS_TRIED = 20
"""Ports tried until one is free at every address."""

UNAVAILABLE = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})


def listen(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen at every address of a host, on one port; port 0 lets the system choose one.

    `localhost` is 127.0.0.1 and ::1, and `::` takes IPv4 as well. Where the machine has no IPv6, `localhost` is IPv4 alone.

    Raises:
        OSError: an address cannot be had, or the host has none.
    """
    addresses = _addresses(host)
    for _ in range(PORTS_TRIED):
        try:
            return _listen_at(addresses, port)
        except OSError as error:
            if port or error.errno != errno.EADDRINUSE:
                raise
    return _listen_at(addresses, port)


def url_of(sockets: Sequence[socket.socket], scheme: str = "http") -> str:
    """Return the base URL at which a server is reached from this machine."""
    host, port = sockets[0].getsockname()[:2]
    return url_at(host, port, scheme)


def url_at(host: str, port: int, scheme: str = "http") -> str:
    """Return the base URL at which a server that listens at this host is reached from this machine."""
    name = _unbracketed(host)
    name = _literal(name) or name
    name = ANYWHERE.get(name, name)
    return f"{scheme}://[{name}]:{port}" if ":" in name else f"{scheme}://{name}:{port}"


def _listen_at(addresses: Sequence[str], port: int) -> list[socket.socket]:
    """Listen at those of the addresses that this machine has."""
    sockets: list[socket.socket] = []
    reason: str | None = None
    with ExitStack() as opened:
        for address in addresses:
            try:
                listening = _bind(address, sockets[0].getsockname()[1] if sockets else port)
            except OSError as error:
                if error.errno not in UNAVAILABLE:
                    raise
                reason = error.strerror
            else:
                sockets.append(opened.enter_context(listening))
        if not sockets:
            missing = f"this machine has no address {' or '.join(addresses)} ({reason})"
            raise OSError(f"{missing}: --host 0.0.0.0 listens at every address of IPv4")
        opened.pop_all()
    return sockets


def _bind(address: str, port: int) -> socket.socket:
    if ":" not in address:
        return socket.create_server((address, port), backlog=BACKLOG)
    both = address == "::" and socket.has_dualstack_ipv6()
    return socket.create_server((address, port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=both)


def _addresses(host: str) -> Sequence[str]:
    """Return every address that a host name or a literal stands for."""
    name = _unbracketed(host)
    if "%" in name:
        raise OSError(f"{host!r} has a zone (%), which no URL can carry: listen on :: or on an address without one")
    if name.lower().rstrip(".") == "localhost":
        return LOCALHOST
    if literal := _literal(name):
        return ["::", "0.0.0.0"] if literal == "::" and not socket.has_dualstack_ipv6() else [literal]  # noqa: S104
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no host name"
        raise OSError(f"no address is known of the host {host!r}: {reason}") from None
    return list(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found))


def _unbracketed(host: str) -> str:
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def _literal(name: str) -> str | None:
    """Return an address in its shortest form, and one of IPv4 as such; None for a name."""
    try:
        address = ip_address(name)
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)
