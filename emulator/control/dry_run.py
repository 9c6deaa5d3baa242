"""The dry run: what a request would be answered and change, found out by sending it to a copy of its world."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from emulator.control.bodies import DRY_RUN
from emulator.control.explain import explain
from emulator.control.pages import LIMIT, limit_of, page_for
from emulator.control.route import WORLD, Asked, route, with_world
from emulator.control.schemas import ref
from emulator.control.serializers import body_to_json, change_to_json
from emulator.kernel.errors import BadInput
from emulator.kernel.journal import Change, Entry
from emulator.kernel.world import NOW, Moment, World
from emulator.scenario.semantic_checks import header_problems
from emulator.sdk.exact_json import dump
from emulator.sdk.request import Request
from emulator.sdk.response import Stream
from emulator.state.diff import between
from emulator.text.redact import redact_header
from emulator.web.guard import has_live_key
from emulator.web.origin import AUTHORITY
from emulator.web.requests import with_plain_letters

URL = re.compile(r"(?:(https?)://([^/]+))?(/[^?#]*)(?:\?([^#]*))?(?:#.*)?", re.DOTALL)
SENDABLE = re.compile(r"[\x21-\x7e]*")


@route(
    "POST",
    f"{WORLD}/dry-run",
    "What a request would be answered and change",
    ref("rehearsal"),
    body=DRY_RUN,
    query=LIMIT,
    takes_long=True,
)
@with_world
def dry_run(world: World, asked: Asked) -> Any:
    plane, request = asked.plane, _call(asked.body, asked.request.headers.get("host", ""), asked.request.scope["scheme"])
    _refuse_at_the_door(asked, request)
    last = Moment(world.settle(), world)
    twin, n, response, picked = plane.dry_runs.run(world, request)
    if picked is None:
        raise BadInput.at("it names no world: 404 no-such-world", "headers")
    told = explain(twin, plane.vendors, plane.routes, n, limit=limit_of(asked))
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers]
    content = b"" if isinstance(response.content, Stream) else response.content
    differences = between(last, twin.moment(NOW), plane.vendors)
    return {
        "status": told["status"],
        "headers": [[name, redact_header(name, value)] for name, value in headers],
        "body": None if request.method == "HEAD" else body_to_json(content),
        "world": picked,
        "delivered": told["delivered"],
        "faults": told["faults"],
        "changes": [change_to_json(change) for change in _changes(twin.journal.since(world.journal.last))],
        **page_for(asked, differences),
        "explanation": told,
    }


def _call(wanted: Mapping[str, Any], here: str, scheme_here: str) -> Request:
    """A request as it is written; a body that is not text is sent as JSON. One that names no host is for this one.

    Raises:
        BadInput: nobody could send it.
    """
    scheme, host, path, query = _parts(wanted["url"])
    if problems := [*header_problems(wanted, ())]:
        raise BadInput(problems)
    headers = {"host": name} if (name := host or here) else {}
    headers |= {name.lower(): value for name, value in wanted.get("headers", {}).items()}
    body = wanted.get("body", "")
    if not isinstance(body, str):
        headers.setdefault("content-type", "application/json")
        body = dump(body).decode()
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request(wanted["method"], path, query, raw, body.encode(), scheme or scheme_here)


def _parts(url: str) -> tuple[str, str, str, str]:
    """Scheme, host, path and query; what follows `#` is not sent."""
    match = URL.fullmatch(url)
    parts = tuple(part or "" for part in match.groups()) if match else ()
    if len(parts) != 4 or not all(SENDABLE.fullmatch(part) for part in parts):
        raise BadInput.at("a URL is sent as ASCII without spaces: encode what is not", "url")
    return parts[0], parts[1], with_plain_letters(parts[2]), parts[3]


def _refuse_at_the_door(asked: Asked, request: Request) -> None:
    """Refuses what would reach no vendor, in the words in which the real request would be; the call learns how it would come.

    Raises:
        BadInput: it is too long, or the guard would turn it away.
    """
    limits, headers = asked.plane.limits, request.raw_headers
    if len(request.target) > limits.url:
        raise BadInput.at(f"a request's target has at most {limits.url} bytes: 414 url-too-long", "url")
    if sum(len(name) + len(value) + 4 for name, value in headers) > limits.head:
        raise BadInput.at(f"a request's head has at most {limits.head} bytes: 431 head-too-large", "headers")
    own: dict[str, Any] = {
        "scheme": request.scheme,
        "headers": headers,
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": request.query_string.encode(),
    }
    scope = {**asked.request.scope, AUTHORITY: None, **own}
    rejection = asked.plane.guard.check(scope)
    request.scheme, request.authority = scope["scheme"], scope[AUTHORITY]
    if rejection is not None:
        pointer = "url" if has_live_key((), request.target.encode()) and rejection.error == "live-key" else "headers"
        raise BadInput.at(f"{rejection.reason}: {rejection.status} {rejection.error}", pointer)


def _changes(entries: Iterable[Entry]) -> Iterator[Change]:
    for entry in entries:
        if isinstance(entry.event, Change):
            yield entry.event
        else:
            yield from entry.event.changes
