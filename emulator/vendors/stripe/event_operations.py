"""What Stripe can be asked about events and event destinations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

from emulator.kernel.quantities import parse_timestamp
from emulator.kernel.transaction import Transaction
from emulator.vendors.stripe.assumptions import LIST_ORDER, PING_REASON
from emulator.vendors.stripe.calls import ask_own, fields_of, listed, with_fields
from emulator.vendors.stripe.destinations import (
    CHANGEABLE,
    CREATABLE,
    CREATE,
    DELETE,
    DESTINATION,
    DISABLE,
    ENABLE,
    PING_IT,
    REQUIRED,
    RETRIEVE,
    SECRET,
    UPDATE,
    URL,
    Destination,
    changed_destination,
    mistake_in,
    new_destination,
)
from emulator.vendors.stripe.events import Wanted, because_of_the_request, find_event, newest_first, oldest_first
from emulator.vendors.stripe.operations import changing, naming_what_is_assumed
from emulator.vendors.stripe.platform import acting
from emulator.vendors.vendor import Act, Answer, Call, Operation

MOST_TYPES = 20
"""Evidence: stripe-event-6."""

DEFAULT_LIMIT, MOST = 20, 100
"""Evidence: stripe-list-2."""

BOUNDS = {"gt": ("after", False), "gte": ("after", True), "lt": ("before", False), "lte": ("before", True)}
EVENT_PARAMETERS = re.compile(r"object_id|types(\[\d*\])?|created\[(gt|gte|lt|lte)\]|limit|page", re.ASCII)
DESTINATION_PARAMETERS = re.compile(r"include(\[\d*\])?|limit|page", re.ASCII)


class Page(NamedTuple):
    """Part of a list, and how to ask for the parts on either side of it."""

    items: Sequence[Any]
    next: str | None
    previous: str | None


class Mistaken(Exception):
    """A query parameter is not right; the message is for the client."""


def _retrieve_event(tx: Transaction, call: Call) -> Answer:
    event = find_event(tx, call.parameters["id"], acting(tx, call))
    return Answer("event", "stripe-event-3", event) if event else Answer("nothing_found", "stripe-event-5")


def _list_events(tx: Transaction, call: Call) -> Answer:
    try:
        _refuse_unknown(call, EVENT_PARAMETERS)
        wanted, limit, side, number = _wanted(call, acting(tx, call)), *_window(call)
    except Mistaken as mistake:
        return Answer("invalid_fields", "stripe-list-3", str(mistake))
    newest = tx.choice(LIST_ORDER.id) == "newest"
    forward = (side != "before") == newest
    found = newest_first(tx, wanted, number) if forward else oldest_first(tx, wanted, number or 0)
    events = list(islice(found, limit + 1))
    page = _page(events[:limit], len(events) > limit, call, side, [str(event.n) for event in events[:limit]])
    return Answer("events", "stripe-list-1", page, LIST_ORDER.id)


def _wanted(call: Call, owner: str) -> Wanted:
    types = tuple(listed(call, "types"))
    if len(types) > MOST_TYPES:
        raise Mistaken(f"The field types has more than {MOST_TYPES} values")
    wanted = Wanted(owner, call.query.get("object_id"), types)
    for name, (bound, included) in BOUNDS.items():
        if (text := call.query.get(f"created[{name}]")) is not None:
            bounds: dict[str, Any] = {bound: _instant(text, name), f"{bound}_included": included}
            wanted = replace(wanted, **bounds)
    return wanted


def _instant(text: str, name: str) -> datetime:
    try:
        return parse_timestamp(text)
    except ValueError:
        raise Mistaken(f"The field created.{name} is not a timestamp") from None


def _window(call: Call) -> tuple[int, str, int | None]:
    """How many items are wanted, on which side of the mark that the page names, and the mark."""
    limit, page = call.query.get("limit", str(DEFAULT_LIMIT)), call.query.get("page")
    if not _is_number(limit) or not 1 <= int(limit) <= MOST:
        raise Mistaken(f"The field limit must be an integer from 1 to {MOST}")
    if page is None:
        return int(limit), "after", None
    side, _, mark = page.partition("_")
    if side not in ("after", "before") or not _is_number(mark):
        raise Mistaken("The field page is not one that this list gave")
    return int(limit), side, int(mark)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 16


def _refuse_unknown(call: Call, known: re.Pattern[str]) -> None:
    for name in call.query:
        if not known.fullmatch(name):
            raise Mistaken(f"Unknown field: {name}")


def _page(items: list[Any], more: bool, call: Call, side: str, marks: list[str]) -> Page:
    """The items in the order of the list; what was read backwards is turned round."""
    if side == "before":
        items, marks = items[::-1], marks[::-1]
    continues = bool(marks) and (more or side == "before")
    preceded = bool(marks) and (more if side == "before" else "page" in call.query)
    return Page(
        items,
        _url(call, f"after_{marks[-1]}") if continues else None,
        _url(call, f"before_{marks[0]}") if preceded else None,
    )


def _url(call: Call, page: str) -> str:
    """Where the other part is, below the API's root whichever way this request came. Evidence: stripe-list-4."""
    path = call.path[call.path.index("/v2/") :]
    return f"{path}?{urlencode({**call.query, 'page': page})}"


def _list_destinations(tx: Transaction, call: Call) -> Answer:
    try:
        _refuse_unknown(call, DESTINATION_PARAMETERS)
        limit, side, number = _window(call)
    except Mistaken as mistake:
        return Answer("invalid_fields", "stripe-list-3", str(mistake))
    if refusal := _include_mistake(call):
        return refusal
    everything: list[Destination] = tx.group(Destination.kind, "owner", acting(tx, call))
    if tx.choice(LIST_ORDER.id) == "newest":
        everything.reverse()
    place = number or 0
    start, end = (place, place + limit) if side == "after" else (max(place - limit, 0), place)
    following = _url(call, f"after_{end}") if end < len(everything) else None
    page = Page(everything[start:end], following, _url(call, f"before_{start}") if start else None)
    return Answer("destinations", "stripe-destination-2", page, LIST_ORDER.id)


def _include_mistake(call: Call) -> Answer | None:
    unknown = sorted(set(listed(call, "include")) - {URL})
    return (
        Answer("invalid_fields", "stripe-fields-1", f"Invalid value for the field include: {unknown[0]}") if unknown else None
    )


def _create(tx: Transaction, call: Call, fields: Mapping[str, Any]) -> Answer:
    if mistake := mistake_in(fields, CREATABLE, REQUIRED, (URL, SECRET)):
        return Answer("invalid_fields", "stripe-fields-1", mistake)
    destination = new_destination(tx, fields, acting(tx, call))
    return Answer.of(tx.ask(DESTINATION, destination.id, CREATE, new=destination))


def _update(tx: Transaction, call: Call, fields: Mapping[str, Any]) -> Answer:
    if mistake := mistake_in(fields, CHANGEABLE, (), (URL,)):
        return Answer("invalid_fields", "stripe-fields-1", mistake)
    answer = ask_own(tx, call, DESTINATION, UPDATE)
    if answer.name != "destination":
        return answer
    changed = changed_destination(answer.subject, fields)
    tx.put(changed)
    return answer._replace(subject=changed)


def _ask(command: str) -> Act:
    return lambda tx, call: ask_own(tx, call, DESTINATION, command)


def _retrieve(tx: Transaction, call: Call) -> Answer:
    return _include_mistake(call) or _ask(RETRIEVE)(tx, call)


_PINGS = {"null": _ask(PING_IT), "request": because_of_the_request(_ask(PING_IT))}


def _ping(tx: Transaction, call: Call) -> Answer:
    """Tells of a ping, and answers with that event, as it is once it names the request, where that is assumed."""
    answer = _PINGS[tx.choice(PING_REASON.id)](tx, call)
    if answer.name != "pinged":
        return answer
    newest = next(newest_first(tx, Wanted(answer.subject.owner, answer.subject.id)), None)
    return answer._replace(subject=newest, assumption=PING_REASON.id)


def _changing(name: str, act: Act, takes_fields: bool = False) -> Act:
    return changing(f"stripe.event_destinations.{name}", act, takes_fields)


def included(call: Call) -> frozenset[str]:
    """What the client wants to see that is not shown otherwise. Evidence: stripe-destination-9."""
    fields = fields_of(call)
    wanted = fields.get("include", ()) if isinstance(fields, dict) else ()
    return frozenset(wanted) | frozenset(listed(call, "include"))


_ONE = "/event_destinations/{id}"
EVENT_OPERATIONS = (
    Operation("stripe.events.retrieve", "GET", "/events/{id}", _retrieve_event),
    Operation("stripe.events.list", "GET", "/events", _list_events),
    Operation("stripe.event_destinations.list", "GET", "/event_destinations", _list_destinations),
    Operation(
        "stripe.event_destinations.create", "POST", "/event_destinations", _changing("create", with_fields(_create), True)
    ),
    Operation("stripe.event_destinations.retrieve", "GET", _ONE, naming_what_is_assumed(_retrieve)),
    Operation("stripe.event_destinations.update", "POST", _ONE, _changing("update", with_fields(_update), True)),
    Operation("stripe.event_destinations.delete", "DELETE", _ONE, _changing("delete", _ask(DELETE))),
    Operation("stripe.event_destinations.disable", "POST", f"{_ONE}/disable", _changing("disable", _ask(DISABLE))),
    Operation("stripe.event_destinations.enable", "POST", f"{_ONE}/enable", _changing("enable", _ask(ENABLE))),
    Operation("stripe.event_destinations.ping", "POST", f"{_ONE}/ping", _changing("ping", _ping)),
)
