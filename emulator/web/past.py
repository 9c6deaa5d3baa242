"""Control routes over what happened and what was: ledger, explanations, verification, dry runs, snapshots, undo and forks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.responses import Response

from emulator.kernel.errors import BadInput, NotFound
from emulator.kernel.journal import Change, Entry, show_instant
from emulator.kernel.world import BEGINNING, NOW, Moment, World
from emulator.kernel.worlds import Worlds
from emulator.scenario.difference import between
from emulator.scenario.scenario import Vendors
from emulator.vendors.vendor import Call, dump
from emulator.web.asked import Asked, Reader, WorldHandler, no_body, reply
from emulator.web.bodies import DRY_RUN, FORK, MOMENT, UNDO, read_value, refuse_unknown_query
from emulator.web.explain import explain
from emulator.web.gateway import Gateway
from emulator.web.guard import has_live_key
from emulator.web.ledger import show_ledger
from emulator.web.routes import Routes
from emulator.web.shows import show_clock, show_difference
from emulator.web.verify import VERIFY, verify

Route = tuple[str, str, WorldHandler, Reader]
ShowWorld = Callable[[World, Asked], dict[str, Any]]


class Past:
    """What can be asked about one world's past, and the ways back to it."""

    def __init__(
        self,
        worlds: Worlds,
        vendors: Vendors,
        gateway: Gateway,
        operations: Sequence[str],
        show: ShowWorld,
        next_id: Callable[[], str],
    ) -> None:
        self._worlds = worlds
        self._vendors = vendors
        self._gateway = gateway
        self._show = show
        self._next_id = next_id
        self._routes = Routes(vendors.values())
        self._operations = operations

    def routes(self) -> Iterator[Route]:
        """Method, what follows the world's path, handler, and how the body is read."""
        yield "GET", "/ledger", self.ledger, no_body
        yield "GET", "/journal/{n}/explain", self.explain, no_body
        yield "POST", "/verify", self.verify, read_value(VERIFY)
        yield "POST", "/dry-run", self.dry_run, read_value(DRY_RUN)
        yield "GET", "/snapshots", self.snapshots, no_body
        yield "POST", "/snapshots", self.snapshot, read_value(MOMENT)
        yield "DELETE", "/snapshots/{name}", self.drop_snapshot, no_body
        yield "POST", "/restore", self.restore, read_value(MOMENT)
        yield "POST", "/undo", self.undo, read_value(UNDO)
        yield "POST", "/fork", self.fork, read_value(FORK)
        yield "GET", "/diff", self.diff, no_body

    def ledger(self, world: World, _: Asked) -> Response:
        world.settle()
        return reply(show_ledger(world, self._vendors))

    def explain(self, world: World, asked: Asked) -> Response:
        world.settle()
        n = asked.request.path_params["n"]
        if not (n.isascii() and n.isdecimal() and len(n) < 16):
            raise BadInput.at(f"a journal's entries have numbers, and {n!r} is none", "n")
        return reply(explain(world, self._vendors, self._routes, int(n)))

    def verify(self, world: World, asked: Asked) -> Response:
        world.settle()
        return reply(verify(world, asked.body, self._operations))

    def dry_run(self, world: World, asked: Asked) -> Response:
        call = _call(asked.body)
        last = Moment(world.settle(), world)
        twin, n, wire, picked = self._gateway.rehearse(world, call)
        told = explain(twin, self._vendors, self._routes, n)
        differences = between(last, twin.moment(NOW), self._vendors)
        return reply(
            {
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
        )

    def snapshots(self, world: World, _: Asked) -> Response:
        kept = [{"name": name, "at": show_instant(it.at)} for name, it in world.snapshots.items()]
        return reply({"snapshots": kept})

    def snapshot(self, world: World, asked: Asked) -> Response:
        name = asked.body["name"]
        return reply({"name": name, "at": show_instant(world.snapshot(name).at)}, 201)

    def drop_snapshot(self, world: World, asked: Asked) -> Response:
        name = asked.request.path_params["name"]
        if world.snapshots.pop(name, None) is None:
            raise NotFound("snapshot", name, world.snapshots)
        return Response(status_code=204)

    def restore(self, world: World, asked: Asked) -> Response:
        world.restore(asked.body["name"])
        return reply(_where(world))

    def undo(self, world: World, asked: Asked) -> Response:
        world.undo(asked.body.get("exchanges", 1))
        return reply(_where(world))

    def fork(self, world: World, asked: Asked) -> Response:
        """The fork takes what the world takes, and its own credentials, which alone pick it."""
        id, seed = asked.body.get("id") or self._next_id(), asked.body.get("seed", world.seed)
        own = {name: vendor.credentials_of(id, seed).credential for name, vendor in self._vendors.items()}
        accepted = {name: None if listed is None else listed | {own[name]} for name, listed in world.rules.credentials.items()}
        world.settle()
        twin = world.fork(id, replace(world.rules, credentials=accepted), seed)
        self._worlds.add(twin, own.items())
        return reply(self._show(twin, asked), 201)

    def diff(self, world: World, asked: Asked) -> Response:
        refuse_unknown_query(asked.request, "from", "to")
        source, target = (asked.request.query_params.get(*it) for it in (("from", BEGINNING), ("to", NOW)))
        moments = world.moment(source), world.moment(target)
        differences = between(*moments, self._vendors)
        return reply(
            {
                "from": {"name": source, "at": show_instant(moments[0].at)},
                "to": {"name": target, "at": show_instant(moments[1].at)},
                "differences": [show_difference(it) for it in differences],
            }
        )


def _where(world: World) -> dict[str, Any]:
    return {"clock": show_clock(world), "journal": world.journal.last}


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
