"""What a client may say of an event destination: each field checked, and the receiver held against the type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from emulator.vendors.stripe.destinations.receivers import CLOUDS, EVENT_GRID, TYPES, WEBHOOK
from emulator.vendors.stripe.destinations.sources import is_source
from emulator.vendors.stripe.events.model import is_event_type
from emulator.vendors.stripe.model.versions import has_event_grid
from emulator.vendors.stripe.requests.metadata import mistake_in_metadata

_CHANGEABLE = frozenset(("name", "enabled_events", WEBHOOK, "description", "metadata", "include"))
_CREATABLE = frozenset((*_CHANGEABLE, *CLOUDS, "type", "event_payload", "events_from", "snapshot_api_version"))
_WITHOUT_EVENT_GRID = _CREATABLE - {EVENT_GRID}
_REQUIRED = ("name", "type", "event_payload", "enabled_events")

URL, SECRET = "webhook_endpoint.url", "webhook_endpoint.signing_secret"
EVERYTHING = "*"


VERSION = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(\.[a-z][a-z0-9_]*)?"
"""A date, and since 2024 a name. Evidence: stripe-destination-20."""


def mistake_in_new(fields: Mapping[str, Any], version: str) -> str | None:
    """Return what is wrong with the fields of a new destination, None if nothing is."""
    return (
        _mistake(fields, _CREATABLE if has_event_grid(version) else _WITHOUT_EVENT_GRID, (URL, SECRET), _REQUIRED)
        or mistake_in_metadata(fields.get("metadata", {}))
        or _mistake_about_version(fields, version)
        or _mistake_about_receiver(fields)
        or _mistake_about_events(fields["event_payload"], fields["enabled_events"])
    )


def mistake_in_change(fields: Mapping[str, Any], type: str, payload: str) -> str | None:
    """Return what is wrong with the changes of a destination of this type and payload, None if nothing is."""
    if mistake := _mistake(fields, _CHANGEABLE, (URL,)) or mistake_in_metadata(fields.get("metadata", {}), removes=True):
        return mistake
    if WEBHOOK in fields and type != WEBHOOK:
        return f"The field {WEBHOOK} is not one of the type {type}"
    return _mistake_about_events(payload, fields.get("enabled_events", ()))


def unfit_event(payload: str, wanted: Iterable[str]) -> str | None:
    """Return the first of the wanted events that a destination cannot have, None if it can have each.

    Evidence: stripe-destination-14.
    """
    return next((type for type in wanted if not is_event_type(type)), None) if payload == "thin" else None


def _mistake_about_events(payload: str, wanted: Iterable[str]) -> str | None:
    unfit = unfit_event(payload, wanted)
    if unfit == EVERYTHING:
        return "The field enabled_events of a destination of thin events must name each type: * is not one"
    return None if unfit is None else f"Invalid value for the field enabled_events: {unfit}"


def _mistake(
    fields: Mapping[str, Any], known: Iterable[str], includable: Iterable[str], required: Iterable[str] = ()
) -> str | None:
    for name in required:
        if name not in fields:
            return f"Missing field: {name}"
    for name, value in fields.items():
        if name not in known:
            return f"Unknown field: {name}"
        if not _FORMS[name](value):
            return f"Invalid value for the field {name}"
    unknown = set(fields.get("include", ())) - set(includable)
    return f"Invalid value for the field include: {min(unknown)}" if unknown else None


def _mistake_about_version(fields: Mapping[str, Any], version: str) -> str | None:
    """Return which value of a field this version does not have, None if it has each."""
    if fields["type"] == EVENT_GRID and not has_event_grid(version):
        return "Invalid value for the field type"
    unknown = next((it for it in fields.get("events_from", ()) if not is_source(it, version)), None)
    return None if unknown is None else f"Invalid value for the field events_from: {unknown}"


def _mistake_about_receiver(fields: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the field that says where the events go: there is one, named like the type."""
    if fields["type"] not in fields:
        return f"Missing field: {fields['type']}"
    other = next((type for type in TYPES if type in fields and type != fields["type"]), None)
    return f"The field {other} is not one of the type {fields['type']}" if other else None


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_version(value: Any) -> bool:
    """Tell whether it has the form of a version of the API. Evidence: stripe-destination-20."""
    return isinstance(value, str) and re.fullmatch(VERSION, value, re.ASCII) is not None


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _has(names: Iterable[str]) -> Callable[[Any], bool]:
    """Return a check for an object that has these fields, each a name, and no others."""
    wanted = set(names)
    return lambda value: isinstance(value, dict) and set(value) == wanted and all(_is_name(it) for it in value.values())


def _is_endpoint(value: Any) -> bool:
    return _has(("url",))(value) and _is_url(value["url"])


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


_FORMS: Mapping[str, Callable[[Any], bool]] = {
    "name": _is_name,
    "type": lambda value: value in TYPES,
    "event_payload": lambda value: value in ("thin", "snapshot"),
    "enabled_events": lambda value: _are_texts(value) and bool(value),
    WEBHOOK: _is_endpoint,
    "description": _is_text,
    "metadata": lambda value: isinstance(value, dict),
    "events_from": _are_texts,
    "include": _are_texts,
    "snapshot_api_version": lambda value: value is None or _is_version(value),
    **{type: _has(cloud.required) for type, cloud in CLOUDS.items()},
}
