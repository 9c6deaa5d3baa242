"""Event destinations: where events are sent, once there is somebody to send them; made, changed and switched by the client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from emulator.kernel.machine import ABSENT, EVERY, SAME, Machine, On, Row, View
from emulator.kernel.store import IndexKey
from emulator.kernel.transaction import Transaction
from emulator.vendors.stripe.events import PING, tell
from emulator.vendors.stripe.model import SELF, letters

CREATE, RETRIEVE, UPDATE, DELETE = "create", "retrieve", "update", "delete"
ENABLE, DISABLE, PING_IT = "enable", "disable", "ping"


@dataclass(frozen=True, slots=True)
class Destination:
    """A webhook endpoint, and the events that it wants."""

    id: str
    since: datetime
    created: datetime
    updated: datetime
    name: str
    url: str
    enabled_events: tuple[str, ...]
    signing_secret: str
    event_payload: str = "thin"
    events_from: tuple[str, ...] = ("@self",)
    description: str = ""
    snapshot_api_version: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    owner: str = SELF
    status: str = "enabled"
    kind: ClassVar[str] = "stripe.event_destination"

    def index(self) -> tuple[IndexKey, ...]:
        return (("owner", self.owner),)


def note_the_change(view: View, destination: Destination) -> Iterable[Destination]:
    yield replace(destination, updated=view.now)


def tell_of_the_ping(view: View, destination: Destination) -> Iterable[Any]:
    yield from tell(view, PING, destination)


DESTINATION = Machine(
    kind=Destination.kind,
    states=("enabled", "disabled"),
    commands=(CREATE, RETRIEVE, UPDATE, DELETE, ENABLE, DISABLE, PING_IT),
    waits=(),
    rows=(
        # in    cause         go to  answer         effect           evidence
        Row(ABSENT, On(CREATE), "enabled", "destination", None, "stripe-destination-1"),
        Row(EVERY, On(CREATE), SAME, "destination", None, "stripe-idempotency-2"),
        Row(EVERY, On(RETRIEVE), SAME, "destination", None, "stripe-destination-2"),
        Row(EVERY, On(UPDATE), SAME, "destination", note_the_change, "stripe-destination-3"),
        Row(EVERY, On(DELETE), ABSENT, "deleted", None, "stripe-destination-4"),
        Row("disabled", On(ENABLE), "enabled", "destination", note_the_change, "stripe-destination-5"),
        Row("enabled", On(ENABLE), SAME, "destination", None, "stripe-destination-6"),
        Row("enabled", On(DISABLE), "disabled", "destination", note_the_change, "stripe-destination-5"),
        Row("disabled", On(DISABLE), SAME, "destination", None, "stripe-destination-6"),
        Row(EVERY, On(PING_IT), SAME, "pinged", tell_of_the_ping, "stripe-destination-7"),
        *(
            Row(ABSENT, On(command), SAME, "nothing_found", None, "stripe-destination-8")
            for command in (RETRIEVE, UPDATE, DELETE, ENABLE, DISABLE, PING_IT)
        ),
    ),
    entry=(),
)

CHANGEABLE = frozenset(("name", "enabled_events", "webhook_endpoint", "description", "metadata", "include"))
CREATABLE = frozenset((*CHANGEABLE, "type", "event_payload", "events_from", "snapshot_api_version"))
REQUIRED = ("name", "type", "event_payload", "enabled_events", "webhook_endpoint")

URL, SECRET = "webhook_endpoint.url", "webhook_endpoint.signing_secret"


def mistake_in(
    fields: Mapping[str, Any], known: Iterable[str], required: Iterable[str], includable: Iterable[str]
) -> str | None:
    """What is wrong with the fields of a request, None if nothing is."""
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


def new_destination(tx: Transaction, fields: Mapping[str, Any], owner: str) -> Destination:
    """The destination that valid fields ask for."""
    id = mint_id(tx)
    given = {name: fields[name] for name in ("name", "event_payload", "description") if name in fields}
    destination = Destination(
        id,
        tx.now,
        tx.now,
        tx.now,
        url=fields["webhook_endpoint"]["url"],
        enabled_events=tuple(fields["enabled_events"]),
        signing_secret=mint_secret(tx),
        snapshot_api_version=fields.get("snapshot_api_version"),
        metadata={name: value for name, value in fields.get("metadata", {}).items() if value is not None},
        owner=owner,
        **given,
    )
    return replace(destination, events_from=tuple(fields["events_from"])) if fields.get("events_from") else destination


def changed_destination(old: Destination, fields: Mapping[str, Any]) -> Destination:
    """The destination as valid fields change it; metadata that is null goes away."""
    plain = {name: fields[name] for name in ("name", "description") if name in fields}
    changed = replace(old, **plain)
    if "enabled_events" in fields:
        changed = replace(changed, enabled_events=tuple(fields["enabled_events"]))
    if "webhook_endpoint" in fields:
        changed = replace(changed, url=fields["webhook_endpoint"]["url"])
    if "metadata" in fields:
        merged = {**old.metadata, **fields["metadata"]}
        changed = replace(changed, metadata={name: value for name, value in merged.items() if value is not None})
    return changed


def mint_id(view: View) -> str:
    """An id that no destination has yet."""
    while view.find(Destination.kind, id := f"ed_test_61{letters(view.mint('stripe.event_destination'), 40)}") is not None:
        pass
    return id


def mint_secret(view: View) -> str:
    """The secret that a destination's deliveries are signed with."""
    return f"whsec_{letters(view.mint('stripe.signing_secret'), 32)}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_metadata(value: Any) -> bool:
    return isinstance(value, dict) and all(item is None or isinstance(item, str) for item in value.values())


def _is_endpoint(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"url"} and isinstance(value["url"], str) and _is_url(value["url"])


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


_FORMS: Mapping[str, Callable[[Any], bool]] = {
    "name": _is_name,
    "type": lambda value: value == "webhook_endpoint",
    "event_payload": lambda value: value in ("thin", "snapshot"),
    "enabled_events": lambda value: _are_texts(value) and bool(value),
    "webhook_endpoint": _is_endpoint,
    "description": _is_text,
    "metadata": _is_metadata,
    "events_from": _are_texts,
    "include": _are_texts,
    "snapshot_api_version": lambda value: value is None or isinstance(value, str),
}
