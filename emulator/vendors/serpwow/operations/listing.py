"""List Batches: filters, order and pages. Evidence: serpwow-list-1 to serpwow-list-9."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any

from emulator.sdk import Answer, Assumption, InvalidRequest, Request, Transaction, View, has_words, instant_of, is_in, pattern
from emulator.vendors.serpwow.assumptions.answers import CONTAINS, EMPTY_PAGES, NAME_ORDER
from emulator.vendors.serpwow.assumptions.lifecycle import LAST_RUN
from emulator.vendors.serpwow.assumptions.requests import (
    DELETED_DESTINATION,
    LIST_BAD_PARAMETER,
    LIST_NEVER_RUN,
    LIST_NEVER_RUN_FILTER,
    LIST_ORDER,
    LIST_PRIORITY_ORDER,
    TERM_WITHOUT_WORDS,
    TIED_BATCHES,
    WITHOUT_RESULTS,
)
from emulator.vendors.serpwow.destinations.model import find_destination
from emulator.vendors.serpwow.model.batches import PRIORITIES, STATUSES, Batch
from emulator.vendors.serpwow.requests.admission import acting_account
from emulator.vendors.serpwow.requests.printed import check_printed_values, with_unprinted_values
from emulator.vendors.serpwow.requests.queries import (
    PAGE,
    PARAMETERS,
    Page,
    PageQuery,
    name_of,
    read_flag,
    read_instant,
    read_number,
    read_one_of,
    read_page,
    without_bad_parameter,
)
from emulator.vendors.serpwow.responses.batches import with_grounds, with_unprinted_fields

NEVER = instant_of(1, 1, 1)
FOREVER = instant_of(9999, 12, 31, 23, 59, 59, 999_999)
NAME, REFUSAL = "serpwow.batches.list", "bad_list_parameter"

Query = Mapping[str, str]
Filter = Callable[[Batch], bool]

SORT_KEYS: dict[str, Callable[[Batch], Any]] = {
    "name": attrgetter("name"),
    "created_at": attrgetter("created_at"),
    "last_run": lambda batch: batch.last_run or NEVER,
    "priority": lambda batch: PRIORITIES.index(batch.priority),
    "status": attrgetter("status"),
}
RANKINGS = {"name": "by name", "created_at": "by creation"}
"""sort_by → the group of batches that is kept in this order."""

CONTAINING = "contains"
"""The search_type of words, in any order."""

_SEPARATORS = pattern(r"[\W_]+")

SORT_ASSUMPTIONS = {"priority": LIST_PRIORITY_ORDER, "last_run": LIST_NEVER_RUN}


def list_batches(tx: Transaction, request: Request) -> Answer:
    page = _find_page(tx, request.query)
    answer = page.with_order(
        with_unprinted_values(request.query, PARAMETERS[NAME], Answer("page", "serpwow-list-1", page, page.assumption))
    )
    answer = with_grounds(answer, page.items)
    if page.total > 1 and "sort_by" not in request.query and tx.choice(LIST_ORDER) == "created_at":
        answer = answer.resting_on(("serpwow-list-19",), LIST_ORDER)
    if any(find_destination(tx, batch.owner, id) is None for batch in page.items for id in batch.destination_ids):
        answer = answer.resting_on(("serpwow-destinations-6",), DELETED_DESTINATION)
    if any(batch.last_run is None for batch in page.items):
        answer = answer.resting_on(("serpwow-get-3",))
    if any(batch.last_run or batch.status == "queued" for batch in page.items):
        answer = answer.resting_on(("serpwow-get-5", "serpwow-results-3"), LAST_RUN)
    if not page.total:
        return answer.resting_on(("serpwow-empty-2",), EMPTY_PAGES)
    return with_unprinted_fields(tx, answer, "serpwow-list-12") if page.items else answer


def _find_page(view: View, query: Query) -> Page:
    """Return the page of the account's batches that a query asks for.

    Raises:
        InvalidRequest: a parameter has a value that is not among those published, or the page lies beyond the last.
    """
    try:
        size = read_number(query, "page_size", 25, most=1000)
        default = "name" if "sort_by" in query else view.choice(LIST_ORDER)
        wanted = read_page(query, tuple(SORT_KEYS), default, size)
        status = read_one_of(query, "status", ("all", *STATUSES), "all")
        filters = list(_filters(query, view))
        check_printed_values(view, query, PARAMETERS[NAME])
    except InvalidRequest as error:
        return _find_page(view, without_bad_parameter(view, query, error))._replace(assumption=LIST_BAD_PARAMETER)
    own = acting_account(view)
    group = (own,) if status == "all" else (own, status)
    oldest_first = view.choice(TIED_BATCHES) == "oldest"
    is_ranked = wanted.sort_by in RANKINGS and (wanted.sort_by != "name" or view.choice(NAME_ORDER) == "heeded")
    if not filters and not query.get("search_term") and is_ranked and oldest_first:
        return _ranked_page(view, wanted, group)
    batches = view.group(Batch, "owner", *group)
    named, of_term = _named(view, query, batches)
    found = [batch for batch in named[:: 1 if oldest_first else -1] if all(passes(batch) for passes in filters)]
    assumption = _assumption_of(view, wanted, len(found)) or _assumption_of_results(view, query, batches)
    assumption = assumption or of_term or _assumption_of_never_run(query, batches)
    found.sort(key=_sort_key(wanted.sort_by, view), reverse=wanted.descending)
    return _page(wanted, len(found), wanted.slice(found), wanted.around(found), assumption)


def _ranked_page(view: View, wanted: PageQuery, group: tuple[str, ...]) -> Page:
    """Return a page of a list that is kept in this order, at no cost for the other pages."""
    ranking = view.sorted_group(Batch, RANKINGS[wanted.sort_by], *group)
    assumption = _assumption_of(view, wanted, len(ranking))
    before = min(wanted.first, 1)
    batches = (ranking.descending if wanted.descending else ranking.ascending)(wanted.first - before)
    around = [*islice(batches, before + wanted.size + 1)]
    view.read(len(around) + sum(len(batch.name) for batch in around) // PAGE)
    return _page(wanted, len(ranking), around[before : before + wanted.size], around, assumption)


def _page(wanted: PageQuery, total: int, batches: list[Batch], around: list[Batch], assumption: Assumption | None) -> Page:
    return Page(wanted, total, batches, assumption, [SORT_KEYS[wanted.sort_by](batch) for batch in around])


def _assumption_of(view: View, wanted: PageQuery, total: int) -> Assumption | None:
    """Return the assumption that decides about the end or the order of a list."""
    return wanted.check_end(view, total, REFUSAL) or SORT_ASSUMPTIONS.get(wanted.sort_by)


def _assumption_of_results(view: View, query: Query, batches: list[Batch]) -> Assumption | None:
    """Return the assumption about batches without results where one has run and has none."""
    if not read_flag(query, "only_without_results"):
        return None
    return WITHOUT_RESULTS if any(batch.last_run and not batch.results_count(view.now) for batch in batches) else None


def _named(view: View, query: Query, batches: list[Batch]) -> tuple[list[Batch], Assumption | None]:
    """Return the batches that a search term finds; the assumption about words inside longer ones, where it decides.

    Evidence: serpwow-list-4, serpwow-list-16, serpwow-list-20.
    """
    term, search_type = query.get("search_term"), query.get("search_type", CONTAINING)
    if not term:
        return batches, None
    if search_type != CONTAINING:
        return [*filter(NAME_FILTERS[search_type](term), batches)], None
    words = {*_SEPARATORS.sub(" ", term.lower()).split()}
    if not words:
        return batches if view.choice(TERM_WITHOUT_WORDS) == "everything" else [], None
    found = [batch for batch in batches if all(is_in(word, f"{batch.name} {batch.id}", str.lower) for word in words)]
    alone = [batch for batch in found if has_words(words, f"{batch.name} {batch.id}")]
    assumption = CONTAINS if len(alone) < len(found) else None
    return (alone if view.choice(CONTAINS) == "whole-words" else found), assumption


def _assumption_of_never_run(query: Query, batches: list[Batch]) -> Assumption | None:
    """Return the assumption about batches that never ran where a filter asks when. Evidence: serpwow-list-9."""
    is_asked = "last_run_before" in query and any(batch.last_run is None for batch in batches)
    return LIST_NEVER_RUN_FILTER if is_asked else None


def _sort_key(name: str, view: View) -> Callable[[Batch], Any]:
    if name == "priority" and view.choice(LIST_PRIORITY_ORDER) == "highest":
        return lambda batch: -PRIORITIES.index(batch.priority)
    if name == "last_run" and view.choice(LIST_NEVER_RUN) == "last":
        return lambda batch: batch.last_run or FOREVER
    return name_of(view) if name == "name" else SORT_KEYS[name]


def _filters(query: Query, view: View) -> Iterator[Filter]:
    read_one_of(query, "search_type", (CONTAINING, *NAME_FILTERS), CONTAINING)
    if read_flag(query, "only_with_results"):
        yield lambda batch: batch.results_count(view.now) > 0
    if read_flag(query, "only_without_results"):
        never_run = view.choice(WITHOUT_RESULTS) == "never-run"
        yield lambda batch: batch.last_run is None if never_run else batch.results_count(view.now) == 0
    if destination := query.get("destination_id"):
        yield lambda batch: destination in batch.destination_ids
    never = NEVER if view.choice(LIST_NEVER_RUN_FILTER) == "included" else None
    yield from _time_filters(query, "created", lambda batch: batch.created_at)
    yield from _time_filters(query, "last_run", lambda batch: batch.last_run or never)


def _time_filters(query: Query, name: str, time_of: Callable[[Batch], datetime | None]) -> Iterator[Filter]:
    before, after = read_instant(query, f"{name}_before"), read_instant(query, f"{name}_after")
    if before is not None:
        yield lambda batch: (time := time_of(batch)) is not None and time < before
    if after is not None:
        yield lambda batch: (time := time_of(batch)) is not None and time > after


def _starts_with(term: str) -> Filter:
    start = term.lower()
    return lambda batch: batch.name[: len(start) + 1].lower().startswith(start)


def _ends_with(term: str) -> Filter:
    end = term.lower()
    return lambda batch: batch.name[-len(end) - 1 :].lower().endswith(end)


NAME_FILTERS: dict[str, Callable[[str], Filter]] = {
    "starts_with": _starts_with,
    "ends_with": _ends_with,
    "exact": lambda term: lambda batch: batch.name == term,
}
