"""The operations on events: retrieve one, and list those that match filters."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import islice
from operator import ge, gt, le, lt

from emulator.sdk import MANY_RESOURCES, Answer, JsonObject, Operation, Request, Transaction, instant_from_unix, parse_timestamp
from emulator.vendors.stripe.assumptions.events import EVENT_REASON
from emulator.vendors.stripe.assumptions.jobs import LIST_ORDER, PAGE_FILTERS, PING_FORM
from emulator.vendors.stripe.assumptions.requests import CREATED_IN_SECONDS
from emulator.vendors.stripe.events.model import Bound, EventFilter, find_event, newest_first, oldest_first
from emulator.vendors.stripe.events.types import PING, is_event_type
from emulator.vendors.stripe.model.versions import has_event_filters
from emulator.vendors.stripe.requests.admission import acting_account, version_of
from emulator.vendors.stripe.requests.fields import Query, QuerySpec, check_indexes, check_no_query, flaw, invalid, pairs_of
from emulator.vendors.stripe.requests.pages import FILTERS, PAGED, Page, Window

MOST_TYPES = 20
"""Types that one request may ask for. Evidence: stripe-event-6."""

AFTER, BEFORE = {"gt": gt, "gte": ge}, {"lt": lt, "lte": le}
"""The comparisons of the bounds in time, by name."""

LIST_QUERY = QuerySpec(PAGED | {"object_id", *(f"created[{bound}]" for bound in (*AFTER, *BEFORE))}, frozenset(("types",)))


def _retrieve(tx: Transaction, request: Request) -> Answer:
    event = find_event(tx, request.parameters["id"], acting_account(tx, request))
    if event is None:
        return Answer("nothing_found", "stripe-event-5")
    if event.type == PING:
        return Answer("event", "stripe-ping-3", event, PING_FORM)
    return Answer("event", "stripe-event-3", event, EVENT_REASON if event.has_unprinted_reason else None)


def _list(tx: Transaction, request: Request) -> Answer:
    query = LIST_QUERY.read(request)
    wanted, window, mark = _filter_of(tx, query, acting_account(tx, request)), Window.read(tx, query, FILTERS), _mark_of(query)
    side, number = window.side, window.number
    if number is not None and query.single["page"] != f"{side}_{number}{mark}" and tx.choice(PAGE_FILTERS) == "refuse":
        raise invalid("The filters of a list cannot change from page to page", "stripe-list-6", PAGE_FILTERS)
    forward = (side != "before") == (tx.choice(LIST_ORDER) == "newest")
    found = newest_first(tx, wanted, number) if forward else oldest_first(tx, wanted, number or 0)
    answer = Answer("events", "stripe-list-1", Page.of(list(islice(found, window.limit + 1)), request, window, mark))
    return answer.resting_on(("stripe-list-10",), CREATED_IN_SECONDS) if CREATED_IN_SECONDS in tx.consulted else answer


def _check_version(_tx: Transaction, request: Request) -> None:
    """Refuse a filter by type or time, and a list without an object, in a version that has no such filters."""
    if has_event_filters(version_of(request)):
        return
    names = [name for name, _ in pairs_of(request)]
    for name in names:
        if name.partition("[")[0] in ("created", "types"):
            raise invalid(flaw(name, "Unknown field"), "stripe-event-10")
    if "object_id" not in names:
        raise invalid(flaw("object_id", "Missing field"), "stripe-event-10")


def _mark_of(query: Query) -> str:
    """Return the end of a page's name, which stands for the filters of its list; empty where there are none."""
    filters = {name: value for name, value in query.single.items() if name not in PAGED}
    filters |= {name: "\n".join(sorted(values)) for name, values in query.arrays.items() if values}
    return f"_{blake2b(repr(sorted(filters.items())).encode(), digest_size=4).hexdigest()}" if filters else ""


def _filter_of(tx: Transaction, query: Query, owner: str) -> EventFilter:
    types = tuple(query.arrays["types"])
    if len(types) > MOST_TYPES:
        raise invalid(flaw("types", f"Has more than {MOST_TYPES} values"))
    for n, type in enumerate(types):
        if not is_event_type(type):
            raise invalid(flaw(f"types[{n}]", f"Invalid value '{type}'"))
    return EventFilter(owner, query.single.get("object_id"), types, _bounds(tx, query, AFTER), _bounds(tx, query, BEFORE))


def _bounds(tx: Transaction, query: Query, comparisons: JsonObject) -> tuple[Bound, ...]:
    given = {name: query.single.get(f"created[{name}]") for name in comparisons}
    return tuple((comparisons[name], _instant(tx, name, text)) for name, text in given.items() if text is not None)


def _instant(tx: Transaction, name: str, text: str) -> datetime:
    """Return the instant of a bound, or that of Unix seconds where they are read. Evidence: stripe-list-10."""
    message = flaw(f"created.{name}", "Is not a timestamp")
    if re.fullmatch(r"[0-9]{1,11}", text, re.ASCII):
        if tx.choice(CREATED_IN_SECONDS) == "refuse":
            raise invalid(message, "stripe-list-10", CREATED_IN_SECONDS)
        return instant_from_unix(int(text), UTC)
    try:
        return parse_timestamp(text)
    except ValueError:
        raise invalid(message) from None


EVENT_OPERATIONS = (
    Operation("stripe.events.retrieve", "GET", "/events/{id}", _retrieve, checks=(check_no_query,)),
    Operation("stripe.events.list", "GET", "/events", _list, beside=MANY_RESOURCES, checks=(_check_version, check_indexes)),
)
