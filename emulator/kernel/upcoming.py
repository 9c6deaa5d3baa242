"""The order of what is due while time passes: the agenda as it was when that began, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from emulator.kernel.settling import Member
from emulator.kernel.store import EVENTS, UPKEEP, Key, Store


class Upcoming:
    """The entries of a store's agenda in order, also while resources change, as long as each of those is renewed.

    The agenda itself is read as it was: what is sorted into it meanwhile is sorted into a copy.
    """

    __slots__ = ("_events", "_store", "_upkeep")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._events, self._upkeep = _Line(store.agenda(EVENTS)), _Line(store.agenda(UPKEEP))

    @property
    def event(self) -> Member | None:
        """The earliest entry, (instant, number, key), but upkeep; None where there is none."""
        return self._events.first()

    @property
    def first(self) -> Member | None:
        """The earliest entry, or None; at the same instant, upkeep waits."""
        event, upkeep = self._events.first(), self._upkeep.first()
        return event if upkeep is None or (event is not None and event[0] <= upkeep[0]) else upkeep

    def renew(self, keys: Iterable[Key]) -> None:
        """Read anew when resources are due that may have changed."""
        for key in keys:
            event, upkeep = self._store.entries_of(key)
            self._events.renew(key, event)
            self._upkeep.renew(key, upkeep)


class _Line:
    """One group of the agenda. A resource that was renewed has its one entry, or none, in `_renewed`, and not in the group."""

    __slots__ = ("_head", "_heap", "_renewed", "_rest")

    def __init__(self, members: Iterator[Member]) -> None:
        self._rest = members
        self._head: Member | None = next(members, None)
        self._heap: list[Member] = []
        self._renewed: dict[Key, Member | None] = {}

    def first(self) -> Member | None:
        """Return the earliest entry, and drop those before it that do not hold any more."""
        renewed, heap = self._renewed, self._heap
        while self._head is not None and self._head[2] in renewed:
            self._head = next(self._rest, None)
        while heap and renewed[heap[0][2]] is not heap[0]:
            heappop(heap)
        if not heap or self._head is None:
            return heap[0] if heap else self._head
        return min(heap[0], self._head)

    def renew(self, key: Key, entry: Member | None) -> None:
        """Let a resource have this entry and no other."""
        self._renewed[key] = entry
        if entry is not None:
            heappush(self._heap, entry)
