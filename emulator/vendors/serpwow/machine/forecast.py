"""A lower bound of the steps that schedules cause, counted far faster than the steps are made."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain
from math import inf

from emulator.sdk import View, replace
from emulator.vendors.serpwow.assumptions.lifecycle import OVERAGE_LIMIT
from emulator.vendors.serpwow.machine.effects import INACTIVITY, QUEUE, RUN, account_of, busy_batches, calendar_of
from emulator.vendors.serpwow.machine.queue import never_waits, slots_in_all
from emulator.vendors.serpwow.model.account import Account
from emulator.vendors.serpwow.model.batches import BUSY, Batch
from emulator.vendors.serpwow.model.schedules import Calendar, instants_after, next_instant

STEPS_AFTER_START = 2
"""Steps after the start of a run that can be paid for: it leaves the queue, and it ends. A skipped run has none."""


def min_steps(view: View, until: datetime, most: int) -> int:
    """Return a lower bound of the steps that schedules cause until an instant, in a world without intervention.

    Counts no further than a little beyond `most`.
    """
    return sum(_min_steps_of(view, account, until, most) for account in view.group(Account))


def _min_steps_of(view: View, account: Account, until: datetime, most: int) -> int:
    """Return that bound for the batches of an account.

    It is 0 where batches may have to wait for slots: the number of their runs is known only by letting them run.
    """
    owner = account.id
    scheduled: list[Batch] = [batch for batch in view.group(Batch, "scheduled", owner) if batch.enabled]
    if not scheduled or sum(view.size(Batch, "owner", owner, status) for status in BUSY) > slots_in_all(view):
        return 0
    if not never_waits(view, {batch.id: batch for batch in (*scheduled, *busy_batches(view, owner))}.values()):
        return 0
    paid, calendar, steps = _paid_runs(view, owner, scheduled), calendar_of(view, owner), 0
    for batch in scheduled:
        starts = _starts(view, batch, until, calendar, most - steps)
        steps += starts + STEPS_AFTER_START * int(min(starts, paid))
        paid -= min(starts, paid)
        if steps > most:
            break
    return steps


def _paid_runs(view: View, owner: str, scheduled: list[Batch]) -> float:
    """Return the number of runs that can be paid for, whichever batches they are of."""
    account, costs = account_of(view, owner), [batch.credits_required for batch in scheduled]
    if min(costs) == 0:
        return 0
    return inf if account.overage and view.choice(OVERAGE_LIMIT) != "cap" else account.credits_remaining // max(costs)


def _starts(view: View, batch: Batch, until: datetime, calendar: Calendar, most: int) -> int:
    """Return a lower bound of starts and skips, up to the last run that can end and the deletion of an inactive batch."""
    queue, run = view.length(QUEUE, replace(batch, ticket=None, called_at=None)), view.length(RUN, batch)
    if queue is None or run is None:
        return 0
    length = queue + run
    idle = batch if batch.status == "idle" else replace(batch, status="idle", since=view.now + length)
    kept, end = view.length(INACTIVITY, idle), until - length
    if kept is not None:
        end = min(end, idle.since + kept)
    start = idle.fires_at if batch.status == "idle" else next_instant(batch.schedule, idle.since, calendar)
    if start is None:
        return 0
    starts, ready = 0, start
    for each in chain((start,), instants_after(batch.schedule, start, calendar)):
        if starts > most or each > end:
            break
        if each >= ready:
            starts, ready = starts + 1, each + length + timedelta.resolution
    return starts
