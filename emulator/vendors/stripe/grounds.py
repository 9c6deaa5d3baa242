"""The facts that the answer about one job rests on, where it takes or shows what no page prints so."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.kernel.transaction import Transaction
from emulator.vendors.stripe.assumptions import LINK_LIFE
from emulator.vendors.stripe.creation import left_out
from emulator.vendors.stripe.machine import results_are_gone
from emulator.vendors.stripe.model import WITH_RESULTS, Job
from emulator.vendors.vendor import Answer, Call

CREATED = "stripe-create-1"
"""The evidence of a job that was just created."""


def facts_beside(tx: Transaction, call: Call, answer: Answer) -> tuple[str, ...]:
    """Return the ids of the facts that an answer rests on beside the one that decided it."""
    if answer.name != "job" or not isinstance(answer.subject, Job):
        return ()
    if answer.evidence == CREATED:
        return ("stripe-create-4",) if left_out(call.json, call.headers.get("stripe-version", "")) else ()
    return tuple(_facts_of_the_details(tx, answer.subject))


def _facts_of_the_details(tx: Transaction, job: Job) -> Iterator[str]:
    if job.status == "batch_failed" and not job.error:
        yield "stripe-wording-1"
    if job.status == "validation_failed":
        yield "stripe-validation-3"
    if job.status in WITH_RESULTS and (job.status != "canceled" or job.processed):
        if tx.choice(LINK_LIFE.id) != "from-creation":  # as every sample shows it
            yield "stripe-output-4"
        if results_are_gone(tx, job):
            yield "stripe-expired-1"
