"""The dry run: the response to a request and the changes that it would make, found by sending it to a copy of its world."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from emulator.control import entries
from emulator.control.differences import LIMIT, limit_of, page_for
from emulator.control.explain import explain
from emulator.control.journal_models import DryRun, ExplainedExchange
from emulator.control.record import TEXT
from emulator.control.route import ControlRequest, route
from emulator.kernel.clock import FROZEN
from emulator.kernel.errors import BadInput, NotFound
from emulator.kernel.journal import Change, Entry
from emulator.kernel.resource import structs
from emulator.kernel.world import NOW, Moment, World
from emulator.scenario.checks.placeholders import METHODS
from emulator.scenario.checks.responses import header_problems
from emulator.scenario.document import JsonObject
from emulator.scenario.schema import TEXTS, closed
from emulator.sdk.exact_json import dump
from emulator.sdk.request import Request, read_request
from emulator.sdk.response import Stream
from emulator.sdk.vendor import Vendors
from emulator.state.diff import between
from emulator.text.pattern import pattern
from emulator.text.redact import redact_header
from emulator.web.connection import Scope
from emulator.web.guard import has_live_key
from emulator.web.origin import AUTHORITY
from emulator.web.requests import with_plain_letters

DRY_RUN = closed(
    {
        "method": {"enum": METHODS},
        "url": {"type": "string", "pattern": "^(https?://[^/]+)?/", "description": "/path?query, or http://host/path?query"},
        "headers": TEXTS,
        "body": {},
        "at": {**TEXT, "default": NOW, "description": "a moment"},
        "assume": {"type": "object", "additionalProperties": TEXT},
    },
    "method",
    "url",
    examples=[{"method": "GET", "url": "/live/batches"}],
)
URL = pattern(r"(?:(https?)://([^/]+))?(/[^?#]*)(?:\?([^#]*))?(?:#.*)?", re.DOTALL)
SENDABLE = pattern(r"[\x21-\x7e]*")


@route(
    "POST",
    "/worlds/{world}/dry-run",
    "What a request would be answered and change",
    body=DRY_RUN,
    query=LIMIT,
    takes_long=True,
    is_trial=True,
)
def dry_run(world: World, request: ControlRequest) -> DryRun:
    context, trial = request.context, _request(request)
    _refuse_unreachable(request, trial)
    world = _world_of(world, request)
    before = Moment(world.settle(), world)
    twin, n, response, world_id = context.dry_runs.run(world, trial)
    if world_id is None:
        raise BadInput.at("it names no world: 404 no-such-world", "headers")
    explained = explain(twin, context.vendors, context.routes, context.dry_runs, n, limit=limit_of(request))
    assert isinstance(explained, ExplainedExchange)  # noqa: S101  the gateway returns the number of an exchange
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers]
    content = b"" if isinstance(response.content, Stream) or trial.method == "HEAD" else response.content
    return DryRun(
        explained.status,
        tuple((name, redact_header(name, value)) for name, value in headers),
        entries.body(content),
        world_id,
        explained.delivered,
        explained.faults,
        tuple(map(entries.change, _changes(twin.journal.since(world.journal.last)))),
        *page_for(request, between(before, twin.moment(NOW), context.vendors)),
        explained,
    )


def _world_of(world: World, request: ControlRequest) -> World:
    """Return the world in which a request is tried: as it is, or a copy as it was at a moment, with other assumptions.

    Raises:
        NotFound: there is no such moment.
        OutOfReach: it is too long ago.
        BadInput: there is no such assumption, or choice.
    """
    at, assume = request.body.get("at", NOW), request.body.get("assume", {})
    _expect_choices(assume, request.context.vendors)
    if at == NOW and not assume:
        return world
    moment = request.context.moment(world, at)
    origin = request.context.dry_runs.copy_apart(moment.world)
    origin.clock = moment.clock()
    origin.clock.set_rate(FROZEN)
    origin.rules = structs.replace(origin.rules, choices={**origin.rules.choices, **assume})
    return origin


def _expect_choices(assume: Mapping[str, str], vendors: Vendors) -> None:
    known = {it.id: it for vendor in vendors.values() for it in vendor.assumptions}
    for id, choice in assume.items():
        if id not in known:
            raise BadInput.at(str(NotFound("assumption", id, known)), "assume", id)
        if choice not in known[id].choices:
            raise BadInput.at(str(NotFound(f"choice of {id}", choice, known[id].choices)), "assume", id)


def _request(control: ControlRequest) -> Request:
    """Return the request to try; a body that is not text is sent as JSON. One that names no host is for this one.

    Raises:
        BadInput: no client could send it.
    """
    options: JsonObject = control.body
    scheme, host, path, query = _parts(options["url"])
    if problems := [*header_problems(options, ())]:
        raise BadInput(problems)
    headers = {"host": name} if (name := host or control.http.headers.get("host", "")) else {}
    headers |= {name.lower(): value for name, value in options.get("headers", {}).items()}
    body = options.get("body", "")
    if not isinstance(body, str):
        headers.setdefault("content-type", "application/json")
        body = dump(body).decode()
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return read_request(options["method"], path, query, raw, body.encode(), scheme or control.http.scope["scheme"])


def _parts(url: str) -> tuple[str, str, str, str]:
    """Return scheme, host, path and query; what follows `#` is not sent."""
    match = URL.fullmatch(url)
    parts = tuple(part or "" for part in match.groups()) if match else ()
    if len(parts) != 4 or not all(SENDABLE.fullmatch(part) for part in parts):
        raise BadInput.at("a URL is sent as ASCII without spaces: encode what is not", "url")
    return parts[0], parts[1], with_plain_letters(parts[2]), parts[3]


def _refuse_unreachable(control: ControlRequest, request: Request) -> None:
    """Refuse a request that would reach no vendor; set the scheme and the authority of one that would.

    Raises:
        BadInput: it is too long, or the guard would reject it; the message is that of the real request.
    """
    limits, headers = control.context.limits, request.raw_headers
    if len(request.target) > limits.url:
        raise BadInput.at(f"a request's target has at most {limits.url} bytes: 414 url-too-long", "url")
    if sum(len(name) + len(value) + 4 for name, value in headers) > limits.head:
        raise BadInput.at(f"a request's head has at most {limits.head} bytes: 431 head-too-large", "headers")
    scope: Scope = {
        **control.http.scope,
        AUTHORITY: None,
        "scheme": request.scheme,
        "headers": headers,
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": request.query_string.encode(),
    }
    rejection = control.context.guard.check(scope)
    request.scheme, request.authority = scope["scheme"], scope[AUTHORITY]
    if rejection is not None:
        is_key_in_url = rejection.error == "live-key" and has_live_key((), request.target.encode())
        pointer = "url" if is_key_in_url else "headers"
        raise BadInput.at(f"{rejection.reason}: {rejection.status} {rejection.error}", pointer)


def _changes(found: Iterable[Entry]) -> Iterator[Change]:
    for entry in found:
        if isinstance(entry.event, Change):
            yield entry.event
        else:
            yield from entry.event.changes
