"""What time does: the first entry of a world's agenda happens, at its own due instant, and one after the other."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from emulator.kernel.clock import FROZEN
from emulator.kernel.errors import BadInput, MachineError, TooMany
from emulator.kernel.journal import Change
from emulator.kernel.machine import Timer
from emulator.kernel.plan import TimelineEvent
from emulator.kernel.transaction import Transaction

if TYPE_CHECKING:
    from emulator.kernel.world import World

Key = tuple[str, str]
"""(kind, id) of a resource."""


def catch_up(world: World, most: int) -> bool:
    """Bring a world to where its clock is, and return whether it got there.

    Where the clock runs, that is done in `most` steps at most. A world that did not get there shows the instant it has reached.
    """
    clock, steps = world.clock, 0
    reached, target = clock.reached, clock.target()
    while (first := world.agenda.first()) is not None and first[0] <= target:
        if steps >= most and clock.rate != FROZEN:
            clock.reach(reached, is_behind=True)
            return False
        expire(world, *first)
        reached, steps = first[0], steps + 1
    clock.reach(target)
    return True


def expire(world: World, due: datetime, key: Key) -> list[Change]:
    """Let what is due at an instant happen to a resource, and return the changes.

    Raises:
        MachineError: it would be due again at once, for ever.
    """
    machine, resource = world.rules.machines[key[0]], world.store.find(*key)
    upcoming = _due(world, key)
    if resource is None or upcoming is None:
        raise AssertionError(f"the agenda speaks of {key}, for which nothing is due")
    _, wait = upcoming
    # what arises when it should have happened already happens at once: no change is older than the one before it
    at = max(due, world.history.newest or due)
    try:
        with Transaction(world, at, f"after {wait.name}", bounded=isinstance(resource, TimelineEvent)) as transaction:
            row = transaction.expire(machine, resource, wait).row
            if row.state == row.to and _due(world, key) == upcoming:
                raise MachineError(f"after {wait.name}, {key} is due again at once")
    except (BadInput, TooMany) as error:
        with Transaction(world, at, f"impossible: {error}") as transaction:
            transaction.remove(*key)
    world.journal.extend(transaction.changes)
    return transaction.changes


def _due(world: World, key: Key) -> tuple[datetime, Timer] | None:
    resource = world.store.find(*key)
    return None if resource is None else world.rules.machines[key[0]].due(resource, world.rules.timing)
