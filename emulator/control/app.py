"""The table of control routes, and the application that they make up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.control import catalogue, dry_run, faults, index, journal, snapshots, waiting, worlds
from emulator.control.bodies import Reader, read_nothing, read_scenario, read_value
from emulator.control.context import ControlContext
from emulator.control.forms import JSON_TYPE, TEXT_TYPE, form_for, respond
from emulator.control.index import ROOT
from emulator.control.problems import in_text, on_failure, on_hang_up, on_http_error, refusal
from emulator.control.queries import check_query
from emulator.control.route import Asked, ControlRoute
from emulator.control.schemas import Schema, followed, sent
from emulator.kernel.errors import EmulatorError
from emulator.kernel.limits import MANY_RESOURCES
from emulator.kernel.world import World
from emulator.web.connection import InProcessConnection, connection_of
from emulator.web.event_loop import in_limited_thread
from emulator.web.guard import PREFIX, has_long_head, off_loop_if_long
from emulator.web.requests import waits_for_continue

ROUTES = [
    row
    for module in (index, catalogue, worlds, journal, snapshots, dry_run, faults, waiting)
    for row in vars(module).values()
    if isinstance(row, ControlRoute)
]
"""Every control route, in the order in which the modules declare them."""


def control_app(plane: ControlContext) -> Starlette:
    """The control plane over what it steers."""
    schemas = sent(plane.vendors)
    unserved = partial(on_http_error, [PREFIX + row.path for row in ROUTES])
    handlers: dict[Any, Any] = {
        HTTPException: unserved,
        ClientDisconnect: on_hang_up,
        Exception: on_failure,
    }
    paths: dict[str, dict[str, ControlRoute]] = {}
    for row in ROUTES:
        paths.setdefault(row.path, {})[row.method] = row
    routes = [it for path, rows in paths.items() for it in _served(path, rows, plane, schemas)]
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False  # a path is right or wrong, and Starlette cannot redirect every query
    return app


def _served(path: str, rows: Mapping[str, ControlRoute], plane: ControlContext, schemas: Mapping[str, Schema]) -> list[Route]:
    """One path with all of its methods, so that a wrong one is told every right one."""
    readers = {method: _reader(row, schemas, plane) for method, row in rows.items()}

    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        row, read = rows[method], readers[method]
        form = form_for(request, row.forms, row.text_for_shells) if row.forms else JSON_TYPE
        try:
            await off_loop_if_long(request.scope, check_query, request, row.query)
            if waits_for_continue(request.scope) and "world" in request.path_params:
                plane.worlds.get(request.path_params["world"])  # or the body would be sent for nothing
            asked = Asked(plane, request, await read(request))
        except EmulatorError as error:
            return await off_loop_if_long(request.scope, _refused, error, form)
        return await _answer(row, asked, partial(_respond, row, asked, form))

    return [Route(it, endpoint, methods=[*rows]) for it in addresses(path)]


async def _answer(row: ControlRoute, asked: Asked, respond: Callable[[], Response]) -> Response:
    """Respond here, or beside the event loop where that may take long and there is a loop to hold up.

    What is asked of a world waits for its turn in that world's lane.
    """
    if isinstance(connection_of(asked.request.scope), InProcessConnection):
        return respond()
    plane, named = asked.plane, asked.request.path_params.get("world", "")
    while named in plane.worlds and not row.leaves_world:
        world = plane.worlds.get(named)
        is_long = row.takes_long or has_long_head(asked.request.scope) or len(world.store) > MANY_RESOURCES
        response = await plane.lanes.run(world, partial(_respond_in, world, plane, respond), is_long)
        if response is not None:
            return response
    return await in_limited_thread(respond) if row.takes_long or named else respond()


def _respond_in(world: World, plane: ControlContext, respond: Callable[[], Response]) -> Response | None:
    """Respond for a world; None where it was replaced or dropped before anybody had its lock."""
    return respond() if world.id in plane.worlds and plane.worlds.get(world.id) is world else None


def _respond(row: ControlRoute, asked: Asked, form: str) -> Response:
    """Call the handler, and write its answer in a form."""
    try:
        answer = row.handler(asked)
    except EmulatorError as error:
        return _refused(error, form)
    if row.answer is None:
        return Response(status_code=row.status)
    return respond(answer, row.status, form, row.forms)


def _refused(error: EmulatorError, form: str) -> Response:
    return in_text(error) if form == TEXT_TYPE else refusal(error)


def addresses(path: str) -> list[str]:
    """Return the paths at which a control route is served: below the prefix, and the index also at the root."""
    return [PREFIX + path] if path else [PREFIX, f"{PREFIX}/", ROOT]


def _reader(row: ControlRoute, schemas: Mapping[str, Schema], plane: ControlContext) -> Reader:
    if row.body is None:
        return read_nothing
    return (read_scenario if row.yaml else read_value)(followed(row.body, schemas), plane.limits.control, plane.arriving)
