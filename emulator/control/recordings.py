"""The control routes that give a world's story as a scenario, and an exchange as a command, a step or a test."""

from __future__ import annotations

from emulator.control.explain import entry_of
from emulator.control.journal import entry_number
from emulator.control.models import Copied, Recording
from emulator.control.negotiation import TEXT_TYPE, YAML_TYPE
from emulator.control.record import TEXT, to_json
from emulator.control.route import ControlRequest, route
from emulator.kernel.errors import Conflict
from emulator.kernel.exchange import Exchange
from emulator.kernel.world import World
from emulator.sdk.exact_json import dump

FORMS = CURL, STEP, PYTEST, JSON = "curl", "step", "pytest", "json"


@route(
    "GET",
    "/worlds/{world}/record",
    "What happened, as a scenario that plays",
    query={"title": {**TEXT, "description": "in place of that of the world's scenario"}},
    forms={YAML_TYPE: lambda it: it.scenario.removesuffix("\n")},
    default_form=YAML_TYPE,
    takes_long=True,
)
def record(world: World, request: ControlRequest) -> Recording:
    from emulator.recording.recorder import record_world  # with the first: nobody else needs it, and YAML

    title = request.http.query_params.get("title")
    return Recording(*record_world(world, request.context.vendors, title))


@route(
    "GET",
    "/worlds/{world}/journal/{n}/copy",
    "An exchange as a command of curl, as a step of a scenario, as a test, or as a request to be sent",
    query={"as": {"enum": [*FORMS], "default": CURL}},
    forms={TEXT_TYPE: lambda it: it.text.removesuffix("\n") if it.text else dump(to_json(it)).decode()},
    default_form=TEXT_TYPE,
    takes_long=True,
)
def copy(world: World, request: ControlRequest) -> Copied:
    from emulator.recording import copies  # with the first: nobody else needs it, and YAML

    world.settle()
    n, vendors = entry_number(world, request), request.context.vendors
    form = request.http.query_params.get("as", CURL)
    if not isinstance(entry_of(world, n).event, Exchange):
        raise Conflict(f"entry {n} is no exchange, and only what a client sent can be copied")
    if form == JSON:
        return Copied(**copies.as_request(world, vendors, n))
    if form == PYTEST:
        return Copied(copies.as_test(world, vendors, n))
    return Copied(
        copies.as_step(world, vendors, n) if form == STEP else copies.as_curl(world, vendors, n, request.url_of_links())
    )
