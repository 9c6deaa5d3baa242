"""Control routes over a world's faults, and over the requests that faults hold up."""

from __future__ import annotations

from emulator.control import rule_models
from emulator.control.journal_models import FaultHit
from emulator.control.record import ref
from emulator.control.route import ControlRequest, route
from emulator.control.rule_models import Faults, HeldRequests
from emulator.control.rules import counts_of, find_rule, remove_rules, written
from emulator.kernel.calls import CallRule
from emulator.kernel.errors import BadInput
from emulator.kernel.faults import Fault
from emulator.kernel.world import World
from emulator.scenario.checks.calls import fault_problems
from emulator.scenario.faults import DURATIONS, add_fault
from emulator.text.redact import redact_text
from emulator.web.held_requests import HeldRequest


@route("GET", "/worlds/{world}/faults", "The faults laid over operations and deliveries", takes_long=True)
def faults(world: World, _: ControlRequest) -> Faults:
    return Faults(tuple(_shown(world, it) for it in world.store.group(Fault.kind)))


@route("POST", "/worlds/{world}/faults", "Lay a fault, as a scenario writes it", status=201, body=ref("new-fault"))
def add(world: World, request: ControlRequest) -> rule_models.Fault:
    if problems := list(fault_problems(request.body, request.context.vendors, world.clock)):
        raise BadInput(problems)
    return _shown(world, add_fault(world, request.body))


@route("DELETE", "/worlds/{world}/faults", "Take every fault away", takes_long=True)
def clear(world: World, _: ControlRequest) -> None:
    remove_rules(world, world.store.group(Fault.kind), "remove the faults")


@route("GET", "/worlds/{world}/faults/{fault}", "A fault: how often it struck, and what is left", takes_long=True)
def show(world: World, request: ControlRequest) -> rule_models.Fault:
    return _shown(world, _find(world, request))


@route("DELETE", "/worlds/{world}/faults/{fault}", "Take a fault away", takes_long=True)
def remove(world: World, request: ControlRequest) -> None:
    remove_rules(world, [_find(world, request)], "remove a fault")


@route("GET", "/worlds/{world}/held", "The requests that faults hold up at present", takes_long=True, leaves_world=True)
def held(request: ControlRequest) -> HeldRequests:
    world = request.context.worlds.get(request.path_param("world"))
    return HeldRequests(tuple(_held(world, it) for it in request.context.held.of(world)))


def _find(world: World, request: ControlRequest) -> CallRule:
    return find_rule(world, Fault, "fault", request.path_param("fault"))


def _shown(world: World, fault: CallRule) -> rule_models.Fault:
    return rule_models.Fault(**counts_of(world, fault), fault=written(fault, DURATIONS))


def _held(world: World, held: HeldRequest) -> rule_models.HeldRequest:
    """Return a request that a fault holds up as a record; no credential can be read in it."""
    target, hit = redact_text(held.request.target), FaultHit(*held.fault.hit())
    seen = world.clock.client_time
    since, due = seen(held.since), held.due and seen(held.due)
    return rule_models.HeldRequest(held.request.method, target, held.request.operation_name, since, due, hit)
