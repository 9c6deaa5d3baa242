"""How SerpWow's state is written: `account`, `batches`, `destinations`, `error_logs` and `platform`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from emulator.sdk import (
    BadInput,
    Gathered,
    Problem,
    Transaction,
    View,
    dump_fields,
    format_instant,
    load_fields,
    many_of,
    refuse_future,
    schema_of,
)
from emulator.vendors.serpwow.assumptions import NEXT_RESULT_SET
from emulator.vendors.serpwow.assumptions_of_calls import LOCKED_TYPE
from emulator.vendors.serpwow.batches import new_batch
from emulator.vendors.serpwow.credits import as_of_now, refundable
from emulator.vendors.serpwow.effects import planned
from emulator.vendors.serpwow.errorlogs import ErrorLog
from emulator.vendors.serpwow.given_fields import (
    ACCOUNT,
    DESTINATION,
    ERROR_LOG,
    FLAT,
    OWN,
    PLATFORM,
    RESULT_SETS,
    SEARCHES,
    read_batch,
    show_batch,
)
from emulator.vendors.serpwow.given_instants import overdue, unfit_instants
from emulator.vendors.serpwow.ids import Form, code, fresh_code, seven_letters
from emulator.vendors.serpwow.machine import STOPPABLE
from emulator.vendors.serpwow.model import SELF, Account, Batch, Destination, Platform
from emulator.vendors.serpwow.slots import call_up, in_its_line
from emulator.vendors.serpwow.usage import day_of, give_back, spend

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "account": schema_of(ACCOUNT, credits_remaining={"type": "integer", "minimum": 0}),
        "batches": many_of({**OWN, **FLAT}, searches=SEARCHES, result_sets=RESULT_SETS),
        "destinations": many_of(DESTINATION),
        "error_logs": many_of(ERROR_LOG),
        "platform": schema_of(PLATFORM),
    },
    "additionalProperties": False,
}


QUANTITIES = frozenset(
    (
        *(
            f"account.{name}"
            for name in ("credits_used", "credits_remaining", "credits_returned", "account_balance_usd", "usage.*")
        ),
        *(f"batches.{name}" for name in ("allocated", "searches")),
        *(f"batches.result_sets.{name}" for name in ("searches_completed", "searches_failed")),
        "error_logs.count",
    )
)


class SerpwowState:
    """An account that says nothing of `credits_used` has used what its queued and running batches were allocated.

    What it has used it used today, unless `usage` says otherwise.
    """

    schema = SCHEMA
    quantities = QUANTITIES

    def validate(self, fragment: Mapping[str, Any]) -> Iterable[Problem]:
        account = fragment.get("account", {})
        if "credits_remaining" in account and not {"credits_limit", "credits_used"} <= set(account):
            yield Problem("credits_remaining follows from credits_limit and credits_used: give these two", ("account",))
        elif "credits_remaining" in account:
            left = max(account["credits_limit"] - account["credits_used"], 0)
            if account["credits_remaining"] != left:
                yield Problem(f"credits_limit - credits_used is {left}", ("account", "credits_remaining"))
        if not _is_zone(account.get("timezone", "UTC")):
            yield Problem(f"{account['timezone']!r} is not a time zone such as Europe/Berlin", ("account", "timezone"))

    def load(self, view: View, fragment: Mapping[str, Any]) -> Iterator[Any]:
        """Each value is in the view before the next is made, so that places that become free are given away at the end."""
        gathered = Gathered()
        account, batches = _read_account_and_batches(view, fragment, gathered)
        yield from (account, *batches.values())
        yield from _read_destinations(view, fragment.get("destinations", ()))
        with gathered.part("error_logs"):
            yield from _read_error_logs(view, fragment.get("error_logs", ()))
        if "platform" in fragment:
            yield replace(_platform_of(view), **load_fields(PLATFORM, fragment["platform"]))
        if "timezone" in fragment.get("account", {}):
            yield from [planned(view, batch) for batch in view.group(Batch.kind, "scheduled")]
        for batch in batches.values():
            if batch.owner == SELF:
                yield from in_its_line(view, planned(view, batch))
        yield from call_up(view)
        for place, batch in batches.items():
            late = overdue(view, view.find(Batch.kind, batch.id) or batch, fragment["batches"][place])
            gathered.problems += [Problem(it.message, ("batches", place, *it.path)) for it in late]
        gathered.refuse()

    def dump(self, view: Transaction) -> dict[str, Any]:
        account = view.find(Account.kind, SELF)
        return {
            "account": _show_account(view, account) if account else {},
            "batches": [show_batch(batch) for batch in view.all(Batch.kind)],
            "destinations": [dump_fields(DESTINATION, it) for it in view.all(Destination.kind)],
            "error_logs": [dump_fields(ERROR_LOG, it) for it in view.all(ErrorLog.kind)],
            "platform": dump_fields(PLATFORM, _platform_of(view)),
        }


def _show_account(view: View, account: Account) -> dict[str, Any]:
    upcoming = replace(account, credits_reset_at=account.reset_after(view.now))
    return dump_fields(ACCOUNT, upcoming) | {"credits_remaining": account.credits_remaining}


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _platform_of(view: View) -> Platform:
    platform: Platform = view.find(Platform.kind, SELF) or Platform(view.now)
    return platform


def _read_destinations(view: View, items: Sequence[Mapping[str, Any]]) -> Iterator[Destination]:
    for id, item in _with_ids(view, Destination.kind, items, seven_letters):
        old = view.find(Destination.kind, id) or Destination(id, view.now, f"Destination {id}", "s3", True)
        yield replace(old, **load_fields(DESTINATION, {**item, "id": id}))


def _read_error_logs(view: View, items: Sequence[Mapping[str, Any]]) -> Iterator[ErrorLog]:
    for place, (id, item) in enumerate(_with_ids(view, ErrorLog.kind, items)):
        refuse_future(ERROR_LOG, item, view.now, place)
        old = view.find(ErrorLog.kind, id) or ErrorLog(id, view.now, view.now, "Internal error")
        yield replace(old, **load_fields(ERROR_LOG, {**item, "id": id}))


def _with_ids(
    view: View, kind: str, items: Sequence[Mapping[str, Any]], form: Form = code
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each item with its id; those that have none get one that neither the world nor the others have."""
    taken = {item["id"] for item in items if "id" in item}
    for item in items:
        id = item.get("id") or fresh_code(view, kind, taken, form)
        taken.add(id)
        yield id, item


def _read_account_and_batches(view: View, fragment: Mapping[str, Any], gathered: Gathered) -> tuple[Account, dict[int, Batch]]:
    """Return the account, and the batches that are sound, each by its place."""
    written = fragment.get("account", {})
    old = as_of_now(view, view.find(Account.kind, SELF) or Account(view.now))
    account = replace(old, since=view.now, **load_fields(ACCOUNT, written))
    placed = _read_batches(view, fragment.get("batches", ()), gathered)
    batches = [*placed.values()]
    if "credits_used" not in written:
        charged = sum(_newly_allocated(view, batch) for batch in batches)
        account = replace(account, credits_used=account.credits_used + charged)
    if "usage" not in written:
        more = account.credits_used + account.credits_returned - old.credits_used - old.credits_returned
        account = _with_usage(view, account, more)
    gathered.problems += _impossible_credits(view, account, old, batches)
    return account, placed


def _read_batches(view: View, items: Sequence[Mapping[str, Any]], gathered: Gathered) -> dict[int, Batch]:
    batches: dict[int, Batch] = {}
    for place, (id, item) in enumerate(_with_ids(view, Batch.kind, items)):
        with gathered.part("batches", place):
            batches[place] = _read_batch(view, id, item)
    return batches


def _read_batch(view: View, id: str, item: Mapping[str, Any]) -> Batch:
    refuse_future(OWN, item, view.now)
    old: Batch | None = view.find(Batch.kind, id)
    batch = read_batch(old or new_batch(view, id), item)
    if old is not None and old.status != batch.status and "since" not in item:
        batch = replace(batch, since=view.now)
    if "allocated" not in item and (old is None or old.status != batch.status):
        batch = replace(batch, allocated=_allocation(batch, old))
    if problems := list(unfit_instants(batch, item)):
        raise BadInput(problems)
    _refuse_impossible_results(view, batch)
    _refuse_foreign_searches(view, batch, item)
    return _with_instants(_with_next_number(view, batch, item))


def _refuse_impossible_results(view: View, batch: Batch) -> None:
    """What a batch has found has a number of its own, and is of the past, from before it was queued again."""
    for number, times in Counter(it.id for it in batch.result_sets).items():
        if times > 1:
            raise BadInput.at(f"{batch.id!r} has {times} result sets {number}", "result_sets")
    for it in batch.result_sets:
        if it.started_at > it.ended_at:
            raise BadInput.at(f"the result set {it.id} of {batch.id!r} ended before it started", "result_sets")
    waits = batch.status in STOPPABLE
    latest = batch.since if waits else view.now
    if batch.result_sets and batch.result_sets[-1].ended_at > latest:
        when = f"since when it is {batch.status}" if waits else "which is now"
        raise BadInput.at(f"a result set of {batch.id!r} ended after {format_instant(latest)}, {when}", "result_sets")


def _refuse_foreign_searches(view: View, batch: Batch, item: Mapping[str, Any]) -> None:
    """Searches that are written out are of the type to which their batch is locked. Evidence: serpwow-types-2."""
    if batch.locked_type is None or batch.searches.written is None or view.choice(LOCKED_TYPE.id) != "enforced":
        return
    for place, search in enumerate(batch.searches if {"locked_type", "searches"} & set(item) else ()):
        if search.type != batch.locked_type:
            message = f"{batch.id!r} is locked to {batch.locked_type}, and this search is of type {search.type}"
            raise BadInput.at(message, *(("searches", place) if "searches" in item else ("locked_type",)))


def _with_next_number(view: View, batch: Batch, item: Mapping[str, Any]) -> Batch:
    """The batch with a number for its next result set that none has; that of a run may be counted already."""
    counted = batch.status == "running" and view.choice(NEXT_RESULT_SET.id) == "running"
    least = max((it.id for it in batch.result_sets), default=0) + 1 + counted
    if item.get("next_result_set_id", least) < least:
        raise BadInput.at(f"next_result_set_id of {batch.id!r} is {least} at least", "next_result_set_id")
    return replace(batch, next_result_set_id=max(batch.next_result_set_id, least))


def _with_instants(batch: Batch) -> Batch:
    """A batch that waits or runs has been doing so since a known instant, and one that runs has run."""
    if batch.status not in STOPPABLE:
        return replace(batch, allocated_at=None, started_at=None, ticket=None, called_at=None)
    batch = replace(batch, allocated_at=batch.allocated_at or batch.since)
    if batch.status == "queued":
        return replace(batch, started_at=None)
    started_at, last_run = batch.started_at or batch.since, batch.last_run or batch.since
    return replace(batch, started_at=started_at, last_run=last_run, ticket=None, called_at=None)


def _with_usage(view: View, account: Account, more: int) -> Account:
    today = day_of(view.now)
    usage = spend(account.usage, today, more) if more >= 0 else give_back(account.usage, today, -more)
    return replace(account, usage=usage)


def _allocation(batch: Batch, old: Batch | None) -> int:
    if batch.status not in STOPPABLE:
        return 0
    return old.allocated if old and old.status in STOPPABLE else batch.credits_required


def _newly_allocated(view: View, batch: Batch) -> int:
    """What a batch costs that comes into the world queued or running, or is put into the queue.

    One that is set running was charged before, whenever that was, so that a `set` changes what it names and no more.
    """
    old = view.find(Batch.kind, batch.id)
    fresh = batch.status in STOPPABLE if old is None else batch.status == "queued" and old.status not in STOPPABLE
    return batch.allocated if fresh and batch.owner == SELF else 0


def _refundable(view: View, batches: Iterable[Batch | None]) -> int:
    return sum(refundable(view, batch) for batch in batches if batch is not None and batch.owner == SELF)


def _most_refundable(view: View, batches: list[Batch]) -> int:
    """What all batches of the account can give back once these are in the view."""
    changed = {batch.id for batch in batches}
    busy = (batch for status in STOPPABLE for batch in view.group(Batch.kind, "owner", SELF, status))
    return _refundable(view, (*(batch for batch in busy if batch.id not in changed), *batches))


def _impossible_credits(view: View, account: Account, old: Account, batches: list[Batch]) -> Iterator[Problem]:
    """Credits that could be given back must have been used, on some day, and none that the limit does not have.

    Before, that was so: only where more can be given back than was used in addition are the other batches looked at.
    """
    before = _refundable(view, (view.find(Batch.kind, batch.id) for batch in batches))
    more = _refundable(view, batches) - before
    if more > account.credits_used - old.credits_used and (most := _most_refundable(view, batches)) > account.credits_used:
        message = f"credits_used is {account.credits_used}, but queued and running batches can give back {most}"
        yield Problem(message, ("account", "credits_used"))
    if sum(account.usage.values()) != account.credits_used + account.credits_returned:
        returned = f" and credits_returned {account.credits_returned}" if account.credits_returned else ""
        message = f"the days add up to {sum(account.usage.values())}, but credits_used is {account.credits_used}{returned}"
        yield Problem(message, ("account", "usage"))
    if account.credits_used > account.credits_limit and not account.overage:
        message = f"credits_limit is {account.credits_limit}, but {account.credits_used} credits are used"
        yield Problem(message, ("account", "credits_limit"))
