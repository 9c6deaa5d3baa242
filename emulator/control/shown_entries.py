"""The entries that streams have shown last: each is made a record, without its secrets, once for all that listen."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

from emulator.control import entries
from emulator.control.journal_models import AnyEntry
from emulator.control.record import to_json
from emulator.kernel.journal import Entry
from emulator.kernel.world import World
from emulator.sdk.exact_json import dump

KEPT_BYTES, KEPT = 1_000_000, 50
"""Bytes of JSON, and entries, that are kept; the newest is kept however long it is."""

FEW = 2
"""Entries that a stream sends without a thread where all of them are kept."""


class Shown(NamedTuple):
    """An entry with its record, and the JSON of that."""

    entry: Entry
    record: AnyEntry
    json: bytes


class ShownEntries:
    """The entries that the streams of one server have shown last. Any thread may ask."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, Shown] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def of(self, entry: Entry) -> Shown:
        """Return an entry as it is shown."""
        with self._lock:
            shown = self._kept.get(id(entry))
        if shown is None:
            record = entries.entry(entry)
            shown = Shown(entry, record, dump(to_json(record)))
            self._keep(shown)
        return shown

    def record(self, entry: Entry) -> AnyEntry:
        """Return the record of an entry."""
        return self.of(entry).record

    def has_rest(self, world: World, after: int) -> bool:
        """Tell whether the few entries of a world after a number were shown to somebody else; False where it is in use."""
        if not world.lock.acquire(blocking=False):
            return False
        try:
            journal = world.journal
            rest = [journal.entry(n) for n in range(max(after, journal.last - FEW - 1) + 1, journal.last + 1)]
        finally:
            world.lock.release()
        return len(rest) <= FEW and all(it is None or id(it) in self._kept for it in rest)

    def clear(self) -> None:
        """Keep nothing any more: nobody listens."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _keep(self, shown: Shown) -> None:
        """Keep an entry, whose number in memory nothing else can have meanwhile, in place of the oldest ones."""
        with self._lock:
            if id(shown.entry) in self._kept:
                return
            self._kept[id(shown.entry)] = shown
            self._bytes += len(shown.json)
            while len(self._kept) > 1 and (self._bytes > KEPT_BYTES or len(self._kept) > KEPT):
                _, old = self._kept.popitem(last=False)
                self._bytes -= len(old.json)
