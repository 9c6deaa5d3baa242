"""The addresses of a receiver, looked up once for an attempt, and those to which nothing is sent."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Thread
from typing import Any

from emulator.delivery.hosts import Address, Hosts, Refused, Target, usual_address

MOST = 8
"""Addresses of one name that are tried."""

METADATA = frozenset(map(ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")))
"""The addresses at which clouds tell a machine its secrets, but for those that are link-local."""

TRANSLATED = IPv6Network("64:ff9b::/96"), IPv6Network("::/96")
"""The networks whose addresses end in one of IPv4 that is meant."""

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
    ask = partial(socket.getaddrinfo, target.host, target.port, type=socket.SOCK_STREAM)
    found: list[Any] = _in_time(ask, seconds)[:MOST]
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
        if any(address in network for network in TRANSLATED) and address.packed[12:15] != bytes(3):
            yield IPv4Address(address.packed[12:])
        yield from filter(None, (address.sixtofour, *(address.teredo or ())))


def _in_time(ask: Callable[[], Any], seconds: float) -> Any:
    """Return what a function returns that nobody can end; the thread in which it waits longer ends with it."""
    future: Future[Any] = Future()

    def answer() -> None:
        try:
            future.set_result(ask())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=answer, name="batch-emulator-lookup", daemon=True).start()
    return future.result(seconds)
