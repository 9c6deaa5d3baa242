"""Events in a state, and those that a state's changes of jobs emit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from emulator.sdk import (
    INSTANT,
    NAME,
    TEXT,
    BadInput,
    Field,
    Fields,
    JsonObject,
    Problem,
    View,
    format_instant,
    load_fields,
    one_of,
    replace,
)
from emulator.vendors.stripe.events.model import LIFETIME, Emitted, Event, emits, log_of, mint_event_id, newest_event, type_of
from emulator.vendors.stripe.events.types import JOB_EVENT, TYPES
from emulator.vendors.stripe.machine import as_of_now
from emulator.vendors.stripe.model.jobs import AT_WORK, Job
from emulator.vendors.stripe.webhooks.model import notify

FIELDS: Fields = {
    "id": TEXT,
    "type": one_of(*TYPES),
    "since": INSTANT,
    "object_id": NAME,
    "owner": NAME,
    "request": Field({"type": "string", "pattern": "^req_", "description": "req_..."}),
    "idempotency_key": TEXT,
}


def validate_event(item: JsonObject, *path: str | int) -> Iterator[Problem]:
    """Yield the problems of an event that the schema cannot see."""
    if ("request" in item) != ("idempotency_key" in item):
        yield Problem("an event that a request brought about has its request and its idempotency_key", path)


JobChange = tuple[Job, str]
"""A job as a state changes it, and the type of the event of that."""


def load_events(view: View, items: Iterable[JsonObject], changes: Iterable[JobChange]) -> Iterator[Emitted]:
    """Yield the events of the items, then those of the changes of jobs, and their log.

    Raises:
        BadInput: an event is changed, out of order, of the future, or outdated.
    """
    log, newest = log_of(view, Event.kind), newest_event(view)
    latest = newest.since if newest else None
    for place, item in enumerate(items):
        event = _load(view, item, log.next, place)
        if event is None:
            continue
        if not (latest or event.since) <= event.since <= view.now:
            raise BadInput.at("events are written in the order of time, none of the future", "events", place, "since")
        if event.is_outdated(view.now):
            least = format_instant(view.now - LIFETIME)
            raise BadInput.at(
                f"an event is kept for {LIFETIME.days} days: give a since after {least}", "events", place, "since"
            )
        log, latest = log.with_next(event.since), event.since
        yield event
    for job, type in changes:
        event = Event(mint_event_id(view), view.now, log.next, type, job.id, job.owner)
        log = log.with_next(view.now)
        yield event
        yield from notify(view, event)
    yield log


def changes_of(view: View, job: Job) -> Iterator[JobChange]:
    """Yield the change of a job that is to be put; none where it is new, or emits no event."""
    old = view.find(Job, job.id)
    if old is None:
        return
    if old.status != job.status:
        type = type_of(job.status)
    elif job.status in AT_WORK and as_of_now(view, old).progress != as_of_now(view, job).progress:
        type = JOB_EVENT + "updated"
    else:
        return
    if emits(view, type):
        yield job, type


def _load(view: View, item: JsonObject, n: int, place: int) -> Event | None:
    """Return the event of an item, None where it is there already."""
    values = load_fields(FIELDS, item)
    old = view.find(Event, values["id"]) if "id" in values else None
    if old is not None:
        if replace(old, **values) != old:
            raise BadInput.at("an event never changes", "events", place)
        return None
    return Event(values.pop("id", None) or mint_event_id(view), values.pop("since", view.now), n, **values)
