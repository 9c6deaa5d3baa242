"""SerpWow's state in YAML and JSON: `account`, `batches`, `destinations`, `error_logs` and `platform`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from emulator.sdk import (
    JsonDict,
    JsonObject,
    Problem,
    ProblemCollector,
    Resource,
    Transaction,
    View,
    dump_fields,
    load_fields,
    mint_id,
    refuse,
    replace,
    times_from,
)
from emulator.vendors.serpwow.destinations.model import Destination, seven_letters
from emulator.vendors.serpwow.machine.effects import (
    add_usage,
    as_of_now,
    busy_batches,
    date_of,
    promote_waiting,
    refundable,
    subtract_usage,
    with_next_start,
)
from emulator.vendors.serpwow.machine.queue import requeue
from emulator.vendors.serpwow.model.account import (
    SELF,
    Account,
    ErrorLog,
    next_monthly,
    platform_of,
)
from emulator.vendors.serpwow.model.batches import BUSY, Batch, code
from emulator.vendors.serpwow.model.schedules import MANUAL, zone_of
from emulator.vendors.serpwow.state.batches import dump_batch, idle_failures, is_only_numbered, load_batch, overdue, renumbered
from emulator.vendors.serpwow.state.fields import ACCOUNT, DESTINATION, ERROR_LOG, PLATFORM, QUANTITIES, SCHEMA

Run = list[Batch]
"""Batches of items that are the very same, as `repeat` makes them: all but the first are new, and only their ids differ."""


class SerpwowState:
    """An account without `credits_used` has used the allocation of its queued and running batches, today unless `usage` says
    otherwise."""

    schema = SCHEMA
    quantities = QUANTITIES

    def validate(self, fragment: JsonObject) -> Iterable[Problem]:
        account = fragment.get("account", {})
        if "credits_remaining" in account and not {"credits_limit", "credits_used"} <= set(account):
            yield Problem("credits_remaining follows from credits_limit and credits_used: set these two", ("account",))
        elif "credits_remaining" in account:
            left = max(account["credits_limit"] - account["credits_used"], 0)
            if account["credits_remaining"] != left:
                yield Problem(f"credits_limit - credits_used is {left}", ("account", "credits_remaining"))
        if not _is_zone(account.get("timezone", "UTC")):
            yield Problem(f"{account['timezone']!r} is not a time zone such as Europe/Berlin", ("account", "timezone"))
        for place, item in enumerate(fragment.get("batches", ())):
            yield from idle_failures(item, "batches", place)

    def load(self, view: View, fragment: JsonObject) -> Iterator[Any]:
        """Yield the resources, and at the end the batches promoted. Each is in the view before the next is made."""
        gathered = ProblemCollector()
        runs = _load_batches(view, fragment.get("batches", ()), gathered)
        yield _load_account(view, fragment.get("account", {}), [*runs.values()], gathered)
        for run in runs.values():
            yield from run
        yield from _load_destinations(view, fragment.get("destinations", ()))
        with gathered.part("error_logs"):
            yield from _load_error_logs(view, fragment.get("error_logs", ()))
        if "platform" in fragment:
            yield replace(platform_of(view), **load_fields(PLATFORM, fragment["platform"]))
        if "timezone" in fragment.get("account", {}):
            yield from [with_next_start(view, batch) for batch in view.group(Batch, "scheduled")]
        for batch in (batch for run in runs.values() if run[0].owner == SELF for batch in _that_follow(run)):
            yield from (it for it in requeue(view, with_next_start(view, batch)) if it is not batch)
        yield from promote_waiting(view)
        for place, (batch, *_) in runs.items():
            problems = overdue(view, view.find(Batch, batch.id) or batch, fragment["batches"][place])
            gathered.problems += [Problem(problem.message, ("batches", place, *problem.path)) for problem in problems]
        refuse(gathered.problems)

    def dump(self, view: Transaction) -> JsonDict:
        account = view.find(Account, SELF)
        return {
            "account": _dump_account(view, account) if account else {},
            "batches": [dump_batch(batch) for batch in view.group(Batch)],
            "destinations": [dump_fields(DESTINATION, destination) for destination in view.group(Destination)],
            "error_logs": [dump_fields(ERROR_LOG, log) for log in view.group(ErrorLog)],
            "platform": dump_fields(PLATFORM, platform_of(view)),
        }


def _dump_account(view: View, account: Account) -> JsonDict:
    upcoming = replace(account, credits_reset_at=next_monthly(account.credits_reset_at, view.now))
    return dump_fields(ACCOUNT, upcoming) | {"credits_remaining": account.credits_remaining}


def _is_zone(name: str) -> bool:
    try:
        return bool(zone_of(name))
    except (KeyError, ValueError, OSError):
        return False


def _load_destinations(view: View, items: Sequence[JsonObject]) -> Iterator[Destination]:
    for id, item in _with_ids(view, Destination, items, seven_letters):
        old = view.find(Destination, id) or Destination(id, view.now, f"Destination {id}", "s3", True)
        yield replace(old, **load_fields(DESTINATION, item))


def _load_error_logs(view: View, items: Sequence[JsonObject]) -> Iterator[ErrorLog]:
    for place, (id, item) in enumerate(_with_ids(view, ErrorLog, items)):
        old = view.find(ErrorLog, id) or ErrorLog(id, view.now, view.now, "Internal error")
        yield replace(old, **load_fields(ERROR_LOG, item, view.now, place))


def _with_ids(
    view: View, of: type[Resource], items: Sequence[JsonObject], form: Callable[[bytes], str] = code
) -> Iterator[tuple[str, JsonObject]]:
    """Yield each item with its id, or with a new one that neither the world nor another item has."""
    used = {item["id"] for item in items if "id" in item}
    for item in items:
        id = item.get("id") or mint_id(view, of, form, used)
        used.add(id)
        yield id, item


def _load_batches(view: View, items: Sequence[JsonObject], gathered: ProblemCollector) -> dict[int, Run]:
    """Return the possible batches, in runs by the index of the first."""
    runs: dict[int, Run] = {}
    former: JsonObject = {}
    run: Run = []
    for place, (id, item) in enumerate(_with_ids(view, Batch, items)):
        if item is former and run and is_only_numbered(item):
            run.append(renumbered(run[0], id, item))
            continue
        former, run = item, []
        with gathered.part("batches", place):
            run.append(load_batch(view, id, item))
            runs[place] = run
            if more := times_from(items, place) - 1:
                view.admit(more, run[0])
    return runs


def _that_follow(run: Run) -> Run:
    """Return the batches of a run that may have a next start or another place in the queue."""
    return run if run[0].schedule.type != MANUAL else run[:1]


def _load_account(view: View, fields: JsonObject, runs: list[Run], gathered: ProblemCollector) -> Account:
    """Return the account, which has paid for the batches that are new as queued or running."""
    old = as_of_now(view, view.find(Account, SELF) or Account(view.now))
    account = replace(old, since=view.now, **load_fields(ACCOUNT, fields))
    if "credits_used" not in fields:
        allocated = sum(len(run) * _new_allocation(view, run[0]) for run in runs)
        account = replace(account, credits_used=account.credits_used + allocated)
    if "usage" not in fields:
        more = account.credits_used + account.credits_returned - old.credits_used - old.credits_returned
        change, today = add_usage if more >= 0 else subtract_usage, date_of(view.now)
        account = replace(account, usage=change(account.usage, today, abs(more)))
    gathered.problems += _check_credits(view, account, old, runs)
    if account.overage_enabled and not account.overage_allowed:
        message = "overage that the plan does not permit cannot be enabled: set overage_allowed, too"
        gathered.problems.append(Problem(message, ("account", "overage_enabled")))
    return account


def _new_allocation(view: View, batch: Batch) -> int:
    """Return the credits for a batch that is new as queued or running, or is put into the queue.

    One that is set running was charged before, whenever that was, so that a `set` changes only what it names.
    """
    old = view.find(Batch, batch.id)
    charged = batch.status in BUSY if old is None else batch.status == "queued" and old.status not in BUSY
    return batch.allocated if charged and batch.owner == SELF else 0


def _refundable(view: View, batch: Batch | None) -> int:
    return 0 if batch is None or batch.owner != SELF else refundable(view, batch)


def _check_credits(view: View, account: Account, old: Account, runs: list[Run]) -> Iterator[Problem]:
    """Yield where credits that can be refunded were never used, or have no day, or exceed the limit.

    The other batches are counted only if the changed ones can refund more than was used in addition.
    """
    before = sum(_refundable(view, view.find(Batch, run[0].id)) for run in runs)
    if sum(len(run) * _refundable(view, run[0]) for run in runs) - before > account.credits_used - old.credits_used:
        changed = {it.id: it for it in busy_batches(view)} | {it.id: it for run in runs for it in run}
        if (most := sum(_refundable(view, it) for it in changed.values())) > account.credits_used:
            message = f"credits_used is {account.credits_used}, but queued and running batches can give back {most}"
            yield Problem(message, ("account", "credits_used"))
    total = sum(account.usage.values())
    if total != account.credits_used + account.credits_returned:
        message = f"the days add up to {total}, but credits_used is {account.credits_used}"
        message += f" and credits_returned {account.credits_returned}, which has those of days before the last reset"
        yield Problem(message, ("account", "usage"))
    if account.credits_used > account.credits_limit and not account.overage:
        message = f"credits_limit is {account.credits_limit}, but {account.credits_used} credits are used"
        yield Problem(message, ("account", "credits_limit"))
