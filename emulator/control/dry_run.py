"""The dry run: the response to a request and the changes that it would make, found by sending it to a copy of its world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from emulator.control import entries
from emulator.control.differences import LIMIT, limit_of, page_for
from emulator.control.explain import entry_of, explain
from emulator.control.journal import entry_number
from emulator.control.journal_models import DryRun, ExplainedExchange
from emulator.control.record import TEXT
from emulator.control.route import ControlRequest, route
from emulator.control.trials import try_again
from emulator.control.written_request import FIELDS, refuse_unreachable, written_request
from emulator.kernel.clock import FROZEN
from emulator.kernel.errors import BadInput, Conflict, NotFound
from emulator.kernel.exchange import Change, Exchange
from emulator.kernel.journal import Entry
from emulator.kernel.past import NOW, Moment
from emulator.kernel.resource import structs
from emulator.kernel.world import World
from emulator.scenario.state_schema import closed
from emulator.sdk.response import Stream
from emulator.sdk.vendor import Vendors
from emulator.state.diff import between
from emulator.text.redact import redact_header
from emulator.web import dry_run as dry_runs

ASSUME = {"type": "object", "additionalProperties": TEXT, "description": "other choices of assumptions, by their ids"}
DRY_RUN = closed(
    {**FIELDS, "at": {**TEXT, "default": NOW, "description": "a moment"}, "assume": ASSUME},
    "method",
    "url",
    examples=[{"method": "GET", "url": "/live/batches"}],
)
AGAIN = closed({"assume": ASSUME}, examples=[{"assume": {"serpwow.unknown-batch": "404"}}])


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
    trial = written_request(request, world).read()
    refuse_unreachable(request, trial)
    world = _world_of(world, request)
    before = Moment(world.settle(), world)
    run = request.context.dry_runs.run(world, trial)
    if run.picked is None:
        raise BadInput.at("it names no world: 404 no-such-world", "headers")
    return _record(request, before, run, run.picked, trial.method)


@route(
    "POST",
    "/worlds/{world}/journal/{n}/dry-run",
    "What an exchange would have been answered and changed under other choices of assumptions, in the world before it",
    body=AGAIN,
    query=LIMIT,
    takes_long=True,
    is_trial=True,
)
def again(world: World, request: ControlRequest) -> DryRun:
    world.settle()
    context, choices = request.context, request.body.get("assume", {})
    n = entry_number(world, request)
    exchange = entry_of(world, n).event
    if not isinstance(exchange, Exchange):
        raise Conflict(f"entry {n} is no exchange, and only what a client sent can be tried again")
    _expect_choices(choices, context.vendors)
    before, run = try_again(world, context.dry_runs, n, exchange, choices)
    return _record(request, before, run, world.id, exchange.method)


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


def _record(request: ControlRequest, before: Moment, run: dry_runs.DryRun, world_id: str, method: str) -> DryRun:
    """Return what a run shows, beside the moment before it."""
    context, twin, response = request.context, run.world, run.response
    explained = explain(twin, context.vendors, context.routes, context.dry_runs, run.n, limit=limit_of(request))
    assert isinstance(explained, ExplainedExchange)  # noqa: S101  the gateway returns the number of an exchange
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers]
    content = b"" if isinstance(response.content, Stream) or method == "HEAD" else response.content
    return DryRun(
        explained.status,
        tuple((name, redact_header(name, value)) for name, value in headers),
        entries.body(content),
        world_id,
        explained.delivered,
        explained.faults,
        tuple(map(entries.change, _changes(twin.journal.since(before.world.journal.last)))),
        *page_for(request, between(before, twin.moment(NOW), context.vendors)),
        explained,
    )


def _changes(found: Iterable[Entry]) -> Iterator[Change]:
    for entry in found:
        if isinstance(entry.event, Change):
            yield entry.event
        else:
            yield from entry.event.changes
