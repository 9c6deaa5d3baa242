"""The control plane below /_emulator: the table of its routes, and what responds to a request of one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from emulator.control import catalogue, dry_run, faults, index, journal, snapshots, worlds
from emulator.control.bodies import MAX_INLINE, Parse, check_query, parser, read_body, request_schemas, resolve_ref
from emulator.control.context import ControlContext
from emulator.control.http import HttpRequest
from emulator.control.negotiation import JSON_TYPE, TEXT_TYPE, form_for, respond
from emulator.control.problems import error_response, problem, text_response
from emulator.control.route import ControlRequest, ControlRoute
from emulator.kernel.errors import EmulatorError
from emulator.kernel.limits import MANY_RESOURCES
from emulator.kernel.world import World
from emulator.web.connection import InProcessConnection, Scope, connection_of
from emulator.web.event_loop import in_limited_thread
from emulator.web.guard import PREFIX, has_long_head, off_loop_if_long
from emulator.web.requests import IncomingBody, waits_for_continue
from emulator.web.response import OutgoingResponse
from emulator.web.turns import for_client

ROUTES = [
    row
    for module in (index, catalogue, worlds, journal, snapshots, dry_run, faults)
    for row in vars(module).values()
    if isinstance(row, ControlRoute)
]
"""Every control route, in the order in which the modules declare them."""


class ControlApp:
    """The control plane of one server: what responds to its requests."""

    def __init__(self, context: ControlContext) -> None:
        self.context = context
        schemas = request_schemas(context.vendors)
        self._parsers: dict[tuple[str, str], Parse] = {
            (row.method, row.path): parser(resolve_ref(row.body, schemas), or_scenario=row.yaml)
            for row in ROUTES
            if row.body is not None
        }

    async def respond(self, row: ControlRoute, http: HttpRequest) -> OutgoingResponse:
        """Read a request of a route and respond."""
        scope, context = http.scope, self.context
        incoming = IncomingBody(context.arriving)  # it counts until the response is there
        form = form_for(http, row.forms, row.text_for_shells) if row.forms else JSON_TYPE
        try:
            await off_loop_if_long(scope, check_query, http, row.query)
            if waits_for_continue(scope) and "world" in http.path_params:
                context.worlds.get(http.path_params["world"])  # refuse before the client sends its body
            parse = self._parsers.get((row.method, row.path))  # a body that nothing parses has no meaning
            body = await read_body(http, parse, context.limits.control, incoming) if parse else {}
            request = ControlRequest(context, http, body)
        except EmulatorError as error:
            return await off_loop_if_long(scope, _refusal, error, form, is_long=len(str(error)) > MAX_INLINE)
        return await _run(row, request, partial(_respond, row, request, form), incoming.is_counted)

    def respond_at_once(self, scope: Scope, body: bytes) -> OutgoingResponse | None:
        """Return the response to a handle in this process, which brings a short body and takes JSON.

        None where no path without wildcards is its path: that is left to Starlette, which this does without.
        """
        method, segments = scope["method"], scope["path"].removeprefix(PREFIX).split("/")
        row = next((row for row in ROUTES if row.method == method and _leads_to(row, segments)), None)
        if row is None:
            return None
        pairs = zip(row.path.split("/"), segments, strict=True)
        http = HttpRequest(scope, {part[1:-1]: segment for part, segment in pairs if part.startswith("{")})
        try:
            check_query(http, row.query)
            parse = self._parsers.get((method, row.path))
            request = ControlRequest(self.context, http, parse(body.decode(), http) if parse else {})
        except EmulatorError as error:
            return error_response(error)
        return _respond(row, request, JSON_TYPE)


def _leads_to(row: ControlRoute, segments: list[str]) -> bool:
    """Tell whether the segments of a path are those of a row, of which each parameter has one."""
    parts = row.path.split("/")
    return len(parts) == len(segments) and all(
        part == segment or (part.startswith("{") and ":" not in part and segment != "")
        for part, segment in zip(parts, segments, strict=True)
    )


async def _run(
    row: ControlRoute, request: ControlRequest, respond: Callable[[], OutgoingResponse], has_long_body: bool
) -> OutgoingResponse:
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


def _respond_in(world: World, context: ControlContext, respond: Callable[[], OutgoingResponse]) -> OutgoingResponse | None:
    """Respond for a world; None where it was replaced or dropped before its lane was free."""
    return respond() if context.is_current(world) else None


def _respond(row: ControlRoute, request: ControlRequest, form: str) -> OutgoingResponse:
    """Call the handler, and render its answer; what was done is not refused where its answer has no room."""
    is_done = False
    try:
        answer = row.handler(request)
        if row.answer is None:
            return OutgoingResponse(row.status, [], b"")
        is_done = row.has_effect
        return respond(answer, row.status, form, row.forms, request.context.limits.answer, request.context.answers)
    except EmulatorError as error:
        return problem(row.status, f"this was done, but {error}") if is_done else _refusal(error, form)


def _refusal(error: EmulatorError, form: str) -> OutgoingResponse:
    return text_response(error) if form == TEXT_TYPE else error_response(error)
