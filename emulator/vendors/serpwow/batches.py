"""Batches and their searches as clients make, change and delete them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from emulator.sdk import Answer, Handler, Request, Transaction, View
from emulator.vendors.serpwow.assumptions import UNKNOWN_BATCH
from emulator.vendors.serpwow.assumptions_of_calls import (
    DELETE_UNKNOWN_SEARCHES,
    EDIT_QUEUED,
    HOURLY_SCHEDULE,
    HTML_LIMIT,
    LOCKED_TYPE,
    MAX_PAGE,
    SEARCH_UPDATE_FIELDS,
    UNKNOWN_ENGINE,
    UNNAMED_BATCH,
)
from emulator.vendors.serpwow.bodies import HOURLY, Unfit, flag, read_parameters, refuse_unfit, with_hourly_spelt_out
from emulator.vendors.serpwow.effects import planned
from emulator.vendors.serpwow.engines import names_unknown_engine, refuse_unfit_names, searches_type
from emulator.vendors.serpwow.ids import fresh, fresh_code, letters
from emulator.vendors.serpwow.machine import BATCH, CREATE, UPDATE
from emulator.vendors.serpwow.model import Batch, Line
from emulator.vendors.serpwow.printed import fields_beside
from emulator.vendors.serpwow.received import (
    HTML,
    body_of,
    parameters_in,
    parameters_of,
    refuse_unpublished_flags,
    without_nulls,
)
from emulator.vendors.serpwow.refusals import refused_by_a_row, unfit
from emulator.vendors.serpwow.searches import MIXED, MOST_PAGES, MOST_WITH_HTML, Search, Searches, whole
from emulator.vendors.serpwow.slots import call_up, in_its_line

PER_CALL = 1000
"""How many searches one call may add. Evidence: serpwow-limits-4."""

Change = Callable[[Transaction, Request, Batch], tuple[Batch, Answer]]


def create_batch(tx: Transaction, request: Request) -> Answer:
    try:
        written = parameters_of(tx, request)
        if "name" not in written and tx.choice(UNNAMED_BATCH.id) == "refuse":
            raise Unfit("name is required", "serpwow-create-2", UNNAMED_BATCH.id)
        batch = _changed(tx, new_batch(tx, fresh_code(tx, Batch.kind)), written)
    except Unfit as reason:
        return unfit(reason)
    answer = Answer.of(tx.ask(BATCH, batch.id, CREATE, new=batch))
    return answer._replace(assumption=answer.assumption or _assumed_of(written))


def new_batch(view: View, id: str) -> Batch:
    """A batch as it is when nothing is said of it."""
    return Batch(id, view.now, view.now, f"Batch {id}", Searches(id), view.now)


def _edit(change: Change) -> Handler:
    """Changes the batch that the path names, if its row lets it be changed."""

    def act(tx: Transaction, request: Request) -> Answer:
        taken = tx.ask(BATCH, request.parameters["id"], UPDATE)
        if taken.row.answer != "batch" or taken.resource is None:
            return refused_by_a_row(taken)
        try:
            changed, answer = change(tx, request, taken.resource)
        except Unfit as reason:
            return unfit(reason)
        for resource in _with_its_turn(tx, planned(tx, changed)):
            tx.put(resource)
        assumption = EDIT_QUEUED.id if changed.status == "queued" else answer.assumption
        return answer._replace(assumption=assumption)

    return act


def _with_its_turn(tx: Transaction, batch: Batch) -> Iterator[Line | Batch]:
    yield from in_its_line(tx, batch)
    yield from call_up(tx)


def _update(tx: Transaction, request: Request, batch: Batch) -> tuple[Batch, Answer]:
    body = body_of(tx, request)
    written = {"searches": body} if isinstance(body, list) else parameters_in(tx, body)
    changed = _changed(tx, batch, written)
    if "searches" not in written:
        return changed, Answer("batch", "serpwow-update-1", changed, _assumed_of(written))
    fields, also = fields_beside(tx, "serpwow-list-13")
    return changed, Answer("batch_with_searches", "serpwow-searches-1", changed, _assumed_of(written) or fields, also)


def _assumed_of(written: Mapping[str, Any]) -> str | None:
    """The assumption that a batch rests on once its parameters were taken."""
    if written.get("schedule_type") == HOURLY:
        return HOURLY_SCHEDULE.id
    return UNKNOWN_ENGINE.id if names_unknown_engine(written) else None


def _changed(tx: Transaction, batch: Batch, written: Mapping[str, Any]) -> Batch:
    parts = read_parameters(with_hourly_spelt_out(tx, written))
    changed = replace(
        batch,
        **parts[None],
        schedule=replace(batch.schedule, **parts["schedule"]),
        notifications=replace(batch.notifications, **parts["notifications"]),
    )
    if batch.status == "queued" and changed.priority != batch.priority:
        raise Unfit("priority cannot be changed while a Batch is queued", "serpwow-update-4")
    if "searches_type" in written:
        changed = _with_type(tx, changed, searches_type(tx, written["searches_type"]))
    if "searches" in written:
        more = list(_read_searches(tx, written["searches"], {search.id for search in changed.searches}))
        changed = replace(changed, searches=changed.searches.with_more(more))
        _refuse_foreign(tx, changed, more)
        _refuse_overfull(tx, changed.searches)
    refuse_unfit(tx, changed)
    return changed


def _with_type(tx: Transaction, batch: Batch, type: str) -> Batch:
    """A batch that has a lock keeps it, and one that was made without cannot get one."""
    is_new = tx.find(Batch.kind, batch.id) is None
    if not is_new and type != batch.searches_type and tx.choice(LOCKED_TYPE.id) == "enforced":
        raise Unfit("searches_type cannot be changed after creation", "serpwow-types-9", LOCKED_TYPE.id)
    return replace(batch, locked_type=None if type == MIXED else type) if is_new else batch


def _read_searches(tx: Transaction, written: Any, others: Container[str]) -> Iterator[Search]:
    if not isinstance(written, list) or not all(isinstance(item, dict) for item in written):
        raise Unfit("searches must be a list of objects")
    if len(written) > PER_CALL:
        raise Unfit(f"At most {PER_CALL} Searches can be added per call", "serpwow-limits-4")
    for item in written:
        parameters = without_nulls(tx, {name: value for name, value in item.items() if name != "id"})
        _refuse_unfit_parameters(tx, parameters)
        yield Search(fresh(tx, "serpwow.search", letters, others.__contains__), parameters)


def _refuse_unfit_parameters(tx: Transaction, parameters: Mapping[str, Any]) -> None:
    for name, value in parameters.items():
        if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value)):
            raise Unfit(f"{name} must be a plain value, or a list of them")
    refuse_unfit_names(tx, parameters)
    if HTML in parameters:
        flag(HTML, parameters[HTML])
    refuse_unpublished_flags(tx, parameters)
    most = int(tx.choice(MAX_PAGE.id))
    if "max_page" in parameters and not 1 <= whole(parameters["max_page"], 0) <= most:
        raise Unfit(f"max_page must be a whole number from 1 to {most}", "serpwow-limits-5", MAX_PAGE.id)


def _refuse_foreign(tx: Transaction, batch: Batch, searches: Sequence[Search]) -> None:
    if batch.locked_type is not None and tx.choice(LOCKED_TYPE.id) == "enforced":
        for search in searches:
            if search.type != batch.locked_type:
                message = f"This Batch only takes Searches of type {batch.locked_type}, not {search.type}"
                raise Unfit(message, "serpwow-types-2", LOCKED_TYPE.id)


def _refuse_overfull(tx: Transaction, searches: Searches) -> None:
    if searches.credits > MOST_PAGES:
        message = f"A Batch can retrieve at most {MOST_PAGES} pages, and this would be {searches.credits}"
        raise Unfit(message, "serpwow-limits-2")
    most = f"A Batch with include_html can have at most {MOST_WITH_HTML}"
    if searches.with_html and searches.total > MOST_WITH_HTML:
        raise Unfit(f"{most} searches, and this would be {searches.total}", "serpwow-limits-3")
    if searches.with_html and searches.credits > MOST_WITH_HTML and tx.choice(HTML_LIMIT.id) == "pages":
        raise Unfit(f"{most} pages, and this would be {searches.credits}", "serpwow-limits-3", HTML_LIMIT.id)


def _update_search(tx: Transaction, request: Request, batch: Batch) -> tuple[Batch, Answer]:
    search = _search_of(request, batch)
    written = {name: value for name, value in parameters_of(tx, request).items() if name != "id"}
    _refuse_unfit_parameters(tx, written)
    changed = Search(search.id, {**search.parameters, **written})
    searches = batch.searches.with_changed(changed)
    _refuse_foreign(tx, batch, [changed])
    _refuse_overfull(tx, searches)
    return replace(batch, searches=searches), _told_of_update(tx, search, written)


def _told_of_update(tx: Transaction, old: Search, written: Mapping[str, Any]) -> Answer:
    """Return the answer to an update of a search, which tells the fields that were updated."""
    told = {name: value for name, value in written.items() if name not in old.parameters or old.parameters[name] != value}
    answer = Answer("search", "serpwow-searches-6", told, _assumed_of(written))
    if not written:
        return answer.resting_on(("serpwow-searches-15",))
    if told == written:
        return answer
    told = told if tx.choice(SEARCH_UPDATE_FIELDS.id) == "changed" else dict(written)
    return answer._replace(evidence="serpwow-searches-14", subject=told, assumption=SEARCH_UPDATE_FIELDS.id)


def _delete_search(_tx: Transaction, request: Request, batch: Batch) -> tuple[Batch, Answer]:
    search = _search_of(request, batch)
    remaining = replace(batch, searches=batch.searches.without([search.id]))
    return remaining, Answer("search_deleted", "serpwow-searches-7", search)


def _delete_searches(tx: Transaction, request: Request, batch: Batch) -> tuple[Batch, Answer]:
    ids = body_of(tx, request)
    if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
        raise Unfit("The request body must be a list of Search IDs")
    known = {search.id for search in batch.searches}
    unknown = [id for id in ids if id not in known]
    if unknown and tx.choice(DELETE_UNKNOWN_SEARCHES.id) == "refuse":
        raise Unfit(_no_search(unknown[0]), "serpwow-searches-9", DELETE_UNKNOWN_SEARCHES.id)
    remaining = batch.searches.without(ids)
    count = len(batch.searches) - len(remaining)
    evidence, assumption = ("serpwow-searches-9", DELETE_UNKNOWN_SEARCHES.id) if unknown else ("serpwow-searches-8", None)
    return replace(batch, searches=remaining), Answer("searches_deleted", evidence, count, assumption)


def _clear_searches(_tx: Transaction, _call: Request, batch: Batch) -> tuple[Batch, Answer]:
    return replace(batch, searches=Searches(batch.id)), Answer("cleared", "serpwow-searches-10")


def _search_of(request: Request, batch: Batch) -> Search:
    id = request.parameters["search_id"]
    search = batch.searches.find(id)
    if search is None:
        raise Unfit(_no_search(id), "serpwow-searches-11", UNKNOWN_BATCH.id)
    return search


def _no_search(id: str) -> str:
    return f"No Search with ID '{id}' was found in this Batch, please check the ID and try again"


update_batch = _edit(_update)
update_search = _edit(_update_search)
delete_search = _edit(_delete_search)
delete_searches = _edit(_delete_searches)
clear_searches = _edit(_clear_searches)
