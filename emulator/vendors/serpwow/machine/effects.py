"""Timers, guards and effects of batches and the account: credits, results, and the next start by the schedule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from emulator.sdk import Timer, View, replace
from emulator.vendors.serpwow.assumptions.lifecycle import (
    CREDITS_RESET,
    FAILED_SEARCHES,
    LAST_RUN,
    NEXT_RESULT_SET,
    OVERAGE_LIMIT,
    PARTIAL_RESULTS,
    PLACES,
    SCHEDULE_DAYS,
    SCHEDULE_MINUTES,
    SCHEDULE_ZONE,
    SHORT_MONTH,
    STOP_SCHEDULE,
)
from emulator.vendors.serpwow.destinations.machine import NO_UPLOADS, Uploads, upload
from emulator.vendors.serpwow.destinations.uploads import uploads_of
from emulator.vendors.serpwow.machine.queue import POOLS, enqueue, promote
from emulator.vendors.serpwow.model.account import MOST_DAYS, Account, Usage, is_outside, next_monthly
from emulator.vendors.serpwow.model.batches import BATCH_LIMIT, BUSY, Batch, QueueLine, ResultSet
from emulator.vendors.serpwow.model.schedules import MANUAL, Calendar, next_instant, zone_of
from emulator.vendors.serpwow.requests.admission import acting_account
from emulator.vendors.serpwow.webhooks import notify


def until_reset(account: Account) -> timedelta:
    """Return the time from the last use or return of credits to the next return."""
    return next_monthly(account.credits_reset_at, account.since) - account.since


QUEUE = Timer("serpwow.queue", timedelta(seconds=2), "invented", applies=Batch.is_new_in_queue)
PLACE = Timer("serpwow.place", None, "serpwow-slots-2", Batch.until_promoted, settable=False)
RUN = Timer("serpwow.run", timedelta(seconds=10), "serpwow-results-2")
SCHEDULE = Timer("serpwow.schedule", None, "serpwow-schedule-2", Batch.until_scheduled, settable=False)
INACTIVITY = Timer("serpwow.inactivity", None, "serpwow-inactive-1", Batch.until_inactive, upkeep=True)
RESET = Timer("serpwow.reset", None, "serpwow-account-7", until_reset, attrgetter("credits_used"), settable=False, upkeep=True)
"""Applies only to an account that has used credits, so that years can pass without a step."""

Changes = Iterable[Account | Batch | QueueLine]


def exceeds_batch_limit(view: View, _: Batch | None) -> bool:
    return view.size(Batch, "owner", acting_account(view)) >= BATCH_LIMIT


def belongs_to_another(view: View, batch: Batch) -> bool:
    return batch.owner != acting_account(view)


def fails_to_stop(_: View, batch: Batch) -> bool:
    return batch.fails_to_stop


def is_disabled(_: View, batch: Batch) -> bool:
    return not batch.enabled


def has_nothing_to_run(_: View, batch: Batch) -> bool:
    return batch.credits_required == 0


def costs_too_much(view: View, batch: Batch) -> bool:
    if is_outside(view, batch.owner):
        return False
    account = account_of(view, batch.owner)
    if not account.overage:
        return batch.credits_required > account.credits_remaining
    limit = account.credits_limit + account.overage_limit
    return view.choice(OVERAGE_LIMIT) == "cap" and account.credits_used + batch.credits_required > limit


def reset_credits(view: View, account: Account) -> Changes:
    yield _with_credits_returned(view, account)


def keep_used_credits(view: View, account: Account) -> Changes:
    yield replace(account, since=view.now)


def plan_the_schedule(view: View, batch: Batch) -> Changes:
    """Plan the first start by the schedule."""
    yield with_next_start(view, batch)


def skip_a_run(view: View, batch: Batch) -> Changes:
    """Plan the start after one that cannot take place."""
    yield with_next_start(view, replace(batch, since=view.now))


def allocate_credits(view: View, batch: Batch) -> Changes:
    """Queue a batch: its credits are used from now on."""
    credits = batch.credits_required
    if not is_outside(view, batch.owner):
        account = account_of(view, batch.owner)
        usage = add_usage(account.usage, date_of(view.now), credits)
        yield replace(account, since=view.now, credits_used=account.credits_used + credits, usage=usage)
    last_run = view.now if view.choice(LAST_RUN) == "queued" else batch.last_run
    yield replace(batch, allocated=credits, allocated_at=view.now, active_at=view.now, last_run=last_run)


def refund_credits(view: View, batch: Batch) -> Changes:
    """Stop a queued batch: its credits come back. Evidence: serpwow-stop-2."""
    yield refunded(view, batch, batch.allocated)
    yield _without_run(view, _stopped(view, batch))
    yield from promote_waiting(view, batch.owner)


def stop_as_one_of_all(view: View, batch: Batch) -> Changes:
    """Stop a queued batch whose credits come back together with those of all others. Evidence: serpwow-stopall-3."""
    yield _without_run(view, _stopped(view, batch))


def refund_if_queued(view: View, batch: Batch) -> Changes:
    """Return the credits of a batch that is deleted, as a stop would: those of a run that has begun stay used."""
    if batch.status == "queued" and not is_outside(view, batch.owner):
        yield refunded(view, batch, batch.allocated)


def leave_the_queue(view: View, batch: Batch) -> Changes:
    """Take a batch out of the queue, so that another one can begin."""
    yield refunded(view, batch, batch.allocated)
    yield from promote_waiting(view, batch.owner)


def take_a_ticket(view: View, batch: Batch) -> Changes:
    """Put a batch in its line, and promote those ahead of it while slots are free."""
    yield from enqueue(view, batch)
    yield from promote_waiting(view, batch.owner)


def promote_waiting(view: View, owner: str) -> Changes:
    """Give every free slot of an account to a batch that waits for one, pool by pool."""
    pools = POOLS[view.choice(PLACES)]
    for pool in pools if view.has(QueueLine) else ():
        if view.size(QueueLine, "waiting", owner, pool):
            yield from promote(view, owner, pool)


def begin_the_run(view: View, batch: Batch) -> Changes:
    """Begin the run of a queued batch."""
    last_run = view.now if view.choice(LAST_RUN) == "running" else batch.last_run
    number = batch.next_result_set_id + (view.choice(NEXT_RESULT_SET) == "running")
    yield replace(batch, last_run=last_run, started_at=view.now, next_result_set_id=number, ticket=None, called_at=None)


def end_run_without_refund(view: View, batch: Batch) -> Changes:
    """Stop a running batch: its credits stay used. Evidence: serpwow-stop-3."""
    if view.choice(PARTIAL_RESULTS) == "keep":
        yield _with_results(view, _stopped(view, batch), _completed_searches(view, batch))
    else:
        yield _without_run(view, _stopped(view, batch))
    yield from promote_waiting(view, batch.owner)


def deliver_results(view: View, batch: Batch) -> Iterable[Any]:
    """End a run: publish its result set, and notify whoever wants that."""
    if batch.failing and not is_outside(view, batch.owner) and view.choice(FAILED_SEARCHES) == "refund":
        yield refunded(view, batch, _cost_of_failures(batch))
    done = _with_results(view, batch, len(batch.searches), upload(view, batch), batch.webhook(account_of(view, batch.owner)))
    result_set = done.result_sets[-1]
    yield from (done, *notify(view, done, result_set), *uploads_of(view, done, result_set))
    yield from promote_waiting(view, batch.owner)


def account_of(view: View, owner: str) -> Account:
    """Return the account of an id."""
    return as_of_now(view, view.find(Account, owner) or Account(view.now, id=owner))


def as_of_now(view: View, account: Account) -> Account:
    """Return the account after a return of credits that is due at this instant, even before its timer has its turn."""
    if not account.credits_used or next_monthly(account.credits_reset_at, account.since) > view.now:
        return account
    if view.choice(CREDITS_RESET) == "never":
        return replace(account, since=view.now)
    return _with_credits_returned(view, account)


def _with_credits_returned(view: View, account: Account) -> Account:
    """Return the account without its used credits, except those that the current runs can still refund."""
    kept = min(sum(refundable(view, batch) for batch in busy_batches(view, account.id)), account.credits_used)
    returned = account.credits_returned + account.credits_used - kept
    return replace(account, since=view.now, credits_used=kept, credits_returned=returned)


def busy_batches(view: View, owner: str) -> list[Batch]:
    """Return the queued and running batches of an account."""
    return [batch for status in BUSY for batch in view.group(Batch, "owner", owner, status)]


def refundable(view: View, batch: Batch) -> int:
    """Return the most credits that a batch can still refund: by a stop in the queue, or by failures of its run."""
    if batch.status == "queued":
        return batch.allocated
    if batch.status == "running" and view.choice(FAILED_SEARCHES) == "refund":
        return _cost_of_failures(batch)
    return 0


def _cost_of_failures(batch: Batch) -> int:
    total = batch.searches.total
    return min(sum(search.cost for search in batch.searches.slice(total - batch.failures, total)), batch.allocated)


def refunded(view: View, batch: Batch, credits: int) -> Account:
    """Return the account with credits refunded on the day of their allocation, so that each day shows its final cost."""
    account = account_of(view, batch.owner)
    usage = subtract_usage(account.usage, date_of(batch.allocated_at or view.now), credits)
    return replace(account, credits_used=account.credits_used - credits, usage=usage)


def with_next_start(view: View, batch: Batch) -> Batch:
    """Return the batch with the instant of its next start by its schedule."""
    if batch.schedule.type == MANUAL or not batch.enabled:
        return replace(batch, fires_at=None) if batch.fires_at else batch
    return replace(batch, fires_at=next_instant(batch.schedule, view.now, calendar_of(view, batch.owner)))


def calendar_of(view: View, owner: str) -> Calendar:
    """Return the reading of an account's schedules. Evidence: serpwow-schedule-2."""
    zone = account_of(view, owner).timezone if view.choice(SCHEDULE_ZONE) == "account" else "UTC"
    from_midnight = view.choice(SCHEDULE_MINUTES) == "midnight"
    ends_early = view.choice(SHORT_MONTH) == "last-day"
    return Calendar(zone_of(zone), from_midnight, view.choice(SCHEDULE_DAYS) == "either", ends_early)


def _stopped(view: View, batch: Batch) -> Batch:
    return replace(batch, stopped_at=view.now, enabled=batch.enabled and view.choice(STOP_SCHEDULE) == "keep")


def _with_results(view: View, batch: Batch, done: int, uploads: Uploads = NO_UPLOADS, webhook: str | None = None) -> Batch:
    """Return the idle batch with a result set of the searches done."""
    counted = view.choice(NEXT_RESULT_SET) == "running"
    number = max(batch.next_result_set_id - counted, 1)
    failed = max(done - (len(batch.searches) - batch.failures), 0)
    started_at = batch.started_at or view.now
    result_set = ResultSet(number, started_at, view.now, batch.searches.first(done), failed, *uploads, webhook)
    results = batch.results_with((result_set,), view.now)
    return _without_run(view, batch, result_sets=results, next_result_set_id=number + 1)


def _completed_searches(view: View, batch: Batch) -> int:
    """Return the number of searches done by now, at an even pace over the whole run."""
    searches, length = len(batch.searches), view.length(RUN, batch)
    return min(searches * (view.now - (batch.started_at or view.now)) // length, searches) if length else 0


def _without_run(view: View, batch: Batch, **changes: Any) -> Batch:
    """Return the batch without what belongs to a queued or running batch only, and with other changes."""
    idle = replace(batch, allocated=0, allocated_at=None, started_at=None, ticket=None, called_at=None, **changes)
    return with_next_start(view, idle)


def date_of(instant: datetime) -> str:
    """Return the key of an instant's day in `Usage`."""
    return instant.date().isoformat()


def add_usage(usage: Mapping[str, int], day: str, credits: int) -> Usage:
    """Return the usage with more credits on a day."""
    return (Usage if isinstance(usage, Usage) and day in usage else _kept)({**usage, day: usage.get(day, 0) + credits})


def subtract_usage(usage: Mapping[str, int], day: str, credits: int) -> Usage:
    """Return the usage with fewer credits on a day and, if that day has too few, on the others, newest first."""
    rest = dict(usage)
    for candidate in (day, *sorted(usage, reverse=True)):
        if not credits:
            break
        subtracted = min(credits, rest.get(candidate, 0))
        rest[candidate] = rest.get(candidate, 0) - subtracted
        credits -= subtracted
    return _kept(rest)


def _kept(usage: Mapping[str, int]) -> Usage:
    """Return the usage without days that cost nothing; what is older than the newest MOST_DAYS counts to the first of those."""
    days = sorted([(day, credits) for day, credits in usage.items() if credits])
    newest = Usage(days[-MOST_DAYS:])
    if older := days[:-MOST_DAYS]:
        newest[next(iter(newest))] += sum(credits for _, credits in older)
    return newest
