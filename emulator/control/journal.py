"""Control routes over a world's journal: its entries, explanations, ledger and verification; timers and unmatched requests."""

from __future__ import annotations

from itertools import takewhile
from operator import attrgetter

from emulator.control.differences import LIMIT, limit_of
from emulator.control.entries import entry as entry_record
from emulator.control.entries import unmatched as unmatched_record
from emulator.control.explain import NoEntry, entry_of, explain
from emulator.control.journal_models import Entry, Explanation, JournalPage, UnmatchedRequests, Verdict
from emulator.control.ledger import ledger_of
from emulator.control.ledger_models import Ledger
from emulator.control.models import Pending, PendingTimer
from emulator.control.negotiation import TEXT_TYPE
from emulator.control.record import COUNT, TEXT
from emulator.control.route import ControlRequest, route
from emulator.control.verify import VERIFY, verify
from emulator.kernel.errors import BadInput
from emulator.kernel.timers import due
from emulator.kernel.world import World
from emulator.text.redact import redact_text

PAGE_SIZE = 1000
LAST = "last"
"""In place of a number: the newest exchange."""

MAX_PENDING = 10
"""Timers of a response; to go through more, let time pass."""

SINCE = {**COUNT, "description": "only entries after this one: to go on, the n of the last"}
PAGE_LIMIT = {"type": "integer", "minimum": 1, "default": PAGE_SIZE, "description": "how many at most, the oldest first"}
BEFORE = {**COUNT, "minimum": 1, "description": "only entries before this one"}
NEWEST = {**COUNT, "minimum": 1, "description": "so many of the newest at most, the oldest of them first, in place of `limit`"}
FILTERS = {
    "operation": TEXT,
    "kind": {"enum": ["exchange", "change", "attempt"]},
    "status": {**TEXT, "description": "of a response, or of a receiver's answer: a number, or a class such as 4xx"},
    "fault": {**TEXT, "description": "the id of a fault that struck, or what it did"},
    "resource": {**TEXT, "description": "the id of a resource that changed, or took a row"},
    "text": {**TEXT, "description": "a part of the target or a body, as they are shown"},
}
LEDGER_LIMIT = {
    "limit": {**LIMIT["limit"], "description": "how many differences of each commit; `rest` counts those that follow"}
}


@route(
    "GET",
    "/worlds/{world}/journal",
    "The journal: exchanges and changes, the oldest first",
    query={"since": SINCE, "before": BEFORE, "limit": PAGE_LIMIT, "newest": NEWEST, **FILTERS},
    takes_long=True,
)
def journal(world: World, request: ControlRequest) -> JournalPage:
    from emulator.control.journal_filter import EntryFilter

    world.settle()
    query = request.http.query_params
    if "newest" in query and "limit" in query:
        raise BadInput.at("newest and limit exclude each other: send the one by which the others are left out", "newest")
    since, before = request.number("since", 0), request.number("before", world.journal.last + 1, least=1)
    limit, newest = request.number("limit", PAGE_SIZE, least=1), request.number("newest", PAGE_SIZE, least=1)
    entries = takewhile(lambda it: it.n < before, world.journal.since(since))
    chosen = EntryFilter.of(query, request.context)
    found = chosen.newest([*entries], newest) if "newest" in query else chosen.oldest(entries, limit)
    return JournalPage(world.journal.last, world.journal.dropped, tuple(found))


@route("DELETE", "/worlds/{world}/journal", "Clear the journal")
def clear(world: World, _: ControlRequest) -> None:
    world.journal.clear()


@route("GET", "/worlds/{world}/journal/{n}", "An entry of the journal", takes_long=True)
def entry(world: World, request: ControlRequest) -> Entry:
    world.settle()
    return entry_record(entry_of(world, entry_number(world, request)))


@route(
    "GET",
    "/worlds/{world}/journal/{n}/explain",
    "Why: the explanation of an entry",
    query=LIMIT,
    forms={TEXT_TYPE: attrgetter("text")},
    takes_long=True,
)
def explanation(world: World, request: ControlRequest) -> Explanation:
    world.settle()
    context, n = request.context, entry_number(world, request)
    held = next((it for it in context.held.of(world) if it.entry is not None and it.entry.n == n), None)
    newer, limit = context.unmatched.newest(world.id), limit_of(request)
    return explain(world, context.vendors, context.routes, context.dry_runs, n, newer, held, limit)


def entry_number(world: World, request: ControlRequest) -> int:
    """Return the number of the entry that the path names: a number, or LAST for the newest exchange.

    Raises:
        NotFound: there is no exchange yet.
        BadInput: it is neither.
    """
    n = request.path_param("n")
    if n == LAST:
        if not (newest := world.journal.newest_exchanges(1)):
            raise NoEntry(world.journal)
        return newest[0][0]
    if not (n.isascii() and n.isdecimal() and len(n) < 16):
        raise BadInput.at(f"{n[:100]!r} is not the number of an entry: send a number, or {LAST!r} for the newest exchange", "n")
    return int(n)


@route(
    "GET",
    "/worlds/{world}/ledger",
    "The ledger: what took effect, whatever the clients were told",
    query=LEDGER_LIMIT,
    takes_long=True,
)
def ledger(world: World, request: ControlRequest) -> Ledger:
    world.settle()
    return ledger_of(world, request.context.vendors, limit_of(request))


@route("POST", "/worlds/{world}/verify", "Was it called, in this order, or never?", body=VERIFY, takes_long=True, is_trial=True)
def verification(world: World, request: ControlRequest) -> Verdict:
    world.settle()
    context = request.context
    return verify(world, request.body, context.operations, context.routes, context.held.of(world))


@route("GET", "/worlds/{world}/pending", "What happens next by itself")
def pending(world: World, _: ControlRequest) -> Pending:
    world.settle()
    return Pending(tuple(_timer(world, *key) for _, key in world.store.upcoming(MAX_PENDING)))


def _timer(world: World, kind: str, id: str) -> PendingTimer:
    resource = world.store.find(kind, id)
    first = due(world.rules.machines[kind], resource, world.rules.timing, upkeep=False)
    assert first is not None  # noqa: S101  the agenda holds nothing else
    vendor, _, name = kind.partition(".")
    return PendingTimer(world.clock.client_time(first[0]), vendor, name, redact_text(id), first[1].name)


@route(
    "GET",
    "/worlds/{world}/unmatched",
    "Requests since the world was made that reached no world, or the default one",
    takes_long=True,
    leaves_world=True,
)
def unmatched(request: ControlRequest) -> UnmatchedRequests:
    world = request.context.worlds.get(request.path_param("world"))
    return UnmatchedRequests(tuple(map(unmatched_record, request.context.unmatched.since(world.id))))
