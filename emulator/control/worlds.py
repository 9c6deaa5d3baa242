"""Control routes over worlds: making, forking, resetting and dropping them, their state and their clock."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from emulator.control import models
from emulator.control.clock import clock_of, clock_record
from emulator.control.context import ControlContext
from emulator.control.differences import LIMIT, page_for
from emulator.control.journal_models import Differences
from emulator.control.models import WORLD_ID, Clock, Memory, State, Worlds
from emulator.control.overview import AT
from emulator.control.problems import Done
from emulator.control.record import COUNT, TEXT, ref
from emulator.control.route import ControlRequest, route
from emulator.control.ttl import ttl_of
from emulator.kernel.accounts import ONE_ACCOUNT
from emulator.kernel.errors import BadInput, NotFound, TooMany
from emulator.kernel.past import BEGINNING, NOW, Moment
from emulator.kernel.time import format_duration
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.kernel.worlds import Claim
from emulator.scenario.accounts import fields_by_account, own_claims, with_credentials, with_own_credentials
from emulator.scenario.checks.accounts import account_problems
from emulator.scenario.checks.states import names_empty_parts_only, state_problems
from emulator.scenario.document import Document, JsonDict
from emulator.scenario.scenario import Scenario, listed_claims
from emulator.scenario.schema import DURATION
from emulator.scenario.state import apply_state
from emulator.scenario.state_schema import closed
from emulator.sdk.state import each_part_dumped_once
from emulator.sdk.vendor import Vendors
from emulator.state.diff import between
from emulator.text.redact import redact_text

if TYPE_CHECKING:
    from emulator.scenario.watched import Making

LONG_TITLE = 200
"""Characters beyond which it is not remembered how a title is shown."""

SEED = {"type": "integer", "minimum": 0}
FLAG = {"type": "boolean"}
SCENARIO = {
    "scenario": {"type": ["string", "object"]},
    "parameters": {"type": "object"},
    "seed": SEED,
    "claim": FLAG,
    "strict": FLAG,
}
RESET = closed(SCENARIO)
NEW_WORLD = closed({**SCENARIO, "id": WORLD_ID, "ttl": DURATION})
FORK = closed({"id": WORLD_ID, "seed": SEED, "at": TEXT, "ttl": DURATION})
NOTHING_TO_CHANGE = "an empty body changes nothing: send a part of the state, such as " + (
    '{"serpwow": {"account": {"credits_limit": 200}}}'
)
WITHOUT_SCENARIO = "this goes with another scenario: name it in `scenario`, or send nothing to begin this one anew"


def check_shown(name: str, at: str) -> None:
    """Check that a name may be read by everybody.

    Raises:
        BadInput: it looks like a secret.
    """
    if redact_text(name) != name:
        raise BadInput.at("a name can be read by everybody, and this one looks like a secret: choose another", at)


def state_of(moment: Moment, vendors: Vendors) -> State:
    """Return the state of a world at a moment by vendor, as a scenario writes it in `given`.

    Raises:
        TooMany: it has more bytes than an answer may have.
    """
    world, accounts = moment.world, moment.world.rules.accounts
    with Transaction(world, moment.at, "look") as tx, each_part_dumped_once(world.rules.limits.answer):
        states = {name: vendor.state.dump(tx) for name, vendor in vendors.items()}
    return {name: with_credentials(it, vendors[name], accounts.get(name, ONE_ACCOUNT)) for name, it in states.items()}


def world_record(world: World, request: ControlRequest, scenario: Scenario | None = None) -> models.World:
    """Return a world as a record, with the warnings of the scenario that it was just made of."""
    warnings = tuple(BadInput(scenario.warnings, scenario.source).lines()) if scenario and scenario.warnings else None
    with world.lock:
        record = _with_clock(world, request, clock_of(world), warnings)
        request.touch(world)
        return record


def _at_once(world: World, request: ControlRequest) -> models.World:
    """Return a world as a record; of one that is busy, the clock as it was last, without the next timer."""
    if not world.lock.acquire(blocking=False):
        return _with_clock(world, request, clock_record(world, None))
    try:
        return world_record(world, request)
    finally:
        world.lock.release()


def _with_clock(world: World, request: ControlRequest, clock: Clock, warnings: tuple[str, ...] | None = None) -> models.World:
    base_url = request.base_url
    credentials = {
        name: {"url": base_url + vendor.base_path, **fields_by_account(vendor, world)}
        for name, vendor in request.context.vendors.items()
    }
    title, ttl = _title_of(world), None if world.ttl is None else format_duration(world.ttl)
    return models.World(world.id, world.seed, clock, credentials, title, dict(world.rules.parameters) or None, ttl, warnings)


def _title_of(world: World) -> str | None:
    """Return the title of the scenario of a world; None where it has none, or the world was dropped meanwhile."""
    with suppress(NotFound):
        title: str | None = (world.moment(BEGINNING).source or {}).get("title")
        return (_shown if len(title) <= LONG_TITLE else redact_text)(title) if title else None
    return None


_shown = lru_cache(maxsize=1_000)(redact_text)


@route("GET", "/worlds", "The worlds, and the bytes that they keep", takes_long=True, of_worlds=True)
def worlds(request: ControlRequest) -> Worlds:
    every, budget = [*request.context.worlds], request.context.worlds.budget
    memory = Memory(budget.used, budget.limit, {world.id: world.quota.used for world in every})
    return Worlds(tuple(_at_once(world, request) for world in every), memory)


@route(
    "POST",
    "/worlds",
    "Make a world",
    status=201,
    body=NEW_WORLD,
    yaml=True,
    query={"id": WORLD_ID, "seed": COUNT, "claim": FLAG, "strict": FLAG, "ttl": DURATION},
    takes_long=True,
    of_worlds=True,
)
def make(request: ControlRequest) -> models.World:
    context, body = request.context, request.body
    source, is_listed = body.get("scenario", {}), body.get("claim", True)
    check_shown(body.get("id", ""), "id")
    ttl = ttl_of(body)
    context.worlds.check(body.get("id", ""), _claims_of(context, source) if is_listed else ())
    scenario = context.scenario(source, body.get("strict", False), body.get("parameters"))
    with context.id_lock:
        id = body.get("id") or context.next_id()
    world = scenario.world(context.vendors, id, body.get("seed"), None, *context.bounds)
    world.ttl = ttl
    context.worlds.add(world, scenario.claims(context.vendors, world, listed=is_listed))
    context.unmatched.begin(world.id)
    context.follow(world, body, body.get("seed"), is_listed)
    begin(world, context)
    return world_record(world, request, scenario)


def begin(world: World, context: ControlContext) -> None:
    """See to a new world, whose clock may run, and which may have a time to live."""
    with world.lock:
        context.carriers.review(world)
        context.expiry.watch(world)


def _claims_of(context: ControlContext, source: str | JsonDict | Document) -> list[Claim]:
    """Return the credentials that a scenario lists which was sent and is not read yet; a name lists none."""
    return (
        []
        if isinstance(source, str)
        else listed_claims(context.vendors, source.value if isinstance(source, Document) else source)
    )


@route("GET", "/worlds/{world}", "A world, and what its clients need")
def show(world: World, request: ControlRequest) -> models.World:
    return world_record(world, request)


@route("DELETE", "/worlds/{world}", "Drop a world", takes_long=True, of_worlds=True)
def drop(world: World, request: ControlRequest) -> None:
    request.context.worlds.remove(world.id)
    world.empty()


@route("POST", "/worlds/{world}/fork", "A world that goes on from here", status=201, body=FORK, takes_long=True, of_worlds=True)
def fork(world: World, request: ControlRequest) -> models.World:
    """The fork accepts the credentials of the world, and its own, which alone pick it."""
    context, seed = request.context, request.body.get("seed", world.seed)
    check_shown(request.body.get("id", ""), "id")
    moment, ttl = world.moment(request.body.get("at", NOW)), ttl_of(request.body)
    with context.id_lock:
        id = request.body.get("id") or context.next_id()
        twin = world.fork(id, with_own_credentials(world.rules, context.vendors, id, seed), seed, moment)
        twin.ttl = ttl
        context.worlds.add(twin, own_claims(twin, context.vendors))
        context.unmatched.begin(twin.id)
    begin(twin, context)
    return world_record(twin, request)


@route(
    "POST",
    "/worlds/{world}/reset",
    "Back to the beginning, or to that of another scenario",
    body=RESET,
    yaml=True,
    query={"seed": COUNT, "claim": FLAG, "strict": FLAG},
    takes_long=True,
    of_worlds=True,
)
def reset(world: World, request: ControlRequest) -> models.World:
    if request.body:
        return world_record(*_replaced(world, request))
    watched = request.context.watched
    if watched and (newer := watched.newer(world)):
        new = _renewed(world, request.context, *newer)
        watched.replace(world, new)
        return world_record(new, request)
    world.reset()
    return world_record(world, request)


def _renewed(world: World, context: ControlContext, scenario: Scenario, making: Making) -> World:
    """Replace a world by one of the newest form of its scenario."""
    new = scenario.world(context.vendors, world.id, making.seed, making.rate, *context.bounds)
    _put_in_place(context, world, new, scenario.claims(context.vendors, new, listed=making.claim))
    return new


def _put_in_place(context: ControlContext, world: World, new: World, claims: list[Claim]) -> None:
    new.set_receivers(world.receivers)
    new.ttl = world.ttl
    context.worlds.replace(world, new, claims, given_up=own_claims(world, context.vendors))
    world.empty()
    begin(new, context)


def _replaced(world: World, request: ControlRequest) -> tuple[World, ControlRequest, Scenario]:
    """Replace a world by one of another scenario, whose credentials are accepted, and claimed where the request says so."""
    context, source, seed = request.context, request.body.get("scenario"), request.body.get("seed", world.seed)
    if source is None:
        raise BadInput.at(WITHOUT_SCENARIO, next(iter(request.body)))
    is_listed = request.body.get("claim", False)
    context.worlds.check_claims(world.id, _claims_of(context, source) if is_listed else (), world)
    scenario = context.scenario(source, request.body.get("strict", False), request.body.get("parameters"))
    new = scenario.world(context.vendors, world.id, seed, None, *context.bounds)
    _put_in_place(context, world, new, scenario.claims(context.vendors, new, listed=is_listed))
    context.follow(new, request.body, seed, is_listed)
    return new, request, scenario


@route(
    "GET",
    "/worlds/{world}/state",
    "The state as `given` is written, whole or of one vendor, now or at a moment",
    query={"vendor": {**TEXT, "description": "only this vendor's part"}, **AT},
    takes_long=True,
)
def state(world: World, request: ControlRequest) -> State:
    vendors, query = request.context.vendors, request.http.query_params
    if (name := query.get("vendor")) is not None:
        if name not in vendors:
            raise BadInput.at(str(NotFound("vendor", name, vendors)), "vendor")
        vendors = {name: vendors[name]}
    return state_of(request.context.moment(world, query.get("at", NOW)), vendors)


@route(
    "PATCH",
    "/worlds/{world}/state",
    "Change a part of the state; answers with what changed",
    body=ref("state"),
    query=LIMIT,
    takes_long=True,
)
def change_state(world: World, request: ControlRequest) -> Differences:
    vendors, body = request.context.vendors, request.body
    if not body and request.has_no_body:
        raise BadInput.at(NOTHING_TO_CHANGE)
    request.context.admit(body, world.quota)
    if problems := [*state_problems(body, vendors), *account_problems(body, vendors, world.rules.accounts)]:
        raise BadInput(problems)
    if names_empty_parts_only(body):
        raise BadInput.at('it names nothing that is to change, such as {"serpwow": {"batches": [{"id": "B1"}]}}')
    world.settle()
    before = world.copy()
    apply_state(world, vendors, body, "set by control")
    now = world.settle()
    try:
        return Differences(*page_for(request, between(Moment(now, before), Moment(now, world), vendors)))
    except TooMany as error:
        raise Done(str(error)) from None
