"""The dry run: what a request would be answered and change, found out by sending it to a copy of its world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import orjson

from emulator.kernel.errors import BadInput
from emulator.kernel.journal import Change, Entry
from emulator.kernel.world import NOW, Moment, World
from emulator.scenario.difference import between
from emulator.vendors.vendor import Call, dump
from emulator.web.control.bodies import DRY_RUN
from emulator.web.control.explain import explain
from emulator.web.control.route import WORLD, Asked, at_world, route
from emulator.web.control.schemas import ref
from emulator.web.control.shows import show_difference
from emulator.web.guard import has_live_key


@route("POST", f"{WORLD}/dry-run", "What a request would be answered and change", ref("rehearsal"), body=DRY_RUN)
@at_world
def dry_run(world: World, asked: Asked) -> Any:
    plane, call = asked.plane, _call(asked.body)
    last = Moment(world.settle(), world)
    twin, n, wire, picked = plane.gateway.rehearse(world, call)
    told = explain(twin, plane.vendors, plane.routes, n)
    differences = between(last, twin.moment(NOW), plane.vendors)
    return {
        "status": told["status"],
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in wire.headers],
        "body": _body(wire.content),
        "world": picked,
        "delivered": told["delivered"],
        "faults": told["faults"],
        "changes": [change.show() for change in _changes(twin.journal.since(world.journal.last))],
        "differences": [show_difference(it) for it in differences],
        "explanation": told,
    }


def _call(wanted: dict[str, Any]) -> Call:
    """A request as it is written; a body that is not text is sent as JSON."""
    try:
        url = urlsplit(wanted["url"])
    except ValueError as error:
        raise BadInput.at(f"{wanted['url']!r} is no URL: {error}", "url") from None
    headers = {name.lower(): value for name, value in wanted.get("headers", {}).items()}
    body = wanted.get("body", "")
    if not isinstance(body, str):
        headers.setdefault("content-type", "application/json")
        body = dump(body).decode()
    if has_live_key(headers.get("authorization", "").encode(), url.query.encode()):
        raise BadInput.at("this looks like a live key, which is for the vendor alone: consider rolling it", "headers")
    if url.netloc:
        headers.setdefault("host", url.netloc)
    try:
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        path, query = url.path.encode("ascii").decode(), url.query.encode("ascii").decode()
    except UnicodeEncodeError:
        raise BadInput.at("a path, a query and headers are sent as ASCII: encode what is not", "url") from None
    return Call(wanted["method"], path or "/", query, raw, body.encode(), url.scheme or "http")


def _changes(entries: Iterable[Entry]) -> Iterator[Change]:
    for entry in entries:
        if isinstance(entry.event, Change):
            yield entry.event
        else:
            yield from entry.event.changes


def _body(content: Any) -> Any:
    try:
        return orjson.loads(content) if content else None
    except ValueError:
        return content.decode("utf-8", "replace")
