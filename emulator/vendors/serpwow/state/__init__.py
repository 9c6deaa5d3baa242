"""SerpWow's state in YAML and JSON: account or accounts, batches, destinations, error logs, deliveries and platform."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from emulator.sdk import (
    Accounts,
    Fields,
    JsonDict,
    JsonObject,
    Problem,
    ProblemCollector,
    Resource,
    Transaction,
    View,
    delivery_problems,
    dump_deliveries,
    dump_fields,
    load_deliveries,
    load_fields,
    mint_id,
    refuse,
    replace,
    times_from,
)
from emulator.vendors.serpwow.destinations.model import Destination, seven_letters
from emulator.vendors.serpwow.machine.effects import promote_waiting, with_next_start
from emulator.vendors.serpwow.machine.queue import requeue
from emulator.vendors.serpwow.model.account import WORDS, Account, ErrorLog, is_outside, platform_of
from emulator.vendors.serpwow.model.batches import Batch, code
from emulator.vendors.serpwow.model.schedules import MANUAL, zone_of
from emulator.vendors.serpwow.requests.admission import acting_account
from emulator.vendors.serpwow.state.accounts import Run, accounts_in, dump_accounts, load_accounts
from emulator.vendors.serpwow.state.batches import dump_batch, idle_failures, is_only_numbered, load_batch, overdue, renumbered
from emulator.vendors.serpwow.state.fields import DESTINATION, ERROR_LOG, PLATFORM, QUANTITIES, SCHEMA
from emulator.vendors.serpwow.webhooks import OUTBOX


class SerpwowState:
    """An account without `credits_used` has used the allocation of its queued and running batches, today unless `usage` says
    otherwise."""

    schema = SCHEMA
    quantities = QUANTITIES

    def validate(self, fragment: JsonObject) -> Iterable[Problem]:
        yield from _validate_account(fragment.get(WORDS.one, {}), WORDS.one)
        for place, account in enumerate(fragment.get(WORDS.several, ())):
            yield from _validate_account(account, WORDS.several, place)
        for place, item in enumerate(fragment.get("batches", ())):
            yield from idle_failures(item, "batches", place)
        for place, item in enumerate(fragment.get("deliveries", ())):
            yield from delivery_problems(item, "deliveries", place)

    def load(self, view: View, fragment: JsonObject) -> Iterator[Any]:
        """Yield the resources, and at the end the batches promoted. Each is in the view before the next is made."""
        gathered = ProblemCollector()
        runs = _load_batches(view, fragment.get("batches", ()), gathered)
        yield from load_accounts(view, fragment, [*runs.values()], gathered)
        for run in runs.values():
            yield from run
        yield from _load_destinations(view, fragment.get("destinations", ()))
        with gathered.part():
            yield from load_deliveries(view, OUTBOX, fragment.get("deliveries", ()))
        with gathered.part("error_logs"):
            yield from _load_error_logs(view, fragment.get("error_logs", ()))
        if "platform" in fragment:
            yield replace(platform_of(view), **load_fields(PLATFORM, fragment["platform"]))
        for owner in [owner for owner, (fields, _) in accounts_in(view, fragment).items() if "timezone" in fields]:
            yield from [with_next_start(view, batch) for batch in view.group(Batch, "scheduled", owner)]
        for batch in (it for run in runs.values() if not is_outside(view, run[0].owner) for it in _that_follow(run)):
            yield from (it for it in requeue(view, with_next_start(view, batch)) if it is not batch)
        for account in view.group(Account):
            yield from promote_waiting(view, account.id)
        for place, (batch, *_) in runs.items():
            problems = overdue(view, view.find(Batch, batch.id) or batch, fragment["batches"][place])
            gathered.problems += [Problem(problem.message, ("batches", place, *problem.path)) for problem in problems]
        refuse(gathered.problems)

    def dump(self, view: Transaction) -> JsonDict:
        accounts = view.accounts("serpwow")
        return {
            **dump_accounts(view),
            "batches": [dump_batch(view, batch) for batch in view.group(Batch)],
            "destinations": [_dump(accounts, DESTINATION, destination) for destination in view.group(Destination)],
            "error_logs": [_dump(accounts, ERROR_LOG, log) for log in view.group(ErrorLog)],
            "platform": dump_fields(PLATFORM, platform_of(view)),
            **dump_deliveries(view, OUTBOX),
        }


def _dump(accounts: Accounts, fields: Fields, resource: Destination | ErrorLog) -> JsonDict:
    return WORDS.with_account(accounts, dump_fields(fields, resource), resource.owner)


def _validate_account(account: JsonObject, *path: str | int) -> Iterator[Problem]:
    if "credits_remaining" in account and not {"credits_limit", "credits_used"} <= set(account):
        yield Problem("credits_remaining follows from credits_limit and credits_used: set these two", path)
    elif "credits_remaining" in account:
        left = max(account["credits_limit"] - account["credits_used"], 0)
        if account["credits_remaining"] != left:
            yield Problem(f"credits_limit - credits_used is {left}", (*path, "credits_remaining"))
    if not _is_zone(account.get("timezone", "UTC")):
        yield Problem(f"{account['timezone']!r} is not a time zone such as Europe/Berlin", (*path, "timezone"))


def _is_zone(name: str) -> bool:
    try:
        return bool(zone_of(name))
    except (KeyError, ValueError, OSError):
        return False


def _load_destinations(view: View, items: Sequence[JsonObject]) -> Iterator[Destination]:
    own, accounts = acting_account(view), view.accounts("serpwow")
    for id, item in _with_ids(view, Destination, items, seven_letters):
        old = view.find(Destination, id) or Destination(id, view.now, f"Destination {id}", "s3", True, owner=own)
        yield replace(old, **load_fields(DESTINATION, item), **WORDS.owner_in(accounts, item))


def _load_error_logs(view: View, items: Sequence[JsonObject]) -> Iterator[ErrorLog]:
    own, accounts = acting_account(view), view.accounts("serpwow")
    for place, (id, item) in enumerate(_with_ids(view, ErrorLog, items)):
        old = view.find(ErrorLog, id) or ErrorLog(id, view.now, view.now, "Internal error", owner=own)
        yield replace(old, **load_fields(ERROR_LOG, item, view.now, place), **WORDS.owner_in(accounts, item))


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
