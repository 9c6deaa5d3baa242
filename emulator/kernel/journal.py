"""The journal: exchanges with clients, and changes that time or a controller made, in order; it counts what it drops."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sized
from itertools import chain, count, islice

from emulator.kernel.exchange import Event, Exchange
from emulator.kernel.resource import Struct, structs

_EXCHANGE, _HEADER, _CHANGE, _STEP = 1_500, 130, 250, 90
"""Bytes of an exchange without its texts, of a header, and of what an exchange keeps of a change and of a row."""

_SERIALS = count(1)

CLEARED = 0
"""The number that stands for all entries, where the journal was cleared."""


class Entry(Struct, frozen=True, gc=False):
    """An event and its number, counted from 1."""

    n: int
    event: Event


class Journal:
    """The newest `capacity` entries, and how many older ones were dropped to make room.

    No other journal has its `serial` number. `truncations` counts how often its end was taken away; the last time, `kept` was
    the newest entry that stayed. `last` is the number of the newest entry, 0 when nothing has happened. Where somebody keeps
    it, `altered` gets the numbers of entries that changed after they were added, and CLEARED.
    """

    __slots__ = ("_cleared", "_entries", "_withdrawn", "altered", "capacity", "kept", "last", "serial", "truncations")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._entries: deque[Entry] = deque(maxlen=capacity)
        self.last = 0
        self._cleared = 0
        self._withdrawn: dict[int, int | None] = {}
        self.altered: set[int] | None = None
        self.serial, self.truncations, self.kept = next(_SERIALS), 0, 0

    @classmethod
    def holding(
        cls, capacity: int, entries: Iterable[Entry], last: int, cleared: int, withdrawn: Mapping[int, int | None]
    ) -> Journal:
        """Return a journal that holds these entries, whose newest number was `last`, with what was cleared and withdrawn."""
        journal = cls(capacity)
        journal._entries.extend(entries)
        journal.last, journal._cleared, journal._withdrawn = last, cleared, dict(withdrawn)
        return journal

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    @property
    def cleared(self) -> int:
        """The number of entries that were dropped when the journal was cleared last."""
        return self._cleared

    @property
    def withdrawn(self) -> Mapping[int, int | None]:
        """The numbers of the entries that were withdrawn, with those of their successors."""
        return self._withdrawn

    @property
    def dropped(self) -> int:
        """The number of entries that made room for newer ones, or were cleared."""
        return self.last - len(self._withdrawn) - len(self._entries)

    @property
    def lost(self) -> int:
        """The number of entries that made room for newer ones since the journal was cleared."""
        return self.dropped - self._cleared

    def add(self, event: Event) -> int:
        """Add an event and return its number."""
        self.last = n = self.last + 1
        self._entries.append(Entry(n, event))
        return n

    def append(self, entry: Entry) -> None:
        """Add an entry that has its number already."""
        self._entries.append(entry)
        self.last = entry.n

    def renumber(self, last: int, cleared: int | None = None) -> None:
        """Have the newest number be `last`, and so many dropped when it was cleared."""
        self.last, self._cleared = last, self._cleared if cleared is None else cleared

    def alter(self, n: int, event: Event | None, successor: int | None) -> None:
        """Put another event in the place of that of entry `n`; without one, withdraw it in favour of its successor."""
        place = self._place(n)
        if event is None:
            self._withdrawn[n] = successor
        if place is not None and event is not None:
            self._entries[place] = Entry(n, event)
        elif place is not None:
            del self._entries[place]

    def bounded(self, capacity: int) -> Journal:
        """Return a journal of the newest of these entries, so many at most."""
        return Journal.holding(capacity, self._entries, self.last, self._cleared, self._withdrawn)

    def extend(self, events: Iterable[Event]) -> None:
        """Add events in order."""
        for event in events:
            self.add(event)

    def drop(self, count: int) -> None:
        """Count so many events as added and dropped again, with all that were there before."""
        self.last += count
        self._entries.clear()

    def forget_oldest(self) -> bool:
        """Drop the oldest entry, and return whether there was one besides the newest."""
        if len(self._entries) < 2:
            return False
        self._entries.popleft()
        return True

    def since(self, n: int) -> Iterator[Entry]:
        """Return the entries after number `n` that are still there, oldest first."""
        return (entry for entry in self._entries if entry.n > n)

    def entry(self, n: int) -> Entry | None:
        """Return entry `n`; None where it is not there, or not any more."""
        place = self._place(n)
        return None if place is None else self._entries[place]

    def newest_exchanges(self, count: int) -> list[tuple[int, Exchange]]:
        """Return the newest exchanges with their numbers, `count` at most, newest first."""
        exchanges = ((entry.n, entry.event) for entry in reversed(self._entries) if isinstance(entry.event, Exchange))
        return list(islice(exchanges, count))

    def mark(self, n: int, exchange: Exchange, delivered: bool | None) -> Exchange:
        """Note of this very exchange, if it is still there under its number, whether the client got the whole answer.

        Return it as it is from then on.
        """
        place = self._place_of(n, exchange)
        if place is not None:
            exchange = structs.replace(exchange, delivered=delivered, is_doubtful=delivered is None)
            self._entries[place] = Entry(n, exchange)
            self._note(n)
        return exchange

    def doubt(self, newest: Collection[int]) -> None:
        """Note that nobody can know whether the answers of the `newest` exchanges, and those still being sent, came whole."""
        for n, event in [(it.n, it.event) for it in self._entries]:
            if isinstance(event, Exchange) and ((event.delivered and n in newest) or _is_being_sent(event)):
                self.mark(n, event, None)

    def withdraw(self, n: int, exchange: Exchange) -> None:
        """Remove this very exchange, if it is still there under its number, which no other entry gets.

        The same request is entered again when it is over; `set_successor` says where.
        """
        place = self._place_of(n, exchange)
        if place is not None:
            del self._entries[place]
            self._withdrawn[n] = None
            self._note(n)

    def was_undone(self, n: int, exchange: Exchange) -> bool:
        """Tell whether this very exchange was taken back. One that was dropped or cleared was not: it happened."""
        place = self._place(n)
        return n > self.last or (place is not None and self._entries[place].event is not exchange)

    def set_successor(self, n: int, newer: int) -> None:
        """Note that the request of withdrawn entry `n` is entry `newer` now."""
        if n in self._withdrawn:
            self._withdrawn[n] = newer
            self._note(n)

    def successor(self, n: int) -> int | None:
        """Return the number of the entry that succeeds a withdrawn one; None where there is none."""
        return self._withdrawn.get(n)

    def mark_undelivered(self) -> None:
        """Mark as undelivered each exchange whose answer is still being sent, which happens in another world."""
        for n, event in [(it.n, it.event) for it in self._entries]:
            if isinstance(event, Exchange) and _is_being_sent(event):
                self.mark(n, event, False)

    def is_withdrawn(self, n: int) -> bool:
        """Tell whether entry `n` was withdrawn."""
        return n in self._withdrawn

    def truncate_from(self, n: int) -> None:
        """Remove entry `n` and all after it, as if they had never been."""
        if n <= self.last:
            self.truncations, self.kept = self.truncations + 1, n - 1
        while self._entries and self._entries[-1].n >= n:
            self._entries.pop()
        self.last = min(self.last, n - 1)
        self._withdrawn = {old: None if newer and newer >= n else newer for old, newer in self._withdrawn.items() if old < n}
        self._cleared = min(self._cleared, self.dropped)

    def clear(self) -> None:
        """Forget the entries, but not their numbers."""
        self._entries.clear()
        self._cleared = self.dropped
        self._note(CLEARED)

    def copy(self) -> Journal:
        """Return a journal of the same entries, to be changed apart."""
        twin = Journal(self.capacity)
        twin._entries, twin.last, twin._cleared = self._entries.copy(), self.last, self._cleared
        twin._withdrawn = self._withdrawn.copy()
        return twin

    def newest(self, count: int) -> list[Entry]:
        """Return the newest entries, so many at most, oldest first."""
        return [*islice(reversed(self._entries), count)][::-1]

    def _note(self, n: int) -> None:
        if self.altered is not None:
            self.altered.add(n)

    def _place_of(self, n: int, exchange: Exchange) -> int | None:
        """Return the index of this very exchange; None where it is not there."""
        place = self._place(n)
        return place if place is not None and self._entries[place].event is exchange else None

    def _place(self, n: int) -> int | None:
        """Return the index of the entry with that number, from the oldest; None where there is none."""
        place = bisect_left(self._entries, n, key=lambda entry: entry.n)
        return place if place < len(self._entries) and self._entries[place].n == n else None


def weight_of(texts: Iterable[Sized], headers: Collection[tuple[bytes, bytes]], changes: Sized, steps: Sized) -> int:
    """Return the bytes that an exchange of these texts takes in memory, near enough."""
    fixed = _EXCHANGE + _HEADER * len(headers) + _CHANGE * len(changes) + _STEP * len(steps)
    return fixed + sum(map(len, texts)) + sum(map(len, chain.from_iterable(headers)))


def _is_being_sent(exchange: Exchange) -> bool:
    return exchange.delivered is None and not exchange.is_doubtful
