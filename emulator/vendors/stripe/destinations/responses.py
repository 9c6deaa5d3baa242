"""Renderers of event destinations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emulator.sdk import JsonDict, Renderer, Request, Response, Transaction, instant
from emulator.vendors.stripe.assumptions.events import DELETED_DESTINATION, DESCRIPTION
from emulator.vendors.stripe.destinations.model import (
    EVENT_GRID,
    EVENTBRIDGE,
    OF_ORGANIZATION,
    Destination,
    is_public,
    is_unusual,
    sources_to_json,
)
from emulator.vendors.stripe.destinations.requests import SECRET, URL
from emulator.vendors.stripe.events.responses import page_response
from emulator.vendors.stripe.model.versions import has_new_sources
from emulator.vendors.stripe.requests.admission import version_of
from emulator.vendors.stripe.requests.fields import fields_of, values_of
from emulator.vendors.stripe.requests.pages import Page


def destination_to_json(tx: Transaction, destination: Destination, request: Request) -> JsonDict:
    """Return a destination as a request sees it; after id and object, its keys follow the alphabet."""
    text, receiver = destination.description, {destination.type: _receiver(destination, request)}
    return {
        "id": destination.id,
        "object": "v2.core.event_destination",
        **(receiver if destination.cloud else {}),
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
        "status_details": {"disabled": {"reason": destination.loss or "user"}} if destination.status == "disabled" else None,
        "type": destination.type,
        "updated": instant(destination.updated),
        **({} if destination.cloud else receiver),
    }


def facts_of_destinations(destinations: Sequence[Destination], version: str) -> Iterator[str]:
    """Yield the facts that destinations rest on as an answer of this version shows them."""
    if any(it.type == EVENT_GRID for it in destinations):
        yield "stripe-destination-12"
    if any(it.type == EVENTBRIDGE for it in destinations):
        yield "stripe-destination-25"
    if any(it.loss for it in destinations):
        yield "stripe-destination-27"
    if any(it.url and not is_public(it.url) for it in destinations):
        yield "stripe-destination-31"
    if any(it.snapshot_api_version for it in destinations):
        yield "stripe-destination-33"
    if any(source.startswith(OF_ORGANIZATION) for it in destinations for source in it.events_from):
        yield "stripe-destination-35"
    if any(destination.events_from for destination in destinations) and not has_new_sources(version):
        yield "stripe-destination-17"
    if not all(destination.description for destination in destinations):
        yield "stripe-destination-21"
    if any(is_unusual(destination) for destination in destinations):
        yield "stripe-destination-24"
    if any(it.event_payload == "snapshot" and it.snapshot_api_version is None for it in destinations):
        yield "stripe-destination-22"


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
