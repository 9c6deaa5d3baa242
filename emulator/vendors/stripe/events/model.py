"""Events: what happened to the account's jobs and destinations, kept for 30 days in the order in which it happened."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol
from uuid import UUID

from emulator.sdk import Answer, Effect, Handler, IndexKey, Metered, Request, Transaction, View
from emulator.vendors.stripe.assumptions.jobs import UPDATED_EVENTS
from emulator.vendors.stripe.model.jobs import SELF, letters
from emulator.vendors.stripe.model.ledger import DROPPED_AT_ONCE, Ledger, ledger_of

JOB_EVENT = "v2.core.batch_job."
PING = "v2.core.event_destination.ping"
TYPES = (
    *(
        JOB_EVENT + word
        for word in (
            "created",
            "ready_for_upload",
            "validating",
            "validation_failed",
            "completed",
            "batch_failed",
            "canceled",
            "timeout",
            "upload_timeout",
            "updated",
        )
    ),
    PING,
)
"""Evidence: stripe-event-1."""

LIFETIME = timedelta(days=30)
"""How long an event can be read. Evidence: stripe-event-3."""

PAGE = 256
"""Events lie in groups of so many, so that a list reads only those that it needs."""

_WORDS = {"complete": "completed", "in_progress": "updated", "cancelling": "updated"}


_EVENT_TYPE = re.compile(r"v[12](\.[a-z0-9_]+)+(\[[a-z0-9_.]+\](\.[a-z0-9_]+)+)?", re.ASCII)
"""How the types of thin events are spelt, as in v2.core.account[configuration.customer].updated."""


def is_event_type(text: str) -> bool:
    """Return whether a thin event may be of this type: one of TYPES, or of a family that is not emulated.

    Evidence: stripe-event-8.
    """
    family = text.startswith((JOB_EVENT, PING.removesuffix("ping")))
    return text in TYPES if family else _EVENT_TYPE.fullmatch(text) is not None


def has_unprinted_reason(event: Event) -> bool:
    """Return whether an event about a job names its request, as no sample does but that of a created job."""
    return event.request is not None and event.type.startswith(JOB_EVENT) and event.type != JOB_EVENT + "created"


class Subject(Protocol):
    """What an event is about."""

    @property
    def id(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def status(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Event(Metered):
    """Something that happened at `since` to the object of that id. `request` is the call that caused it, if one did."""

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

    def index(self) -> tuple[IndexKey, ...]:
        page = self.n // PAGE
        return (("page", page), ("type", self.type, page), ("object", self.object_id))


def type_of(status: str) -> str:
    """The type of the event that tells of a job's new status. Evidence: stripe-event-2."""
    return JOB_EVENT + _WORDS.get(status, status)


def tell(view: View, type: str, subject: Subject) -> Iterator[Event | Ledger]:
    """The event, and what must be kept besides."""
    ledger = ledger_of(view, Event.kind)
    for event in told(view, ledger, type, subject):
        yield event
        yield ledger.entered()


def told(view: View, ledger: Ledger, type: str, subject: Subject) -> Iterator[Event]:
    """The event, entered in that ledger; none where nothing is told of this."""
    if type != JOB_EVENT + "updated" or view.choice(UPDATED_EVENTS.id) == "emit":
        yield Event(mint_event_id(view), view.now, ledger.next, type, subject.id, subject.owner)


def and_tell(effect: Effect | None = None) -> Effect:
    """The same effect, and the event that tells of the status it leads to."""

    def effect_and_event(view: View, job: Any) -> Iterable[Any]:
        if effect is not None:
            yield from effect(view, job)
        yield from tell(view, type_of(job.status), job)

    effect_and_event.__name__ = "tell_it" if effect is None else f"{effect.__name__}_and_tell"
    return effect_and_event


def because_of_the_request(act: Handler) -> Handler:
    """The same operation; the events that come of it name the request. Evidence: stripe-event-4 and stripe-event-11.

    Its id is then decided here: one that followed from how many requests there were before would tell of those that looked.
    """

    def act_with_reason(tx: Transaction, request: Request) -> Answer:
        before = ledger_of(tx, Event.kind).next
        answer = act(tx, request)
        after = ledger_of(tx, Event.kind).next
        if after > before:
            request.request_id = named(tx.mint("stripe.request"))
            key = request.headers.get("idempotency-key") or str(UUID(bytes=tx.mint("stripe.key")[:16], version=4))
            for event in numbered(tx, before, after):
                tx.put(replace(event, request=request.request_id, idempotency_key=key))
            _forget(tx)
        return answer

    return act_with_reason


def named(digest: bytes) -> str:
    """The id of a request. Evidence: stripe-headers-1."""
    return f"req_{b64encode(digest, b'xY')[:17].decode()}"


def find_event(tx: Transaction, id: str, owner: str) -> Event | None:
    """The event of that id, if it can still be read by that account."""
    event: Event | None = tx.find(Event.kind, id)
    return event if event is not None and event.owner == owner and tx.now < event.since + LIFETIME else None


def newest_event(view: View) -> Event | None:
    """The event that came last, if there is one."""
    events: list[Event] = view.group(Event.kind, "page", (ledger_of(view, Event.kind).next - 1) // PAGE)
    return events[-1] if events else None


def numbered(tx: Transaction, first: int, end: int) -> Iterator[Event]:
    """The events from one number to before another."""
    for page in range(first // PAGE, end // PAGE + 1):
        yield from (event for event in tx.group(Event.kind, "page", page) if first <= event.n < end)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events a list shall hold: every bound that is None is none."""

    owner: str
    object_id: str | None = None
    types: Sequence[str] = ()
    after: datetime | None = None
    before: datetime | None = None
    after_included: bool = False
    before_included: bool = False

    def fits(self, event: Event) -> bool:
        """Whether the event is one of these."""
        return (
            event.owner == self.owner
            and (not self.types or event.type in self.types)
            and (self.object_id is None or event.object_id == self.object_id)
            and (self.after is None or event.since > self.after or (self.after_included and event.since == self.after))
            and (self.before is None or event.since < self.before or (self.before_included and event.since == self.before))
        )


def newest_first(tx: Transaction, wanted: Wanted, below: int | None = None) -> Iterator[Event]:
    """The events wanted, beginning with the newest whose number is less than `below`."""
    ledger = ledger_of(tx, Event.kind)
    end = ledger.next if below is None else min(ledger.next, below)
    for events in _groups(tx, wanted, range(_last_page(tx, ledger, end, wanted), ledger.oldest // PAGE - 1, -1)):
        for event in reversed(events):
            if tx.now >= event.since + LIFETIME or (wanted.after is not None and event.since < wanted.after):
                return
            if event.n < end and wanted.fits(event):
                yield event


def oldest_first(tx: Transaction, wanted: Wanted, above: int = 0) -> Iterator[Event]:
    """The events wanted, beginning with the oldest whose number is greater than `above`."""
    ledger = ledger_of(tx, Event.kind)
    for events in _groups(tx, wanted, range(max(above, ledger.oldest) // PAGE, ledger.next // PAGE + 1)):
        for event in events:
            if event.n > above and wanted.fits(event) and tx.now < event.since + LIFETIME:
                yield event


def _groups(tx: Transaction, wanted: Wanted, pages: range) -> Iterator[list[Event]]:
    """The events that may be wanted, each group in the order of their numbers: those of the object, or page by page."""
    if wanted.object_id is not None:
        yield tx.group(Event.kind, "object", wanted.object_id)
        return
    for page in pages:
        if wanted.types:
            some = [type for type in {*wanted.types} if tx.size(Event.kind, "type", type, page)]
            found = [event for type in some for event in tx.group(Event.kind, "type", type, page)]
            yield sorted(found, key=lambda event: event.n)
        else:
            yield tx.group(Event.kind, "page", page)


def _last_page(tx: Transaction, ledger: Ledger, end: int, wanted: Wanted) -> int:
    """The last page that can hold an event wanted: found by halving, since numbers and instants grow together."""
    low, high = ledger.oldest // PAGE, end // PAGE
    while wanted.before is not None and low < high:
        middle = (low + high + 1) // 2
        events = tx.group(Event.kind, "page", middle)
        low, high = (low, middle - 1) if not events or events[0].since > wanted.before else (middle, high)
    return high


def _forget(tx: Transaction) -> None:
    """Drops a few events that are out of date."""
    ledger = ledger_of(tx, Event.kind)
    outdated = [
        event
        for event in numbered(tx, ledger.oldest, min(ledger.next, ledger.oldest + DROPPED_AT_ONCE))
        if tx.now >= event.since + LIFETIME
    ]
    for event in outdated:
        tx.remove(Event.kind, event.id)
    if outdated:
        tx.put(replace(ledger, oldest=ledger.oldest + len(outdated)))


def mint_event_id(view: View) -> str:
    """An id that no event has yet."""
    while view.find(Event.kind, id := f"evt_test_65{letters(view.mint('stripe.event'), 40)}") is not None:
        pass
    return id
