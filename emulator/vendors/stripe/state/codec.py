"""The codec of Stripe's state: the platform, accounts and their rules, jobs, destinations and events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from emulator.sdk import (
    NAME,
    ORDINAL,
    OWNER,
    BadInput,
    Fields,
    JsonDict,
    JsonObject,
    Problem,
    ProblemCollector,
    Transaction,
    View,
    delivery_problems,
    delivery_schema,
    dump_deliveries,
    dump_fields,
    hint,
    load_deliveries,
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
from emulator.vendors.stripe.model.accounts import LIMITERS, LOCKED, WORDS, Account, account_of
from emulator.vendors.stripe.model.jobs import Job
from emulator.vendors.stripe.requests.admission import platform_of
from emulator.vendors.stripe.state.failing import RULES, rule_problems
from emulator.vendors.stripe.state.jobs import (
    ENDPOINTS,
    FIELDS,
    INPUT,
    dump_job,
    job_problems,
    load_job,
    validate_job,
)
from emulator.vendors.stripe.webhooks.model import OUTBOX

PLATFORM: Fields = {"status": one_of("operational", "down"), "limiting": one_of("none", *LIMITERS, LOCKED)}
ACCOUNT: Fields = {"id": NAME, "unauthorized_endpoints": ENDPOINTS}
ONE_OF_SEVERAL: Fields = {**ACCOUNT, "failing": RULES, "platform": NAME}
ATTRIBUTES = {"id": "name", "unauthorized_endpoints": "unauthorized"}
"""The attribute of fields of an account that have another name."""

RULES_OF_EACH = "each account of this world has rules of its own: write them as 'failing' of an item of 'accounts'"

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "platform": schema_of(PLATFORM),
        WORDS.one: schema_of(ACCOUNT),
        WORDS.several: WORDS.schema(schema_of(ONE_OF_SEVERAL)),
        "failing": RULES.schema,
        "batch_jobs": WORDS.owned(many_of(FIELDS, input=INPUT)),
        "event_destinations": WORDS.owned(many_of(DESTINATION_FIELDS)),
        "event_destination_numbers": {"type": "object", "additionalProperties": ORDINAL.schema},
        "events": WORDS.owned({"type": "array", "items": {**schema_of(EVENT_FIELDS), "required": ["type", "object_id"]}}),
        "deliveries": delivery_schema(OUTBOX),
    },
    "additionalProperties": False,
}

OWNED = {"batch_jobs": Job, "event_destinations": Destination, "events": Event}
"""The lists of resources that belong to accounts, each with their type."""

_VALIDATORS = {
    "batch_jobs": validate_job,
    "event_destinations": validate_destination,
    "events": validate_event,
    "deliveries": delivery_problems,
}


class StripeState:
    """The state codec. A job without `rows` has 100, or as many as its other numbers need."""

    schema = SCHEMA
    quantities = frozenset(f"batch_jobs.{name}" for name in ("rows", "success_count", "failure_count", "validated_count"))

    def validate(self, fragment: JsonObject) -> Iterator[Problem]:
        """Yield the problems that the schema cannot see."""
        yield from rule_problems(fragment.get("failing", ()), "failing")
        for place, account in enumerate(fragment.get(WORDS.several, ())):
            yield from rule_problems(account.get("failing", ()), WORDS.several, place, "failing")
        for key, validate in _VALIDATORS.items():
            for place, item in enumerate(fragment.get(key, ())):
                yield from validate(item, key, place)

    def load(self, view: View, fragment: JsonObject) -> Iterator[Any]:
        """Yield the resources that the fragment adds or changes, one by one: files may take much room.

        Raises:
            BadInput: it contradicts the state.
        """
        yield replace(platform_of(view), **load_fields(PLATFORM, fragment.get("platform", {})))
        yield from _load_accounts(view, fragment)
        fragment = {name: _owned(view, OWNED[name], it) if name in OWNED else it for name, it in fragment.items()}
        gathered, changes, others, read = ProblemCollector(), list[JobChange](), list[Any](), lru_cache(1)(read_rows)
        for place, item in enumerate(fragment.get("batch_jobs", ())):
            with gathered.part():
                job = load_job(view, item, read, "batch_jobs", place)
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
        with gathered.part():
            others += load_deliveries(view, OUTBOX, fragment.get("deliveries", ()))
        refuse(gathered.problems)
        yield from others

    def dump(self, view: Transaction) -> JsonDict:
        """Return the whole state as a fragment."""
        accounts, numbers = view.accounts("stripe"), dump_numbers(view)
        events = (event for event in view.group(Event) if not event.is_outdated(view.now))
        return {
            "platform": dump_fields(PLATFORM, platform_of(view)),
            **_dump_accounts(view),
            "batch_jobs": [dump_job(view, job) for job in view.group(Job)],
            "event_destinations": [dump_destination(view, destination) for destination in view.group(Destination)],
            **({"event_destination_numbers": numbers} if numbers else {}),
            "events": [WORDS.with_account(accounts, dump_fields(EVENT_FIELDS, event), event.owner) for event in events],
            **dump_deliveries(view, OUTBOX),
        }


def _owned(view: View, of: type[Any], items: Sequence[JsonObject]) -> Sequence[JsonObject]:
    """Return resources of a state, each with its owner where the world has several accounts: a new one is the first's."""
    accounts = view.accounts("stripe")
    if not accounts.ids:
        return items
    new = {OWNER: accounts.first}
    known = [{} if view.find(of, item.get("id", "")) else new for item in items]
    return [{**before, **item, **WORDS.owner_in(accounts, item)} for before, item in zip(known, items, strict=True)]


def _load_accounts(view: View, fragment: JsonObject) -> Iterator[Account]:
    if not view.accounts("stripe").ids:
        one = {**fragment.get(WORDS.one, {}), **({"failing": fragment["failing"]} if "failing" in fragment else {})}
        yield replace(account_of(view), **_attributes(one))
        return
    if "failing" in fragment:
        raise BadInput.at(RULES_OF_EACH, "failing")
    for place, item in enumerate(fragment.get(WORDS.several, ())):
        known, platform = view.accounts("stripe").ids, item.get("platform")
        if platform is not None and (platform not in known or platform == item["id"]):
            problem = f"no other account is called {platform!r}{hint(platform, [it for it in known if it != item['id']])}"
            raise BadInput.at(problem, WORDS.several, place, "platform")
        old = view.find(Account, item["id"]) or Account(view.now, id=item["id"])
        yield replace(old, **_attributes(item))


def _attributes(item: JsonObject) -> JsonDict:
    return {ATTRIBUTES.get(key, key): value for key, value in load_fields(ONE_OF_SEVERAL, item).items()}


def _dump_accounts(view: View) -> JsonDict:
    """Return the only account, and its rules beside it, as a state has them, or the list of all."""
    if not view.accounts("stripe").ids:
        account = account_of(view)
        return {WORDS.one: _dump_account(ACCOUNT, account), "failing": RULES.show(account.failing)}
    return {WORDS.several: [_dump_account(ONE_OF_SEVERAL, account) for account in view.group(Account)]}


def _dump_account(fields: Fields, account: Account) -> JsonDict:
    values = {key: getattr(account, ATTRIBUTES.get(key, key)) for key in fields}
    return {key: fields[key].show(value) for key, value in values.items() if value is not None}
