"""The journal: exchanges with clients, and changes that time or a controller made, in order; it counts what it drops."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence, Sized
from datetime import datetime
from itertools import chain, count, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from emulator.kernel.resource import Struct, structs

if TYPE_CHECKING:
    from emulator.kernel.budget import Charge
    from emulator.kernel.calls import Verdict
    from emulator.kernel.machine import Row

_EXCHANGE, _HEADER, _CHANGE, _STEP = 1_500, 130, 250, 90
"""Bytes of an exchange without its texts, of a header, and of what an exchange keeps of a change and of a row."""

_SERIALS = count(1)

MAX_APPLIED_ROWS = 100
"""The rows that an exchange keeps at most, of those that it took."""

MOST_VERDICTS = 20
"""The verdicts that an exchange keeps at most."""


class Change(Struct, frozen=True, gc=False):
    """A change of state: a resource went from one state to another at an instant, and why.

    `why` is the command, the timer that ended, or the controller; `evidence` is what the row rests on.
    """

    at: datetime
    kind: str
    id: str
    source: str
    to: str
    why: str
    evidence: str | None = None

    @property
    def vendor(self) -> str:
        """The first half of the kind."""
        return self.kind.partition(".")[0]


class AppliedRow(Struct, frozen=True, gc=False):
    """A row and the resource that took it, whether or not its state changed."""

    kind: str
    id: str
    row: Row


class FaultHit(NamedTuple):
    """A fault that struck an exchange: its id, where and what it did, and its line in the scenario."""

    id: str
    where: str
    do: str
    place: str | None


class Savepoint(Struct, frozen=True, gc=False):
    """The point at which an exchange began: the instant, the journal's newest number, and the count of commits."""

    at: datetime
    entries: int
    commits: int


class Exchange(Struct, frozen=True, gc=False):
    """A request with its response and the changes that it made.

    `applied_rows` are the first MAX_APPLIED_ROWS rows that it took, and `consulted` the assumptions that it asked about.
    `status` is 0 where nothing came back at all. `delivered` is whether the client was sent the vendor's own answer, whole;
    None while it is still being sent, and where nobody can know: the client had closed its side of the connection before.
    It is False in a snapshot or a fork that was made while it was sent: it is not sent from there.
    `cut` is whether the request's body is longer than what was kept of it. `headers` are the request's, as they came.
    `also` are the facts that the answer rests on beside `evidence`; the weakest of all of them is its `basis`,
    None where a fault or the scenario gave the answer. `verdicts` are the first MOST_VERDICTS of the faults and replies that
    covered it. `charge` counts its bytes for as long as anything keeps it.
    """

    at: datetime
    savepoint: Savepoint
    operation: str
    method: str
    target: str
    request: bytes
    answer: str
    evidence: str
    assumption: str | None
    basis: str | None
    status: int
    response: bytes
    changes: tuple[Change, ...]
    applied_rows: tuple[AppliedRow, ...] = ()
    consulted: tuple[str, ...] = ()
    credential: str | None = None
    faults: tuple[FaultHit, ...] = ()
    delivered: bool | None = True
    cut: bool = False
    headers: Sequence[tuple[bytes, bytes]] = ()
    also: tuple[str, ...] = ()
    verdicts: tuple[Verdict[Any], ...] = ()
    charge: Charge | None = None

    @staticmethod
    def weight(texts: Iterable[Sized], headers: Collection[tuple[bytes, bytes]], changes: Sized, steps: Sized) -> int:
        """Return the bytes that an exchange takes in memory, near enough."""
        fixed = _EXCHANGE + _HEADER * len(headers) + _CHANGE * len(changes) + _STEP * len(steps)
        return fixed + sum(map(len, texts)) + sum(map(len, chain.from_iterable(headers)))


class DeliveryAttempt(Struct, frozen=True, gc=False):
    """An attempt to deliver a notification, which is as the attempt left it, and the changes that it made.

    `operation` is the name of the kind of notification.
    """

    at: datetime
    operation: str
    delivery: Any
    changes: tuple[Change, ...]


Event = Exchange | Change | DeliveryAttempt


class Entry(Struct, frozen=True, gc=False):
    """An event and its number, counted from 1."""

    n: int
    event: Event


class Journal:
    """The newest `capacity` entries, and how many older ones were dropped to make room.

    No other journal has its `serial` number. `truncations` counts how often its end was taken away; the last time, `kept` was
    the newest entry that stayed. `last` is the number of the newest entry, 0 when nothing has happened.
    """

    __slots__ = ("_cleared", "_entries", "_withdrawn", "capacity", "kept", "last", "serial", "truncations")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._entries: deque[Entry] = deque(maxlen=capacity)
        self.last = 0
        self._cleared = 0
        self._withdrawn: dict[int, int | None] = {}
        self.serial, self.truncations, self.kept = next(_SERIALS), 0, 0

    def __len__(self) -> int:
        return len(self._entries)

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
            exchange = structs.replace(exchange, delivered=delivered)
            self._entries[place] = Entry(n, exchange)
        return exchange

    def withdraw(self, n: int, exchange: Exchange) -> None:
        """Remove this very exchange, if it is still there under its number, which no other entry gets.

        The same request is entered again when it is over; `set_successor` says where.
        """
        place = self._place_of(n, exchange)
        if place is not None:
            del self._entries[place]
            self._withdrawn[n] = None

    def was_undone(self, n: int, exchange: Exchange) -> bool:
        """Tell whether this very exchange was taken back. One that was dropped or cleared was not: it happened."""
        place = self._place(n)
        return n > self.last or (place is not None and self._entries[place].event is not exchange)

    def set_successor(self, n: int, newer: int) -> None:
        """Note that the request of withdrawn entry `n` is entry `newer` now."""
        if n in self._withdrawn:
            self._withdrawn[n] = newer

    def successor(self, n: int) -> int | None:
        """Return the number of the entry that succeeds a withdrawn one; None where there is none."""
        return self._withdrawn.get(n)

    def mark_undelivered(self) -> None:
        """Mark as undelivered each exchange whose answer is still being sent, which happens in another world."""
        for entry in [*self._entries]:
            if isinstance(entry.event, Exchange) and entry.event.delivered is None:
                self.mark(entry.n, entry.event, False)

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

    def copy(self) -> Journal:
        """Return a journal of the same entries, to be changed apart."""
        twin = Journal(self.capacity)
        twin._entries, twin.last, twin._cleared = self._entries.copy(), self.last, self._cleared
        twin._withdrawn = self._withdrawn.copy()
        return twin

    def _place_of(self, n: int, exchange: Exchange) -> int | None:
        """Return the index of this very exchange; None where it is not there."""
        place = self._place(n)
        return place if place is not None and self._entries[place].event is exchange else None

    def _place(self, n: int) -> int | None:
        """Return the index of the entry with that number, from the oldest; None where there is none."""
        place = bisect_left(self._entries, n, key=lambda entry: entry.n)
        return place if place < len(self._entries) and self._entries[place].n == n else None


def outcome(status: int, answer: str) -> str:
    """Return a status and its answer's name as one text, or that no answer came back."""
    return f"{status} {answer}" if status else f"no answer ({answer})"
