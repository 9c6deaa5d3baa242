"""What time will do by itself, earliest first; cost follows what is due, never how much there is."""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from emulator.kernel.sorted_pages import SortedPages
from emulator.kernel.store import PagedMap

Key = tuple[str, str]
"""(kind, id) of a resource."""

Entry = tuple[datetime, int, Key]
"""When something happens, and to whom; the number is the resource's place in the order of arrival."""


class Agenda:
    """For each resource one due instant at most, and one for upkeep. Ties go to the resource that came first, and upkeep waits.

    A vendor's upkeep lies in an agenda of its own, so that what comes next can be told without it.
    """

    __slots__ = ("_due", "_order", "_upkeep")

    def __init__(self) -> None:
        self._due: PagedMap[Key, Entry] = PagedMap()
        self._order = SortedPages()
        self._upkeep: Agenda | None = None

    def set(self, key: Key, number: int, due: datetime | None, upkeep: datetime | None = None) -> None:
        """Makes `due` the one instant at which something happens to `key`, and `upkeep` that of its upkeep; None for never."""
        if upkeep is not None and self._upkeep is None:
            self._upkeep = Agenda()
        if self._upkeep is not None:
            self._upkeep.set(key, number, upkeep)
        old, new = self._due.get(key), None if due is None else (due, number, key)
        if old == new:
            return
        if old is not None:
            self._order.remove(old)
        if new is None:
            self._due.pop(key)
        else:
            self._due[key] = new
            self._order.add(new)

    def first(self) -> tuple[datetime, Key] | None:
        """The earliest entry, or None; at the same instant, upkeep waits."""
        event, upkeep = self.first_event(), None if self._upkeep is None else self._upkeep.first()
        return upkeep if event is None or (upkeep is not None and upkeep[0] < event[0]) else event

    def first_event(self) -> tuple[datetime, Key] | None:
        """The earliest entry that is not upkeep, or None."""
        for due, _, key in self._order:
            return due, key
        return None

    def upcoming(self, count: int) -> list[Key]:
        """The resources to which something but upkeep happens next, as many as `count`, in order."""
        return [key for _, _, key in islice(self._order, count)]

    def copy(self) -> Agenda:
        """The same entries, to be changed apart."""
        twin = Agenda()
        twin._due, twin._order = self._due.copy(), self._order.copy()
        twin._upkeep = None if self._upkeep is None else self._upkeep.copy()
        return twin

    def __len__(self) -> int:
        return len(self._due) + (0 if self._upkeep is None else len(self._upkeep))
