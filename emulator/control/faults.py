"""Control routes over a world's faults, and over the requests that faults hold up."""

from __future__ import annotations

from emulator.control import models
from emulator.control.differences import abridged
from emulator.control.journal_models import FaultHit
from emulator.control.models import Faults, HeldRequests
from emulator.control.record import ref
from emulator.control.route import ControlRequest, route
from emulator.kernel.errors import BadInput, NotFound
from emulator.kernel.faults import NEXT, Fault
from emulator.kernel.time import format_duration, parse_duration
from emulator.kernel.world import World
from emulator.scenario.checks.faults import fault_problems
from emulator.scenario.faults import DURATIONS, add_fault
from emulator.text.checkpoint import checkpoint
from emulator.text.redact import redact_body, redact_text
from emulator.web.held_requests import HeldRequest


@route("GET", "/worlds/{world}/faults", "The faults laid over operations", takes_long=True)
def faults(world: World, _: ControlRequest) -> Faults:
    return Faults(tuple(map(_fault, world.store.group(Fault.kind))))


@route("POST", "/worlds/{world}/faults", "Lay a fault, as a scenario writes it", status=201, body=ref("new-fault"))
def add(world: World, request: ControlRequest) -> models.Fault:
    if problems := list(fault_problems(request.body, request.context.vendors, world.clock)):
        raise BadInput(problems)
    return _fault(add_fault(world, request.body))


@route("DELETE", "/worlds/{world}/faults", "Take every fault away", takes_long=True)
def clear(world: World, _: ControlRequest) -> None:
    with world.transaction("remove the faults") as tx:
        for fault in list(tx.group(Fault)):
            tx.remove(fault)


@route("GET", "/worlds/{world}/faults/{fault}", "A fault: how often it struck, and what is left", takes_long=True)
def show(world: World, request: ControlRequest) -> models.Fault:
    return _fault(_find(world, request.path_param("fault")))


@route("DELETE", "/worlds/{world}/faults/{fault}", "Take a fault away")
def remove(world: World, request: ControlRequest) -> None:
    fault = _find(world, request.path_param("fault"))
    with world.transaction("remove a fault") as tx:
        tx.remove(fault)


@route("GET", "/worlds/{world}/held", "The requests that faults hold up at present", takes_long=True, leaves_world=True)
def held(request: ControlRequest) -> HeldRequests:
    world = request.context.worlds.get(request.path_param("world"))
    return HeldRequests(tuple(_held(world, it) for it in request.context.held.of(world)))


def _find(world: World, id: str) -> Fault:
    fault: Fault | None = world.store.find(Fault.kind, id)
    if fault is None:
        raise NotFound("fault", id, [it.id for it in world.store.group(Fault.kind)])
    return fault


def _fault(fault: Fault) -> models.Fault:
    """Return a fault as a record: as it is written, long texts cut, durations in one form; no credential can be read in it."""
    checkpoint()
    lengths = {key: fault.written[key] for key in DURATIONS if fault.written.get(key, NEXT) != NEXT}
    return models.Fault(
        fault.id,
        redact_body(abridged(fault.written)) | {key: format_duration(parse_duration(it)) for key, it in lengths.items()},
        fault.seen,
        fault.struck,
        left=None if fault.times is None else fault.times - fault.struck,
        place=fault.place or None,
    )


def _held(world: World, held: HeldRequest) -> models.HeldRequest:
    """Return a request that a fault holds up as a record; no credential can be read in it."""
    target, hit = redact_text(held.request.target), FaultHit(*held.fault.hit())
    seen = world.clock.client_time
    since, due = seen(held.since), held.due and seen(held.due)
    return models.HeldRequest(held.request.method, target, held.request.operation_name, since, due, hit)
