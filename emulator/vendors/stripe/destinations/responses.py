"""Renderers of event destinations."""

from __future__ import annotations

from emulator.sdk import JsonDict, Renderer, Request, Response, Transaction, instant
from emulator.vendors.stripe.assumptions.events import DELETED_DESTINATION, DESCRIPTION
from emulator.vendors.stripe.destinations.model import Destination, sources_to_json
from emulator.vendors.stripe.destinations.requests import SECRET, URL
from emulator.vendors.stripe.events.responses import page_response
from emulator.vendors.stripe.requests.admission import version_of
from emulator.vendors.stripe.requests.fields import Page, fields_of, values_of


def destination_to_json(tx: Transaction, destination: Destination, request: Request) -> JsonDict:
    """Return a destination as a request sees it."""
    text = destination.description
    return {
        "id": destination.id,
        "object": "v2.core.event_destination",
        "created": instant(destination.created),
        **({"description": text} if text or tx.choice(DESCRIPTION) == "empty" else {}),
        "enabled_events": list(destination.enabled_events),
        "event_payload": destination.event_payload,
        "events_from": sources_to_json(destination.events_from, version_of(request)),
        "livemode": False,
        "metadata": destination.metadata,
        "name": destination.name,
        "snapshot_api_version": destination.snapshot_api_version,
        "status": destination.status,
        "status_details": {"disabled": {"reason": "user"}} if destination.status == "disabled" else None,
        "type": destination.type,
        "updated": instant(destination.updated),
        destination.type: _receiver(destination, request),
    }


def _receiver(destination: Destination, request: Request) -> JsonDict:
    """Return the receiver; an address and a secret only where the request includes them. Evidence: stripe-destination-9."""
    if destination.cloud is not None:
        return destination.cloud.to_json(destination.id)
    included = {*values_of(request, "include"), *fields_of(request).get("include", ())}
    return {
        "signing_secret": destination.signing_secret if SECRET in included else None,
        "url": destination.url if URL in included else None,
    }


def _destination(tx: Transaction, request: Request, destination: Destination) -> Response:
    return Response(200, destination_to_json(tx, destination, request))


def _destinations(tx: Transaction, request: Request, page: Page) -> Response:
    return page_response([destination_to_json(tx, destination, request) for destination in page.items], page)


def _deleted(tx: Transaction, request: Request, _subject: object) -> Response:
    body = {"id": request.parameters["id"], "object": "v2.core.event_destination"}
    return Response(200, body | {"deleted": True} if tx.choice(DELETED_DESTINATION) == "sample" else body)


DESTINATION_RENDERERS: dict[str, Renderer] = {
    "destination": _destination,
    "destinations": _destinations,
    "deleted": _deleted,
}
