"""How many steps schedules bring about at least: counted ahead, far faster than the steps are made."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from math import inf

from emulator.sdk import View
from emulator.vendors.serpwow.assumptions import OVERAGE_LIMIT
from emulator.vendors.serpwow.credits import BUSY, account_of
from emulator.vendors.serpwow.effects import calendar_of
from emulator.vendors.serpwow.model import SELF, Batch
from emulator.vendors.serpwow.schedules import Calendar, next_instant
from emulator.vendors.serpwow.slots import has_places_for_all, places_in_all
from emulator.vendors.serpwow.waits import INACTIVITY, QUEUE, RUN

MORE_OF_A_RUN = 2
"""Steps that follow the start of a run that can be paid for: it leaves the queue, and it ends. A skipped run has none."""


def min_steps(view: View, until: datetime, most: int) -> int:
    """Return how many steps the schedules bring about at least until an instant, where nobody intervenes.

    Counts no further than a little beyond `most`. Where batches may have to wait for places, the answer is 0: nobody can tell
    how often they run without letting them run.
    """
    scheduled: list[Batch] = [it for it in view.group(Batch.kind, "scheduled") if it.enabled]
    if not scheduled or sum(view.size(Batch.kind, "owner", SELF, status) for status in BUSY) > places_in_all(view):
        return 0
    busy = [it for status in BUSY for it in view.group(Batch.kind, "owner", SELF, status)]
    if not has_places_for_all(view, {it.id: it for it in (*scheduled, *busy)}.values()):
        return 0
    paid, calendar, steps = _paid_runs(view, scheduled), calendar_of(view, account_of(view)), 0
    for batch in scheduled:
        starts = _starts(view, batch, until, calendar, most - steps)
        steps += starts + MORE_OF_A_RUN * int(min(starts, paid))
        paid -= min(starts, paid)
        if steps > most:
            break
    return steps


def _paid_runs(view: View, scheduled: list[Batch]) -> float:
    """Return how many runs can be paid for in any case, whichever batches they are of."""
    account, dearest = account_of(view), max(it.credits_required for it in scheduled)
    if min(it.credits_required for it in scheduled) == 0:
        return 0
    return inf if account.overage and view.choice(OVERAGE_LIMIT.id) != "cap" else account.credits_remaining // dearest


def _starts(view: View, batch: Batch, until: datetime, calendar: Calendar, most: int) -> int:
    """Return how often a batch is started or skipped at least, until a run would not be over or the batch is forgotten."""
    queue, run = view.length(QUEUE, replace(batch, ticket=None, called_at=None)), view.length(RUN, batch)
    if queue is None or run is None:
        return 0
    length = queue + run
    free = batch if batch.status == "idle" else replace(batch, status="idle", since=view.now + length)
    kept, end = view.length(INACTIVITY, free), until - length
    if kept is not None:
        end = min(end, free.since + kept)
    at = free.fires_at if batch.status == "idle" else next_instant(batch.schedule, free.since, calendar)
    starts = 0
    while starts <= most and at is not None and at <= end:
        starts += 1
        at = next_instant(batch.schedule, at + length, calendar)
    return starts
