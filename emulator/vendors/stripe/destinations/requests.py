"""The fields of requests that create or change an event destination: each is checked, and fits the type and the payload."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from emulator.sdk import JsonObject, Request, Transaction
from emulator.vendors.stripe.assumptions.events import (
    ADDRESS,
    ORGANIZATION_SOURCES,
    SNAPSHOT_OF_V2,
    SNAPSHOT_VERSION,
    THIN_WITH_VERSION,
)
from emulator.vendors.stripe.destinations.model import (
    AWAITED,
    CLOUDS,
    EVENT_GRID,
    EVERYTHING,
    OF_ORGANIZATION,
    RECEIVERS,
    WEBHOOK,
    Destination,
    awaited_event,
    has_needless_version,
    is_public,
    is_source,
    load_sources,
    sources_of,
    thin_event_of_snapshot,
    unknown_thin_event,
)
from emulator.vendors.stripe.model.versions import GENERAL, NEWEST, date_of, has_event_grid
from emulator.vendors.stripe.requests.admission import acting_account, is_of_organization, version_of
from emulator.vendors.stripe.requests.fields import (
    enum_mistakes,
    flaw,
    invalid,
    metadata_mistakes,
    object_mistakes,
    unrecognized,
)

_CHANGEABLE = frozenset(("name", "enabled_events", WEBHOOK, "description", "metadata", "include"))
_CREATABLE = frozenset((*_CHANGEABLE, *CLOUDS, "type", "event_payload", "events_from", "snapshot_api_version"))
_TYPES, _PAYLOADS = frozenset(RECEIVERS), ("thin", "snapshot")
_REQUIRED = ("name", "type", "event_payload", "enabled_events")

URL, SECRET = "webhook_endpoint.url", "webhook_endpoint.signing_secret"

LATEST = max(GENERAL)
"""The latest version for everybody that is known."""

_ORGANIZATIONS = (
    "events_from: For organizations, only @self, @organization_members, and @organization_members/@accounts are allowed."
)
"""Word for word as a user reports it. Evidence: stripe-destination-34."""

VERSION = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(\.[a-z][a-z0-9_]*)?"
"""A date, and since 2024 a name. Evidence: stripe-destination-20."""


def check_new(tx: Transaction, request: Request) -> None:
    """Refuse invalid or missing fields of a new destination."""
    fields = request.fields
    for message in _mistakes_in_new(fields, version_of(request)):
        raise invalid(message, "stripe-fields-1")
    _check_payload(tx, fields["event_payload"], fields)
    _check_receiver(tx, fields["type"], fields.get("events_from", ()), fields)
    version = fields.get("snapshot_api_version")
    if version is not None and version != LATEST and tx.choice(SNAPSHOT_VERSION) == "latest":
        raise invalid(flaw("snapshot_api_version", "Invalid value"), "stripe-destination-32", SNAPSHOT_VERSION)
    of_organization = is_of_organization(request)
    foreign = "@accounts" if of_organization else OF_ORGANIZATION
    wrong = (it for it in load_sources(fields.get("events_from", ())) if it.startswith(foreign))
    if (source := next(wrong, None)) is not None and tx.choice(ORGANIZATION_SOURCES) == "refuse":
        message = _ORGANIZATIONS if of_organization else flaw("events_from", f"Invalid value '{source}'")
        raise invalid(message, "stripe-destination-34", ORGANIZATION_SOURCES)


def check_change(tx: Transaction, request: Request) -> None:
    """Refuse invalid changes of a destination."""
    fields, own = request.fields, own_destination(tx, request)
    type, payload = (own.type, own.event_payload) if own else (WEBHOOK, "snapshot")
    for message in _mistakes_in_change(fields, type, payload):
        raise invalid(message, "stripe-fields-1")
    if own:
        _check_payload(tx, payload, fields)
        _check_receiver(tx, own.type, own.events_from, fields)


def own_destination(tx: Transaction, request: Request) -> Destination | None:
    """Return the destination that the path names, None where the account has none of that id."""
    found = tx.find(Destination, request.parameters["id"])
    return found if found is not None and found.owner == acting_account(tx, request) else None


def _check_payload(tx: Transaction, payload: str, fields: JsonObject) -> None:
    """Refuse fields that a destination of this payload does not have."""
    if thin := thin_event_of_snapshot(tx, payload, fields.get("enabled_events", ())):
        message = f"The event {thin} is thin, and this destination has snapshots"
        raise invalid(message, "stripe-destination-18", SNAPSHOT_OF_V2)
    if has_needless_version(tx, payload, fields.get("snapshot_api_version")):
        message = flaw("snapshot_api_version", "Is not one of a destination of thin events")
        raise invalid(message, "stripe-destination-19", THIN_WITH_VERSION)


def _check_receiver(tx: Transaction, type: str, sources: Iterable[str], fields: JsonObject) -> None:
    """Refuse an address or an event that a destination of this type and these sources does not have."""
    if awaited := awaited_event(type, sources, fields.get("enabled_events", ())):
        evidence = "stripe-destination-29" if awaited == AWAITED else "stripe-destination-36"
        raise invalid(f"This destination cannot have the event {awaited}", evidence)
    if WEBHOOK in fields and not is_public(fields[WEBHOOK]["url"]) and tx.choice(ADDRESS) == "public":
        raise invalid(flaw(URL, "Must be publicly accessible"), "stripe-destination-30", ADDRESS)


def _mistakes_in_new(fields: JsonObject, version: str) -> Iterator[str]:
    unknown = frozenset() if has_event_grid(version) else frozenset((EVENT_GRID,))
    yield from (flaw(name, "Missing field") for name in _REQUIRED if name not in fields)
    yield from enum_mistakes("type", fields["type"], _TYPES - unknown)
    yield from _mistakes(fields, _CREATABLE - unknown, {URL, SECRET})
    yield from metadata_mistakes(fields.get("metadata", {}))
    for n, source in enumerate(fields.get("events_from", ())):
        if not is_source(source, version):
            yield unrecognized(f"events_from[{n}]", source, sources_of(version))
    if fields["type"] not in fields:
        yield flaw(fields["type"], "Missing field")
    for type in RECEIVERS:
        if type in fields and type != fields["type"]:
            yield flaw(type, f"Is not one of the type {fields['type']}")
    yield from _mistakes_in_events(fields["event_payload"], fields["enabled_events"])


def _mistakes_in_change(fields: JsonObject, type: str, payload: str) -> Iterator[str]:
    yield from _mistakes(fields, _CHANGEABLE, {URL})
    yield from metadata_mistakes(fields.get("metadata", {}), removes=True)
    if WEBHOOK in fields and type != WEBHOOK:
        yield flaw(WEBHOOK, f"Is not one of the type {type}")
    yield from _mistakes_in_events(payload, fields.get("enabled_events", ()))


def _mistakes(fields: JsonObject, known: Iterable[str], includable: set[str]) -> Iterator[str]:
    for name, value in fields.items():
        if name not in known:
            yield flaw(name, "Unknown field")
        else:
            yield from _MISTAKES[name](name, value)
    included = enumerate(fields.get("include", ()))
    yield from (unrecognized(f"include[{n}]", name, includable) for n, name in included if name not in includable)


def _mistakes_in_events(payload: str, types: Sequence[str]) -> Iterator[str]:
    unknown = unknown_thin_event(payload, types)
    if unknown == EVERYTHING:
        yield flaw("enabled_events", "A destination of thin events must name each type: * is not one")
    elif unknown is not None:
        yield flaw(f"enabled_events[{types.index(unknown)}]", f"Invalid value '{unknown}'")


def _unless(valid: Callable[[Any], bool]) -> Callable[[str, Any], Iterator[str]]:
    """Return what yields a mistake where the value of a field is not valid."""
    return lambda name, value: iter(() if valid(value) else (flaw(name, "Invalid value"),))


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(map(str.isspace, parts.netloc))


def _receiver_mistakes(*names: str) -> Callable[[str, Any], Iterator[str]]:
    """Return what yields the mistakes in an object that has exactly these fields, each a name."""

    def mistakes(type: str, value: Any) -> Iterator[str]:
        if found := [*object_mistakes(type, value, names)]:
            yield from found
            return
        yield from (flaw(f"{type}.{name}", "Invalid value") for name in names if not _is_name(value[name]))

    return mistakes


def _endpoint_mistakes(name: str, value: Any) -> Iterator[str]:
    if found := [*_receiver_mistakes("url")(name, value)]:
        yield from found
    elif not _is_url(value["url"]):
        yield flaw(URL, "Invalid value")


def _is_version(value: Any) -> bool:
    if not isinstance(value, str):
        return value is None
    return re.fullmatch(VERSION, value, re.ASCII) is not None and date_of(f"{value[:10]}.a") != NEWEST


_MISTAKES: Mapping[str, Callable[[str, Any], Iterator[str]]] = {
    "name": _unless(_is_name),
    "type": lambda name, value: enum_mistakes(name, value, _TYPES),
    "event_payload": lambda name, value: enum_mistakes(name, value, _PAYLOADS),
    "enabled_events": _unless(lambda value: _is_list_of_texts(value) and bool(value)),
    WEBHOOK: _endpoint_mistakes,
    "description": _unless(lambda value: isinstance(value, str)),
    "metadata": _unless(lambda value: isinstance(value, dict)),
    "events_from": _unless(_is_list_of_texts),
    "include": _unless(_is_list_of_texts),
    "snapshot_api_version": _unless(_is_version),
    **{type: _receiver_mistakes(*cloud.required) for type, cloud in CLOUDS.items()},
}
"""What yields the mistakes in the value of each field, from its name and the value."""
