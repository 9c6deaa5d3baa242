"""What a control route is: its address, what it takes and answers, and the function that answers it, declared together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from starlette.requests import Request

from emulator.control.bodies import Body
from emulator.control.context import ControlContext
from emulator.control.forms import Forms
from emulator.control.schemas import Schema
from emulator.kernel.world import World
from emulator.web.origin import AUTHORITY

WORLD = "/worlds/{world}"


class Asked(NamedTuple):
    """A control request once it has been read to its end, and the plane that it was sent to."""

    plane: ControlContext
    request: Request
    body: Body

    def named(self, parameter: str) -> str:
        """What the path says in place of a parameter."""
        value: str = self.request.path_params[parameter]
        return value

    @property
    def has_no_body(self) -> bool:
        """Tell whether nothing was sent, not even an empty object."""
        headers = self.request.headers
        return "transfer-encoding" not in headers and headers.get("content-length", "0") == "0"

    @property
    def base_url(self) -> str:
        """How whoever asks reaches this server."""
        scope = self.request.scope
        return f"{scope['scheme']}://{scope.get(AUTHORITY) or self.request.headers.get('host') or 'localhost'}"


Handler = Callable[[Asked], Any]
"""Answers with a JSON value, or None for nothing. It awaits nothing, so that it happens as a whole or not at all."""

WorldHandler = Callable[[World, Asked], Any]


@dataclass(frozen=True, slots=True)
class ControlRoute:
    """One row of the control plane.

    `path` is what follows the prefix; `answer` the schema of the reply, None where that is empty. `body` is the schema of
    what is sent, None where nothing is; where it is `yaml`, it may be a scenario instead, with the wishes in the `query`.
    Schemas may name those in schemas.py. `forms` are those besides JSON in which the reply can be had; with
    `text_for_shells`, curl gets its text where it does not say what it accepts. A handler that `takes_long` runs in a thread,
    so that no other world waits for it; it touches no world but one that it makes, or whose lock it holds. One that
    `leaves_world` reads nothing of the world that its path names, which goes on meanwhile.
    """

    method: str
    path: str
    summary: str
    answer: Schema | None
    status: int
    body: Schema | None
    yaml: bool
    query: Mapping[str, Schema]
    handler: Handler
    forms: Forms
    text_for_shells: bool
    takes_long: bool
    leaves_world: bool


def route(
    method: str,
    path: str,
    summary: str,
    answer: Schema | None = None,
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
    """Makes a function a row of the control plane. Without an answer its reply is empty, and its status 204."""

    def declared(handler: Handler) -> ControlRoute:
        code = status if answer is not None else 204
        return ControlRoute(
            method, path, summary, answer, code, body, yaml, query or {}, handler, forms or {}, text_for_shells,
            takes_long, leaves_world,
        )  # fmt: skip

    return declared


def with_world(handler: WorldHandler) -> Handler:
    """For a route below WORLD: finds the world that the path names, which nobody else touches meanwhile."""

    def located(asked: Asked) -> Any:
        while True:
            world = asked.plane.worlds.get(asked.named("world"))
            with world.lock:
                if asked.plane.worlds.get(world.id) is not world:
                    continue  # another thread replaced it before this one had its lock
                try:
                    return handler(world, asked)
                finally:
                    asked.plane.release(world)

    return located
