"""A control request once it has been read to its end, what answers it, and how."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from emulator.kernel.world import World
from emulator.vendors.vendor import dump
from emulator.web.bodies import Body


class Asked(NamedTuple):
    """A control request once it has been read to its end."""

    request: Request
    body: Body


Handler = Callable[[Asked], Response]
WorldHandler = Callable[[World, Asked], Response]
Reader = Callable[[Request], Awaitable[Body]]


async def no_body(_: Request) -> Body:
    """For requests whose body, if any, says nothing."""
    return {}


def reply(value: Any, status: int = 200) -> Response:
    """A JSON response."""
    return Response(dump(value), status, media_type="application/json")
