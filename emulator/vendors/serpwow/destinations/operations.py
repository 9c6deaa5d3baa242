"""Create, update, delete and list destinations."""

from __future__ import annotations

from operator import attrgetter

from emulator.sdk import Answer, JsonObject, Request, Transaction, is_in, mint_id, structs
from emulator.vendors.serpwow.assumptions.answers import DEFAULT_ORDER, DESTINATION_FIELDS, EMPTY_PAGES, LETTER_CASE, USED_BY
from emulator.vendors.serpwow.assumptions.requests import DELETED_DESTINATION
from emulator.vendors.serpwow.destinations.machine import CREATE, DELETE, DESTINATION, UPDATE, forget_destination
from emulator.vendors.serpwow.destinations.model import SETTINGS, Destination, find_destination, seven_letters
from emulator.vendors.serpwow.destinations.requests import change_destination, check_upload
from emulator.vendors.serpwow.model.batches import Batch
from emulator.vendors.serpwow.requests.admission import acting_account
from emulator.vendors.serpwow.requests.bodies import parameters_of, read_body
from emulator.vendors.serpwow.requests.printed import with_unprinted_values
from emulator.vendors.serpwow.requests.queries import OF_TEN, folding, name_of, sorted_page
from emulator.vendors.serpwow.requests.validation import invalid

REQUIRED = ("name", "type", "enabled")


def create_destination(tx: Transaction, request: Request) -> Answer:
    id = mint_id(tx, Destination, seven_letters)
    parameters = parameters_of(tx, read_body(tx, request))
    for name in REQUIRED:
        if name not in parameters:
            raise invalid(f"{name} is required", "serpwow-destinations-1")
    destination = change_destination(Destination(id, tx.now, "", "", False, owner=acting_account(tx)), parameters)
    check_upload(tx, destination)
    return _with_unread(tx.ask(DESTINATION, id, CREATE, new=destination), destination.type, parameters)


def update_destination(tx: Transaction, request: Request) -> Answer:
    answer = _ask(tx, request, UPDATE)
    if answer.name != "destination_details":
        return answer
    before = answer.subject
    parameters = parameters_of(tx, read_body(tx, request))
    changed = change_destination(before, parameters)
    check_upload(tx, changed, before)
    tx.put(changed)
    answer = _with_unread(structs.replace(answer, subject=changed), changed.type, parameters)
    return answer if changed.settings == before.settings else answer.resting_on(("serpwow-destinations-20",))


def _with_unread(answer: Answer, type: str, parameters: JsonObject) -> Answer:
    """Return the answer with the fact by which parameters of a destination were passed over, if some were."""
    unread = parameters.keys() - {*REQUIRED, *SETTINGS[type].required, *SETTINGS[type].optional}
    return answer.resting_on(("serpwow-destinations-18",)) if unread else answer


def delete_destination(tx: Transaction, request: Request) -> Answer:
    id, own = request.parameters["destination_id"], acting_account(tx)
    destination, is_used = find_destination(tx, own, id), tx.size(Batch, "destination", own, id) > 0
    answer = _ask(tx, request, DELETE)
    if destination is None or not is_used:
        return answer
    tx.follow(forget_destination(tx, destination))
    return answer.resting_on(("serpwow-destinations-19",), DELETED_DESTINATION)


def _ask(tx: Transaction, request: Request, command: str) -> Answer:
    return tx.ask(DESTINATION, request.parameters["destination_id"], command)


def list_destinations(tx: Transaction, request: Request) -> Answer:
    term, fold, own = request.query.get("search_term", ""), folding(tx), acting_account(tx)
    found = [destination for destination in tx.group(Destination, "owner", own) if is_in(term, destination.name, fold)]
    page = sorted_page(tx, request.query, found, {"type": attrgetter("type"), "name": name_of(tx)}, "name")
    answer = with_unprinted_values(
        request.query, OF_TEN, Answer("destinations", "serpwow-destinations-5", page, page.assumption)
    )
    answer = page.with_order(answer)
    if term:
        answer = answer.resting_on(("serpwow-find-1",), LETTER_CASE)
    if "sort_by" not in request.query and page.total > 1:
        answer = answer.resting_on(("serpwow-destinations-13",), DEFAULT_ORDER)
    if any(tx.size(Batch, "destination", own, destination.id) for destination in page.items):
        answer = answer.resting_on(("serpwow-destinations-16",), USED_BY)
    if not all(f"{destination.type}_path_prefix" in dict(destination.settings) for destination in page.items):
        answer = answer.resting_on(("serpwow-destinations-17",))
    if not page.total:
        answer = answer.resting_on(("serpwow-empty-2",), EMPTY_PAGES)
    is_printed = all(destination.type == "s3" for destination in page.items)
    return answer if is_printed else answer.resting_on(("serpwow-destinations-14",), DESTINATION_FIELDS)
