"""What Stripe can be asked about events and event destinations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple

from emulator.sdk import MANY_RESOURCES, Answer, Handler, Operation, Request, Transaction, parse_timestamp
from emulator.vendors.stripe.assumptions.events import EVENT_REASON
from emulator.vendors.stripe.assumptions.jobs import (
    LIST_ORDER,
    PAGE_FILTERS,
    PING_FORM,
    PING_OBJECT,
    PING_REASON,
    TOO_MANY_DESTINATIONS,
)
from emulator.vendors.stripe.assumptions.requests import EMPTY_METADATA
from emulator.vendors.stripe.destinations.model import (
    CREATE,
    DELETE,
    DESTINATION,
    DISABLE,
    ENABLE,
    MOST,
    PING_IT,
    RETRIEVE,
    UPDATE,
    Destination,
    changed_destination,
    new_destination,
)
from emulator.vendors.stripe.destinations.payloads import refusal_by_payload
from emulator.vendors.stripe.destinations.receivers import WEBHOOK
from emulator.vendors.stripe.destinations.requests import URL, mistake_in_change, mistake_in_new
from emulator.vendors.stripe.events.model import (
    Wanted,
    because_of_the_request,
    find_event,
    has_unprinted_reason,
    is_event_type,
    newest_first,
    oldest_first,
)
from emulator.vendors.stripe.model.versions import filters_events
from emulator.vendors.stripe.operations import changing
from emulator.vendors.stripe.requests.admission import ask_own, fields_of, reading_query, version_of, with_fields
from emulator.vendors.stripe.requests.contexts import acting
from emulator.vendors.stripe.requests.metadata import mistake_in_size
from emulator.vendors.stripe.requests.queries import NOTHING, Known, Mistaken, Parameters, page_url, pairs_of

MOST_TYPES = 20
"""Evidence: stripe-event-6."""

DEFAULT_LIMIT, LARGEST_LIMIT = 20, 100
"""Evidence: stripe-list-2."""

BOUNDS = {"gt": ("after", False), "gte": ("after", True), "lt": ("before", False), "lte": ("before", True)}
_PAGE = re.compile(r"(?P<side>after|before)_(?P<number>[0-9]{1,15})(_[0-9a-f]{8})?")
PAGED = frozenset(("limit", "page"))
OF_EVENTS = Known(PAGED | {"object_id", *(f"created[{bound}]" for bound in BOUNDS)}, frozenset(("types",)))
OF_DESTINATIONS = Known(PAGED, frozenset(("include",)))
OF_DESTINATION = Known(arrays=frozenset(("include",)))


class Page(NamedTuple):
    """Part of a list, and how to ask for the parts on either side of it."""

    items: Sequence[Any]
    next: str | None
    previous: str | None


def _retrieve_event(tx: Transaction, request: Request) -> Answer:
    event = find_event(tx, request.parameters["id"], acting(tx, request))
    if event is None:
        return Answer("nothing_found", "stripe-event-5")
    return Answer("event", "stripe-event-3", event, EVENT_REASON.id if has_unprinted_reason(event) else None)


def _list_events(tx: Transaction, request: Request) -> Answer:
    if mistake := _mistake_about_version(request):
        return Answer("invalid_fields", "stripe-event-10", mistake)
    parameters = OF_EVENTS.read(request)
    wanted, limit, side, number = _wanted(parameters, acting(tx, request)), *_window(parameters)
    mark = _mark_of(parameters)
    if number is not None and parameters.single["page"] != f"{side}_{number}{mark}" and tx.choice(PAGE_FILTERS.id) == "refuse":
        return Answer(
            "invalid_fields", "stripe-list-6", "The filters of a list cannot change from page to page", PAGE_FILTERS.id
        )
    newest = tx.choice(LIST_ORDER.id) == "newest"
    forward = (side != "before") == newest
    found = newest_first(tx, wanted, number) if forward else oldest_first(tx, wanted, number or 0)
    events = list(islice(found, limit + 1))
    page = _page(events[:limit], len(events) > limit, request, side, [f"{event.n}{mark}" for event in events[:limit]])
    return Answer("events", "stripe-list-1", page, LIST_ORDER.id)


def _mistake_about_version(request: Request) -> str | None:
    """Return what is wrong with the query of a version that lists events by their object alone, None if nothing is."""
    if filters_events(version_of(request)):
        return None
    names = [name for name, _ in pairs_of(request)]
    unknown = next((it for it in names if it.partition("[")[0] in ("created", "types")), None)
    if unknown is not None:
        return f"Unknown field: {unknown}"
    return None if "object_id" in names else "Missing field: object_id"


def _mark_of(parameters: Parameters) -> str:
    """What the page of a list ends in, so that it is known with which filters it was asked for; empty where there were none."""
    filters = {name: value for name, value in parameters.single.items() if name not in PAGED}
    filters |= {name: "\n".join(sorted(values)) for name, values in parameters.arrays.items() if values}
    return f"_{blake2b(repr(sorted(filters.items())).encode(), digest_size=4).hexdigest()}" if filters else ""


def _wanted(parameters: Parameters, owner: str) -> Wanted:
    types = tuple(parameters.arrays["types"])
    if len(types) > MOST_TYPES:
        raise Mistaken(f"The field types has more than {MOST_TYPES} values")
    if unknown := [type for type in types if not is_event_type(type)]:
        raise Mistaken(f"Invalid value for the field types: {unknown[0]}")
    wanted = Wanted(owner, parameters.single.get("object_id"), types)
    for name, (bound, included) in BOUNDS.items():
        if (text := parameters.single.get(f"created[{name}]")) is not None:
            bounds: dict[str, Any] = {bound: _instant(text, name), f"{bound}_included": included}
            wanted = replace(wanted, **bounds)
    return wanted


def _instant(text: str, name: str) -> datetime:
    try:
        return parse_timestamp(text)
    except ValueError:
        raise Mistaken(f"The field created.{name} is not a timestamp") from None


def _window(parameters: Parameters) -> tuple[int, str, int | None]:
    """How many items are wanted, on which side of the mark that the page names, and the mark."""
    limit, page = parameters.single.get("limit", str(DEFAULT_LIMIT)), parameters.single.get("page")
    if not _is_number(limit) or not 1 <= int(limit) <= LARGEST_LIMIT:
        raise Mistaken(f"The field limit must be an integer from 1 to {LARGEST_LIMIT}")
    if page is None:
        return int(limit), "after", None
    if (written := _PAGE.fullmatch(page)) is None:
        raise Mistaken("The field page is not one that this list gave")
    return int(limit), written["side"], int(written["number"])


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 16


def _page(items: list[Any], more: bool, request: Request, side: str, marks: list[str]) -> Page:
    """The items in the order of the list; what was read backwards is turned round."""
    if side == "before":
        items, marks = items[::-1], marks[::-1]
    continues = bool(marks) and (more or side == "before")
    preceded = bool(marks) and (more if side == "before" else "page" in request.query)
    return Page(
        items,
        page_url(request, f"after_{marks[-1]}") if continues else None,
        page_url(request, f"before_{marks[0]}") if preceded else None,
    )


def _list_destinations(tx: Transaction, request: Request) -> Answer:
    parameters = OF_DESTINATIONS.read(request)
    _refuse_included(parameters)
    limit, side, number = _window(parameters)
    everything: list[Destination] = tx.group(Destination.kind, "owner", acting(tx, request))
    if tx.choice(LIST_ORDER.id) == "newest":
        everything.reverse()
    place = number or 0
    start, end = (place, place + limit) if side == "after" else (max(place - limit, 0), place)
    following = page_url(request, f"after_{end}") if end < len(everything) else None
    page = Page(everything[start:end], following, page_url(request, f"before_{start}") if start else None)
    return Answer("destinations", "stripe-destination-2", page, LIST_ORDER.id)


def _refuse_included(parameters: Parameters) -> None:
    if unknown := sorted(set(parameters.arrays["include"]) - {URL}):
        raise Mistaken(f"Invalid value for the field include: {unknown[0]}")


def _create(tx: Transaction, request: Request, fields: Mapping[str, Any]) -> Answer:
    if mistake := mistake_in_new(fields, version_of(request)):
        return Answer("invalid_fields", "stripe-fields-1", mistake)
    if refusal := refusal_by_payload(tx, fields["event_payload"], fields):
        return refusal
    if tx.size(Destination.kind, "owner", acting(tx, request)) >= MOST and tx.choice(TOO_MANY_DESTINATIONS.id) == "400":
        return Answer("too_many_destinations", "stripe-destination-13", None, TOO_MANY_DESTINATIONS.id)
    destination = new_destination(tx, fields, acting(tx, request))
    return Answer.of(tx.ask(DESTINATION, destination.id, CREATE, new=destination))


def _update(tx: Transaction, request: Request, fields: Mapping[str, Any]) -> Answer:
    found: Destination | None = tx.find(Destination.kind, request.parameters["id"])
    own = found if found is not None and found.owner == acting(tx, request) else None
    payload = own.event_payload if own else "snapshot"
    if mistake := mistake_in_change(fields, own.type if own else WEBHOOK, payload):
        return Answer("invalid_fields", "stripe-fields-1", mistake)
    if own and (refusal := refusal_by_payload(tx, payload, fields)):
        return refusal
    answer = ask_own(tx, request, DESTINATION, UPDATE)
    if answer.name != "destination":
        return answer
    cleared = fields.get("metadata") == {} and tx.choice(EMPTY_METADATA.id) == "delete"
    changed = changed_destination(replace(answer.subject, metadata={}) if cleared else answer.subject, fields)
    if mistake := mistake_in_size(changed.metadata):
        return Answer("invalid_fields", "stripe-metadata-1", mistake)
    tx.put(changed)
    return answer._replace(subject=changed, assumption=EMPTY_METADATA.id if fields.get("metadata") == {} else answer.assumption)


def _ask(command: str) -> Handler:
    return lambda tx, request: ask_own(tx, request, DESTINATION, command)


def _retrieve(tx: Transaction, request: Request) -> Answer:
    _refuse_included(OF_DESTINATION.read(request))
    return _ask(RETRIEVE)(tx, request)


_PINGS = {"null": _ask(PING_IT), "request": because_of_the_request(_ask(PING_IT))}


def _ping(tx: Transaction, request: Request) -> Answer:
    """Tells of a ping, and answers with that event, as it is once it names the request, where that is assumed."""
    answer = _PINGS[tx.choice(PING_REASON.id)](tx, request)
    if answer.name != "pinged":
        return answer
    newest = next(newest_first(tx, Wanted(answer.subject.owner, answer.subject.id)), None)
    chosen = (it.id for it in (PING_FORM, PING_OBJECT) if tx.choice(it.id) != it.default)
    return answer._replace(subject=newest, assumption=next(chosen, PING_REASON.id))


def _changing(name: str, act: Handler, takes_fields: bool = False) -> Handler:
    return changing(f"stripe.event_destinations.{name}", act, takes_fields)


def _reading(name: str, path: str, act: Handler, known: Known | None = None) -> Operation:
    return Operation(name, "GET", path, reading_query(act, known), beside=MANY_RESOURCES)


def included(request: Request) -> set[str]:
    """What the client wants to see that is not shown otherwise. Evidence: stripe-destination-9."""
    fields = fields_of(request)
    wanted = fields.get("include", ()) if isinstance(fields, dict) else ()
    asked = {value for name, value in pairs_of(request) if name.partition("[")[0] == "include"}
    return asked.union(wanted)


_ONE = "/event_destinations/{id}"
EVENT_OPERATIONS = (
    _reading("stripe.events.retrieve", "/events/{id}", _retrieve_event, NOTHING),
    _reading("stripe.events.list", "/events", _list_events),
    _reading("stripe.event_destinations.list", "/event_destinations", _list_destinations),
    Operation(
        "stripe.event_destinations.create", "POST", "/event_destinations", _changing("create", with_fields(_create), True)
    ),
    _reading("stripe.event_destinations.retrieve", _ONE, _retrieve),
    Operation("stripe.event_destinations.update", "POST", _ONE, _changing("update", with_fields(_update), True)),
    Operation("stripe.event_destinations.delete", "DELETE", _ONE, _changing("delete", _ask(DELETE))),
    Operation("stripe.event_destinations.disable", "POST", f"{_ONE}/disable", _changing("disable", _ask(DISABLE))),
    Operation("stripe.event_destinations.enable", "POST", f"{_ONE}/enable", _changing("enable", _ask(ENABLE))),
    Operation("stripe.event_destinations.ping", "POST", f"{_ONE}/ping", _changing("ping", _ping)),
)
