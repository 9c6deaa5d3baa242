"""When a download link expires: an hour after it is handed out, and never later than the results that it leads to."""

from __future__ import annotations

from datetime import datetime, timedelta

from emulator.sdk import Transaction
from emulator.vendors.stripe.assumptions.jobs import LINK_LIFE
from emulator.vendors.stripe.files.model.links import LINK
from emulator.vendors.stripe.machine import kept_until
from emulator.vendors.stripe.model.jobs import Job

FROM_CREATION = timedelta(minutes=70)
"""How long after its job was created a link lives in every sample. Evidence: stripe-output-4."""


def link_end(tx: Transaction, job: Job) -> datetime | None:
    """Return when a link made now expires, None if never. Evidence: stripe-output-4 and stripe-output-7."""
    return min((it for it in (_end_of_its_life(tx, job), kept_until(tx, job)) if it is not None), default=None)


def ends_with_the_results(tx: Transaction, job: Job) -> bool:
    """Tell whether a link made now would live longer if the results were kept longer. Evidence: stripe-output-7."""
    return link_end(tx, job) != _end_of_its_life(tx, job)


def _end_of_its_life(tx: Transaction, job: Job) -> datetime | None:
    if tx.choice(LINK_LIFE.id) == "from-creation":
        return job.created + FROM_CREATION
    length = tx.length(LINK, job)
    return None if length is None else tx.now + length
