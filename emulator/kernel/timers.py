"""The timers of resources, and which of them is the first to end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emulator.kernel.machine import Machine, Timer, Timing
from emulator.kernel.store import Instants
from emulator.kernel.transaction import length_of


def due(machine: Machine, resource: Any, timing: Timing, upkeep: bool = True) -> tuple[datetime, Timer] | None:
    """Return the first timer of a resource to end, with or without upkeep; None for none, the first declared on a tie."""
    first, since = None, resource.since
    for timer, _ in machine.by_timer[resource.status]:
        if (upkeep or not timer.upkeep) and (length := length_of(timer, resource, timing)) is not None:
            end = since + length
            if first is None or end < first[0]:
                first = end, timer
    return first


def due_instants(machines: Mapping[str, Machine], timing: Timing, resource: Any) -> Instants:
    """Return when the next event happens to a resource, and when upkeep does before that; None for never."""
    machine, since = machines.get(resource.kind), resource.since
    event = upkeep = None
    for timer, _ in () if machine is None else machine.by_timer[resource.status]:
        if (length := length_of(timer, resource, timing)) is not None:
            end = since + length
            if not timer.upkeep:
                event = end if event is None or end < event else event
            elif upkeep is None or end < upkeep:
                upkeep = end
    return event, upkeep if upkeep is not None and (event is None or upkeep < event) else None
