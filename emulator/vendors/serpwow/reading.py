"""Searches and result sets as clients look at them; looking changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from emulator.sdk import Answer, Handler, Request, Transaction
from emulator.vendors.serpwow.assumptions import UNKNOWN_BATCH
from emulator.vendors.serpwow.assumptions_of_calls import FIND_IN, SEARCHES_BEYOND_END, WEBHOOK_UNSENT
from emulator.vendors.serpwow.bodies import Unfit
from emulator.vendors.serpwow.delivery_status import FAILED, basis_of
from emulator.vendors.serpwow.links import chosen_columns, result_links, search_links
from emulator.vendors.serpwow.machine import BATCH, GET
from emulator.vendors.serpwow.model import Batch, ResultSet
from emulator.vendors.serpwow.printed import fields_beside
from emulator.vendors.serpwow.refusals import refused_by_a_row, unfit
from emulator.vendors.serpwow.searches import Search, Searches, whole

NO_WEBHOOK = "This Result Set had no webhook POST set"

Look = Callable[[Transaction, Request, Batch], Answer]


class SearchesPage(NamedTuple):
    """One page of the searches that were asked for, of so many pages."""

    batch: str
    number: int
    pages: int
    searches: tuple[Search, ...]


class SearchLinks(NamedTuple):
    """A batch, and the links to the files of its searches."""

    batch: Batch
    links: dict[str, Any]


class ResultLinks(NamedTuple):
    """A result set of a batch, and the links to its files."""

    batch: Batch
    result_set: ResultSet
    links: dict[str, Any]


def _looking(look: Look) -> Handler:
    """Looks at the batch that the path names, if its row lets it be seen."""

    def act(tx: Transaction, request: Request) -> Answer:
        taken = tx.ask(BATCH, request.parameters["id"], GET)
        if taken.row.answer != "batch" or taken.resource is None:
            return refused_by_a_row(taken)
        try:
            return look(tx, request, taken.resource)
        except Unfit as reason:
            return unfit(reason)

    return act


def _list_searches(tx: Transaction, request: Request, batch: Batch) -> Answer:
    number = whole(request.parameters["page"], 0)
    if number < 1:
        raise Unfit("page must be a whole number from 1")
    q, custom_id = request.query.get("q"), request.query.get("custom_id")
    found, evidence = batch.searches, "serpwow-searches-3"
    if q or custom_id:
        found = _found(batch, q, custom_id, in_every=tx.choice(FIND_IN.id) == "every")
        evidence = "serpwow-searches-4" if q else "serpwow-searches-5"
    page = found.page(number)
    also = ("serpwow-find-1",) if q and not all(any(q in text for text in _texts(it, in_every=True)) for it in page) else ()
    also = also if found.pages else ("serpwow-empty-2",)
    answer = Answer("searches", evidence, SearchesPage(batch.id, number, found.pages, page), also=also)
    if q and _found(batch, q, custom_id, in_every=True) != _found(batch, q, custom_id, in_every=False):
        answer = answer._replace(assumption=FIND_IN.id, also=(*also, "serpwow-find-2"))
    if number <= max(found.pages, 1):
        return answer
    name = "failure" if tx.choice(SEARCHES_BEYOND_END.id) == "500" else "searches"
    return answer._replace(name=name, evidence="serpwow-searches-12", assumption=SEARCHES_BEYOND_END.id)


def _found(batch: Batch, q: str | None, custom_id: str | None, *, in_every: bool) -> Searches:
    return Searches(batch.id, (search for search in batch.searches if _fits(search, q, custom_id, in_every)))


def _fits(search: Search, q: str | None, custom_id: str | None, in_every: bool) -> bool:
    """Evidence: serpwow-searches-4, serpwow-searches-5 and serpwow-find-1."""
    if custom_id and str(search.parameters.get("custom_id", "")) != custom_id:
        return False
    return not q or any(q.lower() in text.lower() for text in _texts(search, in_every=in_every))


def _texts(search: Search, *, in_every: bool) -> list[str]:
    """Return the values in which a term is looked for: the query and the custom_id, or every parameter of the search."""
    if not in_every:
        return [str(search.parameters.get(name, "")) for name in ("q", "custom_id")]
    values = search.parameters.values()
    return [str(text) for value in values for text in (value if isinstance(value, list) else [value])]


def _export(format: str) -> Look:
    def look(tx: Transaction, request: Request, batch: Batch) -> Answer:
        also = () if len(batch.searches) else ("serpwow-empty-2",)
        return Answer("export", "serpwow-export-1", SearchLinks(batch, search_links(tx, request, batch, format)), also=also)

    return look


def _list_results(tx: Transaction, _call: Request, batch: Batch) -> Answer:
    evidence, assumption = basis_of(batch.available(tx.now), "serpwow-results-4")
    fields, also = fields_beside(tx, "serpwow-list-13")
    return Answer("results", evidence, batch, assumption or fields, (*also, *_of_the_profile(batch, batch.available(tx.now))))


def _of_the_profile(batch: Batch, result_sets: Sequence[ResultSet]) -> tuple[str, ...]:
    """Return the fact behind a webhook that is not the batch's own, where a result set has one."""
    own = batch.notifications.webhook
    return ("serpwow-webhook-1",) if any(it.webhook not in (None, own) for it in result_sets) else ()


def _get_result(format: str, published: str) -> Look:
    def look(tx: Transaction, request: Request, batch: Batch) -> Answer:
        result_set = _result_set_of(tx, request, batch)
        evidence, assumption = basis_of([result_set], published)
        links = result_links(tx, request, batch, result_set, format)
        columns = ("serpwow-results-15",) if format == "csv" and chosen_columns(request, batch) else ()
        also = (*columns, *_of_the_profile(batch, [result_set]))
        return Answer("result", evidence, ResultLinks(batch, result_set, links), assumption, also)

    return look


def _resend(tx: Transaction, request: Request, batch: Batch) -> Answer:
    """Refuses, since this server makes no POST: as one that failed, or as the assumption says."""
    result_set = _result_set_of(tx, request, batch)
    if result_set.webhook is None:
        raise Unfit(NO_WEBHOOK, "serpwow-resend-2")
    if result_set.webhook_status == FAILED:
        raise Unfit("The webhook POST failed", "serpwow-resend-2")
    message = NO_WEBHOOK if tx.choice(WEBHOOK_UNSENT.id) == "omitted" else "The webhook POST was not sent"
    raise Unfit(message, "serpwow-resend-3", WEBHOOK_UNSENT.id)


def _result_set_of(tx: Transaction, request: Request, batch: Batch) -> ResultSet:
    written = request.parameters["result_set_id"]
    result_set = batch.result_set(whole(written, 0), tx.now)
    if result_set is None:
        raise Unfit(f"Result Set with ID '{written}' was not found in this Batch", "serpwow-results-8", UNKNOWN_BATCH.id)
    return result_set


list_searches = _looking(_list_searches)
export_json, export_csv = _looking(_export("json")), _looking(_export("csv"))
list_results = _looking(_list_results)
get_result = _looking(_get_result("json", "serpwow-results-5"))
get_result_jsonlines = _looking(_get_result("jsonlines", "serpwow-results-6"))
get_result_csv = _looking(_get_result("csv", "serpwow-results-6"))
resend_webhook = _looking(_resend)
