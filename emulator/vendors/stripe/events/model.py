"""Events of jobs and destinations: how they are emitted, and kept for 30 days in the order in which they happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol

from emulator.sdk import (
    SELF,
    Effect,
    IndexKey,
    Metered,
    Notify,
    Request,
    Struct,
    Transaction,
    View,
    base62,
    digest,
    guid,
    replace,
)
from emulator.vendors.stripe.assumptions.jobs import UPDATED_EVENTS
from emulator.vendors.stripe.destinations.model import Destination
from emulator.vendors.stripe.events.types import JOB_EVENT
from emulator.vendors.stripe.webhooks.model import notify

LIFETIME = timedelta(days=30)
"""Time for which an event can be read. Evidence: stripe-event-3."""

DROPPED_AT_ONCE = 2
"""Most outdated entries to drop for each new one: more than one, so that a log shrinks."""

PAGE = 256
"""Events of a group, so that a list reads only the groups that it needs."""

Bound = tuple[Callable[[datetime, datetime], bool], datetime]
"""A comparison, and the instant that an event's time is compared with."""

_EVENT_OF = {"complete": "completed", "in_progress": "updated", "cancelling": "updated"}
"""Statuses whose event has another name. Evidence: stripe-event-2."""


class Subject(Protocol):
    """The resource that an event is about."""

    @property
    def id(self) -> str: ...
    @property
    def owner(self) -> str: ...


class Event(Metered, frozen=True, gc=False):
    """An event at `since` about the resource `object_id`; `n` counts the events. `request` is the request that caused it."""

    id: str
    since: datetime
    n: int
    type: str
    object_id: str
    owner: str = SELF
    request: str | None = None
    idempotency_key: str | None = None
    status: str = "told"
    kind: ClassVar[str] = "stripe.event"

    @property
    def created(self) -> datetime:
        """The time as it is printed, which filters compare. Evidence: stripe-encoding-1."""
        return self.since.replace(microsecond=self.since.microsecond // 1000 * 1000)

    @property
    def has_unprinted_reason(self) -> bool:
        """True where it is about a job and names its request, as no sample does but that of a created job."""
        return self.request is not None and self.type.startswith(JOB_EVENT) and self.type != JOB_EVENT + "created"

    def is_outdated(self, now: datetime) -> bool:
        """Return whether its time is over."""
        return now >= self.since + LIFETIME

    def index(self) -> tuple[IndexKey, ...]:
        """Return the groups of its page, of its type on that page, and of its object."""
        page = self.n // PAGE
        return (("page", page), ("type", self.type, page), ("object", self.object_id))


class SequenceLog(Metered, frozen=True, gc=False):
    """The numbers of the oldest and of the next resource of a kind whose resources are numbered and dropped in order.

    The id is the kind, and the oldest came at `since` or later. So the outdated ones are found without a search.
    """

    id: str
    since: datetime
    oldest: int = 1
    next: int = 1
    status: str = "kept"
    kind: ClassVar[str] = "stripe.ledger"

    def with_next(self, since: datetime) -> SequenceLog:
        """Return the log after one more resource, which came at `since`."""
        return replace(self, since=since if self.oldest == self.next else self.since, next=self.next + 1)

    def without_outdated(self, tx: Transaction, numbered: Callable[[int], Iterable[Any]]) -> SequenceLog:
        """Drop a few of the oldest resources if they are outdated, and return the log as it is then.

        `numbered` finds the resources of a number; none where they are dropped already.
        """
        if tx.now < self.since + LIFETIME:
            return self
        end = min(self.next, self.oldest + DROPPED_AT_ONCE)
        for n in range(self.oldest, min(self.next, end + 1)):
            for resource in numbered(n):
                if n == end or not resource.is_outdated(tx.now):
                    return replace(self, oldest=n, since=resource.since)
                tx.remove(resource)
        return replace(self, oldest=end)


Emitted = Event | Notify | SequenceLog


def log_of(view: View, kind: str) -> SequenceLog:
    """Return the log of a kind, a new one before the first resource."""
    return view.find(SequenceLog, kind) or SequenceLog(kind, view.now)


def type_of(status: str) -> str:
    """Return the type of the event that reports a job's new status."""
    return JOB_EVENT + _EVENT_OF.get(status, status)


def emits(view: View, type: str) -> bool:
    """Return whether there are events of this type in this world."""
    return type != JOB_EVENT + "updated" or view.choice(UPDATED_EVENTS) == "emit"


def emit(view: View, subject: Subject, *types: str, with_reason: bool = True) -> Iterator[Emitted]:
    """Yield a new event of each type with what is owed to its destinations, and then the log of events.

    Of types of which there are assumed to be none, there are none.

    With a reason, they name the request that is being carried out. Evidence: stripe-event-4 and stripe-event-11.
    """
    if not (told := [type for type in types if emits(view, type)]):
        return
    log = log_of(view, Event.kind)
    reason = _reason(view) if with_reason else (None, None)
    for type in told:
        event = Event(mint_event_id(view), view.now, log.next, type, subject.id, subject.owner, *reason)
        log = log.with_next(view.now)
        yield event
        if view.size(Destination):
            yield from notify(view, event)
    yield log


def then_emit(effect: Effect | None = None) -> Effect:
    """Return an effect that does the same, and emits the event of the status that its row leads to."""

    def effect_and_event(view: View, job: Any) -> Iterable[Any]:
        if effect is not None:
            yield from effect(view, job)
        yield from emit(view, job, type_of(job.status))

    effect_and_event.__name__ = "emit_event" if effect is None else f"{effect.__name__}_and_emit"
    return effect_and_event


def _reason(view: View) -> tuple[str | None, str | None]:
    """Return the id and the idempotency key of the API request that is being carried out, if one is.

    Both are minted for its first event: an id that depended on earlier requests would reveal those that only read.
    """
    request: Request | None = view.context
    if request is None or request.reader is not None:  # an upload is no request of the API
        return None, None
    if request.request_id is None:
        request.request_id = request_id_of(view.mint("stripe.request"))
        request.idempotency_key = request.headers.get("idempotency-key") or guid(view.mint("stripe.key"))
    return request.request_id, request.idempotency_key


def request_id_of(digest: bytes) -> str:
    """Return the request id of a digest. Evidence: stripe-headers-1."""
    return f"req_v2{base62(digest, 15)}"


def exchange_id(seed: int, n: int) -> str:
    """Return the request id of an exchange that emits no event."""
    return request_id_of(digest(seed, f"request/{n}"))


def mint_event_id(view: View) -> str:
    """Return an unused id. Evidence: stripe-event-15."""
    while view.find(Event, id := f"evt_test_65{base62((digest := view.mint(Event.kind)) + digest, 44)}") is not None:
        pass
    return id


def drop_outdated(tx: Transaction) -> None:
    """Drop a few outdated events, to make room for new ones."""
    log = log_of(tx, Event.kind)
    left = log.without_outdated(tx, lambda n: _oldest_of_number(tx, n))
    if left.oldest != log.oldest:
        tx.put(left)


def _oldest_of_number(view: View, n: int) -> list[Event]:
    """Return the oldest event of a page, if it has this number."""
    event = view.first(Event, "page", n // PAGE)
    return [] if event is None or event.n != n else [event]


def find_event(tx: Transaction, id: str, owner: str) -> Event | None:
    """Return the event of that id, None where the account can not read it."""
    event = tx.find(Event, id)
    return event if event is not None and event.owner == owner and not event.is_outdated(tx.now) else None


def newest_event(view: View) -> Event | None:
    """Return the event that came last, None where there is none."""
    events = view.group(Event, "page", (log_of(view, Event.kind).next - 1) // PAGE)
    return events[-1] if events else None


class EventFilter(Struct, frozen=True, gc=False):
    """The filters of a list of events; None, or nothing, filters nothing. Each bound compares the time of an event."""

    owner: str
    object_id: str | None = None
    types: Sequence[str] = ()
    after: tuple[Bound, ...] = ()
    before: tuple[Bound, ...] = ()

    def matches(self, event: Event) -> bool:
        """Return whether the list has this event."""
        return (
            event.owner == self.owner
            and (not self.types or event.type in self.types)
            and self.object_id in (None, event.object_id)
            and all(compare(event.created, instant) for compare, instant in self.after + self.before)
        )


def newest_first(tx: Transaction, wanted: EventFilter, below: int | None = None) -> Iterator[Event]:
    """Yield the events that match, from the newest whose number is less than `below`."""
    log = log_of(tx, Event.kind)
    end = log.next if below is None else min(log.next, below)
    for events in _groups(tx, wanted, range(_last_page(tx, log, end, wanted), log.oldest // PAGE - 1, -1)):
        for event in reversed(events):
            if event.is_outdated(tx.now) or any(event.created < instant for _, instant in wanted.after):
                return
            if event.n < end and wanted.matches(event):
                yield event


def oldest_first(tx: Transaction, wanted: EventFilter, above: int = 0) -> Iterator[Event]:
    """Yield the events that match, from the oldest whose number is greater than `above`."""
    log = log_of(tx, Event.kind)
    for events in _groups(tx, wanted, range(max(above, log.oldest) // PAGE, log.next // PAGE + 1)):
        for event in events:
            if event.n > above and wanted.matches(event) and not event.is_outdated(tx.now):
                yield event


def _groups(tx: Transaction, wanted: EventFilter, pages: range) -> Iterator[list[Event]]:
    """Yield groups of events that may match, each in the order of their numbers: those of the object, or page by page."""
    if wanted.object_id is not None:
        yield tx.group(Event, "object", wanted.object_id)
        return
    for page in pages:
        if wanted.types:
            found = (event for type in {*wanted.types} for event in tx.group(Event, "type", type, page))
            yield sorted(found, key=lambda event: event.n)
        else:
            yield tx.group(Event, "page", page)


def _last_page(tx: Transaction, log: SequenceLog, end: int, wanted: EventFilter) -> int:
    """Return the last page that can hold a match, by bisection: numbers and instants grow together."""
    low, high = log.oldest // PAGE, end // PAGE
    while wanted.before and low < high:
        middle = (low + high + 1) // 2
        events = tx.group(Event, "page", middle)
        is_late = any(events[0].created > instant for _, instant in wanted.before) if events else False
        low, high = (low, middle - 1) if is_late else (middle, high)
    return high
