"""What a run costs the account: credits allocated when it is queued, given back or kept."""

from __future__ import annotations

from dataclasses import replace

from emulator.sdk import View
from emulator.vendors.serpwow.assumptions import CREDITS_RESET, FAILED_SEARCHES, OVERAGE_LIMIT
from emulator.vendors.serpwow.model import SELF, Account, Batch
from emulator.vendors.serpwow.usage import day_of, give_back, spend

BUSY = ("queued", "running")
"""The statuses of a batch to which credits are allocated."""


def account_of(view: View) -> Account:
    """The account of this world's credentials, at this very instant."""
    account = view.find(Account.kind, SELF)
    assert isinstance(account, Account)  # noqa: S101  the given state always holds one
    return as_of_now(view, account)


def as_of_now(view: View, account: Account) -> Account:
    """The account with the credits that come back at this very instant, if its own turn is still to come."""
    if not account.credits_used or account.reset_after(account.since) > view.now:
        return account
    return with_credits_kept(view, account) if view.choice(CREDITS_RESET.id) == "never" else with_credits_back(view, account)


def with_credits_back(view: View, account: Account) -> Account:
    """The account once its credits came back; what queued runs were allocated, and can give back yet, stays allocated."""
    busy = (batch for status in BUSY for batch in view.group(Batch.kind, "owner", SELF, status))
    kept = min(sum(refundable(view, batch) for batch in busy), account.credits_used)
    returned = account.credits_returned + account.credits_used - kept
    return replace(account, since=view.now, credits_used=kept, credits_returned=returned)


def with_credits_kept(view: View, account: Account) -> Account:
    """The account where nothing came back; the next time is a month later."""
    return replace(account, since=view.now)


def has_nothing_to_run(_: View, batch: Batch) -> bool:
    return batch.credits_required == 0


def costs_too_much(view: View, batch: Batch) -> bool:
    account = account_of(view)
    if batch.owner != SELF:
        return False
    if not account.overage:
        return batch.credits_required > account.credits_remaining
    most = account.credits_limit + account.overage_limit
    return view.choice(OVERAGE_LIMIT.id) == "cap" and account.credits_used + batch.credits_required > most


def charged(view: View, credits: int) -> Account:
    """The account once it was charged, today."""
    account = account_of(view)
    usage = spend(account.usage, day_of(view.now), credits)
    return replace(account, since=view.now, credits_used=account.credits_used + credits, usage=usage)


def refunded(view: View, batch: Batch, credits: int) -> Account:
    """The account once it has credits of a batch back: on the day on which they were allocated, so that each day tells what it
    cost in the end."""
    account = account_of(view)
    usage = give_back(account.usage, day_of(batch.allocated_at or view.now), credits)
    return replace(account, credits_used=account.credits_used - credits, usage=usage)


def refundable(view: View, batch: Batch) -> int:
    """The most that a batch can still give back: by a stop while it is queued, or by what fails of its run."""
    if batch.status == "queued":
        return batch.allocated
    if batch.status == "running" and view.choice(FAILED_SEARCHES.id) == "refund":
        return cost_of_failing(batch)
    return 0


def cost_of_failing(batch: Batch) -> int:
    """What was allocated for the searches that will fail."""
    total = len(batch.searches)
    failed = batch.searches.cut(total - batch.failures, total)
    return min(sum(search.cost for search in failed), batch.allocated)
