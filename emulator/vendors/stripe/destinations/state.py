"""How event destinations are written in a scenario, and what must hold of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from emulator.sdk import (
    PAST,
    TEXT,
    TEXTS,
    BadInput,
    Field,
    Fields,
    Problem,
    View,
    dump_fields,
    hint,
    load_fields,
    one_of,
    refuse_future,
)
from emulator.vendors.stripe.assumptions.jobs import TOO_MANY_DESTINATIONS
from emulator.vendors.stripe.destinations.model import MOST, Destination, mint_id, mint_secret
from emulator.vendors.stripe.destinations.payloads import has_needless_version, thin_event_of_snapshot
from emulator.vendors.stripe.destinations.receivers import (
    CLOUDS,
    EVENT_GRID,
    EVENT_GRID_STATUSES,
    EVENTBRIDGE,
    EVENTBRIDGE_STATUSES,
    WEBHOOK,
    EventBridge,
    EventGrid,
)
from emulator.vendors.stripe.destinations.receivers import TYPES as RECEIVERS
from emulator.vendors.stripe.destinations.requests import EVERYTHING, VERSION, unfit_event
from emulator.vendors.stripe.destinations.sources import FORMER, SOURCES, read_sources
from emulator.vendors.stripe.events.model import JOB_EVENT, TYPES
from emulator.vendors.stripe.requests.metadata import METADATA

ATTRIBUTES: Fields = {
    "id": TEXT,
    "status": one_of("enabled", "disabled"),
    "created": PAST,
    "updated": PAST,
    "name": TEXT,
    "type": one_of(*RECEIVERS),
    "url": Field({"type": "string", "pattern": "^https?://", "description": "https://..."}),
    "enabled_events": TEXTS,
    "signing_secret": TEXT,
    "event_payload": one_of("thin", "snapshot"),
    "events_from": Field({"type": "array", "items": {"enum": [*SOURCES, *FORMER]}, "minItems": 1}, read_sources, list),
    "description": TEXT,
    "snapshot_api_version": Field({"type": "string", "pattern": f"^{VERSION}$", "description": "2026-10-28.endive"}, str, str),
    "metadata": METADATA,
    "owner": TEXT,
}
OF_WEBHOOKS = ("url", "signing_secret")


def _cloud(type: type[EventBridge] | type[EventGrid], status: str, statuses: Iterable[str]) -> Field:
    """A field that holds what is said of a receiver in a cloud; what is left out has a value of its own."""
    properties = {it.name: {"type": "string", "minLength": 1} for it in fields(type)} | {status: {"enum": list(statuses)}}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return Field(schema, lambda written: type(**written))


RECEIVER_FIELDS: Fields = {
    EVENTBRIDGE: _cloud(EventBridge, "aws_event_source_status", EVENTBRIDGE_STATUSES),
    EVENT_GRID: _cloud(EventGrid, "azure_partner_topic_status", EVENT_GRID_STATUSES),
}
FIELDS: Fields = {**ATTRIBUTES, **RECEIVER_FIELDS}

EVENTS_BY_DEFAULT = {"thin": tuple(it for it in TYPES if it.startswith(JOB_EVENT)), "snapshot": (EVERYTHING,)}
"""The events that a destination wants of which nothing is said: every thin one that tells of a job, or all."""


def problems_of_written(item: Mapping[str, Any], place: int) -> Iterator[Problem]:
    """Find what is wrong with a destination as it is written."""
    yield from _problems_of_events(item.get("event_payload", "thin"), _texts(item.get("enabled_events")), place)
    type = item.get("type")
    for name in (*OF_WEBHOOKS, *CLOUDS):
        if name in item and type in RECEIVERS and type != (WEBHOOK if name in OF_WEBHOOKS else name):
            yield Problem(f"a destination of the type {type} has no {name}", ("event_destinations", place, name))
    if type is None and "id" not in item:
        for name in CLOUDS.keys() & item.keys():
            yield Problem(f"write type: {name} beside it, or this is a webhook endpoint", ("event_destinations", place, name))


def _problems_of_events(payload: str, wanted: Iterable[str], place: int) -> Iterator[Problem]:
    unfit = unfit_event(payload, wanted)
    if unfit is not None:
        how = "" if unfit == EVERYTHING else hint(unfit, TYPES)
        message = f"{unfit!r} is no type of thin event: a destination of these names each type that it wants{how}"
        yield Problem(message, ("event_destinations", place, "enabled_events"))


def read_destinations(view: View, items: Iterable[Mapping[str, Any]]) -> list[Destination]:
    """Return the destinations that are written, as they come into being or change.

    Raises:
        BadInput: one contradicts what there is, or an account would have more than it may.
    """
    found = {it.id: it for it in (_read(view, item, place) for place, item in enumerate(items))}
    new = [it.owner for it in found.values() if view.find(Destination.kind, it.id) is None]
    for owner in dict.fromkeys(new):
        count = view.size(Destination.kind, "owner", owner) + new.count(owner)
        if count > MOST and view.choice(TOO_MANY_DESTINATIONS.id) == "400":
            raise BadInput([Problem(f"an account has {MOST} event destinations at most", ("event_destinations",))])
    return list(found.values())


def show_destination(destination: Destination) -> dict[str, Any]:
    """Return the written destination."""
    shown = dump_fields(ATTRIBUTES, destination)
    if destination.cloud is None:
        return shown
    return shown | {destination.type: {it.name: getattr(destination.cloud, it.name) for it in fields(destination.cloud)}}


def _read(view: View, item: Mapping[str, Any], place: int) -> Destination:
    refuse_future(ATTRIBUTES, item, view.now, "event_destinations", place)
    written = load_fields(ATTRIBUTES, item)
    clouds = load_fields(RECEIVER_FIELDS, item)
    old: Destination | None = view.find(Destination.kind, written["id"]) if "id" in written else None
    if old is not None:
        return _changed(view, old, written, clouds, place)
    created = written.get("created", view.now)
    type, payload = written.get("type", WEBHOOK), written.get("event_payload", "thin")
    plain = Destination(
        id=written.get("id") or mint_id(view),
        since=created,
        created=created,
        updated=created,
        name="Events",
        enabled_events=EVENTS_BY_DEFAULT[payload],
        **_receiver_by_default(view, type, written, clouds),
    )
    new = replace(plain, **written)
    _refuse_by_payload(view, new, place)
    return new


def _refuse_by_payload(view: View, destination: Destination, place: int) -> None:
    """Let a destination pass that has what its payload allows.

    Raises:
        BadInput: it does not.
    """
    payload = destination.event_payload
    if thin := thin_event_of_snapshot(view, payload, destination.enabled_events):
        problem = f"{thin!r} is a thin event, and this destination has snapshots: write event_payload: thin"
        raise BadInput.at(problem, "event_destinations", place, "enabled_events")
    if has_needless_version(view, payload, destination.snapshot_api_version):
        problem = "a destination of thin events has no snapshot_api_version"
        raise BadInput.at(problem, "event_destinations", place, "snapshot_api_version")


def _receiver_by_default(view: View, type: str, written: Mapping[str, Any], clouds: Mapping[str, Any]) -> dict[str, Any]:
    if type == WEBHOOK:
        return {
            "url": "https://example.com/webhook",
            "signing_secret": written.get("signing_secret") or mint_secret(view),
        }
    return {"cloud": clouds.get(type) or CLOUDS[type]()}


def _changed(view: View, old: Destination, written: Mapping[str, Any], clouds: Mapping[str, Any], place: int) -> Destination:
    """The destination as it is changed by hand; its type never changes."""
    other = [name for name in clouds if name != old.type] or [it for it in OF_WEBHOOKS if it in written and old.type != WEBHOOK]
    if written.get("type", old.type) != old.type or other:
        problem = f"{old.id} is a destination of the type {old.type}, which never changes"
        raise BadInput([Problem(problem, ("event_destinations", place, *(other or ["type"])[:1]))])
    moved = written.get("status", old.status) != old.status
    noted = replace(old, since=view.now, updated=view.now) if moved else old
    changed = replace(noted, **written, cloud=clouds.get(old.type, old.cloud))
    problems = [*_problems_of_events(changed.event_payload, changed.enabled_events, place)]
    if problems:
        raise BadInput(problems)
    _refuse_by_payload(view, changed, place)
    return changed


def _texts(value: Any) -> list[str]:
    return [it for it in value if isinstance(it, str)] if isinstance(value, list) else []
