"""The operations on event destinations."""

from __future__ import annotations

from emulator.sdk import (
    MANY_RESOURCES,
    Answer,
    Check,
    Handler,
    JsonDict,
    JsonObject,
    Operation,
    Request,
    Transaction,
    View,
    base62,
    replace,
    structs,
)
from emulator.vendors.stripe.assumptions.jobs import (
    LIST_ORDER,
    PING_FORM,
    PING_OBJECT,
    PING_REASON,
    TOO_MANY_DESTINATIONS,
)
from emulator.vendors.stripe.assumptions.requests import EMPTY_METADATA, EMPTY_VALUE
from emulator.vendors.stripe.destinations.machine import (
    CREATE,
    DELETE,
    DESTINATION,
    DISABLE,
    ENABLE,
    RETRIEVE,
    SEND_PING,
    UPDATE,
)
from emulator.vendors.stripe.destinations.model import CLOUDS, MOST, WEBHOOK, Destination, load_sources
from emulator.vendors.stripe.destinations.numbers import next_number, with_id
from emulator.vendors.stripe.destinations.requests import URL, check_change, check_new, own_destination
from emulator.vendors.stripe.events.model import EventFilter, drop_outdated, newest_first
from emulator.vendors.stripe.operations import ask_own
from emulator.vendors.stripe.requests.admission import acting_account
from emulator.vendors.stripe.requests.fields import (
    MOST_PAIRS,
    TOO_MANY_PAIRS,
    USAGE,
    Query,
    QuerySpec,
    check_fields,
    check_indexes,
    check_no_fields,
    check_usage,
    invalid,
    unrecognized,
)
from emulator.vendors.stripe.requests.idempotency import remember, replay
from emulator.vendors.stripe.requests.pages import PAGED, Page, Window

INCLUDE = frozenset(("include",))
LIST_QUERY, RETRIEVE_QUERY = QuerySpec(PAGED, INCLUDE), QuerySpec(arrays=INCLUDE, passed_over=USAGE)

MARK = "_ed"
"""The end of the names of pages of destinations, so that no other list has the same."""

PLAIN_FIELDS = ("name", "type", "event_payload", "description", "snapshot_api_version")
"""The fields that are attributes as they are."""


def new_secret(view: View) -> str:
    """Return a new secret that deliveries are signed with."""
    return f"whsec_{base62(view.mint('stripe.signing_secret'), 32)}"


def _list(tx: Transaction, request: Request) -> Answer:
    window = Window.read(tx, _read_including(LIST_QUERY, request), MARK)
    falls = (window.side == "after") == (tx.choice(LIST_ORDER) == "newest")
    owned = sorted(tx.group(Destination, "owner", acting_account(tx, request)), key=lambda it: it.n, reverse=falls)
    if (number := window.number) is not None:
        owned = [it for it in owned if (it.n < number if falls else it.n > number)]
    return Answer("destinations", "stripe-destination-2", Page.of(owned, request, window, MARK))


def _read_including(spec: QuerySpec, request: Request) -> Query:
    query = spec.read(request)
    for n, name in enumerate(query.arrays["include"]):
        if name != URL:
            raise invalid(unrecognized(f"include[{n}]", name, (URL,)))
    return query


def _retrieve(tx: Transaction, request: Request) -> Answer:
    check_usage(tx, request)
    _read_including(RETRIEVE_QUERY, request)
    return ask_own(tx, request, DESTINATION, RETRIEVE)


def _create(tx: Transaction, request: Request) -> Answer:
    owner, fields = acting_account(tx, request), request.fields
    if tx.size(Destination, "owner", owner) >= MOST and tx.choice(TOO_MANY_DESTINATIONS) == "400":
        return Answer("too_many_destinations", "stripe-destination-13", None, TOO_MANY_DESTINATIONS)
    n, id = with_id(tx, owner, next_number(tx, owner))
    destination = Destination(
        id,
        *(tx.now,) * 3,
        n=n,
        metadata=fields.get("metadata", {}),
        signing_secret=new_secret(tx) if WEBHOOK in fields else None,
        owner=owner,
        **_attributes(fields),
    )
    answer = tx.ask(DESTINATION, destination.id, CREATE, new=destination)
    return remember(tx, request, _with_namesakes(tx, answer))


def _update(tx: Transaction, request: Request) -> Answer:
    fields = request.fields
    metadata = _merged_metadata(tx, own_destination(tx, request), fields.get("metadata"))
    answer = ask_own(tx, request, DESTINATION, UPDATE)
    if answer.name != "destination":
        return answer
    changed = replace(answer.subject, metadata=metadata, **_attributes(fields))
    tx.put(changed)
    also = ("stripe-metadata-4",) if fields.get("metadata") else ()
    assumption = EMPTY_METADATA if fields.get("metadata") == {} else answer.assumption
    answer = structs.replace(answer, subject=changed, also=also, assumption=assumption)
    return remember(tx, request, _with_namesakes(tx, answer) if "name" in fields else answer)


def _with_namesakes(tx: Transaction, answer: Answer) -> Answer:
    """Return an answer that rests on what is inferred of names where another destination of the account has the same."""
    own = answer.subject
    is_taken = any(it.name == own.name and it.id != own.id for it in tx.group(Destination, "owner", own.owner))
    return answer.resting_on(("stripe-destination-24",)) if is_taken else answer


def _merged_metadata(tx: Transaction, old: Destination | None, new: JsonObject | None) -> JsonDict:
    """Return the metadata of a destination after an update: null takes a key away, and an empty text where that is assumed."""
    if new and "" in new.values() and tx.choice(EMPTY_VALUE) == "remove":
        new = {name: value or None for name, value in new.items()}
    kept = {} if old is None or (new == {} and tx.choice(EMPTY_METADATA) == "delete") else old.metadata
    merged = {name: value for name, value in {**kept, **(new or {})}.items() if value is not None}
    if len(merged) > MOST_PAIRS and old is not None:
        raise invalid(TOO_MANY_PAIRS, "stripe-metadata-1")
    return merged


def _attributes(fields: JsonObject) -> JsonDict:
    """Return the attributes that valid fields set, but for metadata."""
    attributes = {name: fields[name] for name in PLAIN_FIELDS if name in fields}
    if "enabled_events" in fields:
        attributes["enabled_events"] = tuple(fields["enabled_events"])
    if fields.get("events_from"):
        attributes["events_from"] = load_sources(fields["events_from"])
    if WEBHOOK in fields:
        attributes["url"] = fields[WEBHOOK]["url"]
    elif "type" in fields:
        attributes["cloud"] = CLOUDS[fields["type"]](**fields[fields["type"]])
    return attributes


def _ping(tx: Transaction, request: Request) -> Answer:
    """Answer with the event that was emitted."""
    answer = ask_own(tx, request, DESTINATION, SEND_PING)
    if answer.name != "pinged":
        return answer
    drop_outdated(tx)
    newest = next(newest_first(tx, EventFilter(answer.subject.owner, answer.subject.id)), None)
    chosen = (shape for shape in (PING_FORM, PING_OBJECT) if tx.choice(shape) != shape.default)
    return remember(tx, request, structs.replace(answer, subject=newest, assumption=next(chosen, PING_REASON)))


def _changing(command: str) -> Handler:
    return lambda tx, request: remember(tx, request, ask_own(tx, request, DESTINATION, command))


_NAME, _ALL, _ONE = "stripe.event_destinations", "/event_destinations", "/event_destinations/{id}"
_COMMAND: tuple[Check, ...] = (check_no_fields, replay)
"""The checks of a command without fields."""

DESTINATION_OPERATIONS = (
    Operation(f"{_NAME}.list", "GET", _ALL, _list, beside=MANY_RESOURCES, checks=(check_indexes,)),
    Operation(f"{_NAME}.create", "POST", _ALL, _create, checks=(check_fields, replay, check_new)),
    Operation(f"{_NAME}.retrieve", "GET", _ONE, _retrieve, checks=(check_indexes,)),
    Operation(f"{_NAME}.update", "POST", _ONE, _update, checks=(check_fields, replay, check_change)),
    Operation(f"{_NAME}.delete", "DELETE", _ONE, _changing(DELETE), checks=_COMMAND),
    Operation(f"{_NAME}.disable", "POST", f"{_ONE}/disable", _changing(DISABLE), checks=_COMMAND),
    Operation(f"{_NAME}.enable", "POST", f"{_ONE}/enable", _changing(ENABLE), checks=_COMMAND),
    Operation(f"{_NAME}.ping", "POST", f"{_ONE}/ping", _ping, checks=_COMMAND),
)
