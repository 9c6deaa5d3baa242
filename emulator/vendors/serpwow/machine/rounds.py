"""The rounds of a batch that its schedule starts while no other runs: many of them come to one value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice

from emulator.sdk import Metered, Rounds, Row, View, replace
from emulator.vendors.serpwow.assumptions.lifecycle import LAST_RUN
from emulator.vendors.serpwow.destinations.machine import upload
from emulator.vendors.serpwow.machine.effects import (
    INACTIVITY,
    QUEUE,
    RUN,
    SCHEDULE,
    add_usage,
    allocate_credits,
    begin_the_run,
    calendar_of,
    deliver_results,
)
from emulator.vendors.serpwow.model.account import Account, next_monthly
from emulator.vendors.serpwow.model.batches import BUSY, RESULT_LIFETIME, Batch, QueueLine, ResultSet
from emulator.vendors.serpwow.model.schedules import instants_after, next_instant

STARTED = Row("idle", SCHEDULE, "queued", None, "serpwow-schedule-2", allocate_credits)
BEGUN = Row("queued", QUEUE, "running", None, "serpwow-queue-1", begin_the_run)
DELIVERED = Row("running", RUN, "idle", None, "serpwow-complete-2", deliver_results)

Round = tuple[datetime, ...]
"""The instants of start, begin and end of a run."""

LONGEST_WAIT = timedelta(days=1)
"""The time between two starts up to which a batch is never inactive, if it is not for days after a run."""


def rounds(view: View, batch: Batch, end: datetime) -> Rounds | None:
    """Return the rounds of an idle batch that starts now, before an instant; None where anything may come between them."""
    account = view.find(Account, batch.owner)
    if account is None or batch.fires_at != view.now or not _goes_round(view, batch, account):
        return None
    queue, run = view.length(QUEUE, batch), view.length(RUN, batch)
    if not queue or not run:
        return None
    idle = replace(batch, active_at=view.now, since=view.now + queue + run)
    for waiting, least in ((batch, view.now - batch.since), (idle, 5 * LONGEST_WAIT)):
        kept = view.length(INACTIVITY, waiting)
        if kept is not None and kept <= least:
            return None
    end = min(end, next_monthly(account.credits_reset_at, account.since if account.credits_used else view.now))
    instants = islice(_instants(view, batch, queue, run, end), account.credits_remaining // batch.credits_required)
    return Rounds((STARTED, BEGUN, DELIVERED), instants, lambda view, made: _after(view, batch, account, made))


def _goes_round(view: View, batch: Batch, account: Account) -> bool:
    """Tell whether each run of a batch is like the one before, paid for, in a free slot, neither failing nor telling."""
    is_alone = not any(view.size(Batch, "owner", batch.owner, status) for status in BUSY) and not view.size(
        QueueLine, "waiting", batch.owner
    )
    is_silent = batch.webhook(account) is None and batch.notifications.email is None and not batch.destination_ids
    is_ready = is_silent and batch.status == "idle" and batch.enabled and not batch.failing
    return is_alone and is_ready and batch.credits_required > 0 and not account.overage


def _instants(view: View, batch: Batch, queue: timedelta, run: timedelta, end: datetime) -> Iterator[Round]:
    """Yield the runs that end before an instant."""
    former = done = view.now - timedelta.resolution
    for start in chain((view.now,), instants_after(batch.schedule, view.now, calendar_of(view, batch.owner))):
        if start <= done:
            continue
        if start - former > LONGEST_WAIT or start + queue + run >= end:
            return
        former, done = start, start + queue + run
        yield start, start + queue, done


def _after(view: View, batch: Batch, account: Account, made: Sequence[Round]) -> Iterable[Metered]:
    """Return the account and the batch as they are when these rounds are over."""
    start, begun, done = made[-1]
    usage = account.usage
    for day, runs in Counter(it[0].date() for it in made).items():
        usage = add_usage(usage, day.isoformat(), runs * batch.credits_required)
    used = account.credits_used + len(made) * batch.credits_required
    yield replace(account, since=start, credits_used=used, usage=usage)
    searches, uploads = batch.searches.first(len(batch.searches)), upload(view, batch)
    number = max(batch.next_result_set_id, 1)
    result_sets = [
        ResultSet(number + place, begun, ended, searches, 0, *uploads)
        for place, (_, begun, ended) in enumerate(made)
        if ended > done - RESULT_LIFETIME
    ]
    yield replace(
        batch,
        since=done,
        active_at=start,
        allocated=0,
        allocated_at=None,
        started_at=None,
        last_run=start if view.choice(LAST_RUN) == "queued" else begun,
        result_sets=batch.results_with(result_sets, done),
        next_result_set_id=number + len(made),
        fires_at=next_instant(batch.schedule, done, calendar_of(view, batch.owner)),
    )
