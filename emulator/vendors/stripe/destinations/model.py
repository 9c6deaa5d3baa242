"""Event destinations: where events are sent, once there is somebody to send them; made, changed and switched by the client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

from emulator.sdk import ABSENT, EVERY, SAME, IndexKey, Machine, Metered, On, Row, Transaction, View
from emulator.vendors.stripe.destinations.receivers import CLOUDS, WEBHOOK, EventBridge, EventGrid
from emulator.vendors.stripe.destinations.sources import read_sources
from emulator.vendors.stripe.events.model import PING, tell
from emulator.vendors.stripe.model.jobs import SELF, letters

CREATE, RETRIEVE, UPDATE, DELETE = "create", "retrieve", "update", "delete"
ENABLE, DISABLE, PING_IT = "enable", "disable", "ping"


@dataclass(frozen=True, slots=True)
class Destination(Metered):
    """Where events go, and which of them.

    `url` and `signing_secret` are those of a webhook endpoint, `cloud` is any other receiver.
    """

    id: str
    since: datetime
    created: datetime
    updated: datetime
    name: str
    enabled_events: tuple[str, ...]
    type: str = WEBHOOK
    url: str | None = None
    signing_secret: str | None = None
    cloud: EventBridge | EventGrid | None = None
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
    timers=(),
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

MOST = 16
"""How many destinations an account may have. Evidence: stripe-destination-13."""


def new_destination(tx: Transaction, fields: Mapping[str, Any], owner: str) -> Destination:
    """The destination that valid fields ask for."""
    id = mint_id(tx)
    given = {name: fields[name] for name in ("name", "event_payload", "description") if name in fields}
    destination = Destination(
        id,
        tx.now,
        tx.now,
        tx.now,
        enabled_events=tuple(fields["enabled_events"]),
        type=fields["type"],
        **_receiver(tx, fields),
        snapshot_api_version=fields.get("snapshot_api_version"),
        metadata=fields.get("metadata", {}),
        owner=owner,
        **given,
    )
    return replace(destination, events_from=read_sources(fields["events_from"])) if fields.get("events_from") else destination


def _receiver(view: View, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that say where the events of a new destination go."""
    if fields["type"] == WEBHOOK:
        return {"url": fields[WEBHOOK]["url"], "signing_secret": mint_secret(view)}
    return {"cloud": CLOUDS[fields["type"]](**fields[fields["type"]])}


def changed_destination(old: Destination, fields: Mapping[str, Any]) -> Destination:
    """The destination as valid fields change it; metadata that is null goes away."""
    plain = {name: fields[name] for name in ("name", "description") if name in fields}
    changed = replace(old, **plain)
    if "enabled_events" in fields:
        changed = replace(changed, enabled_events=tuple(fields["enabled_events"]))
    if WEBHOOK in fields:
        changed = replace(changed, url=fields[WEBHOOK]["url"])
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
