"""What happened, in order: exchanges with clients, and the changes that time or a controller made. Bounded, and it says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

CAPACITY = 1000


class Change(NamedTuple):
    """One row taken: at this instant a resource went from one state to another, and why.

    `why` is the command, the wait that was over, or the hand that did it; `evidence` is what the row rests on.
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

    def show(self) -> dict[str, str | None]:
        """The change as the control plane prints it."""
        vendor, _, resource = self.kind.partition(".")
        return {
            "at": show_instant(self.at),
            "vendor": vendor,
            "resource": resource,
            "id": self.id,
            "from": self.source,
            "to": self.to,
            "why": self.why,
            "evidence": self.evidence,
        }


class Struck(NamedTuple):
    """A fault that befell an exchange: its id, where it struck, what it did, and the line of the scenario that laid it."""

    id: str
    where: str
    do: str
    place: str | None


class Exchange(NamedTuple):
    """One request with its reply and the changes that it made.

    `status` is 0 where nothing came back at all. `delivered` is whether the client was sent the vendor's own answer, whole.
    """

    at: datetime
    operation: str
    method: str
    target: str
    request: bytes
    answer: str
    evidence: str
    assumption: str | None
    basis: str
    status: int
    reply: bytes
    changes: tuple[Change, ...]
    faults: tuple[Struck, ...] = ()
    delivered: bool = True


Event = Exchange | Change


class Entry(NamedTuple):
    """An event and its number, counted from 1."""

    n: int
    event: Event


class Journal:
    """The newest `capacity` entries, and how many older ones were dropped to make room."""

    __slots__ = ("_entries", "_last")

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._entries: deque[Entry] = deque(maxlen=capacity)
        self._last = 0

    @property
    def last(self) -> int:
        """The number of the newest entry; 0 when nothing has happened."""
        return self._last

    @property
    def dropped(self) -> int:
        """How many entries had to make room for newer ones, or were cleared."""
        return self._last - len(self._entries)

    def add(self, event: Event) -> int:
        """Notes the event and returns its number."""
        self._last += 1
        self._entries.append(Entry(self._last, event))
        return self._last

    def extend(self, events: Iterable[Event]) -> None:
        """Notes the events in order."""
        for event in events:
            self.add(event)

    def since(self, n: int) -> Iterator[Entry]:
        """The entries after number `n` that are still there, oldest first."""
        return (entry for entry in self._entries if entry.n > n)

    def clear(self) -> None:
        """Forgets the entries, but not their numbers."""
        self._entries.clear()

    def copy(self) -> Journal:
        """The same entries, to be added to apart."""
        twin = Journal(self._entries.maxlen or CAPACITY)
        twin._entries, twin._last = self._entries.copy(), self._last
        return twin


def show_instant(instant: datetime) -> str:
    """An instant as RFC 3339 in UTC, with as many decimals as it needs."""
    return instant.isoformat().replace("+00:00", "Z")


def show_event(entry: Entry) -> dict[str, Any]:
    """An entry with what every entry has; the web adds what only it can read."""
    event = entry.event
    if isinstance(event, Change):
        return {"n": entry.n, "type": "change", **event.show()}
    return {
        "n": entry.n,
        "type": "exchange",
        "at": show_instant(event.at),
        "operation": event.operation,
        "method": event.method,
        "answer": event.answer,
        "evidence": event.evidence,
        "assumption": event.assumption,
        "basis": event.basis,
        "status": event.status,
        "changes": [change.show() for change in event.changes],
        "faults": [fault._asdict() for fault in event.faults],
        "delivered": event.delivered,
    }
