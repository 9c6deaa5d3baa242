"""The addresses of a receiver, looked up once for an attempt, and those to which nothing is sent."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Lock, Thread
from typing import Any

from emulator.delivery.hosts import Address, Hosts, Refused, Target, usual_address

MOST = 8
"""Addresses of one name that are tried."""

METADATA = frozenset(map(ip_address, ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")))
"""The addresses at which clouds tell a machine its secrets, but for those that are link-local."""

LAST = (12, 13, 14, 15)
TRANSLATED = {
    IPv6Network("64:ff9b::/96"): (LAST,),
    IPv6Network("64:ff9b:1::/48"): (LAST, (6, 7, 9, 10)),
    IPv6Network("::ffff:0:0:0/96"): (LAST,),
    IPv6Network("::/96"): (LAST,),
}
"""The networks whose addresses hold one of IPv4 that is meant, and at which of their bytes (RFC 6052, 7915, 8215)."""

ISATAP = frozenset((bytes.fromhex("00005efe"), bytes.fromhex("02005efe")))
"""Bytes 8 to 11 of an IPv6 address whose last four are an address of IPv4, in any network (ISATAP, RFC 5214)."""

FORBIDDEN: dict[str, Callable[[Address], bool]] = {
    "unspecified": lambda it: it.is_unspecified or it in ip_network("0.0.0.0/8"),
    "a multicast or broadcast address": lambda it: it.is_multicast or it == IPv4Address("255.255.255.255"),
    "link-local": lambda it: it.is_link_local,
    "that of a cloud's metadata": lambda it: it in METADATA,
}
"""The kinds of addresses to which nothing is sent unless they are named themselves."""


def look_up(target: Target, hosts: Hosts, seconds: float) -> list[Any]:
    """Return the addresses of a target's host as `socket.getaddrinfo` does, each of which may be sent to.

    Raises:
        Refused: one of them may not.
        OSError: it has none, or that is not known in time.
    """
    found = [(*kind, (place[0], target.port, *place[2:])) for *kind, place in _lookup(target.host).result(seconds)[:MOST]]
    for *_, place in found:
        _check(str(place[0]), target.port, hosts)
    return found


def _check(text: str, port: int, hosts: Hosts) -> None:
    try:
        address = usual_address(ip_address(text))
    except ValueError:
        raise Refused(f"its host has the address {text}, which names an interface") from None
    if hosts.names(address, port):
        return
    for each in (address, *_inner(address)):
        for kind, is_one in FORBIDDEN.items():
            if is_one(each):
                raise Refused(f"its host has the address {text}, which is {kind}: --deliver-to would have to name it itself")


def _inner(address: Address) -> Iterator[IPv4Address]:
    """Yield the addresses of IPv4 to which one of IPv6 leads."""
    if isinstance(address, IPv6Address):
        places = [place for network, places in TRANSLATED.items() if address in network for place in places]
        places += [LAST] if address.packed[8:12] in ISATAP else []
        inner = [bytes(address.packed[byte] for byte in place) for place in places]
        yield from (IPv4Address(it) for it in inner if any(it[:3]))
        yield from filter(None, (address.sixtofour, *(address.teredo or ())))


_under_way: dict[str, Future[list[Any]]] = {}
_lock = Lock()


def _lookup(host: str) -> Future[list[Any]]:
    """Return the lookup of a name that is under way, or a new one: nobody can end one, and many would take a thread each."""
    with _lock:
        if host not in _under_way:
            future: Future[list[Any]] = Future()
            Thread(target=_look_up, args=(host, future), name="batch-emulator-lookup", daemon=True).start()
            _under_way[host] = future  # it cannot be over yet: its end waits for the lock
        return _under_way[host]


def _look_up(host: str, future: Future[list[Any]]) -> None:
    try:
        found, error = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM), None
    except BaseException as raised:
        found, error = [], raised
    with _lock:
        del _under_way[host]
    if error is None:
        future.set_result(found)
    else:
        future.set_exception(error)
