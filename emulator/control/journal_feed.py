"""The journal of a world as a stream of events: entries as they come, and what was lost between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import NamedTuple

from emulator.control.context import ControlContext
from emulator.control.event_stream import event, event_of
from emulator.control.journal_filter import EntryFilter
from emulator.kernel.clock import FROZEN
from emulator.kernel.errors import BadInput
from emulator.kernel.journal import Entry, Journal
from emulator.kernel.world import World
from emulator.text.pattern import pattern
from emulator.web.receipts import is_kept

AT_ONCE = 50
"""Entries that are looked at in one turn of the world."""

ENOUGH = 65_536
"""Bytes of events, which wait until their client has read them, from which on no more are made in one turn."""

DROPPED, GAP, RESET = "dropped", "gap", "reset"
"""Names of events: the world is gone; entries were lost; entries after a number are no more, and others follow."""

_TOKEN = pattern(r"([0-9]{1,15})(?:\.([0-9a-f]{1,16})\.([0-9]{1,15})\.([0-9]{1,15}))?", re.ASCII)


class Place(NamedTuple):
    """A place in a journal: behind entry `n` of the one with this serial number, after so many truncations of it."""

    n: int
    serial: int
    truncations: int

    @classmethod
    def of(cls, journal: Journal, n: int) -> Place:
        """Return the place behind an entry of a journal as it is."""
        return cls(n, journal.serial, journal.truncations)

    @classmethod
    def read(cls, token: str, started: str, journal: Journal) -> Place:
        """Return the place that the id of an event names; one of another server is in no journal that there is.

        Raises:
            BadInput: it is the id of no event.
        """
        match = _TOKEN.fullmatch(token)
        if match is None:
            raise BadInput.at(f"{token[:100]!r} is the id of no event of this stream: leave Last-Event-ID out", "Last-Event-ID")
        if match[2] is None:
            return cls.of(journal, int(match[1]))
        return cls(int(match[1]), int(match[3]) if match[2] == started else -1, int(match[4]))

    def kept(self, journal: Journal) -> int | None:
        """Return the newest entry before this place that the journal still has from then; None where it has them all."""
        is_whole = (self.serial, self.truncations) == (journal.serial, journal.truncations) and self.n <= journal.last
        if is_whole:
            return None
        is_next = (self.serial, self.truncations + 1) == (journal.serial, journal.truncations)
        return min(self.n, journal.kept) if is_next else 0

    def token(self, started: str) -> str:
        """Return the id of an event, by which a client that comes back goes on after it."""
        return f"{self.n}.{started}.{self.serial}.{self.truncations}"


class JournalFeed:
    """The entries of a world's journal after a place, as far as a filter chooses them."""

    def __init__(self, context: ControlContext, world: World, chosen: EntryFilter, place: Place) -> None:
        self._context = context
        self._shown = context.streams.shown
        self._id = world.id
        self._chosen = chosen
        self._place = place
        self._due: datetime | None = None
        self.watch: None = None
        self.is_over = self.has_more = False

    def look(self) -> object:
        """Return what changes with each entry; where a running clock has something due, that is new each time."""
        if (world := self._world()) is None:
            return None
        if self._due is not None and world.clock.rate != FROZEN and world.clock.now() >= self._due:
            return object()
        return Place.of(world.journal, world.journal.last), world.clock.rate

    async def take(self) -> Sequence[bytes]:
        """Return the next entries, and what was lost before them."""
        while (world := self._world()) is not None:
            before, is_long = self._place, not self._shown.has_rest(world, self._place.n)
            events: list[bytes] | None = await self._context.lanes.run(world, partial(self._read, world), is_long)
            if events is not None and not await is_kept(world):
                self._place, self.has_more = before, False  # it comes anew in the world as it was kept
                return ()
            if events is not None:
                self.has_more = self._place.n < world.journal.last
                return events
        self.is_over, self.has_more = True, False
        return [event({"world": self._id}, name=DROPPED)]

    def _world(self) -> World | None:
        return self._context.worlds.find(self._id)

    def _read(self, world: World) -> list[bytes] | None:
        """Return the next events, none where the next entries are not chosen; None where the world was replaced."""
        if not self._context.is_current(world):
            return None
        self._due = world.next_due()
        journal = world.journal
        if (kept := self._place.kept(journal)) is not None:
            self._place = Place.of(journal, kept)
            return [event({"world": self._id, "last": kept}, self._place.token(self._context.started), RESET)]
        entries = [*islice(journal.since(self._place.n), AT_ONCE)]
        events = [*self._lost(journal, entries), *self._events(entries)]
        if not entries:
            self._place = self._place._replace(n=journal.last)
        return events

    def _lost(self, journal: Journal, entries: Sequence[Entry]) -> Iterator[bytes]:
        """Yield the event of entries that were dropped, or cleared, before they were sent."""
        after, before = self._place.n, entries[0].n if entries else journal.last + 1
        if any(not journal.is_withdrawn(n) for n in range(after + 1, before)):
            yield event({"world": self._id, "after": after, "before": before}, name=GAP)

    def _events(self, entries: Sequence[Entry]) -> Iterator[bytes]:
        """Yield the events of entries until there are enough, and note how far they go."""
        size = 0
        for entry, record in zip(entries, self._chosen.records(entries, self._shown.record), strict=True):
            self._place = self._place._replace(n=entry.n)
            if record is not None:
                made = event_of(self._shown.of(entry).json, self._place.token(self._context.started))
                yield made
                if (size := size + len(made)) >= ENOUGH:
                    break
