"""How long a SerpWow batch waits for what."""

from __future__ import annotations

from datetime import timedelta

from emulator.sdk import Timer
from emulator.vendors.serpwow.model import Account, Batch
from emulator.vendors.serpwow.schedules import two_months_after


def _until_called(batch: Batch) -> timedelta | None:
    return batch.called_at - batch.since if batch.called_at else None


def _until_it_fires(batch: Batch) -> timedelta | None:
    return batch.fires_at - batch.since if batch.fires_at else None


def _until_forgotten(batch: Batch) -> timedelta:
    return max(two_months_after(batch.active_at) - batch.since, timedelta())


def _until_reset(account: Account) -> timedelta:
    return account.reset_after(account.since) - account.since


def _has_used_credits(account: Account) -> bool:
    return account.credits_used > 0


def _is_new_in_the_queue(batch: Batch) -> bool:
    return batch.ticket is None and batch.called_at is None


QUEUE = Timer("serpwow.queue", timedelta(seconds=2), "invented", applies=_is_new_in_the_queue)
PLACE = Timer("serpwow.place", None, "serpwow-slots-2", _until_called, settable=False)
RUN = Timer("serpwow.run", timedelta(seconds=10), "serpwow-results-2")
SCHEDULE = Timer("serpwow.schedule", None, "serpwow-schedule-2", _until_it_fires, settable=False)
INACTIVITY = Timer("serpwow.inactivity", None, "serpwow-inactive-1", _until_forgotten, upkeep=True)
RESET = Timer("serpwow.reset", None, "serpwow-account-7", _until_reset, _has_used_credits, settable=False, upkeep=True)
"""An account that has used no credits waits for none to come back, so that years pass without a step."""
