"""The thin form of an event, in which it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.sdk import JsonDict, View, instant
from emulator.vendors.stripe.assumptions.events import EVENT_REASON
from emulator.vendors.stripe.assumptions.jobs import PING_OBJECT
from emulator.vendors.stripe.events.types import PING

if TYPE_CHECKING:
    from emulator.vendors.stripe.events.model import Event


def notification_to_json(view: View, event: Event, context: str | None) -> JsonDict:
    """Return an event as it is sent: thin, and the same in every version.

    Evidence: stripe-event-1, stripe-webhook-1 and stripe-context-5.
    """
    is_hidden = event.has_unprinted_reason and view.choice(EVENT_REASON) == "created"
    reason = {"type": "request", "request": {"id": event.request, "idempotency_key": event.idempotency_key}}
    related = {"id": event.object_id, "type": "v2.core.batch_job", "url": f"/v2/core/batch_jobs/{event.object_id}"}
    if event.type == PING:
        related |= {"type": view.choice(PING_OBJECT), "url": f"/v2/core/event_destinations/{event.object_id}"}
    return {
        "context": context,
        "created": instant(event.since),
        "id": event.id,
        "livemode": False,
        "object": "v2.core.event",
        "reason": reason if event.request and not is_hidden else None,
        "related_object": related,
        "type": event.type,
    }
