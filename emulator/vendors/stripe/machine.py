"""The life of a Stripe batch job: what a cancel does in each status, and what the clock does by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from emulator.kernel.machine import ABSENT, EVERY, SAME, After, Assume, Machine, On, Row, View, Wait
from emulator.vendors.stripe.assumptions import CANCEL_COMPLETE, CANCEL_FAILED, CANCEL_READY, CANCEL_TWICE
from emulator.vendors.stripe.model import SELF, STATUSES, Job, counts_at, pace, validated_at

RETRIEVE, CANCEL = "retrieve", "cancel"

UPLOAD = Wait("stripe.upload", timedelta(minutes=5), "stripe-upload-1")
VALIDATION = Wait("stripe.validation", timedelta(seconds=5), "invented")
PROCESSING = Wait("stripe.processing", None, "stripe-pace-1", measure=pace)
TIMEOUT = Wait("stripe.timeout", timedelta(hours=24), "stripe-timeout-1")
DRAIN = Wait("stripe.drain", timedelta(seconds=1), "invented")


def belongs_to_another(_: View, job: Job) -> bool:
    return job.owner != SELF


def has_an_invalid_row(_: View, job: Job) -> bool:
    return job.invalid_row is not None


def begin_processing(view: View, job: Job) -> Iterable[Job]:
    yield replace(job, began=view.now, counted_at=view.now, validated_count=job.rows)


def stop_at_the_invalid_row(view: View, job: Job) -> Iterable[Job]:
    good = (job.invalid_row or 1) - 1
    yield replace(job, validated_count=good, success_count=0, failure_count=1, failing_rows=1, counted_at=view.now)


def keep_the_counts(view: View, job: Job) -> Iterable[Job]:
    yield counted(view, job)


def count_every_row(view: View, job: Job) -> Iterable[Job]:
    success = job.rows - job.failing_rows
    yield replace(job, success_count=success, failure_count=job.failing_rows, counted_at=view.now)


def counted(view: View, job: Job) -> Job:
    """A job that is being processed, or was until now, with the counts it has reached."""
    success, failure = counts_at(job, view.now, view.length(PROCESSING, job))
    return replace(job, success_count=success, failure_count=failure, counted_at=view.now)


def validated(view: View, job: Job) -> Job:
    """A job that is being validated, with the count it has reached."""
    count = validated_at(job, view.now, view.length(VALIDATION, job))
    return replace(job, validated_count=count, counted_at=view.now)


def as_of_now(view: View, job: Job) -> Job:
    """The job with its counts brought up to the present."""
    if job.status == "in_progress":
        return counted(view, job)
    return validated(view, job) if job.status == "validating" else job


JOB = Machine(
    kind=Job.kind,
    states=STATUSES,
    commands=(RETRIEVE, CANCEL),
    waits=(UPLOAD, VALIDATION, PROCESSING, TIMEOUT, DRAIN),
    rows=(
        # in                 cause         go to         answer             effect           evidence
        Row(EVERY, On(RETRIEVE), SAME, "not_found", None, "stripe-owner-1", belongs_to_another),
        Row(EVERY, On(RETRIEVE), SAME, "job", None, "stripe-retrieve-1"),
        Row(ABSENT, On(RETRIEVE), SAME, "not_found", None, "stripe-retrieve-2"),
        #
        Row(EVERY, On(CANCEL), SAME, "not_found", None, "stripe-owner-1", belongs_to_another),
        Row(
            "ready_for_upload",
            On(CANCEL),
            SAME,
            "not_cancellable",
            None,
            "stripe-cancel-8",
            None,
            Assume(CANCEL_READY.id, "400"),
        ),
        Row("ready_for_upload", On(CANCEL), "cancelling", "job", None, "stripe-cancel-8"),
        Row("validating", On(CANCEL), "cancelling", "job", None, "stripe-cancel-7"),
        Row("in_progress", On(CANCEL), "cancelling", "job", keep_the_counts, "stripe-cancel-2"),
        Row("cancelling", On(CANCEL), SAME, "not_cancellable", None, "stripe-cancel-9", None, Assume(CANCEL_TWICE.id, "400")),
        Row("cancelling", On(CANCEL), SAME, "job", None, "stripe-cancel-9"),
        Row("canceled", On(CANCEL), SAME, "job", None, "stripe-cancel-4"),
        Row("complete", On(CANCEL), SAME, "job", None, "stripe-cancel-10", None, Assume(CANCEL_COMPLETE.id, "200")),
        Row("complete", On(CANCEL), SAME, "not_cancellable", None, "stripe-cancel-10"),
        Row("validation_failed", On(CANCEL), SAME, "job", None, "stripe-cancel-11", None, Assume(CANCEL_FAILED.id, "200")),
        Row("validation_failed", On(CANCEL), SAME, "not_cancellable", None, "stripe-cancel-11"),
        Row("batch_failed", On(CANCEL), SAME, "job", None, "stripe-cancel-11", None, Assume(CANCEL_FAILED.id, "200")),
        Row("batch_failed", On(CANCEL), SAME, "not_cancellable", None, "stripe-cancel-11"),
        Row("timeout", On(CANCEL), SAME, "job", None, "stripe-cancel-11", None, Assume(CANCEL_FAILED.id, "200")),
        Row("timeout", On(CANCEL), SAME, "not_cancellable", None, "stripe-cancel-11"),
        Row("upload_timeout", On(CANCEL), SAME, "job", None, "stripe-cancel-11", None, Assume(CANCEL_FAILED.id, "200")),
        Row("upload_timeout", On(CANCEL), SAME, "not_cancellable", None, "stripe-cancel-11"),
        Row(ABSENT, On(CANCEL), SAME, "not_found", None, "stripe-cancel-5"),
        #
        Row("ready_for_upload", After(UPLOAD.name), "upload_timeout", None, None, "stripe-upload-2"),
        Row(
            "validating",
            After(VALIDATION.name),
            "validation_failed",
            None,
            stop_at_the_invalid_row,
            "stripe-validation-2",
            has_an_invalid_row,
        ),
        Row("validating", After(VALIDATION.name), "in_progress", None, begin_processing, "stripe-validation-1"),
        Row("in_progress", After(PROCESSING.name), "complete", None, count_every_row, "stripe-complete-1"),
        Row("in_progress", After(TIMEOUT.name), "timeout", None, keep_the_counts, "stripe-timeout-2"),
        Row("cancelling", After(DRAIN.name), "canceled", None, None, "stripe-cancel-6"),
    ),
    entry=STATUSES,
)
