"""Tallies: resources that count the requests of a client, and nothing but that; each replaces itself with every request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.kernel.history import ResourceChange
from emulator.kernel.room import make_room
from emulator.kernel.store import MANY

if TYPE_CHECKING:
    from emulator.kernel.world import World


def put_tally(world: World, tally: Any) -> ResourceChange | None:
    """Put a tally, as a transaction does, and return the change; None, and nothing happens, where there is no room for it.

    The caller adds the commit, which nothing else may be part of.
    """
    store, kind, id = world.store, tally.kind, tally.id
    former = store.find(kind, id)
    if former is None and len(store) >= world.rules.limits.resources:
        return None
    world.quota.charge(tally, former)
    if world.quota.over:
        make_room(world)
        if world.quota.over:
            return None
    store.put(tally)
    if former is None:
        store.settle(MANY)
    return ResourceChange(kind, id, former, tally)
