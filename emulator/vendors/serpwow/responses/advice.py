"""Advice on a refused body: why SerpWow did not read it, where its answer does not say so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emulator.sdk import ENCODED, MULTIPART, Request, Transaction, form_instead_of_json
from emulator.vendors.serpwow.model.batches import Batch
from emulator.vendors.serpwow.requests.admission import is_published_elsewhere
from emulator.vendors.serpwow.requests.bodies import begins_as_json

_SEARCHES = re.compile(r"/batches/([^/]+)/searches/[^/]+/?", re.IGNORECASE)


def advise(tx: Transaction, request: Request, answer: str) -> Iterator[str]:
    """Yield what is published and not emulated, which pages there are, and why a body was refused.

    A multipart form is not read, and JSON is read as such under the content type of a form.
    """
    if answer == "astray" and is_published_elsewhere(request):
        yield "SerpWow publishes this path, but the Search API and the Locations API are not emulated"
    if answer in ("failure", "unfit") and (page := _SEARCHES.search(request.path)):
        yield from _advise_pages(tx.find(Batch, page[1]))
    if answer != "unfit":
        return
    yield from form_instead_of_json(request, "SerpWow", (MULTIPART,))
    if request.media_type == ENCODED and begins_as_json(request):
        yield f"the body was read as JSON, since it begins so, though its content type is {ENCODED}"


def _advise_pages(batch: Batch | None) -> Iterator[str]:
    if batch is not None:
        last = max(batch.searches.pages, 1)
        pages = "page 1 alone" if last == 1 else f"pages 1 to {last}"
        yield f"the Batch {batch.id} has {pages} of searches; a client stops at searches_page_count"
