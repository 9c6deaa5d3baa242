"""Accounts in SerpWow's state: loading each with the credits that its batches cost, and dumping them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emulator.sdk import (
    SELF,
    JsonDict,
    JsonObject,
    Problem,
    ProblemCollector,
    View,
    dump_fields,
    load_fields,
    replace,
)
from emulator.vendors.serpwow.machine.effects import (
    add_usage,
    as_of_now,
    busy_batches,
    date_of,
    refundable,
    subtract_usage,
)
from emulator.vendors.serpwow.model.account import WORDS, Account, next_monthly
from emulator.vendors.serpwow.model.batches import BUSY, Batch
from emulator.vendors.serpwow.state.fields import ACCOUNT

Run = list[Batch]
"""Batches of items that are the very same, as `repeat` makes them: all but the first are new, and only their ids differ."""

Path = tuple[str | int, ...]


def accounts_in(view: View, fragment: JsonObject) -> dict[str, tuple[JsonObject, Path]]:
    """Return the fields of each account of the world in a fragment, none where it does not speak of it, and their place."""
    ids = view.accounts("serpwow").ids
    if not ids:
        return {SELF: (fragment.get(WORDS.one, {}), (WORDS.one,))}
    named = {it["id"]: (it, (WORDS.several, place)) for place, it in enumerate(fragment.get(WORDS.several, ()))}
    return {id: named.get(id, ({}, (WORDS.several,))) for id in ids}


def load_accounts(view: View, fragment: JsonObject, runs: Sequence[Run], gathered: ProblemCollector) -> Iterator[Account]:
    """Yield the accounts, which have paid for the batches that are new as queued or running."""
    for owner, (fields, path) in accounts_in(view, fragment).items():
        own = [run for run in runs if run[0].owner == owner]
        if owner == SELF or fields or own or view.find(Account, owner) is None:
            yield _load_account(view, owner, fields, own, gathered, path)


def dump_accounts(view: View) -> JsonDict:
    """Return the only account as a state has it, or the list of all."""
    found = [_dump_account(view, account) for account in view.group(Account)]
    if not view.accounts("serpwow").ids:
        return {WORDS.one: found[0] if found else {}}
    return {WORDS.several: [{"id": account.id} | it for account, it in zip(view.group(Account), found, strict=True)]}


def _dump_account(view: View, account: Account) -> JsonDict:
    upcoming = replace(account, credits_reset_at=next_monthly(account.credits_reset_at, view.now))
    return dump_fields(ACCOUNT, upcoming) | {"credits_remaining": account.credits_remaining}


def _load_account(
    view: View, owner: str, fields: JsonObject, runs: Sequence[Run], gathered: ProblemCollector, path: Path
) -> Account:
    old = as_of_now(view, view.find(Account, owner) or Account(view.now, id=owner))
    account = replace(old, since=view.now, **load_fields(ACCOUNT, fields))
    if "credits_used" not in fields:
        allocated = sum(len(run) * _new_allocation(view, run[0]) for run in runs)
        account = replace(account, credits_used=account.credits_used + allocated)
    if "usage" not in fields:
        more = account.credits_used + account.credits_returned - old.credits_used - old.credits_returned
        change, today = add_usage if more >= 0 else subtract_usage, date_of(view.now)
        account = replace(account, usage=change(account.usage, today, abs(more)))
    gathered.problems += _check_credits(view, account, old, runs, path)
    if account.overage_enabled and not account.overage_allowed:
        message = "overage that the plan does not permit cannot be enabled: set overage_allowed, too"
        gathered.problems.append(Problem(message, (*path, "overage_enabled")))
    return account


def _new_allocation(view: View, batch: Batch) -> int:
    """Return the credits for a batch that is new as queued or running, or is put into the queue.

    One that is set running was charged before, whenever that was, so that a `set` changes only what it names.
    """
    old = view.find(Batch, batch.id)
    charged = batch.status in BUSY if old is None else batch.status == "queued" and old.status not in BUSY
    return batch.allocated if charged else 0


def _refundable(view: View, owner: str, batch: Batch | None) -> int:
    return 0 if batch is None or batch.owner != owner else refundable(view, batch)


def _check_credits(view: View, account: Account, old: Account, runs: Sequence[Run], path: Path) -> Iterator[Problem]:
    """Yield where credits that can be refunded were never used, or have no day, or exceed the limit.

    The other batches are counted only if the changed ones can refund more than was used in addition.
    """
    before = sum(_refundable(view, account.id, view.find(Batch, run[0].id)) for run in runs)
    if sum(len(run) * _refundable(view, account.id, run[0]) for run in runs) - before > account.credits_used - old.credits_used:
        changed = {it.id: it for it in busy_batches(view, account.id)} | {it.id: it for run in runs for it in run}
        if (most := sum(_refundable(view, account.id, it) for it in changed.values())) > account.credits_used:
            message = f"credits_used is {account.credits_used}, but queued and running batches can give back {most}"
            yield Problem(message, (*path, "credits_used"))
    total = sum(account.usage.values())
    if total != account.credits_used + account.credits_returned:
        message = f"the days add up to {total}, but credits_used is {account.credits_used}"
        message += f" and credits_returned {account.credits_returned}, which has those of days before the last reset"
        yield Problem(message, (*path, "usage"))
    if account.credits_used > account.credits_limit and not account.overage:
        message = f"credits_limit is {account.credits_limit}, but {account.credits_used} credits are used"
        yield Problem(message, (*path, "credits_limit"))
