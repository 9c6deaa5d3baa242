"""What event_payload allows beside it: which events, and which fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emulator.sdk import Answer, View
from emulator.vendors.stripe.assumptions.events import SNAPSHOT_OF_V2, THIN_WITH_VERSION

THIN_TYPES = ("v1.", "v2.")
"""How the types of thin events begin. Evidence: stripe-event-8."""


def refusal_by_payload(view: View, payload: str, fields: Mapping[str, Any]) -> Answer | None:
    """Return why fields are refused that the payload of their destination does not have, None where they are not."""
    if thin := thin_event_of_snapshot(view, payload, fields.get("enabled_events", ())):
        message = f"The event {thin} is thin, and this destination has snapshots"
        return Answer("invalid_fields", "stripe-destination-18", message, SNAPSHOT_OF_V2.id)
    if has_needless_version(view, payload, fields.get("snapshot_api_version")):
        message = "The field snapshot_api_version is not one of a destination of thin events"
        return Answer("invalid_fields", "stripe-destination-19", message, THIN_WITH_VERSION.id)
    return None


def thin_event_of_snapshot(view: View, payload: str, wanted: Iterable[str]) -> str | None:
    """Return the first of these events that is thin, where the destination has snapshots and that is refused."""
    if payload != "snapshot" or view.choice(SNAPSHOT_OF_V2.id) == "accept":
        return None
    return next((type for type in wanted if type.startswith(THIN_TYPES)), None)


def has_needless_version(view: View, payload: str, version: str | None) -> bool:
    """Return whether a destination of thin events has a version of snapshots, and that is refused."""
    return payload == "thin" and version is not None and view.choice(THIN_WITH_VERSION.id) == "refuse"
