"""The facts that the answer about one job rests on, where its details show what no page prints."""

from __future__ import annotations

from emulator.kernel.transaction import Transaction
from emulator.vendors.stripe.assumptions import LINK_LIFE
from emulator.vendors.stripe.model import WITH_RESULTS, Job
from emulator.vendors.vendor import Answer


def facts_of_the_details(tx: Transaction, answer: Answer) -> tuple[str, ...]:
    """Return the ids of the facts behind the `status_details` of the job that the answer shows."""
    job = answer.subject
    if answer.name != "job" or not isinstance(job, Job):
        return ()
    if job.status == "batch_failed":
        return () if job.error else ("stripe-wording-1",)
    counts = ("stripe-validation-3",) if job.status == "validation_failed" else ()
    return (*counts, "stripe-output-4") if has_output(job) and not _has_the_link_of_the_samples(tx) else counts


def has_output(job: Job) -> bool:
    """Whether the job has ended with a file of results."""
    return job.status in WITH_RESULTS and (job.status != "canceled" or job.processed > 0)


def _has_the_link_of_the_samples(tx: Transaction) -> bool:
    """Whether download links expire 70 minutes after their job was created, as every sample shows."""
    return tx.choice(LINK_LIFE.id) == "from-creation"
