"""Bounds of what time brings about at once: in a jump of the clock, which is refused beyond them, and in a look."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from emulator.kernel.plan import TimelineEvent
from emulator.kernel.transaction import Transaction

if TYPE_CHECKING:
    from emulator.kernel.world import World

JUMP_LIMIT = 10_000
JUMP_LIMIT_EACH = 10
"""Steps that one jump may bring about, and steps more for each resource: the work of a second or two."""

LOOK_LIMIT = 1_000
LOOK_LIMIT_EACH = 1
MOST_OF_A_LOOK = 20_000
"""Steps that one look makes at most to keep up with a clock that runs, more for each resource, and the most in any world.

What is left is for the next looks.
"""

TURN_LIMIT = 50
"""Steps of one turn of a look, so that others need not wait; and of a further look at a world that is behind already."""

BEHIND = (
    "the clock runs faster than this world can follow, which is {} behind: "
    "set a slower rate, or frozen, which gives up the rest, before time is advanced"
)
TOO_FAR = "more than {} things would happen by themselves on the way: jump less far at once"
RESTLESS = "after {} events this world is still not at rest: it seems to repeat for ever"


def jump_limit(world: World) -> int:
    """Return how many steps one jump may bring about in this world."""
    return JUMP_LIMIT + JUMP_LIMIT_EACH * len(world.store)


def catch_up_limit(world: World) -> int:
    """Return how many steps one look makes at most in this world, where the clock runs."""
    return min(LOOK_LIMIT + LOOK_LIMIT_EACH * len(world.store), MOST_OF_A_LOOK)


def min_steps(world: World, here: datetime, until: datetime, most: int) -> int:
    """Return how many steps lie between two instants at least, counted little further than `most`.

    Counts no further than the next plan of the scenario, which may change anything.
    """
    view = Transaction(world, here, "look ahead")
    end = min([until, *(plan.at for plan in world.store.all(TimelineEvent.kind))])
    counts = [machine.least for machine in world.rules.machines.values() if machine.least is not None]
    return sum(least(view, end, most) for least in counts)
