"""The codec of Stripe's state: the platform, the account and its rules, jobs, destinations and events."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from emulator.sdk import (
    NAME,
    ORDINAL,
    Fields,
    JsonDict,
    JsonObject,
    Problem,
    ProblemCollector,
    Transaction,
    View,
    dump_fields,
    load_fields,
    many_of,
    one_of,
    refuse,
    replace,
    schema_of,
)
from emulator.vendors.stripe.destinations.model import Destination
from emulator.vendors.stripe.destinations.state import FIELDS as DESTINATION_FIELDS
from emulator.vendors.stripe.destinations.state import (
    dump_destination,
    dump_numbers,
    load_destinations,
    load_numbers,
    validate_destination,
)
from emulator.vendors.stripe.events.model import Event
from emulator.vendors.stripe.events.state import FIELDS as EVENT_FIELDS
from emulator.vendors.stripe.events.state import JobChange, changes_of, load_events, validate_event
from emulator.vendors.stripe.files.requests import read_rows
from emulator.vendors.stripe.model.accounts import LIMITERS, LOCKED, Account, account_of
from emulator.vendors.stripe.model.jobs import Job
from emulator.vendors.stripe.requests.admission import platform_of
from emulator.vendors.stripe.state.jobs import (
    ENDPOINTS,
    FIELDS,
    INPUT,
    RULES,
    dump_job,
    job_problems,
    load_job,
    rule_problems,
    validate_job,
)

PLATFORM: Fields = {"status": one_of("operational", "down"), "limiting": one_of("none", *LIMITERS, LOCKED)}
ACCOUNT: Fields = {"id": NAME, "unauthorized_endpoints": ENDPOINTS}
ATTRIBUTES = {"id": "name", "unauthorized_endpoints": "unauthorized"}
"""The attribute of each field of the account."""

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "platform": schema_of(PLATFORM),
        "account": schema_of(ACCOUNT),
        "failing": RULES.schema,
        "batch_jobs": many_of(FIELDS, input=INPUT),
        "event_destinations": many_of(DESTINATION_FIELDS),
        "event_destination_numbers": {"type": "object", "additionalProperties": ORDINAL.schema},
        "events": {"type": "array", "items": {**schema_of(EVENT_FIELDS), "required": ["type", "object_id"]}},
    },
    "additionalProperties": False,
}

_VALIDATORS = {"batch_jobs": validate_job, "event_destinations": validate_destination, "events": validate_event}


class StripeState:
    """The state codec. A job without `rows` has 100, or as many as its other numbers need."""

    schema = SCHEMA
    quantities = frozenset(f"batch_jobs.{name}" for name in ("rows", "success_count", "failure_count", "validated_count"))

    def validate(self, fragment: JsonObject) -> Iterator[Problem]:
        """Yield the problems that the schema cannot see."""
        yield from rule_problems(fragment.get("failing", ()), "failing")
        for key, validate in _VALIDATORS.items():
            for place, item in enumerate(fragment.get(key, ())):
                yield from validate(item, key, place)

    def load(self, view: View, fragment: JsonObject) -> Iterator[Any]:
        """Yield the resources that the fragment adds or changes, one by one: files may take much room.

        Raises:
            BadInput: it contradicts the state.
        """
        platform = replace(platform_of(view), **load_fields(PLATFORM, fragment.get("platform", {})))
        account = _load_account(view, fragment)
        yield from (platform, account)
        gathered, changes, others, read = ProblemCollector(), list[JobChange](), list[Any](), lru_cache(1)(read_rows)
        for place, item in enumerate(fragment.get("batch_jobs", ())):
            with gathered.part():
                job = load_job(view, item, account.failing, read, "batch_jobs", place)
                gathered.problems += job_problems(view, job, "batch_jobs", place)
            if not gathered.problems:
                changes += changes_of(view, job)
                yield job
        with gathered.part():
            numbers = fragment.get("event_destination_numbers", {})
            others += load_numbers(view, numbers)
            others += load_destinations(view, fragment.get("event_destinations", ()), numbers)
        with gathered.part():
            others += load_events(view, fragment.get("events", ()), changes)
        refuse(gathered.problems)
        yield from others

    def dump(self, view: Transaction) -> JsonDict:
        """Return the whole state as a fragment."""
        account, numbers = account_of(view), dump_numbers(view)
        return {
            "platform": dump_fields(PLATFORM, platform_of(view)),
            "account": {key: ACCOUNT[key].show(getattr(account, name)) for key, name in ATTRIBUTES.items()},
            "failing": RULES.show(account.failing),
            "batch_jobs": [dump_job(view, job) for job in view.group(Job)],
            "event_destinations": [dump_destination(destination) for destination in view.group(Destination)],
            **({"event_destination_numbers": numbers} if numbers else {}),
            "events": [dump_fields(EVENT_FIELDS, event) for event in view.group(Event) if not event.is_outdated(view.now)],
        }


def _load_account(view: View, fragment: JsonObject) -> Account:
    attributes = {ATTRIBUTES[key]: value for key, value in load_fields(ACCOUNT, fragment.get("account", {})).items()}
    if "failing" in fragment:
        attributes["failing"] = RULES.read(fragment["failing"])
    return replace(account_of(view), **attributes)
