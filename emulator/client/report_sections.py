"""Sections of a failure report that the journal does not have: requests that missed the world, and what is under way."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator

from emulator.client.address import Address
from emulator.client.emulator import Emulator, handle_name
from emulator.client.proxies import named_proxy
from emulator.scenario.document import JsonObject
from emulator.text.secrets import redact
from emulator.vendors import VENDORS

NEWEST, SOONEST = 10, 3
CLIENTS = frozenset({"aiohttp", "http", "httpcore", "httpx", "requests", "stripe", "urllib", "urllib3"})


def requests_held(emulator: Emulator) -> list[JsonObject]:
    """Return the requests that have reached the world and that a fault holds up."""
    return _list(emulator, "held")


def under_way(emulator: Emulator, held: Iterable[JsonObject]) -> Iterator[str]:
    """Yield a line for each request that is held up, and for each of the timers that end next."""
    for it in held:
        yield f"  under way: {it['method']} {it['target']}, held up by {it['fault']['do']} {it['fault']['where']}"
    for it in _list(emulator, "pending")[:SOONEST]:
        yield f"  next: {it['at']}  {it['vendor']} {it['resource']} {it['id']}: {it['timer']} ends"


def unmatched_requests(emulator: Emulator) -> Iterator[str]:
    """Yield the requests that reached another world or none since this one was made, a line each."""
    unmatched = _list(emulator, "unmatched")
    if not unmatched:
        return
    whose = "" if emulator.is_here else ", of all clients of this server"
    yield f"requests that reached another world or none since this one was made{whose}:"
    if len(unmatched) > NEWEST:
        yield f"  ({len(unmatched) - NEWEST} earlier ones are left out)"
    for it in unmatched[-NEWEST:]:
        yield f"  {it['method']} {it['target']} -> {it['status']} ({_why(emulator, it)})"


def connection_advice(emulator: Emulator, error: BaseException | None, reached: bool) -> Iterator[str]:
    """Yield why nothing came where a client was used: the proxy of the environment, or a URL that is not this world's."""
    if reached or not (emulator.is_pointed_at or of_a_client(error)):
        return
    if emulator.is_here and _list(emulator, "unmatched"):
        return  # it is pointed at this server, and its requests are told of
    if proxy := named_proxy(Address.read(emulator.url)) if emulator.is_pointed_at else None:
        yield f"clients that heed the environment go to {proxy} for {emulator.url} too: name its host in NO_PROXY"
    elif of_a_client(error):
        yield "is the client pointed at this world's URL?"


def of_a_client(error: BaseException | None) -> bool:
    """Tell whether an exception, or one that led to it, is of an HTTP client or of a connection."""
    seen = 0
    while error is not None and seen < 20:
        known = isinstance(error, (ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError))
        if known or type(error).__module__.partition(".")[0] in CLIENTS:
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False


def _list(emulator: Emulator, what: str) -> list[JsonObject]:
    listed: list[JsonObject] = emulator.ask("GET", f"/{what}")[what]
    return listed


def _why(emulator: Emulator, request: JsonObject) -> str:
    reached = str(request["error"]) if request["world"] is None else f"world {request['world']}"
    if request["hint"] or request["world"] is None:
        return "; ".join(filter(None, (reached, request["hint"])))
    vendor = str(request["operation"]).partition(".")[0]
    if vendor not in VENDORS:
        return reached
    field = VENDORS[vendor].credential_field
    key = f"emulator.{handle_name(VENDORS[vendor])}.{field}, {redact(emulator.credentials[vendor][field])}"
    how = f"by its key {request['credential']}" if request["credential"] else f"by no key that {vendor} reads"
    return f"{reached}, {how}; the key of this world is {key}"
