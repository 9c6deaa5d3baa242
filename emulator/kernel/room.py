"""Room for what a world keeps: the history and the journal make it, oldest first, before anything is refused."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from emulator.kernel.budget import Quota
from emulator.kernel.weight import KEEPING

if TYPE_CHECKING:
    from emulator.kernel.store import Resource
    from emulator.kernel.world import World

SMALL = 4_096
"""Bytes by which a resource may grow and still replace itself where there is no room."""

FRAME = 7_000
"""Bytes of a world without resources."""

COPIED = 120
"""Bytes that the copy of a world takes for each resource, which it shares: in tables, indexes and the agenda."""


def charge(world: World, resource: Resource, bounded: bool, replaced: Collection[Resource | None]) -> None:
    """Charge a resource that is about to be put, where a transaction has `replaced` others (None for what was not there).

    A small one that comes into being because another changes, as the event of a cancel does, may use the reserve.

    Raises:
        TooMany: there is no room, it is `bounded`, and it is new or larger than what it replaces.
    """
    quota = world.quota
    before = quota.bytes
    quota.charge(resource)
    if not quota.over:
        return
    size = quota.bytes - before
    make_room(world)
    if bounded and quota.over:
        old = world.store.find(resource.kind, resource.id)
        of_change = size <= SMALL and any(it is not None for it in replaced) and not quota.is_beyond_reserve
        if not of_change and (old is None or size > old.charge.size + SMALL):
            raise quota.refusal(f"this {resource.kind.partition('.')[2].replace('_', ' ')}")


def admit(quota: Quota, resources: int) -> None:
    """Make sure that there is room for so many resources more, before they are made.

    Raises:
        TooMany: there is not, even if each is as small as can be.
    """
    quota.admit(resources * KEEPING, f"what comes to {resources} resources")


def make_room(world: World) -> None:
    """Forget the oldest of the history, and then of the journal, until there is room; the newest of both stays."""
    while world.quota.over and (world.history.make_room() or world.journal.make_room()):
        pass


def size_of_copy(world: World) -> int:
    """Return the bytes that a copy of a world takes besides what it shares."""
    return FRAME + COPIED * len(world.store)


def quota_of_another(world: World) -> Quota:
    """Return an quota for a world that is to begin as a copy of this one.

    Raises:
        TooMany: there is no room for it.
    """
    quota = Quota(world.quota.budget)
    quota.admit(size_of_copy(world), "another world")
    return quota
