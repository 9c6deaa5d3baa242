"""A control route: address, body, query and response, declared where it is handled; and the request that its handler gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from types import NoneType
from typing import Any, NamedTuple, get_type_hints

from starlette.requests import Request

from emulator.control.bodies import Body, query_number
from emulator.control.context import ControlContext
from emulator.control.negotiation import Forms
from emulator.control.record import Schema, schema_of
from emulator.web.origin import AUTHORITY

WORLD = "/worlds/{world}"

Handler = Callable[..., Any]
"""Return the response for a request; the handler of a route below WORLD gets the world first. It awaits nothing."""


class ControlRequest(NamedTuple):
    """A control request, its body read to the end, and the context of its server."""

    context: ControlContext
    http: Request
    body: Body

    def path_param(self, name: str) -> str:
        """Return the value of a parameter of the path."""
        value: str = self.http.path_params[name]
        return value

    def number(self, name: str, default: int, least: int = 0) -> int:
        """Return a whole number from the query.

        Raises:
            BadInput: it is not one, is less than the least, or has more than 64 bits.
        """
        return query_number(self.http, name, default, least)

    @property
    def has_no_body(self) -> bool:
        """Tell whether the client sent no body, not even an empty object."""
        headers = self.http.headers
        return "transfer-encoding" not in headers and headers.get("content-length", "0") == "0"

    @property
    def base_url(self) -> str:
        """The URL at which this client reaches the server, without a path."""
        scope = self.http.scope
        return f"{scope['scheme']}://{scope.get(AUTHORITY) or self.http.headers.get('host') or 'localhost'}"


@dataclass(frozen=True, slots=True)
class ControlRoute:
    """One row of the control plane.

    `path` follows the prefix. `answer` is the type of the response, from which its schema is made; None where it is empty.
    `body` is the schema of the request's body, None where it has none; with `yaml`, a scenario in YAML may stand in its place
    and the other members in the `query`. `forms` are the media types beside JSON; with `text_for_shells`, curl gets text unless
    it says what it accepts. A handler that `takes_long` runs in a thread, so that no other world waits for it; it touches no
    world but its own, or one that it makes. One that `leaves_world` does not read the world that its path names.
    """

    method: str
    path: str
    summary: str
    handler: Handler
    answer: Any
    status: int
    body: Schema | None
    yaml: bool
    query: Mapping[str, Schema]
    forms: Forms
    text_for_shells: bool
    takes_long: bool
    leaves_world: bool

    @property
    def schema(self) -> Schema:
        """The JSON Schema of the response."""
        return schema_of(self.answer)


def route(
    method: str,
    path: str,
    summary: str,
    *,
    status: int = 200,
    body: Schema | None = None,
    yaml: bool = False,
    query: Mapping[str, Schema] | None = None,
    forms: Forms | None = None,
    text_for_shells: bool = False,
    takes_long: bool = False,
    leaves_world: bool = False,
) -> Callable[[Handler], ControlRoute]:
    """Make a handler a row of the control plane. Its return type is the response; the status of an empty one is 204."""

    def declare(handler: Handler) -> ControlRoute:
        answer = get_type_hints(handler, include_extras=True)["return"]
        locked = handler if leaves_world or not path.startswith(WORLD) else _with_world(handler)
        code, kind = (204, None) if answer is NoneType else (status, answer)
        return ControlRoute(
            method, path, summary, locked, kind, code, body, yaml, query or {}, forms or {}, text_for_shells,
            takes_long, leaves_world,
        )  # fmt: skip

    return declare


def _with_world(handler: Handler) -> Handler:
    """Call a handler with the world that the path names, which nobody else touches meanwhile."""

    @wraps(handler)
    def with_world(request: ControlRequest) -> Any:
        context = request.context
        while True:
            world = context.worlds.get(request.path_param("world"))
            with world.lock:
                if not context.is_current(world):
                    continue  # another thread replaced it before this one had its lock
                try:
                    return handler(world, request)
                finally:
                    context.release_held(world)

    return with_world
