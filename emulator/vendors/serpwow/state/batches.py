"""Batches in SerpWow's state: loading one, with the checks that it is possible, and dumping it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from emulator.sdk import (
    BadInput,
    JsonDict,
    JsonObject,
    Problem,
    Timer,
    View,
    dump_fields,
    dump_part,
    format_instant,
    load_fields,
    refuse,
    replace,
    structs,
)
from emulator.vendors.serpwow.assumptions.lifecycle import NEXT_RESULT_SET
from emulator.vendors.serpwow.assumptions.searches import LOCKED_TYPE
from emulator.vendors.serpwow.machine.effects import INACTIVITY, QUEUE, RUN
from emulator.vendors.serpwow.machine.queue import has_no_slot
from emulator.vendors.serpwow.model.account import WORDS, months_after
from emulator.vendors.serpwow.model.batches import BUSY, PARTS, Batch, ResultSet
from emulator.vendors.serpwow.model.searches import Search, Searches, numbered, render_search
from emulator.vendors.serpwow.operations.batches import default_name, new_batch
from emulator.vendors.serpwow.state.fields import BATCH, PART_FIELDS, RESULT_SET

FOREIGN_INSTANTS = {
    "idle": ("allocated_at", "started_at", "called_at"),
    "queued": ("started_at",),
    "running": ("called_at",),
}
"""Instants that a batch of a status never has: they belong to a run that is queued or running."""


def load_batch(view: View, id: str, item: JsonObject) -> Batch:
    """Return the batch of an item of the state.

    Raises:
        BadInput: such a batch is not possible.
    """
    old = view.find(Batch, id)
    owner = WORDS.owner_in(view.accounts("serpwow"), item)
    batch = replace(_load(old or new_batch(view, id), item, view.now), **owner)
    is_moved = old is None or old.status != batch.status
    if old is not None and is_moved and "since" not in item:
        batch = replace(batch, since=view.now)
    if "allocated" not in item and is_moved:
        batch = replace(batch, allocated=_allocation(batch, old))
    foreign = (name for name in FOREIGN_INSTANTS[batch.status] if name in item)
    refuse(Problem(f"a batch that is {batch.status} has no {name}: leave it out", (name,)) for name in foreign)
    _check_result_sets(view, batch)
    _check_search_types(view, batch, item)
    batch = _with_instants(_with_next_number(view, batch, item))
    if "active_at" not in item and (is_moved or "last_run" in item):
        batch = replace(batch, active_at=_last_activity(view, batch, old))
    return batch


def idle_failures(item: JsonObject, *path: str | int) -> Iterator[Problem]:
    """Yield a problem where more searches of a batch fail than it is given."""
    searches = item.get("searches")
    count = len(searches) if isinstance(searches, Sequence) else searches
    if count is not None and item.get("failing", 0) > count:
        yield Problem(f"it has {count} searches, and more than all cannot fail", (*path, "failing"), is_idle=True)


def is_only_numbered(item: JsonObject) -> bool:
    """Return whether the batches that an item stands for differ in their ids alone, and in what follows from them."""
    return isinstance(item.get("searches", 0), int) and "result_sets" not in item


def renumbered(batch: Batch, id: str, item: JsonObject) -> Batch:
    """Return another batch of an item that stands for several, which was read and checked for the first of them."""
    return replace(batch, id=id, name=item.get("name", default_name(id)), searches=Searches(id, batch.searches.total))


def _load(old: Batch, item: JsonObject, now: datetime) -> Batch:
    attributes = load_fields(BATCH, item, now)
    for part, prefix in PARTS.items():
        fields = PART_FIELDS[part]
        if values := {name: item[prefix + name] for name in fields if prefix + name in item}:
            attributes[part] = structs.replace(getattr(old, part), **load_fields(fields, values))
    if "searches" in item:
        attributes["searches"] = _load_searches(old.id, item["searches"])
    batch = replace(old, **attributes)
    if "result_sets" in item:
        batch = replace(batch, result_sets=tuple(_load_result_sets(batch, item["result_sets"])))
    return batch


def dump_batch(view: View, batch: Batch) -> JsonDict:
    item = WORDS.with_account(view.accounts("serpwow"), dump_fields(BATCH, batch), batch.owner)
    for part, prefix in PARTS.items():
        values = dump_fields(PART_FIELDS[part], getattr(batch, part))
        item |= {prefix + name: value for name, value in values.items() if value != []}
    item["searches"] = _dump_searches(batch.searches)
    item["result_sets"] = [dump_part(it, _dump_result_set, it.searches == batch.searches) for it in batch.result_sets]
    return item


def _load_searches(batch: str, value: int | Sequence[JsonObject]) -> Searches:
    if isinstance(value, int):
        return Searches(batch, value)
    return Searches(
        batch,
        [
            Search(item.get("id", numbered(batch, n).id), {name: value for name, value in item.items() if name != "id"})
            for n, item in enumerate(value)
        ],
    )


def _dump_searches(searches: Searches) -> int | list[JsonDict]:
    return len(searches) if searches.items is None else dump_part(searches, _list_searches)


def _list_searches(searches: Searches, _: object) -> list[JsonDict]:
    return [dump_part(search, _dump_search) for search in searches]


def _dump_search(search: Search, _: object) -> JsonDict:
    return render_search(search)


def _load_result_sets(batch: Batch, items: Sequence[JsonObject]) -> Iterator[ResultSet]:
    """Yield result sets, oldest first. One without searches has those of the batch, as many as completed and failed."""
    for place, item in sorted(enumerate(items), key=lambda numbered: RESULT_SET["ended_at"].read(numbered[1]["ended_at"])):
        fields = load_fields(RESULT_SET, item)
        completed, failed = fields.pop("searches_completed", None), fields.get("searches_failed", 0)
        if "searches" in item:
            searches = _load_searches(batch.id, item["searches"])
        elif completed is None:
            searches = batch.searches
        else:
            total = completed + failed
            searches = batch.searches.first(total) if total <= len(batch.searches) else Searches(batch.id, total)
        if failed > len(searches):
            raise BadInput.at(f"{failed} searches failed of {len(searches)}", "result_sets", place, "searches_failed")
        if "webhook_status" in fields and "webhook" not in fields:
            raise BadInput.at("webhook_status needs a webhook: set its URL, too", "result_sets", place, "webhook_status")
        yield ResultSet(searches=searches, **fields)


def _dump_result_set(result_set: ResultSet, has_searches_of_batch: bool) -> JsonDict:
    item = dump_fields(RESULT_SET, result_set)
    if not has_searches_of_batch:
        item["searches"] = _dump_searches(result_set.searches)
    return item


def _allocation(batch: Batch, old: Batch | None) -> int:
    if batch.status not in BUSY:
        return 0
    return old.allocated if old and old.status in BUSY else batch.credits_required


def _check_result_sets(view: View, batch: Batch) -> None:
    """Refuse result sets with the same number, and ones that end in the future or after the batch was queued again."""
    for number, times in Counter(result_set.id for result_set in batch.result_sets).items():
        if times > 1:
            raise BadInput.at(f"{batch.id!r} has {times} result sets {number}", "result_sets")
    for result_set in batch.result_sets:
        if result_set.started_at > result_set.ended_at:
            raise BadInput.at(f"the result set {result_set.id} of {batch.id!r} ended before it started", "result_sets")
    busy = batch.status in BUSY
    latest = batch.since if busy else view.now
    if batch.result_sets and batch.result_sets[-1].ended_at > latest:
        when = f"when it became {batch.status}" if busy else "which is now"
        raise BadInput.at(f"a result set of {batch.id!r} ended after {format_instant(latest)}, {when}", "result_sets")


def _check_search_types(view: View, batch: Batch, item: JsonObject) -> None:
    """Refuse listed searches of another type than their batch is locked to. Evidence: serpwow-types-2."""
    if batch.locked_type is None or batch.searches.items is None or view.choice(LOCKED_TYPE) != "enforced":
        return
    for place, search in enumerate(batch.searches if {"locked_type", "searches"} & set(item) else ()):
        if search.type != batch.locked_type:
            message = f"{batch.id!r} is locked to {batch.locked_type}, and this search is of type {search.type}"
            raise BadInput.at(message, *(("searches", place) if "searches" in item else ("locked_type",)))


def _with_next_number(view: View, batch: Batch, item: JsonObject) -> Batch:
    """Return the batch with an unused number for its next result set; that of a running one may be counted already."""
    counted = batch.status == "running" and view.choice(NEXT_RESULT_SET) == "running"
    least = max((result_set.id for result_set in batch.result_sets), default=0) + 1 + counted
    if item.get("next_result_set_id", least) < least:
        raise BadInput.at(f"next_result_set_id of {batch.id!r} must be at least {least}", "next_result_set_id")
    return replace(batch, next_result_set_id=max(batch.next_result_set_id, least))


def _with_instants(batch: Batch) -> Batch:
    """Return the batch with the instants of its run if it is queued or running, and without them if it is idle."""
    if batch.status == "idle":
        return replace(batch, allocated_at=None, started_at=None, ticket=None, called_at=None)
    batch = replace(batch, allocated_at=batch.allocated_at or batch.since)
    if batch.status == "queued":
        return replace(batch, started_at=None)
    started_at, last_run = batch.started_at or batch.since, batch.last_run or batch.since
    return replace(batch, started_at=started_at, last_run=last_run, ticket=None, called_at=None)


def _last_activity(view: View, batch: Batch, old: Batch | None) -> datetime:
    """Return the instant of the last creation or start that is stated; now for a batch that would be gone since then."""
    known = [old.active_at if old else batch.created_at, batch.allocated_at, batch.last_run]
    latest = max(it for it in (*known, *(it.started_at for it in batch.result_sets[-1:])) if it)
    return latest if old or months_after(latest, 2) > view.now else view.now


def overdue(view: View, batch: Batch, item: JsonObject) -> Iterator[Problem]:
    """Yield why a batch would have left its status before the present instant."""
    if batch.called_at is not None and batch.called_at < view.now:
        message = f"a batch called at {format_instant(batch.called_at)} has been running since then"
        yield Problem(f"{message}: set called_at to {format_instant(view.now)}, or leave it out", ("called_at",))
    elif batch.status == "queued" and batch.ticket is None and not has_no_slot(view, batch):
        yield from _ended(view, batch, QUEUE)
    elif batch.status == "running":
        yield from _ended(view, batch, RUN)
    elif batch.status == "idle":
        length = view.length(INACTIVITY, batch)
        if length is not None and batch.since + length <= view.now:
            name = "active_at" if "active_at" in item else "since"
            yield Problem(f"an unused batch is deleted after two months, this one before now: set a later {name}", (name,))


def _ended(view: View, batch: Batch, timer: Timer) -> Iterator[Problem]:
    length = view.length(timer, batch)
    if length is not None and batch.since + length <= view.now and batch.since < view.now:
        began, ended = format_instant(batch.since), format_instant(batch.since + length)
        least = format_instant(view.now - length)
        message = f"a batch that is {batch.status} since {began} leaves this status at {ended}: set since after {least}"
        yield Problem(message, ("since",))
