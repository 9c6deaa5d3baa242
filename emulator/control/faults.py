"""Control routes over a world's faults: lay one, look at them, take them away."""

from __future__ import annotations

from typing import Any

from emulator.control.route import WORLD, Asked, route, with_world
from emulator.control.schemas import list_of, object_of, ref
from emulator.control.serializers import held_to_json
from emulator.kernel.errors import BadInput, NotFound
from emulator.kernel.faults import Fault
from emulator.kernel.world import World
from emulator.scenario.faults import fault_to_json, lay
from emulator.scenario.semantic_checks import fault_problems

FAULT = WORLD + "/faults/{fault}"


@route("GET", f"{WORLD}/faults", "The faults laid over operations", object_of(faults=list_of(ref("fault"))))
@with_world
def faults(world: World, _: Asked) -> Any:
    return {"faults": [fault_to_json(fault) for fault in world.store.all(Fault.kind)]}


@route("POST", f"{WORLD}/faults", "Lay a fault, as a scenario writes it", ref("fault"), status=201, body=ref("new-fault"))
@with_world
def add(world: World, asked: Asked) -> Any:
    if problems := list(fault_problems(asked.body, asked.plane.vendors, world.clock.now())):
        raise BadInput(problems)
    return fault_to_json(lay(world, asked.body))


@route("DELETE", f"{WORLD}/faults", "Take every fault away")
@with_world
def clear(world: World, _: Asked) -> None:
    with world.transaction("remove the faults") as tx:
        for fault in list(tx.all(Fault.kind)):
            tx.remove(Fault.kind, fault.id)


@route("GET", FAULT, "A fault: how often it struck, and what is left", ref("fault"))
@with_world
def show(world: World, asked: Asked) -> Any:
    return fault_to_json(_find(world, asked.named("fault")))


@route("DELETE", FAULT, "Take a fault away")
@with_world
def take_away(world: World, asked: Asked) -> None:
    fault = _find(world, asked.named("fault"))
    with world.transaction("remove a fault") as tx:
        tx.remove(Fault.kind, fault.id)


@route(
    "GET",
    f"{WORLD}/held",
    "The requests that faults hold up at present",
    object_of(held=list_of(ref("held"))),
    takes_long=True,
    leaves_world=True,
)
def held(asked: Asked) -> Any:
    world = asked.plane.worlds.get(asked.named("world"))
    return {"held": [held_to_json(it) for it in asked.plane.held.of(world)]}


def _find(world: World, id: str) -> Fault:
    fault: Fault | None = world.store.find(Fault.kind, id)
    if fault is None:
        raise NotFound("fault", id, [it.id for it in world.store.all(Fault.kind)])
    return fault
