"""The newest requests that reached no world, or only the default one: what a test asks for when its own world heard nothing."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from threading import Lock
from typing import NamedTuple

from emulator.kernel.exchange import Exchange
from emulator.kernel.worlds import DEFAULT, Worlds
from emulator.sdk.request import Request, read_request
from emulator.sdk.vendor import Vendor
from emulator.text.pattern import pattern
from emulator.web.access_log import error_code_of
from emulator.web.connection import Scope, target_of
from emulator.web.guard import CONTROL_NAMES, PREFIX, Rejection
from emulator.web.response import OutgoingResponse
from emulator.web.routes import Routes

KEPT = 100

NO_PATH = "no-such-path"


class Unmatched(NamedTuple):
    """One such request. `world` is the one that it reached, and `credential` what picked that; `error` is ours, if any.

    `hint` tells which vendor, path or place of the key is probably meant.
    """

    n: int
    method: str
    target: str
    status: int
    error: str | None
    world: str | None = None
    operation: str | None = None
    credential: str | None = None
    hint: str | None = None


class UnmatchedRequests:
    """The newest unmatched requests, and their number at the time when each world was made."""

    def __init__(self, worlds: Worlds, routes: Routes) -> None:
        self._worlds = worlds
        self._routes = routes
        self._kept: deque[Unmatched] = deque(maxlen=KEPT)
        self._before: dict[str, int] = {}
        self._count = 0
        self._lock = Lock()
        self._last: Unmatched | None = None

    def begin(self, world: str) -> None:
        """Note that a world was made: what came before does not concern it."""
        with self._lock:
            self._before[world] = self._count
            if len(self._before) > 2 * len(self._worlds):
                self._before = {id: count for id, count in self._before.items() if id in self._worlds}

    def since(self, world: str) -> list[Unmatched]:
        """Return those that came since a world was made; for the default world, those that reached none."""
        before = self._before.get(world, 0)
        return [each for each in [*self._kept] if each.n > before and each.world != world]

    def newest(self, world: str) -> Unmatched | None:
        """Return the newest request of all, if it did not reach this world."""
        last = self._last
        return last if last is not None and last.world != world and last.n > self._before.get(world, 0) else None

    def note_response(self, scope: Scope, response: OutgoingResponse) -> None:
        """Note a request by its answer: one that reached no world, or, where there are others, only the default one."""
        entry = response.entry
        if entry is None or (entry.world.id == DEFAULT and len(self._worlds) > 1):
            self._note(scope, response.status, error_code_of(response.headers) or None, entry.exchange if entry else None)
        else:
            self._last = None

    def note_rejection(self, scope: Scope, rejection: Rejection) -> None:
        """Note a request that the guard turned away."""
        self._note(scope, rejection.status, rejection.error)

    def _note(self, scope: Scope, status: int, error: str | None, exchange: Exchange | None = None) -> None:
        target = target_of(scope)
        path, _, query = target.partition("?")
        reached = (DEFAULT, exchange.operation, exchange.credential) if exchange else ()
        request = read_request(scope["method"], path, query, scope["headers"], exchange.request if exchange else b"")
        hint = self._hint(request, exchange) if exchange or error == NO_PATH else None
        with self._lock:
            self._count += 1
            self._last = Unmatched(self._count, scope["method"], target, status, error, *reached)._replace(hint=hint)
            self._kept.append(self._last)

    def _hint(self, request: Request, exchange: Exchange | None) -> str | None:
        """Return which vendor, path or place of the key is probably meant."""
        name = exchange.operation.partition(".")[0] if exchange else ""
        vendor = next((vendor for vendor in self._routes.vendors if vendor.name == name), None)
        hint = intended_target(self._routes, request, vendor)
        if exchange and vendor and not exchange.credential and vendor.unauthenticated.get(exchange.answer) is False:
            hint = hint or misplaced_key(vendor, request)
        return hint or None


_SLASHES = pattern(r"/{2,}")

_KEY = r"authorization|(x-)?api[_-]?key"

_KEY_IN_BODY = pattern(rb"\bapi[_-]?key\b", re.IGNORECASE)


def no_such_path(routes: Routes, request: Request) -> str:
    """Return that no vendor has the path of a request, and what it may be meant for."""
    path = request.path
    if path == "/":
        elsewhere = "; GET / without a credential or a query is the index of this server"
    elif not path.startswith("/"):
        elsewhere = "; a path begins with /, and no request is for the server as a whole"
    elif path.split("/")[1] in CONTROL_NAMES:
        elsewhere = f"; the control plane is below {PREFIX}: {PREFIX}{path}"
    elif hint := intended_target(routes, request):
        elsewhere = f"; {hint}"
    else:
        elsewhere = routes.nearest(path)
    return f"no vendor has the path {path}{elsewhere}"


def intended_target(routes: Routes, request: Request, reached: Vendor | None = None) -> str:
    """Return which path or vendor a request is probably meant for, as a sentence; empty where nothing speaks for another.

    `reached` is the vendor that answers it, if any.
    """
    return intended_path(routes, request) or intended_vendor(routes, request, reached)


def intended_path(routes: Routes, request: Request) -> str:
    """Return the operation's path that has each slash and each mount of its vendor once, where the request has more."""
    path = _SLASHES.sub("/", request.path)
    for vendor in _owners(routes, path):
        once = path
        for mount in filter(None, vendor.mounts):
            while f"{once.lower()}/".startswith(f"{mount * 2}/"):
                once = once[len(mount) :]
        if once != request.path and _has_operation(routes, vendor, request.method, once):
            return f"did you mean {once!r}?"
    return ""


def intended_vendor(routes: Routes, request: Request, reached: Vendor | None = None) -> str:
    """Return another vendor for which a request is probably meant, unless its path begins as those of one vendor only.

    It is the one whose key the request carries, or else one that has the path below its mount, `reached` first.
    """
    path = _SLASHES.sub("/", request.path)
    if any(_owners(routes, path)):
        return ""
    with_key = [it for it in routes.vendors if it.recognizes(request) and it.mounts[0]]
    if with_key and not (reached and reached.recognizes(request)):
        return f"this has a key as {with_key[0].name} takes it, whose {_paths_of(routes, with_key[0], request.method, path)}"
    if reached and _has_operation(routes, reached, request.method, request.path):
        return ""
    for vendor in sorted(routes.vendors, key=lambda vendor: vendor is not reached):
        if "?" in (paths := _paths_of(routes, vendor, request.method, path)):
            return f"{vendor.name}'s {paths}"
    return ""


def misplaced_key(vendor: Vendor, request: Request) -> str:
    """Return where a request has a key that its vendor does not read, and where it belongs; empty where it has none."""
    found = [f"a header {name}" for name in request.headers if re.fullmatch(_KEY, name, re.IGNORECASE)]
    found += [f"{name!r} in its query" for name in request.query if re.fullmatch(_KEY, name, re.IGNORECASE)]
    if named := _KEY_IN_BODY.search(request.body):
        found.append(f"{named[0].decode()!r} in its body")
    where = " and ".join(found)
    return f"the request has {where}; {vendor.name} takes {vendor.credential_hint}" if where and vendor.credential_hint else ""


def _owners(routes: Routes, path: str) -> Iterator[Vendor]:
    """Yield the vendors whose mount begins a path."""
    for vendor in routes.vendors:
        if any(mount and f"{path.lower()}/".startswith(f"{mount}/") for mount in vendor.mounts):
            yield vendor


def _has_operation(routes: Routes, vendor: Vendor, method: str, path: str) -> bool:
    route = routes.find(method, path)
    return route is not None and route.vendor is vendor and route.operation is not None


def _paths_of(routes: Routes, vendor: Vendor, method: str, path: str) -> str:
    """Return with what a vendor's paths begin, and this path so, as a question, where that is one of an operation."""
    mount = vendor.mounts[0]
    is_one = mount and _has_operation(routes, vendor, method, mount + path)
    return f"paths begin with {mount}" + (f": did you mean {mount + path!r}?" if is_one else "")
