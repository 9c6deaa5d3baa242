"""The worlds of a server as a stream of events: a small one for each world whenever something about it has changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

from emulator.control.clock import clock_record
from emulator.control.context import ControlContext
from emulator.control.event_stream import event
from emulator.control.record import to_json
from emulator.control.worlds_watch import News, WorldsWatch
from emulator.kernel.clock import FROZEN
from emulator.kernel.world import World
from emulator.web.receipts import is_kept

AT_ONCE = 50
"""Events that are made in one turn."""


class WorldsFeed:
    """The worlds of these ids, or all of them. One that is behind what the watch remembers is over."""

    def __init__(self, context: ControlContext, ids: Collection[str], watch: WorldsWatch) -> None:
        self.watch = watch
        self._context = context
        self._ids = ids
        self._new: deque[News] = deque()
        self._told = 0
        self._began: int | None = None
        self.is_over = self.has_more = False

    def look(self) -> object:
        """Return what changes with the worlds."""
        return self.watch.number

    async def take(self) -> Sequence[bytes]:
        """Return an event for each world that changed, that was made, or that was dropped, some at a time."""
        if self._began is None:
            await self.watch.look()
            self._began = self.watch.number
        began = self._began
        if not self._new:
            self.is_over = max(self._told, began) < self.watch.forgotten
            self._new.extend(it for it in self.watch.since(self._told) if self._concerns(it, began))
            self._told = self.watch.number
        some = [self._new.popleft() for _ in range(min(AT_ONCE, len(self._new)))]
        self.has_more = bool(self._new)
        return [it for it in [await self._event(it, began) for it in some] if it]

    def _concerns(self, news: News, began: int) -> bool:
        """Tell whether news are of a world that is listened to, and that was there since the stream began."""
        return (not self._ids or news.id in self._ids) and not (news.is_dropped and news.number <= began)

    async def _event(self, news: News, began: int) -> bytes:
        """Return the event of news, nothing where the world is gone meanwhile, of which there will be other news."""
        if news.is_dropped:
            return event({"world": news.id, "dropped": True})
        world = self._context.worlds.find(news.id)
        state = None if world is None else await self._state(world)
        return b"" if state is None else event(state | ({"made": True} if news.made > began else {}))

    async def _state(self, world: World) -> dict[str, Any] | None:
        """Return what an event tells of a world; None where that could not be kept, and news of what was kept are to come."""
        if world.clock.rate != FROZEN:
            self.watch.due[world.id] = await self._context.lanes.run(world, world.next_due, is_long=False)
        if world.keeper is None:
            return _state_of(world)
        state = await self._context.lanes.run(world, partial(_state_of, world), is_long=False)
        return state if await is_kept(world) else None


def _state_of(world: World) -> dict[str, Any]:
    clock, journal = to_json(clock_record(world, None)), world.journal
    return {
        "world": world.id,
        "entry": journal.last,
        "now": clock["now"],
        "rate": clock["rate"],
        "epoch": f"{journal.serial}.{journal.truncations}",
    }
