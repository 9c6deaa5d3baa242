"""Event destinations in a state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from emulator.sdk import (
    INSTANT,
    NAME,
    PAST,
    SELF,
    TEXT,
    TEXTS,
    BadInput,
    Field,
    Fields,
    JsonDict,
    JsonObject,
    Problem,
    View,
    dump_fields,
    hint,
    load_fields,
    one_of,
    refuse,
    replace,
    structs,
    timing_of,
)
from emulator.vendors.stripe.assumptions.events import ENABLE_LOST
from emulator.vendors.stripe.assumptions.jobs import TOO_MANY_DESTINATIONS
from emulator.vendors.stripe.destinations.machine import DESTINATION
from emulator.vendors.stripe.destinations.model import (
    CLOUDS,
    EVENT_GRID,
    EVENT_GRID_STATUSES,
    EVENTBRIDGE,
    EVENTBRIDGE_STATUSES,
    EVERYTHING,
    FORMER_SOURCES,
    LOG,
    MOST,
    RECEIVERS,
    SOURCES,
    WEBHOOK,
    Destination,
    EventBridge,
    EventGrid,
    awaited_event,
    has_needless_version,
    load_sources,
    thin_event_of_snapshot,
    unknown_thin_event,
)
from emulator.vendors.stripe.destinations.numbers import next_number, with_id
from emulator.vendors.stripe.destinations.operations import new_secret
from emulator.vendors.stripe.destinations.requests import VERSION
from emulator.vendors.stripe.events.model import SequenceLog, log_of
from emulator.vendors.stripe.events.types import JOB_EVENT, TYPES
from emulator.vendors.stripe.model.accounts import WORDS
from emulator.vendors.stripe.requests.fields import METADATA

ATTRIBUTES: Fields = {
    "id": TEXT,
    "status": one_of("enabled", "disabled"),
    "created": PAST,
    "updated": PAST,
    "name": NAME,
    "type": one_of(*RECEIVERS),
    "url": Field({"type": "string", "pattern": "^https?://", "description": "https://..."}),
    "enabled_events": TEXTS,
    "signing_secret": NAME,
    "former_signing_secret": NAME,
    "former_secret_expires_at": INSTANT,
    "event_payload": one_of("thin", "snapshot"),
    "events_from": Field({"type": "array", "items": {"enum": [*SOURCES, *FORMER_SOURCES]}, "minItems": 1}, load_sources, list),
    "description": TEXT,
    "snapshot_api_version": Field({"type": "string", "pattern": f"^{VERSION}$", "description": "2026-10-28.endive"}, str, str),
    "metadata": METADATA,
    "owner": NAME,
    "timing": timing_of(DESTINATION),
}


def _cloud(type: type[EventBridge] | type[EventGrid], status: str, statuses: Iterable[str]) -> Field:
    """Return the field of a receiver in a cloud; each of its parts has a default."""
    properties = {part: {"type": "string", "minLength": 1} for part in type.__struct_fields__} | {
        status: {"enum": list(statuses)}
    }
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return Field(schema, lambda value: type(**value), structs.asdict)


CLOUD_FIELDS: Fields = {
    EVENTBRIDGE: _cloud(EventBridge, "aws_event_source_status", EVENTBRIDGE_STATUSES),
    EVENT_GRID: _cloud(EventGrid, "azure_partner_topic_status", EVENT_GRID_STATUSES),
}
FIELDS: Fields = {**ATTRIBUTES, **CLOUD_FIELDS}
ROLLED, EXPIRY = "former_signing_secret", "former_secret_expires_at"
KEPT = timedelta(hours=24)
"""The time for which a secret is good that was rolled, unless a state says otherwise. Evidence: stripe-webhook-9."""

OF_WEBHOOK = ("url", "signing_secret", ROLLED, EXPIRY)
TYPE_OF = {**dict.fromkeys(OF_WEBHOOK, WEBHOOK), EVENTBRIDGE: EVENTBRIDGE, EVENT_GRID: EVENT_GRID}
"""The type of destination that each field of a receiver belongs to."""

DEFAULT_EVENTS = {"thin": tuple(type for type in TYPES if type.startswith(JOB_EVENT)), "snapshot": (EVERYTHING,)}
"""The events that a destination has by default: every thin one of a job, or all."""


def validate_destination(item: JsonObject, *path: str | int) -> Iterator[Problem]:
    """Yield the problems of a destination that the schema cannot see."""
    types = item.get("enabled_events")
    texts = [type for type in types if isinstance(type, str)] if isinstance(types, list) else ()
    yield from _event_problems(item.get("event_payload", "thin"), texts, *path)
    type = item.get("type")
    for name, its_type in TYPE_OF.items():
        if name in item and type in RECEIVERS and type != its_type:
            yield Problem(f"a destination of the type {type} has no {name}", (*path, name))
    if type is None and "id" not in item:
        for name in filter(item.__contains__, CLOUDS):
            yield Problem(f"write type: {name} beside it, or this is a webhook endpoint", (*path, name))


def load_destinations(view: View, items: Sequence[JsonObject], numbers: Mapping[str, int]) -> list[Destination]:
    """Return the destinations of the items, new or changed. `numbers` are those of the next ones, by account.

    Raises:
        BadInput: one contradicts the state, or an account would have more than it may.
    """
    numbered = _numbered(view, items, numbers)
    loaded = (_load(view, item, n, "event_destinations", place) for place, (n, item) in enumerate(numbered))
    found = {destination.id: destination for destination in loaded}
    new = [found[id].owner for id in found if view.find(Destination, id) is None]
    for owner in dict.fromkeys(new):
        count = view.size(Destination, "owner", owner) + new.count(owner)
        if count > MOST and view.choice(TOO_MANY_DESTINATIONS) == "400":
            raise BadInput.at(f"an account has {MOST} event destinations at most", "event_destinations")
    return list(found.values())


def load_numbers(view: View, numbers: Mapping[str, int]) -> list[SequenceLog]:
    """Return the logs by which the next destinations of accounts have these numbers at least."""
    logs = [(log_of(view, LOG + owner), n) for owner, n in numbers.items()]
    return [replace(log, next=max(log.next, n)) for log, n in logs]


def dump_numbers(view: View) -> dict[str, int]:
    """Return the number that follows the last one deleted, of each account that has deleted a destination."""
    return {log.id.removeprefix(LOG): log.next for log in view.group(SequenceLog) if log.id.startswith(LOG)}


def _numbered(view: View, items: Sequence[JsonObject], numbers: Mapping[str, int]) -> Iterator[tuple[int, JsonObject]]:
    """Yield each item, one without an id with a new one, and the number that it has if it is new."""
    taken = {item["id"] for item in items if "id" in item}
    for place, item in enumerate(items):
        owner = item.get("owner", SELF)
        n, id = with_id(view, owner, max(next_number(view, owner), numbers.get(owner, 1)) + place, taken, len(items))
        yield n, {"id": id, **item}


def dump_destination(view: View, destination: Destination) -> JsonDict:
    """Return the destination as a state has it."""
    item = WORDS.with_account(view.accounts("stripe"), dump_fields(ATTRIBUTES, destination), destination.owner)
    return item | ({} if destination.cloud is None else {destination.type: structs.asdict(destination.cloud)})


def _load(view: View, item: JsonObject, n: int, *path: str | int) -> Destination:
    values, clouds = load_fields(ATTRIBUTES, item, view.now, *path), load_fields(CLOUD_FIELDS, item)
    old = view.find(Destination, values["id"])
    if old is not None:
        loaded = _changed(view, old, values, clouds, *path)
        refuse(_event_problems(loaded.event_payload, loaded.enabled_events, *path))
    else:
        loaded = replace(_new(view, values, clouds), n=n)
    if loaded.updated < loaded.created:
        raise BadInput.at("a destination is not updated before it was created", *path, "updated")
    _check_payload(view, loaded, *path)
    return loaded


def _new(view: View, values: JsonObject, clouds: JsonObject) -> Destination:
    created, type = values.get("created", view.now), values.get("type", WEBHOOK)
    if type == WEBHOOK:
        secret = values.get("signing_secret") or new_secret(view)
        receiver = {"url": "https://example.com/webhook", "signing_secret": secret}
    else:
        receiver = {"cloud": clouds.get(type) or CLOUDS[type]()}
    defaults = {
        "status": "disabled" if type in clouds and clouds[type].loss else "enabled",
        "created": created,
        "updated": created,
        "name": "Events",
        "enabled_events": DEFAULT_EVENTS[values.get("event_payload", "thin")],
    }
    return Destination(since=created, **{**defaults, **receiver, **values, **_expiry(view, values)})


def _changed(view: View, old: Destination, values: JsonObject, clouds: JsonObject, *path: str | int) -> Destination:
    """Return a destination with changes. Its type never changes."""
    wrong = [name for name, type in TYPE_OF.items() if (name in values or name in clouds) and type != old.type]
    if values.get("type", old.type) != old.type or wrong:
        problem = f"{old.id} is a destination of the type {old.type}, which never changes"
        raise BadInput.at(problem, *path, (wrong or ["type"])[0])
    cloud = clouds.get(old.type, old.cloud)
    status = values.get("status", "disabled" if cloud is not None and cloud.loss else old.status)
    moved = {"since": view.now, "updated": view.now} if status != old.status else {}
    return replace(old, **{**moved, **values, **_expiry(view, values), "status": status, "cloud": cloud})


def _expiry(view: View, values: JsonObject) -> JsonDict:
    """Return until when a secret is good that is rolled now, where nothing is said of that."""
    return {EXPIRY: view.now + KEPT} if ROLLED in values and EXPIRY not in values else {}


def _event_problems(payload: str, types: Iterable[str], *path: str | int) -> Iterator[Problem]:
    unknown = unknown_thin_event(payload, types)
    if unknown is not None:
        nearest = "" if unknown == EVERYTHING else hint(unknown, TYPES)
        message = f"{unknown!r} is no type of thin event: a destination of these names each type that it wants{nearest}"
        yield Problem(message, (*path, "enabled_events"))


def _check_payload(view: View, destination: Destination, *path: str | int) -> None:
    """Refuse what a destination of this payload does not have.

    Raises:
        BadInput: it has a thin event beside snapshots, a version of snapshots beside thin events, an event that Stripe waits
            for where it cannot be had, or is enabled without its source.
    """
    if awaited := awaited_event(destination.type, destination.events_from, destination.enabled_events):
        raise BadInput.at(f"{awaited} is for webhook endpoints of an account alone", *path, "enabled_events")
    if destination.loss and destination.status == "enabled" and view.choice(ENABLE_LOST) == "400":
        raise BadInput.at("what it sends to was deleted: write status: disabled, or leave that out", *path, "status")
    payload = destination.event_payload
    if thin := thin_event_of_snapshot(view, payload, destination.enabled_events):
        problem = f"{thin!r} is a thin event, and this destination has snapshots: write event_payload: thin"
        raise BadInput.at(problem, *path, "enabled_events")
    if has_needless_version(view, payload, destination.snapshot_api_version):
        raise BadInput.at("a destination of thin events has no snapshot_api_version", *path, "snapshot_api_version")
