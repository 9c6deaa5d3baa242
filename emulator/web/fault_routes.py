"""The control routes for a world's faults: lay one, look at them, take them away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.kernel.errors import BadInput, NotFound
from emulator.kernel.faults import Fault
from emulator.kernel.world import World
from emulator.scenario.contradictions import fault_problems
from emulator.scenario.faults import lay, show_fault
from emulator.scenario.scenario import Vendors


def add_fault(world: World, written: Mapping[str, Any], vendors: Vendors) -> dict[str, Any]:
    """Lays a fault that fits the schema and shows it.

    Raises:
        BadInput: it means nothing or can never strike, and why.
    """
    if problems := list(fault_problems(written, vendors, world.clock.now())):
        raise BadInput(problems)
    return show_fault(lay(world, written))


def all_faults(world: World) -> dict[str, Any]:
    """Every fault of a world, in the order in which they were laid."""
    return {"faults": [show_fault(fault) for fault in world.store.all(Fault.kind)]}


def one_fault(world: World, id: str) -> dict[str, Any]:
    """The fault of that id.

    Raises:
        NotFound: there is none.
    """
    return show_fault(_find(world, id))


def remove_fault(world: World, id: str) -> None:
    """Takes a fault away.

    Raises:
        NotFound: there is none of that id.
    """
    fault = _find(world, id)
    with world.transaction("remove a fault") as tx:
        tx.remove(Fault.kind, fault.id)


def clear_faults(world: World) -> None:
    """Takes every fault away."""
    with world.transaction("remove the faults") as tx:
        for fault in list(tx.all(Fault.kind)):
            tx.remove(Fault.kind, fault.id)


def _find(world: World, id: str) -> Fault:
    fault: Fault | None = world.store.find(Fault.kind, id)
    if fault is None:
        raise NotFound("fault", id, [it.id for it in world.store.all(Fault.kind)])
    return fault
