"""Advice on what SerpWow did not read, or not as it was meant, where its answer does not say so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from emulator.sdk import ENCODED, MULTIPART, Request, Transaction, form_instead_of_json, hint, pattern
from emulator.vendors.serpwow.assumptions.requests import SINGULAR_PATH
from emulator.vendors.serpwow.destinations.model import SETTINGS, Destination
from emulator.vendors.serpwow.destinations.operations import REQUIRED
from emulator.vendors.serpwow.model.batches import Batch
from emulator.vendors.serpwow.requests.admission import acting_account, is_published_elsewhere, is_singular
from emulator.vendors.serpwow.requests.bodies import CLIENT_FIELDS, begins_as_json, field_names
from emulator.vendors.serpwow.requests.queries import API_KEY
from emulator.vendors.serpwow.requests.queries import PARAMETERS as OF_QUERY
from emulator.vendors.serpwow.requests.validation import PARAMETERS as OF_BATCH

OF_DESTINATION = frozenset(REQUIRED).union(*(settings.required + settings.optional for settings in SETTINGS.values()))
OF_BODY = {
    **dict.fromkeys(("serpwow.batches.create", "serpwow.batches.update"), OF_BATCH),
    **dict.fromkeys(("serpwow.destinations.create", "serpwow.destinations.update"), OF_DESTINATION),
}
"""Operation → the fields of its body that it reads."""

MOST_UNREAD = 3
"""Names in a query or a body that are told where nothing reads them."""

_SEARCHES = pattern(r"/batches/([^/]+)/searches/[^/]+/?", re.IGNORECASE)


def advise(tx: Transaction, request: Request, answer: str) -> Iterator[str]:
    """Yield what is published and not emulated, which pages there are, what ends a limit, what was passed over, and why a body
    was refused.

    A multipart form is not read, and JSON is read as such under the content type of a form.
    """
    if answer == "astray" and is_published_elsewhere(request):
        yield "SerpWow publishes this path, but the Search API and the Locations API are not emulated"
    if answer == "astray" and is_singular(request) and tx.choice(SINGULAR_PATH) == "404":
        yield f"SerpWow's samples have /destinations; {SINGULAR_PATH.id}: served takes /destination too"
    if answer in ("failure", "unfit") and (page := _SEARCHES.search(request.path)):
        yield from _advise_pages(tx.find(Batch, page[1]))
    if answer == "too_often":
        yield "the minute is one of the world's clock, which stands still unless it is advanced or has a rate"
    if answer in ("unknown_batch", "unknown_destination", "bad_key"):
        yield from _advise_owner(tx, request.parameters)
    if answer != "bad_key":
        yield from _advise_unread(request)
    if answer != "unfit":
        return
    yield from form_instead_of_json(request, "SerpWow", (MULTIPART,))
    if request.media_type == ENCODED and begins_as_json(request):
        yield f"the body was read as JSON, since it begins so, though its content type is {ENCODED}"


def _advise_unread(request: Request) -> Iterator[str]:
    """Yield the first names in the query and in the body that nothing reads, each with the nearest one that is read."""
    name = request.operation.name if request.operation else ""
    read = OF_QUERY.get(name, frozenset()) | {API_KEY}
    for place, names, known in (("query", request.query, read), ("body", field_names(request), OF_BODY.get(name))):
        unread = (it for it in dict.fromkeys(names) if known and it.partition("[")[0] not in known.union(CLIENT_FIELDS))
        for it in islice(unread, MOST_UNREAD):
            yield f"the {place} has {it!r}, which is not read here{hint(it, sorted(known or ()))}"


def _advise_owner(tx: Transaction, ids: Mapping[str, str]) -> Iterator[str]:
    """Yield whose what the path names is, where it is another account's."""
    own = acting_account(tx)
    found: tuple[Batch | Destination | None, ...] = (
        tx.find(Batch, ids.get("id", "")),
        tx.find(Destination, ids.get("destination_id", "")),
    )
    for it in found:
        if it is not None and it.owner != own:
            yield f"{it.id} belongs to the account {it.owner!r}, and this key acts for {own!r}"


def _advise_pages(batch: Batch | None) -> Iterator[str]:
    if batch is not None:
        last = max(batch.searches.pages, 1)
        pages = "page 1 alone" if last == 1 else f"pages 1 to {last}"
        yield f"the Batch {batch.id} has {pages} of searches; a client stops at searches_page_count"
