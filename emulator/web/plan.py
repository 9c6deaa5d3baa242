"""The plan of a request: all that its head alone decides, made once for each head, and the memory of plans."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from emulator.kernel.resource import Struct, field
from emulator.sdk.request import Request, read_request, values_of
from emulator.web.connection import Scope
from emulator.web.guard import NO_SOCKET, Guard, Rejection, has_long_head
from emulator.web.known import Known
from emulator.web.origin import AUTHORITY
from emulator.web.requests import declared_length, with_plain_letters
from emulator.web.routes import Route, Routes

_SAID = ("method", "path", "raw_path", "query_string", "headers")


UNREAD = read_request("GET", "/")
"""The request of a plan that rejects what it has not read."""


class Plan(Struct, eq=False):
    """A request is rejected, or takes its `route`, None where there is none, as this one without its body.

    `values` are those of the request's fields. A plan that `lasts` is the same for every request with this head, and its
    `scope` has what that says. `is_long` tells whether it takes long to read. `size` is that of its body in bytes where a
    request with this head may be answered at once, None where it may not. `known` is what the newest with this head came to,
    where that changed nothing.
    """

    is_long: bool = False
    rejection: Rejection | None = None
    route: Route | None = None
    request: Request = field(default_factory=lambda: UNREAD)
    lasts: bool = False
    values: tuple[Any, ...] = ()
    size: int | None = None
    scope: Scope = field(default_factory=dict)
    known: Known | None = None


MOST_PLANS = 500
"""Plans that are remembered."""

MOST_BYTES, MOST_LINES = 4_000, 50
"""Bytes as they came, and lines, of a head whose plan is remembered, so that this takes a few kilobytes."""


class Plans:
    """Makes plans, and remembers the newest that last, each under all that a head says."""

    def __init__(self, guard: Guard, routes: Routes) -> None:
        self._guard = guard
        self._routes = routes
        self._known: dict[Hashable, Plan] = {}
        self.known = self._known.get

    def make(self, scope: Scope) -> Plan:
        """Return the plan of a request; note in its scope how the client reached the server."""
        is_long = has_long_head(scope)
        if rejection := self._guard.check(scope):
            return Plan(is_long, rejection)
        path = path_of(scope)
        route = self._routes.find(scope["method"], path, scope["headers"])
        query = scope["query_string"].decode("latin-1")
        request = read_request(scope["method"], path, query, scope["headers"], b"", scope["scheme"])
        request.authority = scope.get(AUTHORITY)
        if route is not None:
            route.apply(request)
        lasts = route is not None and route.operation is not None and not is_long and AUTHORITY not in scope
        is_whole = lasts and request.method != "HEAD" and request.operation is not None and request.operation.reader is None
        size = declared_length(scope["headers"]) or 0 if is_whole else None
        said = {name: scope[name] for name in _SAID if name in scope} if lasts else {}
        return Plan(is_long, None, route, request, lasts, values_of(request), size, said)

    def keep(self, head: Hashable, plan: Plan, size: int = 0) -> None:
        """Remember a plan, if it lasts unless its head is long: of so many bytes, or with many lines."""
        if plan.lasts and size <= MOST_BYTES and len(plan.request.raw_headers) <= MOST_LINES:
            if len(self._known) >= MOST_PLANS:
                self._known.clear()
            self._known[head] = plan


def head_of(scope: Scope) -> Hashable:
    """Return all that the head of a request says: requests with equal ones have the same plan."""
    path = scope.get("raw_path") or scope["path"]
    way = scope["scheme"], scope["http_version"], scope.get("client") is NO_SOCKET
    return scope["method"], path, scope["query_string"], *way, *map(tuple, scope["headers"])


def path_of(scope: Scope) -> str:
    """Return the path of a request without needless percent-encoding."""
    return with_plain_letters((scope.get("raw_path") or scope["path"].encode()).decode("latin-1"))
