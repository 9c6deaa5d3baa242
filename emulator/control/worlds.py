"""Control routes over worlds: made, shown, forked, reset and dropped, their state and their clock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from emulator.control.bodies import ADVANCE, CLOCK, FORK, NEW_WORLD, RESET, WORLD_ID
from emulator.control.pages import LIMIT, page_for
from emulator.control.route import WORLD, Asked, route, with_world
from emulator.control.schemas import COUNT, FLAG, TEXT, list_of, map_of, object_of, ref
from emulator.control.serializers import change_to_json, clock_to_json, state_to_json
from emulator.kernel.errors import BadInput, NotFound, Problem
from emulator.kernel.time import parse_duration_at, parse_instant
from emulator.kernel.world import Moment, World
from emulator.scenario.scenario import lay_over, rate_of
from emulator.scenario.schema_types import INSTANT
from emulator.scenario.semantic_checks import names_empty_parts_only, state_problems
from emulator.state.diff import between

SEED = {"seed": COUNT}
NOTHING_TO_CHANGE = "an empty body changes nothing: send a part of the state, such as " + (
    '{"serpwow": {"account": {"credits_limit": 200}}}'
)
WITHOUT_SCENARIO = "this goes with another scenario: name it in `scenario`, or send nothing to begin this one anew"
VENDOR = {"vendor": {**TEXT, "description": "only this vendor's part"}}


MEMORY = object_of(used=COUNT, limit=COUNT, worlds=map_of(COUNT))


@route(
    "GET",
    "/worlds",
    "The worlds, and the bytes that they keep",
    object_of(worlds=list_of(ref("world")), memory=MEMORY),
    takes_long=True,
)
def worlds(asked: Asked) -> Any:
    every, budget = [*asked.plane.worlds], asked.plane.worlds.budget
    memory = {"used": budget.used, "limit": budget.limit, "worlds": {world.id: world.quota.bytes for world in every}}
    return {"worlds": [asked.plane.shown(world, asked.base_url) for world in every], "memory": memory}


@route(
    "POST",
    "/worlds",
    "Make a world",
    ref("world"),
    status=201,
    body=NEW_WORLD,
    yaml=True,
    query={"id": WORLD_ID, **SEED, "claim": FLAG},
    takes_long=True,
)
def make(asked: Asked) -> Any:
    plane, wanted = asked.plane, asked.body
    scenario = plane.scenario(wanted.get("scenario", {"title": "An empty world"}))
    with plane.making:
        id = wanted.get("id") or plane.next_id()
    world = scenario.world(plane.vendors, id, wanted.get("seed"), None, *plane.bounds)
    plane.worlds.add(world, scenario.claims(plane.vendors, world, listed=wanted.get("claim", True)))
    plane.unmatched.begin(world.id)
    return plane.shown(world, asked.base_url)


@route("GET", WORLD, "A world, and what its clients need", ref("world"))
@with_world
def show(world: World, asked: Asked) -> Any:
    return asked.plane.shown(world, asked.base_url)


@route("DELETE", WORLD, "Drop a world")
@with_world
def drop(world: World, asked: Asked) -> None:
    asked.plane.worlds.remove(world.id)
    world.empty()


@route(
    "POST", f"{WORLD}/fork", "A world of its own that goes on from here", ref("world"), status=201, body=FORK, takes_long=True
)
@with_world
def fork(world: World, asked: Asked) -> Any:
    """The fork takes what the world takes, and its own credentials, which alone pick it."""
    plane, seed = asked.plane, asked.body.get("seed", world.seed)
    world.settle()
    with plane.making:
        id = asked.body.get("id") or plane.next_id()
        own = {name: vendor.credentials_of(id, seed).credential for name, vendor in plane.vendors.items()}
        accepted = {name: None if listed is None else listed | {own[name]} for name, listed in world.rules.credentials.items()}
        twin = world.fork(id, replace(world.rules, credentials=accepted), seed)
        plane.worlds.add(twin, own.items())
        plane.unmatched.begin(twin.id)
    return plane.shown(twin, asked.base_url)


@route(
    "POST",
    f"{WORLD}/reset",
    "Back to the beginning, or to that of another scenario",
    ref("world"),
    body=RESET,
    yaml=True,
    query={**SEED, "claim": FLAG},
    takes_long=True,
)
@with_world
def reset(world: World, asked: Asked) -> Any:
    if asked.body:
        return asked.plane.shown(_begun_anew(world, asked), asked.base_url)
    world.reset()
    return asked.plane.shown(world, asked.base_url)


def _begun_anew(world: World, asked: Asked) -> World:
    """A world in place of this one, of another scenario; what that lists is accepted, and claimed where that is wished."""
    plane, written, seed = asked.plane, asked.body.get("scenario"), asked.body.get("seed", world.seed)
    if written is None:
        raise BadInput.at(WITHOUT_SCENARIO, next(iter(asked.body)))
    scenario = plane.scenario(written)
    new = scenario.world(plane.vendors, world.id, seed, None, *plane.bounds)
    own = [(name, vendor.credentials_of(world.id, world.seed).credential) for name, vendor in plane.vendors.items()]
    claims = scenario.claims(plane.vendors, new, listed=asked.body.get("claim", False))
    plane.worlds.replace(world, new, claims, given_up=own)
    world.empty()
    return new


@route(
    "GET",
    f"{WORLD}/state",
    "The state as `given` is written, whole or of one vendor",
    ref("state"),
    query=VENDOR,
    takes_long=True,
)
@with_world
def state(world: World, asked: Asked) -> Any:
    vendors, name = asked.plane.vendors, asked.request.query_params.get("vendor")
    if name is None:
        return state_to_json(world, vendors)
    if name not in vendors:
        raise BadInput.at(str(NotFound("vendor", name, vendors)), "vendor")
    return state_to_json(world, {name: vendors[name]})


@route(
    "PATCH",
    f"{WORLD}/state",
    "Change a part of the state; answers with what changed",
    ref("changed"),
    body=ref("state"),
    query=LIMIT,
    takes_long=True,
)
@with_world
def change_state(world: World, asked: Asked) -> Any:
    vendors = asked.plane.vendors
    if not asked.body and asked.has_no_body:
        raise BadInput([Problem(NOTHING_TO_CHANGE)])
    asked.plane.admit(asked.body, world.quota)
    if problems := list(state_problems(asked.body, vendors)):
        raise BadInput(problems)
    if names_empty_parts_only(asked.body):
        raise BadInput.at('it names nothing that is to change, such as {"serpwow": {"batches": [{"id": "B1"}]}}')
    world.settle()
    before = world.copy()
    lay_over(world, vendors, asked.body, "set by control")
    now = world.settle()
    return page_for(asked, between(Moment(now, before), Moment(now, world), vendors))


@route("GET", f"{WORLD}/clock", "What time it is", ref("clock"))
@with_world
def clock(world: World, _: Asked) -> Any:
    return clock_to_json(world)


@route("PATCH", f"{WORLD}/clock", "Set the time, forward only, or the rate", ref("clock"), body=CLOCK, takes_long=True)
@with_world
def set_clock(world: World, asked: Asked) -> Any:
    if "now" in asked.body:
        world.advance_to(parse_instant(asked.body["now"]))
    if "rate" in asked.body:
        world.clock.set_rate(rate_of(asked.body["rate"]))
    return clock_to_json(world)


@route(
    "POST",
    f"{WORLD}/clock/advance",
    "Let time pass",
    object_of(now=INSTANT, fired=list_of(ref("change"))),
    body=ADVANCE,
    takes_long=True,
)
@with_world
def advance(world: World, asked: Asked) -> Any:
    wanted = asked.body
    if "by" in wanted:
        fired = world.advance_by(parse_duration_at(wanted["by"], "by"))
    elif "to" in wanted:
        fired = world.advance_to(parse_instant(wanted["to"]))
    else:
        fired = world.advance_to_next() if wanted["until"] == "next" else world.advance_until_idle()
    return {"now": clock_to_json(world)["now"], "fired": [change_to_json(change) for change in fired]}
