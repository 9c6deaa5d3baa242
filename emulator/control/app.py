"""The control plane below /_emulator: the table of its routes, and what responds to a request of one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import wait
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from emulator.control import (
    catalogue,
    checks,
    clock,
    deliveries,
    dry_run,
    faults,
    index,
    journal,
    overview,
    recordings,
    replies,
    sending,
    snapshots,
    streams,
    timeline,
    world_files,
    worlds,
)
from emulator.control.bodies import (
    MAX_INLINE,
    Body,
    Parse,
    check_query,
    file_of,
    parser,
    read_body,
    request_schemas,
    resolve_ref,
    whole_document,
)
from emulator.control.context import ControlContext
from emulator.control.fixed_answers import FixedAnswers
from emulator.control.http import HttpRequest
from emulator.control.negotiation import JSON_TYPE, TEXT_TYPE, form_for, hand_over, respond
from emulator.control.problems import Done, error_response, problem, text_response
from emulator.control.route import ControlRequest, ControlRoute, Pause
from emulator.kernel.errors import EmulatorError
from emulator.kernel.limits import MANY_RESOURCES
from emulator.kernel.world import World
from emulator.sdk.exact_json import JsonDict
from emulator.web.connection import InProcessConnection, Scope, connection_of
from emulator.web.control_plane import NO_ANSWER, Handed
from emulator.web.event_loop import in_limited_thread
from emulator.web.guard import PREFIX, has_long_head, off_loop_if_long
from emulator.web.requests import IncomingBody, waits_for_continue
from emulator.web.response import OutgoingResponse
from emulator.web.turns import for_client
from emulator.web.waits import until_done

if TYPE_CHECKING:
    from emulator.control.event_stream import EventStream

Rendered = TypeVar("Rendered")
Respond = Callable[[], "OutgoingResponse | Pause"]

ROUTES = [
    row
    for module in (
        index,
        catalogue,
        checks,
        worlds,
        world_files,
        clock,
        streams,
        journal,
        overview,
        recordings,
        snapshots,
        dry_run,
        sending,
        faults,
        replies,
        timeline,
        deliveries,
    )
    for row in vars(module).values()
    if isinstance(row, ControlRoute)
]
"""Every control route, in the order in which the modules declare them."""


class ControlApp:
    """The control plane of one server: what responds to its requests."""

    def __init__(self, context: ControlContext) -> None:
        self.context = context
        self._fixed = FixedAnswers(context.answers)
        schemas = request_schemas(context.vendors)
        self._parsers: dict[tuple[str, str], Parse] = {
            (row.method, row.path): whole_document
            if row.as_document
            else parser(resolve_ref(row.body, schemas), or_scenario=row.yaml)
            for row in ROUTES
            if row.body is not None and not row.as_file
        }
        self._rows: dict[tuple[str, int], list[tuple[list[str], ControlRoute]]] = {}
        for row in ROUTES:
            parts = row.path.split("/")
            self._rows.setdefault((row.method, len(parts)), []).append((parts, row))

    async def respond(self, row: ControlRoute, http: HttpRequest) -> OutgoingResponse | EventStream:
        """Read a request of a route and respond."""
        scope, context = http.scope, self.context
        incoming = IncomingBody(context.arriving)  # it counts until the response is there
        form = form_for(http, row.forms, row.text_for_shells, row.default_form) if row.forms else JSON_TYPE
        try:
            await off_loop_if_long(scope, check_query, http, row.query)
            if waits_for_continue(scope) and "world" in http.path_params:
                context.worlds.get(http.path_params["world"])  # refuse before the client sends its body
            request = ControlRequest(context, http, await self._body(row, http, incoming), row.has_effect)
        except EmulatorError as error:
            return await off_loop_if_long(scope, _refusal, error, form, row, is_long=len(str(error)) > MAX_INLINE)
        respond: Respond = partial(_respond, row, request, form)
        if row.is_fixed:
            if (found := self._fixed.find(row, http, form)) is not None:
                return found
            respond = partial(self._fixed.first, row, http, form, respond)
        response = await _run(row, request, respond, incoming.is_counted)
        for receipt in request.receipts(row.of_worlds):
            await connection_of(scope).until_over(receipt.receipt)
            if failure := receipt.failure:
                return _refusal(failure, form, row)
        return response

    async def _body(self, row: ControlRoute, http: HttpRequest, incoming: IncomingBody) -> Body:
        if row.as_file:
            return {"file": await file_of(http, self.context.limits.answer, incoming)}
        parse = self._parsers.get((row.method, row.path))  # a body that nothing parses has no meaning
        return await read_body(http, parse, self.context.limits.control, incoming) if parse else {}

    def respond_at_once(self, scope: Scope, body: bytes | JsonDict) -> OutgoingResponse | Handed | None:
        """Return the response to a handle in this process, which brings a short body and takes an answer as a value.

        None where no path without wildcards is its path: that is left to Starlette, which this does without.
        """
        method, segments = scope["method"], scope["path"].removeprefix(PREFIX).split("/")
        named, row = None, ROUTES[0]
        for parts, row in self._rows.get((method, len(segments)), ()):  # noqa: B007
            named = _parameters(parts, segments)
            if named is not None:
                break
        if named is None or row.raw or row.as_file:
            return None
        http = HttpRequest(scope, named)
        try:
            check_query(http, row.query)
            parse = self._parsers.get((method, row.path))
            text = body.decode() if isinstance(body, bytes) else body
            request = ControlRequest(self.context, http, parse(text, http) if parse else {}, row.has_effect)
        except EmulatorError as error:
            return error_response(error)
        most, answers, is_silent = self.context.limits.answer, self.context.answers, NO_ANSWER in scope["headers"]
        render = (
            (lambda _: Handed(200, None))
            if is_silent
            else partial(hand_over, status=row.status, max_bytes=most, answers=answers)
        )
        response = _answered(row, partial(_take_first_step, row, request), JSON_TYPE, render)
        while isinstance(response, Pause):
            wait(*response.until)
            response = response.go_on()
        for receipt in request.receipts(row.of_worlds):
            receipt.receipt.wait()
            if failure := receipt.failure:
                return error_response(failure)
        return response


def _parameters(parts: list[str], segments: list[str]) -> dict[str, str] | None:
    """Return the parameters of a path whose segments are those of a route, each parameter one; None where they are not."""
    named = {}
    for part, segment in zip(parts, segments, strict=True):
        if part != segment:
            if segment == "" or not part.startswith("{") or ":" in part:
                return None
            named[part[1:-1]] = segment
    return named


async def _run(row: ControlRoute, request: ControlRequest, respond: Respond, has_long_body: bool) -> OutgoingResponse:
    """Respond; between the steps of a handler its world and its thread are released until what it waits for is done."""
    client = connection_of(request.http.scope)
    response = await _begin(row, request, respond, has_long_body)
    while isinstance(response, Pause):
        await until_done(response.until.works, client, response.until.seconds)
        if isinstance(client, InProcessConnection):
            response = response.go_on()
        elif response.world is None:
            go_on = response.go_on if row.has_effect else partial(for_client, client, response.go_on)
            response = await in_limited_thread(go_on, is_long=not row.has_effect)
        else:
            response = await request.context.lanes.run(response.world, response.go_on, is_long=True)
    return response


async def _begin(row: ControlRoute, request: ControlRequest, respond: Respond, has_long_body: bool) -> OutgoingResponse | Pause:
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
    is_of_many = row.method == "GET" and len(context.worlds) > MANY_RESOURCES  # few at a time: each takes what all worlds show
    return await in_limited_thread(respond, is_long=is_of_many) if row.takes_long or id else respond()


def _respond_in(world: World, context: ControlContext, respond: Respond) -> OutgoingResponse | Pause | None:
    """Respond for a world; None where it was replaced or dropped before its lane was free."""
    return respond() if context.is_current(world) else None


def _respond(row: ControlRoute, request: ControlRequest, form: str) -> OutgoingResponse | Pause:
    """Call the handler, and render its answer in a form."""
    limits, answers = request.context.limits, request.context.answers
    render = partial(respond, status=row.status, form=form, forms=row.forms, max_bytes=limits.answer, answers=answers)
    return _answered(row, partial(_take_first_step, row, request), form, render)


def _take_first_step(row: ControlRoute, request: ControlRequest) -> Any:
    """Call the handler; not where the worlds that it makes, drops or replaces could not be kept."""
    if row.of_worlds:
        request.expect_store(request.context.worlds.keeper)
    return row.handler(request)


def _answered(
    row: ControlRoute, take_step: Callable[[], Any], form: str, render: Callable[[Any], Rendered]
) -> Rendered | OutgoingResponse | Pause:
    """Let the handler take a step, and render its answer; what was done is not refused where its answer has no room."""
    is_done = False
    try:
        answer = take_step()
        if isinstance(answer, Pause):
            return answer._replace(go_on=partial(_answered, row, answer.go_on, form, render))
        if row.answer is None:
            return OutgoingResponse(row.status, [], b"")
        is_done = row.has_effect
        return answer if row.raw else render(answer)
    except EmulatorError as error:
        is_done = is_done or isinstance(error, Done)
        return problem(row.status, f"this was done, but {error}") if is_done else _refusal(error, form, row)


def _refusal(error: EmulatorError, form: str, row: ControlRoute) -> OutgoingResponse:
    """Return a refusal as text to those who asked for text, and as a problem to others."""
    is_asked_for = form == TEXT_TYPE and row.default_form != TEXT_TYPE
    return text_response(error) if is_asked_for else error_response(error)
