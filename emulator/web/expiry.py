"""The expiry of worlds that have a time to live: one that no request reached for so long is dropped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from emulator.delivery.alarm import Alarm
from emulator.kernel.clock import MONOTONIC, REALTIME
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds

LOOKS = 16
"""Looks at a world in the time that it has to live: it is dropped later by one of them at most."""

LONGEST = timedelta(minutes=1)
"""The time between two looks, at most."""


class _Seen(NamedTuple):
    """The newest exchange of a world, and when it was first seen that this was so, or that a request was there."""

    exchange: object
    at: float


class Expiry:
    """Looks now and then at worlds that have a time to live, and at no others. `let_go` sees to one that is dropped."""

    def __init__(self, worlds: Worlds, let_go: Callable[[World], None]) -> None:
        self._worlds, self._let_go = worlds, let_go
        self._seen: dict[World, _Seen] = {}
        self._alarm = Alarm(self._look)

    def watch(self, world: World, since: float | None = None) -> None:
        """Drop a world once its time is over, which began now, or `since` so many seconds from 1970 on."""
        if world.ttl is not None:
            idle = 0.0 if since is None else max(0.0, REALTIME() - since)
            self._seen[world] = _Seen(_newest_exchange(world), MONOTONIC() - idle)
            self._alarm.set(world, 0)

    def note(self, world: World) -> None:
        """Note that a request that is no exchange reached a world that has a time to live. The caller holds the world."""
        if world in self._seen:
            self._seen[world] = _Seen(_newest_exchange(world), MONOTONIC())

    def close(self) -> None:
        """Drop nothing any more."""
        self._alarm.clear()

    def _look(self, world: World) -> None:
        """Drop a world whose time is over, or set when to look again."""
        if self._worlds.find(world.id) is not world or world.ttl is None:
            self._seen.pop(world, None)
        elif not (world.lock.acquire(blocking=False) and self._is_over(world, world.ttl)):
            self._alarm.set(world, min(world.ttl / LOOKS, LONGEST).total_seconds())

    def _is_over(self, world: World, ttl: timedelta) -> bool:
        """Drop a world whose lock is held for it where its time is over; return whether it was. The lock is released."""
        try:
            seen, now = _Seen(_newest_exchange(world), MONOTONIC()), self._seen[world]
            if seen.exchange is not now.exchange:
                self._seen[world] = seen
                return False
            if seen.at - now.at < ttl.total_seconds() or (world.keeper is not None and world.keeper.refusal is not None):
                return False
            self._worlds.remove(world.id)
            world.empty()
            self._let_go(world)
            del self._seen[world]
            return True
        finally:
            world.lock.release()


def _newest_exchange(world: World) -> object:
    newest = world.journal.newest_exchanges(1)
    return newest[0][1] if newest else None
