"""The plan of a request: all that its head alone decides, made once for each head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from emulator.sdk.request import Request, read_request
from emulator.web.connection import Scope
from emulator.web.guard import Guard, Rejection, has_long_head
from emulator.web.origin import AUTHORITY
from emulator.web.requests import with_plain_letters
from emulator.web.routes import Route, Routes

_FIELDS = {field.name for field in fields(Request)} - {"body", "reader"}


class Plan(NamedTuple):
    """A request is rejected, or takes its `route`, None where there is none, as the one that has these `fields`.

    A plan that `lasts` is the same for every request with this head. `is_long` tells whether it takes long to read.
    """

    is_long: bool = False
    rejection: Rejection | None = None
    route: Route | None = None
    fields: Mapping[str, Any] = {}
    lasts: bool = False


def path_of(scope: Scope) -> str:
    """Return the path of a request without needless percent-encoding."""
    return with_plain_letters((scope.get("raw_path") or scope["path"].encode()).decode("latin-1"))


def make_plan(scope: Scope, guard: Guard, routes: Routes) -> Plan:
    """Return the plan of a request; note in its scope how the client reached the server."""
    is_long = has_long_head(scope)
    if rejection := guard.check(scope):
        return Plan(is_long, rejection)
    path = path_of(scope)
    route = routes.find(scope["method"], path, scope["headers"])
    query = scope["query_string"].decode("latin-1")
    request = read_request(scope["method"], path, query, scope["headers"], b"", scope["scheme"])
    request.authority = scope.get(AUTHORITY)
    if route is not None:
        route.apply(request)
    is_ordinary = route is not None and route.operation is not None and not is_long
    lasts = is_ordinary and AUTHORITY not in scope
    return Plan(is_long, None, route, {name: getattr(request, name) for name in _FIELDS}, lasts)
