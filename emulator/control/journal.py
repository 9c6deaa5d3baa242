"""Control routes over what happened: the journal, its entries explained, the ledger, and verification of what was asked."""

from __future__ import annotations

from itertools import islice
from operator import itemgetter
from typing import Any

from emulator.control import pages
from emulator.control.explain import NoEntry, entry_of, explain
from emulator.control.forms import TEXT_TYPE
from emulator.control.ledger import ledger_to_json
from emulator.control.pages import limit_of
from emulator.control.queries import query_number
from emulator.control.route import WORLD, Asked, route, with_world
from emulator.control.schemas import COUNT, TEXT, list_of, object_of, ref
from emulator.control.serializers import entry_to_json
from emulator.control.verify import VERIFY, verify
from emulator.kernel.errors import BadInput, NotFound
from emulator.kernel.world import World

PAGE = 1000
LAST = "last"
"""In place of a number: the newest exchange."""

READABLE = {TEXT_TYPE: itemgetter("text")}
"""An explanation as text, where that is what `Accept` asks for."""

SINCE = {**COUNT, "description": "only entries after this one: to go on, the n of the last"}
OF_EACH = {
    "limit": {**pages.LIMIT["limit"], "description": "how many differences of each commit; `rest` counts those that follow"}
}
LIMIT = {"type": "integer", "minimum": 1, "default": PAGE, "description": "how many at most, the oldest first"}


@route(
    "GET",
    f"{WORLD}/journal",
    "The journal: exchanges and changes, the oldest first",
    object_of(last=COUNT, dropped=COUNT, entries=list_of(ref("entry"))),
    query={"since": SINCE, "limit": LIMIT, "operation": TEXT},
    takes_long=True,
)
@with_world
def journal(world: World, asked: Asked) -> Any:
    world.settle()
    since, limit = query_number(asked.request, "since", 0), query_number(asked.request, "limit", PAGE, least=1)
    operation = asked.request.query_params.get("operation")
    if operation is not None and operation not in asked.plane.operations:
        raise BadInput.at(str(NotFound("operation", operation, asked.plane.operations)), "operation")
    entries = world.journal.since(since)
    wanted = (it for it in entries if operation is None or getattr(it.event, "operation", None) == operation)
    shown = [entry_to_json(it) for it in islice(wanted, limit)]
    return {"last": world.journal.last, "dropped": world.journal.dropped, "entries": shown}


@route("DELETE", f"{WORLD}/journal", "Clear the journal")
@with_world
def forget(world: World, _: Asked) -> None:
    world.journal.clear()


@route("GET", f"{WORLD}/journal/{{n}}", "An entry of the journal", ref("entry"), takes_long=True)
@with_world
def entry(world: World, asked: Asked) -> Any:
    world.settle()
    return entry_to_json(entry_of(world, _number(world, asked)))


@route(
    "GET",
    f"{WORLD}/journal/{{n}}/explain",
    "Why: the explanation of an entry",
    ref("explanation"),
    query=pages.LIMIT,
    forms=READABLE,
    takes_long=True,
)
@with_world
def explained(world: World, asked: Asked) -> Any:
    world.settle()
    plane, n = asked.plane, _number(world, asked)
    held = next((it for it in plane.held.of(world) if it.entry is not None and it.entry.n == n), None)
    return explain(world, plane.vendors, plane.routes, n, plane.unmatched.newest(world.id), held, limit_of(asked))


def _number(world: World, asked: Asked) -> int:
    """The number of the entry that the path names: a number, or LAST for the newest exchange.

    Raises:
        NotFound: there is no exchange yet.
        BadInput: it is neither.
    """
    n = asked.named("n")
    if n == LAST:
        if not (newest := world.journal.newest_exchanges(1)):
            raise NoEntry(world.journal)
        return newest[0][0]
    if not (n.isascii() and n.isdecimal() and len(n) < 16):
        raise BadInput.at(f"{n!r} is not the number of an entry: send a number, or {LAST!r} for the newest exchange", "n")
    return int(n)


@route(
    "GET",
    f"{WORLD}/ledger",
    "The ledger: what took effect, whatever the clients were told",
    ref("ledger"),
    query=OF_EACH,
    takes_long=True,
)
@with_world
def ledger(world: World, asked: Asked) -> Any:
    world.settle()
    return ledger_to_json(world, asked.plane.vendors, limit_of(asked))


@route("POST", f"{WORLD}/verify", "Was it called, in this order, or never?", ref("verdict"), body=VERIFY, takes_long=True)
@with_world
def verified(world: World, asked: Asked) -> Any:
    world.settle()
    return verify(world, asked.body, asked.plane.operations, asked.plane.routes, asked.plane.held.of(world))
