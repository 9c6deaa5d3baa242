"""The worlds of a server as they were when they were last looked at: once for all who listen to them, some at a time."""

from __future__ import annotations

from asyncio import Event
from collections import deque
from datetime import datetime
from typing import NamedTuple

from emulator.kernel.clock import FROZEN, MONOTONIC
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.web.event_loop import next_turn

AT_ONCE = 200
"""Worlds that are looked at in one turn."""

MOST_DROPPED = 1_000
"""Dropped worlds that are remembered."""


class News(NamedTuple):
    """The newest news of a world: their number, and that of when it was made; `is_dropped` tells that it is gone."""

    number: int
    id: str
    made: int
    is_dropped: bool = False


class WorldsWatch:
    """The news of all worlds, each with a `number`. None of those that it has `forgotten` is newer than that number.

    `due` is when something happens by itself in worlds whose clocks run, as far as somebody asked them.
    """

    def __init__(self, worlds: Worlds) -> None:
        self._worlds = worlds
        self._marks: dict[str, object] = {}
        self._there: dict[str, News] = {}  # the oldest news first
        self._dropped: deque[News] = deque()
        self._is_done: Event | None = None
        self.due: dict[str, datetime | None] = {}
        self.number = self.forgotten = 0

    def since(self, number: int) -> list[News]:
        """Return the news after a number, the oldest first."""
        found = list[News]()
        for all_news in (self._there.values(), self._dropped):
            for news in reversed(all_news):
                if news.number <= number:
                    break
                found.append(news)
        return sorted(found)

    async def look(self) -> float:
        """Look at all worlds, and return the seconds that this took; where somebody looks already, wait for that."""
        if self._is_done is not None:
            await self._is_done.wait()
            await next_turn()
            return 0.0
        self._is_done = done = Event()
        try:
            return await self._look_at_all()
        finally:
            self._is_done = None
            done.set()

    async def _look_at_all(self) -> float:
        every, seconds = [*self._worlds], 0.0
        for start in range(0, len(every), AT_ONCE):
            began = MONOTONIC()
            for world in every[start : start + AT_ONCE]:
                self._look_at(world)
            seconds += MONOTONIC() - began
            await next_turn()
        for id in self._there.keys() - {it.id for it in every}:
            self._forget(id)
        return seconds

    def _look_at(self, world: World) -> None:
        mark = _mark(world)
        if self._is_due(world) or mark != self._marks.get(world.id):
            self._marks[world.id] = mark
            self.number += 1
            former = self._there.pop(world.id, None)
            self._there[world.id] = News(self.number, world.id, former.made if former else self.number)

    def _is_due(self, world: World) -> bool:
        """Return whether something is due in a world whose clock runs, since somebody asked when that is."""
        due = self.due.get(world.id)
        if due is None or world.clock.rate == FROZEN or world.clock.now() < due:
            return False
        self.due[world.id] = None
        return True

    def _forget(self, id: str) -> None:
        self.number += 1
        self._dropped.append(News(self.number, id, self._there.pop(id).made, is_dropped=True))
        self._marks.pop(id, None)
        self.due.pop(id, None)
        if len(self._dropped) > MOST_DROPPED:
            self.forgotten = self._dropped.popleft().number


def _mark(world: World) -> object:
    """Return what changes with a world."""
    clock, journal, store = world.clock, world.journal, world.store
    return (journal.serial, journal.truncations, journal.last, journal.dropped, *store.versions,
            clock.rate, clock.base, len(world.snapshots))  # fmt: skip
