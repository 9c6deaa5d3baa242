"""Create, update, delete and list destinations."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter

from emulator.sdk import Answer, On, Request, Transaction, mint_id
from emulator.vendors.serpwow.destinations.machine import CREATE, DELETE, DESTINATION, UPDATE
from emulator.vendors.serpwow.destinations.model import Destination, seven_letters
from emulator.vendors.serpwow.destinations.requests import change_destination, check_upload
from emulator.vendors.serpwow.requests.bodies import parameters_of, read_body
from emulator.vendors.serpwow.requests.queries import Page, sorted_page
from emulator.vendors.serpwow.requests.validation import invalid

REQUIRED = ("name", "type", "enabled")


def create_destination(tx: Transaction, request: Request) -> Answer:
    id = mint_id(tx, Destination.kind, seven_letters)
    parameters = parameters_of(tx, read_body(tx, request))
    for name in REQUIRED:
        if name not in parameters:
            raise invalid(f"{name} is required", "serpwow-destinations-1")
    destination = change_destination(Destination(id, tx.now, "", "", False), parameters)
    check_upload(tx, destination)
    return tx.ask(DESTINATION, id, CREATE.command, new=destination)


def update_destination(tx: Transaction, request: Request) -> Answer:
    answer = _ask(tx, request, UPDATE)
    if answer.name != "destination_details":
        return answer
    changed = change_destination(answer.subject, parameters_of(tx, read_body(tx, request)))
    check_upload(tx, changed, answer.subject)
    tx.put(changed)
    return answer._replace(subject=changed)


def delete_destination(tx: Transaction, request: Request) -> Answer:
    return _ask(tx, request, DELETE)


def _ask(tx: Transaction, request: Request, cause: On) -> Answer:
    return tx.ask(DESTINATION, request.parameters["destination_id"], cause.command)


def list_destinations(tx: Transaction, request: Request) -> Answer:
    term = request.query.get("search_term", "").lower()
    found = [destination for destination in tx.group(Destination.kind) if term in destination.name.lower()]
    keys = {name: attrgetter(name, "id") for name in ("type", "name")}
    page = sorted_page(tx, request.query, found, keys, "name")
    return Answer("destinations", "serpwow-destinations-5", page, page.assumption, tuple(_inferred_facts(page, request)))


def _inferred_facts(page: Page, request: Request) -> Iterator[str]:
    """Yield the facts behind the parts of a list that no page documents."""
    if "search_term" in request.query or ("sort_by" not in request.query and page.total > 1):
        yield "serpwow-destinations-13"
    if any(destination.type != "s3" for destination in page.items):
        yield "serpwow-destinations-14"
