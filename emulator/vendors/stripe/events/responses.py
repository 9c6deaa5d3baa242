"""Renderers of events."""

from __future__ import annotations

from emulator.sdk import JsonDict, Renderer, Request, Response, Transaction
from emulator.vendors.stripe.assumptions.events import NO_SNAPSHOT
from emulator.vendors.stripe.assumptions.jobs import EVENT_CHANGES, EVENT_METADATA, PING_FORM
from emulator.vendors.stripe.events.model import Event
from emulator.vendors.stripe.events.notification import notification_to_json
from emulator.vendors.stripe.events.types import PING
from emulator.vendors.stripe.model.jobs import Job
from emulator.vendors.stripe.model.versions import has_changes, has_snapshot_event
from emulator.vendors.stripe.requests.admission import context_of, is_of_organization, own_account, version_of
from emulator.vendors.stripe.requests.pages import Page


def event_to_json(tx: Transaction, request: Request, event: Event) -> JsonDict:
    """Return an event as it is fetched, in the order of pages: after id and object, its keys follow the alphabet.

    Evidence: stripe-event-7, stripe-event-13, stripe-event-20 and stripe-ping-3.
    """
    context = context_of(request) if event.owner != own_account(tx, request) or is_of_organization(request) else None
    body = notification_to_json(tx, event, context) | _data(tx, event)
    if has_snapshot_event(version_of(request)) and tx.choice(NO_SNAPSHOT) == "null":
        body["snapshot_event"] = None
    if not has_changes(version_of(request)):
        body.pop("changes", None)
    return {name: body[name] for name in ("id", "object", *sorted(body.keys() - {"id", "object"}))}


def _data(tx: Transaction, event: Event) -> JsonDict:
    if event.type == PING and tx.choice(PING_FORM) == "printed":
        return {"data": None}
    job = tx.find(Job, event.object_id)
    with_metadata = job is not None and tx.choice(EVENT_METADATA) == "data"
    changes: dict[str, str] | None = None if tx.choice(EVENT_CHANGES) == "null" else {}
    return {"changes": changes, "data": {"metadata": job.metadata} if job is not None and with_metadata else {}}


def page_response(data: list[JsonDict], page: Page) -> Response:
    """Return the response of a page of a list."""
    return Response(200, {"data": data, "next_page_url": page.next, "previous_page_url": page.previous})


def _event(tx: Transaction, request: Request, event: Event) -> Response:
    return Response(200, event_to_json(tx, request, event))


def _events(tx: Transaction, request: Request, page: Page) -> Response:
    return page_response([event_to_json(tx, request, event) for event in page.items], page)


EVENT_RENDERERS: dict[str, Renderer] = {"event": _event, "pinged": _event, "events": _events}
