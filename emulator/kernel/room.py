"""Room within a budget: caches, history and journal make it, oldest first, before anything is refused."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from emulator.kernel.budget import KEEPING, Budget, Metered, Quota
from emulator.kernel.errors import TooMany
from emulator.kernel.limits import Limits

if TYPE_CHECKING:
    from emulator.kernel.machine import Resource
    from emulator.kernel.world import World

SMALL = 4_096
"""Bytes by which a resource may grow and still replace itself where there is no room."""

RESERVE = 16
"""The part of a limit, one of so many, that only what follows from a change may use."""

FRAME = 7_000
"""Bytes of a world without resources."""

COPIED = 120
"""Bytes that the copy of a world takes for each resource, which it shares: in tables, indexes and the agenda."""

LISTED = 9
"""Bytes that the copy of a journal or a history takes for each entry, which it shares."""

ACCEPTED = 55
"""Bytes that the copy of a world takes for each credential that its scenario lists."""


class EvictableCache:
    """The newest `capacity` values by key, kept only to save work."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._values: dict[Any, Any] = {}

    def get(self, key: object) -> Any | None:
        """Return the value of a key, or None."""
        return self._values.get(key)

    def put(self, key: object, value: object, budget: Budget) -> None:
        """Keep a value within a budget, in place of the oldest where there are too many."""
        while len(self._values) >= self._capacity:
            self._values.pop(next(iter(self._values)), None)
        self._values[key] = value
        budget.caches.add(self)

    def clear(self) -> None:
        """Drop every value."""
        self._values.clear()


def admit(quota: Quota, size: int, what: str) -> None:
    """Make sure that there is room for so many bytes, before the work is done.

    Raises:
        TooMany: there is not.
    """
    if not _has_room(quota, size):
        for cache in [*quota.budget.caches]:
            cache.clear()
        if not _has_room(quota, size):
            raise refusal(quota, what, size)


def admit_resources(quota: Quota, count: int, like: Resource | None = None) -> None:
    """Make sure that there is room for so many resources more, like this one or as small as can be, before they are made.

    Raises:
        TooMany: there is not.
    """
    size = KEEPING if like is None else quota.charge(like).size
    admit(quota, count * size, f"what comes to {count} resources")


def refusal(quota: Quota, what: str, size: int = 0) -> TooMany:
    """Return why something of so many bytes has no room, and what to do."""
    budget, keeper, name, limit = quota.budget, "server", "memory", quota.budget.limit
    if quota.limit < budget.limit and quota.bytes + size > quota.limit:
        keeper, name, limit = "world", "world_memory", quota.limit
    cure = f"delete, reset or drop what is not needed, or {Limits.more(name)}"
    return TooMany(f"{what} has no room, since this {keeper} keeps {limit} bytes at most: {cure}")


def _is_beyond_reserve(quota: Quota) -> bool:
    """Tell whether more is kept than the limit and the reserve for what follows from a change."""
    share = 1 + 1 / RESERVE
    return quota.budget.bytes > quota.budget.limit * share or quota.bytes > quota.limit * share


def _has_room(quota: Quota, size: int) -> bool:
    return quota.budget.used + size <= quota.budget.limit and quota.bytes + size <= quota.limit


def make_room(world: World) -> None:
    """Forget the oldest of the history, and then of the journal, until there is room; the newest of both stays."""
    for it in filter(None, (world.before, world)):
        while world.quota.over and (it.history.forget_oldest() or it.journal.forget_oldest()):
            pass


def make_room_for(
    world: World, resource: Resource, size: int, by_time: bool, replaced: Mapping[tuple[str, str], Metered | None]
) -> None:
    """Make room for a resource that was charged `size` bytes, where a transaction has `replaced` others (None for new ones).

    A small one that comes into being because another changes, as the event of a cancel does, may use the reserve, and so may
    one that becomes a little larger; not `by_time`, which goes on for ever.

    Raises:
        TooMany: there is no room, and it is new or larger than what it replaces.
    """
    make_room(world)
    key = resource.kind, resource.id
    old = replaced[key]
    growth = size - (old.charge.size if old is not None and old.charge else 0)
    if growth <= 0 or not world.quota.over:
        return
    earlier = takewhile(lambda other: other != key, replaced)
    follows = old is not None or any(replaced[other] is not None for other in earlier)
    if by_time or growth > SMALL or not follows or _is_beyond_reserve(world.quota):
        raise refusal(world.quota, f"this {resource.kind.partition('.')[2].replace('_', ' ')}")


def size_of_copy(world: World) -> int:
    """Return the bytes that a copy of a world takes besides what it shares."""
    rules = world.rules
    listed = sum(map(len, filter(None, rules.credentials.values())))
    if rules.accounts:
        listed += sum([len(accounts.owners) for accounts in rules.accounts.values()])
    return FRAME + COPIED * len(world.store) + LISTED * (len(world.journal) + len(world.history)) + ACCEPTED * listed


def quota_of_another(world: World) -> Quota:
    """Return a quota for a world that is to begin as a copy of this one.

    Raises:
        TooMany: there is no room for it.
    """
    quota = Quota(world.quota.budget)
    admit(quota, size_of_copy(world), "another world")
    return quota
