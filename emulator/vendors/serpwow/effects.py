"""What follows when a batch moves: credits, results, its schedule, and whose turn it is next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import ZoneInfo

from emulator.sdk import View
from emulator.vendors.serpwow.assumptions import (
    FAILED_SEARCHES,
    LAST_RUN,
    NEXT_RESULT_SET,
    PARTIAL_RESULTS,
    SCHEDULE_DAYS,
    SCHEDULE_MINUTES,
    SCHEDULE_ZONE,
    STOP_SCHEDULE,
)
from emulator.vendors.serpwow.credits import (
    account_of,
    charged,
    cost_of_failing,
    refunded,
    with_credits_back,
    with_credits_kept,
)
from emulator.vendors.serpwow.model import SELF, Account, Batch, Line, ResultSet
from emulator.vendors.serpwow.schedules import MANUAL, Calendar, next_instant
from emulator.vendors.serpwow.slots import call_up
from emulator.vendors.serpwow.uploads import Uploads, uploads_of
from emulator.vendors.serpwow.waits import RUN

BATCHES_LIMIT = 10_000
"""Batches in an account. Evidence: serpwow-limits-1."""

NO_UPLOADS = Uploads()
"""A run that was stopped is not uploaded. Evidence: serpwow-stop-9."""

Following = Iterable[Account | Batch | Line]


def there_are_too_many(view: View, _: Batch | None) -> bool:
    return view.size(Batch.kind, "owner", SELF) >= BATCHES_LIMIT


def belongs_to_another(_: View, batch: Batch) -> bool:
    return batch.owner != SELF


def fails_to_stop(_: View, batch: Batch) -> bool:
    return batch.fails_to_stop


def is_disabled(_: View, batch: Batch) -> bool:
    return not batch.enabled


def reset_credits(view: View, account: Account) -> Following:
    yield with_credits_back(view, account)


def keep_used_credits(view: View, account: Account) -> Following:
    yield with_credits_kept(view, account)


def plan_the_schedule(view: View, batch: Batch) -> Following:
    yield planned(view, batch)


def skip_a_run(view: View, batch: Batch) -> Following:
    yield planned(view, replace(batch, since=view.now))


def allocate_credits(view: View, batch: Batch) -> Following:
    credits = batch.credits_required
    if batch.owner == SELF:
        yield charged(view, credits)
    last_run = view.now if view.choice(LAST_RUN.id) == "queued" else batch.last_run
    yield replace(batch, allocated=credits, allocated_at=view.now, active_at=view.now, last_run=last_run)


def refund_credits(view: View, batch: Batch) -> Following:
    yield refunded(view, batch, batch.allocated)
    yield _at_rest(view, _stopped(view, batch))
    yield from call_up(view)


def leave_the_queue(view: View, batch: Batch) -> Following:
    yield refunded(view, batch, batch.allocated)
    yield from call_up(view)


def begin_the_run(view: View, batch: Batch) -> Following:
    last_run = view.now if view.choice(LAST_RUN.id) == "running" else batch.last_run
    number = batch.next_result_set_id + (view.choice(NEXT_RESULT_SET.id) == "running")
    yield replace(batch, last_run=last_run, started_at=view.now, next_result_set_id=number, ticket=None, called_at=None)


def keep_credits(view: View, batch: Batch) -> Following:
    if view.choice(PARTIAL_RESULTS.id) == "keep":
        yield _with_results(view, _stopped(view, batch), _searches_done(view, batch))
    else:
        yield _at_rest(view, _stopped(view, batch))
    yield from call_up(view)


def deliver_results(view: View, batch: Batch) -> Following:
    if batch.owner == SELF and batch.failing and view.choice(FAILED_SEARCHES.id) == "refund":
        yield refunded(view, batch, cost_of_failing(batch))
    yield _with_results(view, batch, len(batch.searches), uploads_of(view, batch), batch.webhook(account_of(view)))
    yield from call_up(view)


def planned(view: View, batch: Batch) -> Batch:
    """The batch with the instant at which its schedule starts it next."""
    if batch.schedule.type == MANUAL or not batch.enabled:
        return replace(batch, fires_at=None) if batch.fires_at else batch
    return replace(batch, fires_at=next_instant(batch.schedule, view.now, calendar_of(view, account_of(view))))


def calendar_of(view: View, account: Account) -> Calendar:
    """How the schedules of an account are read."""
    from_midnight = view.choice(SCHEDULE_MINUTES.id) == "midnight"
    return Calendar(_zone_of(view, account), from_midnight, view.choice(SCHEDULE_DAYS.id) == "either")


def _zone_of(view: View, account: Account) -> ZoneInfo:
    """The time zone in which the hours of schedules are read. Evidence: serpwow-schedule-2."""
    return ZoneInfo(account.timezone if view.choice(SCHEDULE_ZONE.id) == "account" else "UTC")


def _stopped(view: View, batch: Batch) -> Batch:
    return replace(batch, enabled=False) if view.choice(STOP_SCHEDULE.id) == "cancel" else batch


def _with_results(view: View, batch: Batch, done: int, uploads: Uploads = NO_UPLOADS, webhook: str | None = None) -> Batch:
    counted_already = view.choice(NEXT_RESULT_SET.id) == "running"
    number = max(batch.next_result_set_id - counted_already, 1)
    failed = max(done - (len(batch.searches) - batch.failures), 0)
    checkpoint = batch.started_at or view.now
    result_set = ResultSet(number, checkpoint, view.now, batch.searches.first(done), failed, *uploads, webhook)
    results = (*batch.available(view.now), result_set)
    return replace(_at_rest(view, batch), result_sets=results, next_result_set_id=number + 1)


def _searches_done(view: View, batch: Batch) -> int:
    """Searches are done at an even pace over the whole of the run."""
    searches, length = len(batch.searches), view.length(RUN, batch)
    return min(searches * (view.now - (batch.started_at or view.now)) // length, searches) if length else 0


def _at_rest(view: View, batch: Batch) -> Batch:
    resting = replace(batch, allocated=0, allocated_at=None, started_at=None, ticket=None, called_at=None)
    return planned(view, resting)
