"""The searches of a batch: list, export, update, delete and clear."""

from __future__ import annotations

from collections.abc import Callable

from emulator.sdk import Answer, Handler, JsonObject, Request, Struct, Transaction, is_in, replace, structs
from emulator.vendors.serpwow.assumptions.answers import EMPTY_PAGES, LETTER_CASE
from emulator.vendors.serpwow.assumptions.lifecycle import UNKNOWN_BATCH
from emulator.vendors.serpwow.assumptions.searches import (
    DELETE_UNKNOWN_SEARCHES,
    FIND_IN,
    FIND_MATCH,
    SEARCH_UPDATE_FIELDS,
    SEARCHES_BEYOND_END,
)
from emulator.vendors.serpwow.model.batches import Batch
from emulator.vendors.serpwow.model.searches import Search, Searches, integer
from emulator.vendors.serpwow.operations.batches import batch_of, save
from emulator.vendors.serpwow.operations.files import search_links
from emulator.vendors.serpwow.requests.batches import assumption_of
from emulator.vendors.serpwow.requests.bodies import parameters_of, read_body
from emulator.vendors.serpwow.requests.printed import check_printed_values, with_unprinted_values
from emulator.vendors.serpwow.requests.queries import folding
from emulator.vendors.serpwow.requests.searches import check_parameters, check_searches, with_names
from emulator.vendors.serpwow.requests.validation import invalid

LISTED = ("page", "q", "custom_id")
"""The parameters of a list of searches, of its path and its query."""


class SearchesPage(Struct, frozen=True, gc=False):
    """One page of the searches found, and the number of pages."""

    batch: str
    number: int
    pages: int
    searches: tuple[Search, ...]


class SearchLinks(Struct, frozen=True, gc=False):
    """A batch, and the links to the files of its searches."""

    batch: Batch
    links: JsonObject


def list_searches(tx: Transaction, request: Request) -> Answer:
    number = integer(request.parameters["page"], 0)
    if number < 1:
        raise invalid("page must be a whole number from 1", "serpwow-searches-21")
    values = {**request.query, "page": request.parameters["page"]}
    check_printed_values(tx, values, LISTED)
    batch, q, custom_id = batch_of(tx, request), request.query.get("q"), request.query.get("custom_id")
    found = batch.searches
    answer = with_unprinted_values(values, LISTED, Answer("searches", "serpwow-searches-3"))
    if q or custom_id:
        in_every, fold, words = tx.choice(FIND_IN) == "every", folding(tx), tx.choice(FIND_MATCH) == "words"
        found = _find(batch, q, custom_id, in_every, fold, words)
        facts = ["serpwow-searches-4"] * bool(q) + ["serpwow-searches-5"] * bool(custom_id)
        answer = structs.replace(answer.resting_on(tuple(facts[1:])), evidence=facts[0])
        other_fold = str if fold is str.lower else str.lower
        for fact, assumption, others in (
            ("serpwow-find-2", FIND_IN, (not in_every, fold, words)),
            ("serpwow-find-1", LETTER_CASE, (in_every, other_fold, words)),
            ("serpwow-find-3", FIND_MATCH, (in_every, fold, not words)),
        ):
            if q and found != _find(batch, q, custom_id, *others):
                answer = answer.resting_on((fact,), assumption)
    if not found.pages:
        answer = answer.resting_on(("serpwow-empty-2",), EMPTY_PAGES)
    answer = structs.replace(answer, subject=SearchesPage(batch.id, number, found.pages, found.page(number)))
    if number <= max(found.pages, 1):
        return answer
    name = "failure" if tx.choice(SEARCHES_BEYOND_END) == "500" else "searches"
    beyond = structs.replace(answer, name=name, evidence="serpwow-searches-20", assumption=SEARCHES_BEYOND_END)
    return beyond.resting_on(("serpwow-searches-12",))


def _find(
    batch: Batch, q: str | None, custom_id: str | None, in_every: bool, fold: Callable[[str], str], words: bool
) -> Searches:
    """Return the searches with this text, or each of its words, or custom_id. Evidence: serpwow-searches-4 and -5."""
    terms = q.split() if q and words else [q] if q else []

    def matches(search: Search) -> bool:
        if custom_id and str(search.parameters.get("custom_id", "")) != custom_id:
            return False
        texts = _texts(search, in_every=in_every)
        return all(any(is_in(term, text, fold) for text in texts) for term in terms)

    return Searches(batch.id, filter(matches, batch.searches))


def _texts(search: Search, *, in_every: bool) -> list[str]:
    """Return the values in which a term is searched: the query and the custom_id, or every parameter of the search."""
    if not in_every:
        return [str(search.parameters.get(name, "")) for name in ("q", "custom_id")]
    values = search.parameters.values()
    return [str(text) for value in values for text in (value if isinstance(value, list) else [value])]


def export_searches(format: str) -> Handler:
    """Return the handler that answers with links to the searches as files of a format."""

    def export(tx: Transaction, request: Request) -> Answer:
        batch = batch_of(tx, request)
        answer = Answer("export", "serpwow-export-1", SearchLinks(batch, search_links(tx, request, batch, format)))
        return answer if len(batch.searches) else answer.resting_on(("serpwow-empty-2",), EMPTY_PAGES)

    return export


def update_search(tx: Transaction, request: Request) -> Answer:
    batch = batch_of(tx, request)
    search = _search_of(request, batch)
    parameters = parameters_of(tx, read_body(tx, request))
    has_id = parameters.pop("id", None) is not None
    check_parameters(tx, parameters)
    changed = Search(search.id, {**search.parameters, **parameters})
    searches = batch.searches.with_changed(changed)
    check_searches(tx, batch, searches, [changed])
    answer = _updated(tx, search, parameters)
    answer = answer.resting_on(("serpwow-searches-17",)) if has_id else answer
    return save(tx, replace(batch, searches=searches), with_names(answer, [parameters]))


def _updated(tx: Transaction, old: Search, parameters: JsonObject) -> Answer:
    """Return the answer to an update of a search, with the fields that were updated."""
    absent = object()
    changed = {name: value for name, value in parameters.items() if old.parameters.get(name, absent) != value}
    answer = Answer("search", "serpwow-searches-6", changed, assumption_of(parameters, is_search=True))
    if not parameters:
        return answer.resting_on(("serpwow-searches-15",))
    if changed == parameters:
        return answer
    fields = changed if tx.choice(SEARCH_UPDATE_FIELDS) == "changed" else parameters
    return structs.replace(answer, evidence="serpwow-searches-14", subject=fields, assumption=SEARCH_UPDATE_FIELDS)


def delete_search(tx: Transaction, request: Request) -> Answer:
    batch = batch_of(tx, request)
    rest = batch.searches.without([_search_of(request, batch).id])
    return save(tx, replace(batch, searches=rest), Answer("search_deleted", "serpwow-searches-7"))


def delete_searches(tx: Transaction, request: Request) -> Answer:
    batch, ids = batch_of(tx, request), read_body(tx, request)
    if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
        raise invalid("The request body must be a list of Search IDs")
    known = {search.id for search in batch.searches}
    unknown = [id for id in ids if id not in known]
    if unknown and tx.choice(DELETE_UNKNOWN_SEARCHES) == "refuse":
        raise invalid(_no_search(unknown[0]), "serpwow-searches-9", DELETE_UNKNOWN_SEARCHES)
    rest = batch.searches.without(ids)
    evidence, assumption = ("serpwow-searches-9", DELETE_UNKNOWN_SEARCHES) if unknown else ("serpwow-searches-8", None)
    answer = Answer("searches_deleted", evidence, len(batch.searches) - len(rest), assumption)
    return save(tx, replace(batch, searches=rest), answer)


def clear_searches(tx: Transaction, request: Request) -> Answer:
    batch = batch_of(tx, request)
    return save(tx, replace(batch, searches=Searches(batch.id)), Answer("cleared", "serpwow-searches-10"))


def _search_of(request: Request, batch: Batch) -> Search:
    id = request.parameters["search_id"]
    search = batch.searches.find(id)
    if search is None:
        raise invalid(_no_search(id), "serpwow-searches-11", UNKNOWN_BATCH, answer="unknown_part")
    return search


def _no_search(id: str) -> str:
    return f"No Search with ID '{id}' was found in this Batch, please check the ID and try again"
