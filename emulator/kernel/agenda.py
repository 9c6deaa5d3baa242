"""What time will do by itself, earliest first; cost follows what is due, never how much there is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from heapq import heapify, heappop, heappush, nsmallest

Key = tuple[str, str]
"""(kind, id) of a resource."""

Entry = tuple[datetime, int, Key]
"""When something happens, and to whom; the number is the resource's place in the order of arrival."""


class Agenda:
    """For each resource one due instant at most, and one for upkeep. Ties go to the resource that came first, and upkeep waits.

    A vendor's upkeep lies in an agenda of its own, so that what comes next can be told without it. An entry of the heap that
    is not the very one in `_due` is outdated: it is passed over when it comes up, and dropped once there are many.
    """

    __slots__ = ("_due", "_heap", "_upkeep")

    def __init__(self) -> None:
        self._due: dict[Key, Entry] = {}
        self._heap: list[Entry] = []
        self._upkeep: Agenda | None = None

    def set(self, key: Key, number: int, due: datetime | None, upkeep: datetime | None = None) -> None:
        """Makes `due` the one instant at which something happens to `key`, and `upkeep` that of its upkeep; None for never."""
        if upkeep is not None and self._upkeep is None:
            self._upkeep = Agenda()
        if self._upkeep is not None:
            self._upkeep.set(key, number, upkeep)
        if due is None:
            self._due.pop(key, None)
        elif self._due.get(key) != (entry := (due, number, key)):
            self._due[key] = entry
            heappush(self._heap, entry)
            self._forget_the_outdated()

    def first(self) -> tuple[datetime, Key] | None:
        """The earliest entry, or None; at the same instant, upkeep waits."""
        event, upkeep = self.first_event(), None if self._upkeep is None else self._upkeep.first()
        return upkeep if event is None or (upkeep is not None and upkeep[0] < event[0]) else event

    def first_event(self) -> tuple[datetime, Key] | None:
        """The earliest entry that is not upkeep, or None."""
        heap = self._heap
        while heap:
            entry = heap[0]
            due, _, key = entry
            if self._due.get(key) is entry:
                return due, key
            heappop(heap)
        return None

    def upcoming(self, count: int) -> list[Key]:
        """The resources to which something but upkeep happens next, as many as `count`, in order."""
        return [key for _, _, key in nsmallest(count, self._due.values())]

    def keys(self) -> Iterator[Key]:
        """Every resource to which something will happen."""
        yield from self._due
        if self._upkeep is not None:
            yield from self._upkeep.keys()

    def copy(self) -> Agenda:
        """The same entries, to be changed apart."""
        twin = Agenda()
        twin._due, twin._heap = self._due.copy(), self._heap.copy()
        twin._upkeep = None if self._upkeep is None else self._upkeep.copy()
        return twin

    def __len__(self) -> int:
        return len(self._due) + (0 if self._upkeep is None else len(self._upkeep))

    def _forget_the_outdated(self) -> None:
        if len(self._heap) > 2 * len(self._due) + 64:
            self._heap = list(self._due.values())
            heapify(self._heap)
