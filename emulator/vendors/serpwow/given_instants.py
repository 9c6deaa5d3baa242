"""Instants of a batch that somebody writes: those that its status has, and none that would move it before anybody looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.sdk import Problem, Timer, View, format_instant
from emulator.vendors.serpwow.model import Batch
from emulator.vendors.serpwow.slots import has_no_place
from emulator.vendors.serpwow.waits import INACTIVITY, QUEUE, RUN

UNFIT = {
    "idle": ("allocated_at", "started_at", "called_at"),
    "queued": ("started_at",),
    "running": ("called_at",),
}
"""Instants that no batch of a status has: they are of a run that waits or goes on."""


def unfit_instants(batch: Batch, written: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield each written instant that a batch in this status has not."""
    for name in UNFIT[batch.status]:
        if name in written:
            yield Problem(f"a batch that is {batch.status} has no {name}: leave it out", (name,))


def overdue(view: View, batch: Batch, written: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield why a batch would not be in its status any more at the present instant."""
    if batch.called_at is not None and batch.called_at < view.now:
        since = f"a batch that was called at {format_instant(batch.called_at)} is running since then"
        yield Problem(f"{since}: give a called_at of {format_instant(view.now)}, or none", ("called_at",))
    elif batch.status == "queued" and batch.ticket is None and not has_no_place(view, batch):
        yield from _over(view, batch, QUEUE)
    elif batch.status == "running":
        yield from _over(view, batch, RUN)
    elif batch.status == "idle":
        yield from _forgotten(view, batch, written)


def _over(view: View, batch: Batch, wait: Timer) -> Iterator[Problem]:
    length = view.length(wait, batch)
    if length is not None and batch.since + length <= view.now and batch.since < view.now:
        began, ended = format_instant(batch.since), format_instant(batch.since + length)
        least = format_instant(view.now - length)
        yield Problem(f"a batch that is {batch.status} since {began} is so until {ended}: give one after {least}", ("since",))


def _forgotten(view: View, batch: Batch, written: Mapping[str, Any]) -> Iterator[Problem]:
    length = view.length(INACTIVITY, batch)
    if length is not None and batch.since + length <= view.now:
        name = "active_at" if "active_at" in written else "since"
        yield Problem(f"an idle batch that nobody uses is deleted, this one before now: give a later {name}", (name,))
