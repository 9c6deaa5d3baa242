"""Searches and result sets as clients look at them; looking changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from emulator.kernel.transaction import Transaction
from emulator.vendors.serpwow.assumptions import UNKNOWN_BATCH
from emulator.vendors.serpwow.assumptions_of_calls import SEARCHES_BEYOND_END
from emulator.vendors.serpwow.bodies import Unfit
from emulator.vendors.serpwow.credits import account_of
from emulator.vendors.serpwow.links import result_links, search_links
from emulator.vendors.serpwow.machine import BATCH, GET
from emulator.vendors.serpwow.model import Batch, ResultSet
from emulator.vendors.serpwow.refusals import refused_by_a_row, unfit
from emulator.vendors.serpwow.searches import Search, Searches, whole
from emulator.vendors.vendor import Act, Answer, Call

Look = Callable[[Transaction, Call, Batch], Answer]


class SearchesPage(NamedTuple):
    """One page of the searches that were asked for, of so many pages."""

    batch: str
    number: int
    pages: int
    searches: tuple[Search, ...]


class Links(NamedTuple):
    """A batch or a result set of it, and the links to its files."""

    batch: Batch
    result_set: ResultSet | None
    links: dict[str, Any]


def _looking(look: Look) -> Act:
    """Looks at the batch that the path names, if its row lets it be seen."""

    def act(tx: Transaction, call: Call) -> Answer:
        taken = tx.ask(BATCH, call.parameters["id"], GET)
        if taken.row.answer != "batch" or taken.resource is None:
            return refused_by_a_row(taken)
        try:
            return look(tx, call, taken.resource)
        except Unfit as reason:
            return unfit(reason)

    return act


def _list_searches(tx: Transaction, call: Call, batch: Batch) -> Answer:
    number = whole(call.parameters["page"], 0)
    if number < 1:
        raise Unfit("page must be a whole number from 1")
    q, custom_id = call.query.get("q"), call.query.get("custom_id")
    found, evidence = batch.searches, "serpwow-searches-3"
    if q or custom_id:
        found = Searches(batch.id, (search for search in batch.searches if _fits(search, q, custom_id)))
        evidence = "serpwow-searches-4" if q else "serpwow-searches-5"
    page = found.page(number)
    also = ("serpwow-find-1",) if q and not all(any(q in text for text in _texts(it)) for it in page) else ()
    answer = Answer("searches", evidence, SearchesPage(batch.id, number, found.pages, page), also=also)
    if number <= max(found.pages, 1):
        return answer
    name = "failure" if tx.choice(SEARCHES_BEYOND_END.id) == "500" else "searches"
    return answer._replace(name=name, evidence="serpwow-searches-12", assumption=SEARCHES_BEYOND_END.id)


def _fits(search: Search, q: str | None, custom_id: str | None) -> bool:
    """Evidence: serpwow-searches-4, serpwow-searches-5 and serpwow-find-1."""
    if custom_id and str(search.parameters.get("custom_id", "")) != custom_id:
        return False
    return not q or any(q.lower() in text.lower() for text in _texts(search))


def _texts(search: Search) -> tuple[str, str]:
    """Where a term is looked for: what the search is about, and the client's own id of it."""
    return str(search.parameters.get("q", "")), str(search.parameters.get("custom_id", ""))


def _export(format: str) -> Look:
    def look(tx: Transaction, call: Call, batch: Batch) -> Answer:
        return Answer("export", "serpwow-export-1", Links(batch, None, search_links(tx, call, batch, format)))

    return look


def _list_results(_tx: Transaction, _call: Call, batch: Batch) -> Answer:
    return Answer("results", "serpwow-results-4", batch)


def _get_result(format: str, evidence: str) -> Look:
    def look(tx: Transaction, call: Call, batch: Batch) -> Answer:
        result_set = _result_set_of(tx, call, batch)
        return Answer("result", evidence, Links(batch, result_set, result_links(tx, call, batch, result_set, format)))

    return look


def _resend(tx: Transaction, call: Call, batch: Batch) -> Answer:
    _result_set_of(tx, call, batch)
    if not batch.webhook(account_of(tx)):
        raise Unfit("No webhook is set up for this Batch", "serpwow-resend-2")
    return Answer("resent", "serpwow-resend-1")


def _result_set_of(tx: Transaction, call: Call, batch: Batch) -> ResultSet:
    written = call.parameters["result_set_id"]
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
