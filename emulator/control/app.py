"""The control plane below /_emulator: the table of its routes, and the application that serves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.control import catalogue, dry_run, faults, index, journal, snapshots, worlds
from emulator.control.bodies import MAX_INLINE, Reader, body_reader, check_query, read_nothing, request_schemas, resolve_ref
from emulator.control.context import ControlContext
from emulator.control.negotiation import JSON_TYPE, TEXT_TYPE, form_for, respond
from emulator.control.problems import error_response, no_response, on_failure, on_http_error, text_response
from emulator.control.record import Schema
from emulator.control.route import ControlRequest, ControlRoute
from emulator.kernel.errors import EmulatorError
from emulator.kernel.limits import MANY_RESOURCES
from emulator.kernel.world import World
from emulator.text.checkpoint import Unwanted
from emulator.web.connection import InProcessConnection, connection_of
from emulator.web.control_plane import ROOT
from emulator.web.event_loop import in_limited_thread
from emulator.web.guard import PREFIX, has_long_head, off_loop_if_long
from emulator.web.requests import IncomingBody, waits_for_continue
from emulator.web.turns import for_client

ROUTES = [
    row
    for module in (index, catalogue, worlds, journal, snapshots, dry_run, faults)
    for row in vars(module).values()
    if isinstance(row, ControlRoute)
]
"""Every control route, in the order in which the modules declare them."""


def control_app(context: ControlContext) -> Starlette:
    """Return the application that serves the control plane of one server."""
    schemas = request_schemas(context.vendors)
    handlers: dict[Any, Any] = {
        HTTPException: partial(on_http_error, [PREFIX + row.path for row in ROUTES]),
        ClientDisconnect: no_response,
        Unwanted: no_response,
        Exception: on_failure,
    }
    paths: dict[str, dict[str, ControlRoute]] = {}
    for row in ROUTES:
        paths.setdefault(row.path, {})[row.method] = row
    routes = [it for path, rows in paths.items() for it in _routes_of_path(path, rows, context, schemas)]
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False  # Starlette cannot redirect every query
    return app


def _routes_of_path(
    path: str, rows: Mapping[str, ControlRoute], context: ControlContext, schemas: Mapping[str, Schema]
) -> list[Route]:
    """Return one path with all of its methods, so that a wrong method hears the right ones."""
    readers = {method: _reader(row, schemas, context) for method, row in rows.items()}

    async def endpoint(http: Request) -> Response:
        method = "GET" if http.method == "HEAD" else http.method
        row, read = rows[method], readers[method]
        incoming = IncomingBody(context.arriving)  # it counts until the response is there
        form = form_for(http, row.forms, row.text_for_shells) if row.forms else JSON_TYPE
        try:
            await off_loop_if_long(http.scope, check_query, http, row.query)
            if waits_for_continue(http.scope) and "world" in http.path_params:
                context.worlds.get(http.path_params["world"])  # refuse before the client sends its body
            request = ControlRequest(context, http, await read(http, incoming))
        except EmulatorError as error:
            return await off_loop_if_long(http.scope, _refusal, error, form, is_long=len(str(error)) > MAX_INLINE)
        return await _run(row, request, partial(_respond, row, request, form), incoming.is_counted)

    return [Route(it, endpoint, methods=[*rows]) for it in addresses(path)]


async def _run(row: ControlRoute, request: ControlRequest, respond: Callable[[], Response], has_long_body: bool) -> Response:
    """Respond at once, or beside the event loop where that may take long; a request to a world waits for its lane."""
    scope, context = request.http.scope, request.context
    client = connection_of(scope)
    if isinstance(client, InProcessConnection):
        return respond()
    if not row.has_effect:
        respond = partial(for_client, client, respond)
    id = request.http.path_params.get("world", "")
    while id in context.worlds and not row.leaves_world:
        world = context.worlds.get(id)
        is_long = row.takes_long or has_long_body or has_long_head(scope) or len(world.store) > MANY_RESOURCES
        is_known_long = row.takes_long and row.method != "GET" and len(world.store) > MANY_RESOURCES
        response = await context.lanes.run(world, partial(_respond_in, world, context, respond), is_long, is_known_long)
        if response is not None:
            return response
    return await in_limited_thread(respond) if row.takes_long or id else respond()


def _respond_in(world: World, context: ControlContext, respond: Callable[[], Response]) -> Response | None:
    """Respond for a world; None where it was replaced or dropped before its lane was free."""
    return respond() if context.is_current(world) else None


def _respond(row: ControlRoute, request: ControlRequest, form: str) -> Response:
    """Call the handler, and render its answer."""
    try:
        answer = row.handler(request)
        if row.answer is None:
            return Response(status_code=row.status)
        return respond(answer, row.status, form, row.forms, request.context.limits.answer, request.context.answers)
    except EmulatorError as error:
        return _refusal(error, form)


def _refusal(error: EmulatorError, form: str) -> Response:
    return text_response(error) if form == TEXT_TYPE else error_response(error)


def addresses(path: str) -> list[str]:
    """Return the paths at which a control route is served: below the prefix, and the index also at the root."""
    return [PREFIX + path] if path else [PREFIX, f"{PREFIX}/", ROOT]


def _reader(row: ControlRoute, schemas: Mapping[str, Schema], context: ControlContext) -> Reader:
    if row.body is None:
        return read_nothing
    schema = resolve_ref(row.body, schemas)
    return body_reader(schema, context.limits.control, or_scenario=row.yaml)
