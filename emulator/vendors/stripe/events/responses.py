"""How Stripe words its answers about events and event destinations."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from emulator.sdk import Renderer, Request, Response, Transaction, instant
from emulator.vendors.stripe.assumptions.events import DELETED_DESTINATION, EVENT_REASON
from emulator.vendors.stripe.assumptions.jobs import EVENT_CHANGES, EVENT_METADATA, PING_FORM, PING_OBJECT
from emulator.vendors.stripe.destinations.model import MOST, Destination
from emulator.vendors.stripe.destinations.requests import SECRET, URL
from emulator.vendors.stripe.destinations.sources import show_sources
from emulator.vendors.stripe.events.model import PING, Event, has_unprinted_reason
from emulator.vendors.stripe.events.operations import Page, included
from emulator.vendors.stripe.model.jobs import SELF, Job
from emulator.vendors.stripe.requests.admission import version_of


def show_notification(tx: Transaction, event: Event) -> dict[str, Any]:
    """The event as it is sent: thin, and the same in every version. Evidence: stripe-event-1."""
    named = {"id": event.request, "idempotency_key": event.idempotency_key}
    omitted = has_unprinted_reason(event) and tx.choice(EVENT_REASON.id) == "created"
    return {
        "id": event.id,
        "object": "v2.core.event",
        "type": event.type,
        "created": instant(event.since),
        "livemode": False,
        "context": None if event.owner == SELF else event.owner,
        "reason": {"type": "request", "request": named} if event.request and not omitted else None,
        "related_object": _related(tx, event),
    }


def event_to_json(tx: Transaction, event: Event) -> dict[str, Any]:
    """The event as it is fetched. Evidence: stripe-event-7 and stripe-ping-1."""
    notification = show_notification(tx, event)
    if event.type == PING and tx.choice(PING_FORM.id) == "printed":
        return _in_printed_order(notification | {"data": None})
    changes: dict[str, str] | None = None if tx.choice(EVENT_CHANGES.id) == "null" else {}
    job: Job | None = tx.find(Job.kind, event.object_id)
    with_metadata = job is not None and tx.choice(EVENT_METADATA.id) == "data"
    data = {"metadata": job.metadata} if job is not None and with_metadata else {}
    return _in_printed_order(notification | {"changes": changes, "data": data})


def _in_printed_order(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as pages print one that is fetched: after id and object, its keys follow the alphabet."""
    return {name: event[name] for name in ("id", "object", *sorted(event.keys() - {"id", "object"}))}


def _related(tx: Transaction, event: Event) -> dict[str, str]:
    if event.type == PING:
        path = f"/v2/core/event_destinations/{event.object_id}"
        return {"id": event.object_id, "type": tx.choice(PING_OBJECT.id), "url": path}
    return {"id": event.object_id, "type": "v2.core.batch_job", "url": f"/v2/core/batch_jobs/{event.object_id}"}


def show_destination(destination: Destination, request: Request) -> dict[str, Any]:
    """The destination; its address and its secret only where the client asked for them. Evidence: stripe-destination-9."""
    return {
        "id": destination.id,
        "object": "v2.core.event_destination",
        "created": instant(destination.created),
        "description": destination.description,
        "enabled_events": list(destination.enabled_events),
        "event_payload": destination.event_payload,
        "events_from": show_sources(destination.events_from, version_of(request)),
        "livemode": False,
        "metadata": destination.metadata,
        "name": destination.name,
        "snapshot_api_version": destination.snapshot_api_version,
        "status": destination.status,
        "status_details": {"disabled": {"reason": "user"}} if destination.status == "disabled" else None,
        "type": destination.type,
        "updated": instant(destination.updated),
        destination.type: _receiver(destination, included(request)),
    }


def _receiver(destination: Destination, wanted: Collection[str]) -> dict[str, Any]:
    if destination.cloud is not None:
        return destination.cloud.show(destination.id)
    return {
        "signing_secret": destination.signing_secret if SECRET in wanted else None,
        "url": destination.url if URL in wanted else None,
    }


def _event(tx: Transaction, _call: Request, event: Event) -> Response:
    return Response(200, event_to_json(tx, event))


def _events(tx: Transaction, _call: Request, page: Page) -> Response:
    return _list([event_to_json(tx, event) for event in page.items], page)


def _destination(_tx: Transaction, request: Request, destination: Destination) -> Response:
    return Response(200, show_destination(destination, request))


def _destinations(_tx: Transaction, request: Request, page: Page) -> Response:
    return _list([show_destination(destination, request) for destination in page.items], page)


def _list(data: list[dict[str, Any]], page: Page) -> Response:
    return Response(200, {"data": data, "next_page_url": page.next, "previous_page_url": page.previous})


def _deleted(tx: Transaction, request: Request, _subject: object) -> Response:
    body = {"id": request.parameters["id"], "object": "v2.core.event_destination"}
    return Response(200, body | {"deleted": True} if tx.choice(DELETED_DESTINATION.id) == "sample" else body)


def _too_many(_tx: Transaction, _call: Request, _subject: object) -> Response:
    return Response(400, {"error": {"code": "invalid_fields", "message": f"An account has {MOST} event destinations at most"}})


def _nothing_found(_tx: Transaction, request: Request, _subject: object) -> Response:
    return Response(
        404, {"error": {"code": "not_found", "message": f"There is nothing of the id '{request.parameters['id']}'"}}
    )


EVENT_RENDERERS: dict[str, Renderer] = {
    "event": _event,
    "pinged": _event,
    "events": _events,
    "destination": _destination,
    "destinations": _destinations,
    "deleted": _deleted,
    "too_many_destinations": _too_many,
    "nothing_found": _nothing_found,
}
