"""The worlds of a server as a stream of events: a small one for each world whenever something about it has changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from emulator.control.clock import clock_record
from emulator.control.context import ControlContext
from emulator.control.event_stream import event
from emulator.control.record import to_json
from emulator.kernel.clock import FROZEN
from emulator.kernel.world import World


class WorldsFeed:
    """The worlds of these ids, or all of them."""

    is_over = has_more = False

    def __init__(self, context: ControlContext, ids: Collection[str]) -> None:
        self._context = context
        self._ids = ids
        self._shown: dict[str, object] = {}
        self._due: dict[str, datetime | None] = {}
        self._has_begun = False

    def look(self) -> object:
        """Return what changes with each of the worlds; where something is due in one, that is new each time."""
        return [self._mark(world) for world in self._worlds()]

    async def take(self) -> Sequence[bytes]:
        """Return an event for each world that changed, that was made, or that was dropped."""
        events, there = list[bytes](), set[str]()
        for world in self._worlds():
            there.add(world.id)
            if self._shown.get(world.id) != self._mark(world):
                events.append(await self._event(world))
        for id in self._shown.keys() - there:
            del self._shown[id]
            self._due.pop(id, None)
            events.append(event({"world": id, "dropped": True}))
        self._has_begun = True
        return events

    def _worlds(self) -> Iterator[World]:
        worlds = self._context.worlds
        return iter(worlds) if not self._ids else (worlds.get(id) for id in self._ids if id in worlds)

    def _mark(self, world: World) -> object:
        clock, journal, store = world.clock, world.journal, world.store
        due = self._due.get(world.id)
        if due is not None and clock.rate != FROZEN and clock.now() >= due:
            return object()
        return (world.id, journal.serial, journal.truncations, journal.last, journal.dropped, *store.versions,
                clock.rate, clock.base, len(world.snapshots))  # fmt: skip

    async def _event(self, world: World) -> bytes:
        if world.clock.rate != FROZEN:
            self._due[world.id] = await self._context.lanes.run(world, world.next_due, is_long=False)
        clock = to_json(clock_record(world, None))
        journal = world.journal
        value: dict[str, Any] = {
            "world": world.id,
            "entry": journal.last,
            "now": clock["now"],
            "rate": clock["rate"],
            "epoch": f"{journal.serial}.{journal.truncations}",
        }
        made = {"made": True} if self._has_begun and world.id not in self._shown else {}
        self._shown[world.id] = self._mark(world)
        return event(value | made)
