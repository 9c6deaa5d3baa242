"""How Stripe's state is written: the platform, the account and its rules, jobs, destinations and events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from emulator.sdk import (
    INSTANT,
    TEXT,
    BadInput,
    Field,
    Fields,
    Gathered,
    Problem,
    Transaction,
    View,
    dump_fields,
    format_instant,
    load_fields,
    many_of,
    one_of,
    schema_of,
)
from emulator.vendors.stripe.destinations.model import Destination
from emulator.vendors.stripe.destinations.state import FIELDS as DESTINATION_FIELDS
from emulator.vendors.stripe.destinations.state import problems_of_written as problems_of_destination
from emulator.vendors.stripe.destinations.state import read_destinations, show_destination
from emulator.vendors.stripe.events.model import JOB_EVENT, LIFETIME, TYPES, Event, mint_event_id, newest_event, told, type_of
from emulator.vendors.stripe.machine import as_of_now
from emulator.vendors.stripe.model.accounts import LIMITERS, LOCKED, Account, account_of, platform_of
from emulator.vendors.stripe.model.jobs import Job
from emulator.vendors.stripe.model.ledger import Ledger, ledger_of
from emulator.vendors.stripe.state.jobs import (
    ENDPOINTS,
    FIELDS,
    INPUT,
    RULES,
    problems_of,
    problems_of_written,
    read_job,
    rule_problems,
    show_job,
)

PLATFORM: Fields = {"status": one_of("operational", "down"), "limiting": one_of("none", *LIMITERS, LOCKED)}
ACCOUNT: Fields = {"name": TEXT, "unauthorized": ENDPOINTS}
WRITTEN_AS = {"name": "id", "unauthorized": "unauthorized_endpoints"}
EVENTS: Fields = {
    "id": TEXT,
    "type": one_of(*TYPES),
    "since": INSTANT,
    "object_id": TEXT,
    "owner": TEXT,
    "request": Field({"type": "string", "pattern": "^req_", "description": "req_..."}),
    "idempotency_key": TEXT,
}


class StripeState:
    """A job that says nothing of `rows` has 100, or as many as its other numbers need."""

    schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "platform": schema_of(PLATFORM),
            "account": schema_of({WRITTEN_AS[name]: field for name, field in ACCOUNT.items()}),
            "failing": RULES.schema,
            "batch_jobs": many_of(FIELDS, input=INPUT),
            "event_destinations": many_of(DESTINATION_FIELDS),
            "events": {"type": "array", "items": {**schema_of(EVENTS), "required": ["type", "object_id"]}},
        },
        "additionalProperties": False,
    }
    quantities = frozenset(f"batch_jobs.{name}" for name in ("rows", "success_count", "failure_count", "validated_count"))

    def validate(self, fragment: Mapping[str, Any]) -> Iterable[Problem]:
        yield from rule_problems(fragment.get("failing", ()), "failing")
        for place, item in enumerate(fragment.get("batch_jobs", ())):
            yield from problems_of_written(item, place)
        for place, item in enumerate(fragment.get("event_destinations", ())):
            yield from problems_of_destination(item, place)
        for place, item in enumerate(fragment.get("events", ())):
            if ("request" in item) != ("idempotency_key" in item):
                yield Problem(
                    "an event that a request brought about has its request and its idempotency_key", ("events", place)
                )

    def load(self, view: View, fragment: Mapping[str, Any]) -> list[Any]:
        platform = replace(platform_of(view), **load_fields(PLATFORM, fragment.get("platform", {})))
        account = _read_account(view, fragment)
        gathered, jobs, events = Gathered(), [], []
        for place, item in enumerate(fragment.get("batch_jobs", ())):
            with gathered.part():
                job = read_job(view, item, place, account.failing)
                gathered.problems += problems_of(view, job, place)
                jobs.append(job)
        destinations: list[Any] = []
        with gathered.part():
            destinations = read_destinations(view, fragment.get("event_destinations", ()))
        with gathered.part():
            events = [*_events(view, fragment.get("events", ()), jobs)]
        gathered.refuse()
        return [platform, account, *jobs, *destinations, *events]

    def dump(self, view: Transaction) -> dict[str, Any]:
        account = account_of(view)
        shown = dump_fields(ACCOUNT, account)
        return {
            "platform": dump_fields(PLATFORM, platform_of(view)),
            "account": {WRITTEN_AS[name]: value for name, value in shown.items()},
            "failing": RULES.show(account.failing),
            "batch_jobs": [show_job(view, job) for job in view.all(Job.kind)],
            "event_destinations": [show_destination(it) for it in view.all(Destination.kind)],
            "events": [dump_fields(EVENTS, it) for it in view.all(Event.kind) if view.now < it.since + LIFETIME],
        }


def _read_account(view: View, fragment: Mapping[str, Any]) -> Account:
    written = fragment.get("account", {})
    attributes = {name: ACCOUNT[name].read(written[key]) for name, key in WRITTEN_AS.items() if key in written}
    if "failing" in fragment:
        attributes["failing"] = RULES.read(fragment["failing"])
    return replace(account_of(view), **attributes)


def _events(view: View, items: Iterable[Mapping[str, Any]], jobs: Iterable[Job]) -> Iterator[Event | Ledger]:
    """The events that are written, and those of the jobs that a hand moves: a job that is new has no story."""
    ledger = ledger_of(view, Event.kind)
    newest = newest_event(view)
    last = newest.since if newest else None
    for place, item in enumerate(items):
        event = _read_event(view, item, ledger, place)
        if event is not None:
            if not (last or event.since) <= event.since <= view.now:
                raise BadInput(
                    [Problem("events are written in the order of time, none of the future", ("events", place, "since"))]
                )
            if event.since + LIFETIME <= view.now:
                least = format_instant(view.now - LIFETIME)
                raise BadInput.at(
                    f"an event is told for {LIFETIME.days} days: give a since after {least}", "events", place, "since"
                )
            ledger, last = ledger.entered(), event.since
            yield event
    moved = ((job, view.find(Job.kind, job.id)) for job in jobs)
    for job, type in ((job, _news(view, old, job)) for job, old in moved):
        for event in told(view, ledger, type, job) if type else ():
            ledger = ledger.entered()
            yield event
    yield ledger


def _news(view: View, old: Job | None, job: Job) -> str | None:
    """The type of the event that tells how a hand moved a job; None where it did not, or where the job is new."""
    if old is None:
        return None
    if old.status != job.status:
        return type_of(job.status)
    works = job.status in ("validating", "in_progress")
    return JOB_EVENT + "updated" if works and as_of_now(view, old).progress != as_of_now(view, job).progress else None


def _read_event(view: View, item: Mapping[str, Any], ledger: Ledger, place: int) -> Event | None:
    """The event, None where it is there already."""
    written = load_fields(EVENTS, item)
    old: Event | None = view.find(Event.kind, written["id"]) if "id" in written else None
    if old is not None:
        if replace(old, **written) != old:
            raise BadInput([Problem("an event never changes", ("events", place))])
        return None
    id = written.pop("id", None) or mint_event_id(view)
    return Event(id, written.pop("since", view.now), ledger.next, **written)
