"""What time will do by itself, earliest first; cost follows what is due, never how much there is."""

from __future__ import annotations

from datetime import datetime
from heapq import heapify, heappop, heappush

Key = tuple[str, str]
"""(kind, id) of a resource."""


class Agenda:
    """One due instant at most for each resource. Ties go to the resource that came into the world first."""

    __slots__ = ("_due", "_heap")

    def __init__(self) -> None:
        self._due: dict[Key, datetime] = {}
        self._heap: list[tuple[datetime, int, Key]] = []

    def set(self, key: Key, number: int, due: datetime | None) -> None:
        """Makes `due` the one instant at which something happens to `key`; None for never."""
        if due is None:
            self._due.pop(key, None)
        elif self._due.get(key) != due:
            self._due[key] = due
            heappush(self._heap, (due, number, key))
            self._forget_the_outdated()

    def first(self) -> tuple[datetime, Key] | None:
        """The earliest entry, or None."""
        heap = self._heap
        while heap:
            due, _, key = heap[0]
            if self._due.get(key) == due:
                return due, key
            heappop(heap)
        return None

    def copy(self) -> Agenda:
        """The same entries, to be changed apart."""
        twin = Agenda()
        twin._due, twin._heap = self._due.copy(), self._heap.copy()
        return twin

    def __len__(self) -> int:
        return len(self._due)

    def _forget_the_outdated(self) -> None:
        if len(self._heap) > 2 * len(self._due) + 64:
            self._heap = [entry for entry in self._heap if self._due.get(entry[2]) == entry[0]]
            heapify(self._heap)
