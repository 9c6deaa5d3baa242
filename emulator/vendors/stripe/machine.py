"""The machine of batch jobs: what a request or a file does in each status, and what time alone does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from emulator.sdk import ABSENT, EVERY, SAME, Assume, Machine, Portion, Row, Timer, View, replace
from emulator.vendors.stripe.assumptions.jobs import (
    CANCEL_COMPLETE,
    CANCEL_FAILED,
    CANCEL_READY,
    CANCEL_TWICE,
    EMPTY_FILE,
    PROGRESS_EVENTS,
    ROWS_IN_FLIGHT,
)
from emulator.vendors.stripe.events.model import emit, then_emit
from emulator.vendors.stripe.events.types import JOB_EVENT
from emulator.vendors.stripe.files.model.links import LINK, RETENTION, results_are_gone
from emulator.vendors.stripe.model.jobs import DEFAULT_RPS, STATUSES, WITH_RESULTS, Job

CREATE, RETRIEVE, CANCEL, UPLOAD, DOWNLOAD = "create", "retrieve", "cancel", "upload", "download"


def until_fault(job: Job) -> timedelta | None:
    """Return the time until a job fails as a whole, None if it never does."""
    return None if job.fails_at is None else max(job.fails_at - job.since, timedelta())


PARTS = 4
"""Parts of the work of a job; an event reports each one that is done."""

_TICK = timedelta(microseconds=1)


def processing_time(job: Job) -> timedelta:
    """Return the time from the start of processing to its end, at its `maximum_rps`. Evidence: stripe-pace-1, stripe-pace-2."""
    left = job.rows - job.success_count - job.failure_count
    return job.counted_at - job.phase_began_at + timedelta(seconds=left) / (job.maximum_rps or DEFAULT_RPS)


def until_progress(job: Job, length: timedelta) -> timedelta | None:
    """Return the time from `since` until the next part of the work is done, if all of it takes `length` from its start.

    It is None where no part is left before the end.
    """
    goal, reported = job.goal, max(job.progress, job.reported)
    part = reported * PARTS // goal + 1 if goal else PARTS
    wanted = -(-goal * part // PARTS)
    if wanted >= goal:
        return None
    passed = -(-(wanted - job.progress) * _ticks_left(job, length) // (goal - job.progress))
    return job.counted_at - job.since + passed * _TICK


UPLOADING = Timer("stripe.upload", timedelta(minutes=5), "stripe-upload-1")
VALIDATION = Timer("stripe.validation", timedelta(seconds=5), "invented")
FAULT = Timer("stripe.fault", None, "invented", measure=until_fault)
PROCESSING = Timer("stripe.processing", None, "stripe-pace-2", measure=processing_time)
VALIDATION_PROGRESS = Timer(
    "stripe.validation_progress", None, "invented", settable=False, upkeep=True, portion=Portion(VALIDATION, until_progress)
)
PROCESSING_PROGRESS = Timer(
    "stripe.processing_progress", None, "invented", settable=False, upkeep=True, portion=Portion(PROCESSING, until_progress)
)
TIMEOUT = Timer("stripe.timeout", timedelta(hours=24), "stripe-timeout-1")
DRAIN = Timer("stripe.drain", timedelta(seconds=1), "invented")


def skips_validation(_: View, job: Job) -> bool:
    return job.skip_validation


def wants_validation(_: View, job: Job) -> bool:
    return not job.skip_validation


def came_too_late(_: View, job: Job) -> bool:
    return job.status == "upload_timeout"


def has_no_rows(_: View, job: Job) -> bool:
    return job.rows == 0


def has_invalid_row(_: View, job: Job) -> bool:
    return job.invalid_row is not None


def has_no_results(view: View, job: Job) -> bool:
    return job.status not in WITH_RESULTS or results_are_gone(view, job)


def emit_creation(view: View, job: Job) -> Iterable[object]:
    yield from emit(view, job, JOB_EVENT + "created", JOB_EVENT + "ready_for_upload")


def begin(view: View, job: Job) -> Iterable[Job]:
    yield replace(job, phase_began_at=view.now, counted_at=view.now)


def begin_processing(view: View, job: Job) -> Iterable[Job]:
    yield replace(job, phase_began_at=view.now, counted_at=view.now, validated_count=job.rows, reported=0)


def emit_progress(view: View, job: Job) -> Iterable[object]:
    yield replace(job, reported=as_of_now(view, job).progress)
    if view.choice(PROGRESS_EVENTS) == "quarters":
        yield from emit(view, job, JOB_EVENT + "updated")


def stop_at_invalid_row(view: View, job: Job) -> Iterable[Job]:
    valid = (job.invalid_row or 1) - 1
    yield replace(job, validated_count=valid, success_count=0, failure_count=1, failing_rows=1, counted_at=view.now)


def keep_counts(view: View, job: Job) -> Iterable[Job]:
    yield counted(view, job)


def keep_counts_of_canceled(view: View, job: Job) -> Iterable[Job]:
    drain = view.length(DRAIN, job) if view.choice(ROWS_IN_FLIGHT) == "until-canceled" else None
    yield counted(view, job, view.now + (drain or timedelta()))


def count_every_row(view: View, job: Job) -> Iterable[Job]:
    yield replace(job, success_count=job.rows - job.failing_rows, failure_count=job.failing_rows, counted_at=view.now)


def counts_at(job: Job, now: datetime, length: timedelta | None) -> tuple[int, int]:
    """Return the rows that succeeded and failed by `now`, if processing takes `length` from its start (None: for ever)."""
    processed = job.success_count + job.failure_count
    left = job.rows - processed
    done = _share(left, job, now, length)
    if job.work is not None:
        failures = job.work.failures_among(processed + done)
        return processed + done - failures, failures
    failed = (job.failing_rows - job.failure_count) * done // left if left else 0
    return job.success_count + done - failed, job.failure_count + failed


def _share(whole: int, job: Job, now: datetime, length: timedelta | None) -> int:
    """Return as much of `whole` as the time since `counted_at` is of the time from there to the end, rounded down."""
    passed = (now - job.counted_at) // _TICK
    if length is None or passed <= 0:
        return 0
    total = _ticks_left(job, length)
    return whole if passed >= total else whole * passed // total


def _ticks_left(job: Job, length: timedelta) -> int:
    """Return the microseconds from `counted_at` to the end, at least 0."""
    return max((job.phase_began_at + length - job.counted_at) // _TICK, 0)


def counted(view: View, job: Job, at: datetime | None = None) -> Job:
    """Return a job that is being processed, or was until now, with its counts of this instant, or of a later one."""
    success, failure = counts_at(job, at or view.now, view.length(PROCESSING, job))
    return replace(job, success_count=success, failure_count=failure, counted_at=view.now)


def validated(view: View, job: Job) -> Job:
    """Return a job that is being validated with its count of this instant."""
    more = _share(job.goal - job.validated_count, job, view.now, view.length(VALIDATION, job))
    return replace(job, validated_count=job.validated_count + more, counted_at=view.now)


def as_of_now(view: View, job: Job) -> Job:
    """Return the job with its counts of this instant."""
    if job.status == "in_progress":
        return counted(view, job)
    return validated(view, job) if job.status == "validating" else job


def progress_of(view: View, job: Job) -> tuple[int, int, int]:
    """Return the counts of this instant."""
    now = as_of_now(view, job)
    return now.success_count, now.failure_count, now.validated_count


READY, REFUSED = "ready_for_upload", "not_cancellable"

JOB = Machine(
    of=Job,
    states=STATUSES,
    commands=(CREATE, RETRIEVE, CANCEL, UPLOAD, DOWNLOAD),
    timers=(
        UPLOADING,
        VALIDATION,
        FAULT,
        PROCESSING,
        TIMEOUT,
        DRAIN,
        LINK,
        RETENTION,
        VALIDATION_PROGRESS,
        PROCESSING_PROGRESS,
    ),
    rows=(
        # in                 cause         go to         answer             evidence           effect
        Row(ABSENT, CREATE, READY, "job", "stripe-create-1", emit_creation),
        Row(EVERY, CREATE, SAME, "job", "stripe-idempotency-2"),
        #
        Row(EVERY, RETRIEVE, SAME, "job", "stripe-retrieve-1"),
        Row(ABSENT, RETRIEVE, SAME, "not_found", "stripe-retrieve-2"),
        #
        Row(READY, UPLOAD, "in_progress", "uploaded", "stripe-upload-4", then_emit(begin), skips_validation),
        Row(READY, UPLOAD, "validating", "uploaded", "stripe-upload-3", then_emit(begin), wants_validation),
        Row("upload_timeout", UPLOAD, SAME, "link_refused", "stripe-upload-5", when=came_too_late),
        Row(EVERY, UPLOAD, SAME, "link_refused", "stripe-upload-6"),
        Row(ABSENT, UPLOAD, SAME, "link_refused", "stripe-upload-5"),
        #
        Row(EVERY, DOWNLOAD, SAME, "link_refused", "stripe-output-5", when=has_no_results),
        Row(EVERY, DOWNLOAD, SAME, "results", "stripe-results-1"),
        Row(ABSENT, DOWNLOAD, SAME, "link_refused", "stripe-output-6"),
        #
        Row(READY, CANCEL, SAME, REFUSED, "stripe-cancel-8", assume=Assume(CANCEL_READY, "400")),
        Row(READY, CANCEL, "cancelling", "job", "stripe-cancel-8", then_emit()),
        Row("validating", CANCEL, "cancelling", "job", "stripe-cancel-7", then_emit()),
        Row("in_progress", CANCEL, "cancelling", "job", "stripe-cancel-2", then_emit(keep_counts_of_canceled)),
        Row("cancelling", CANCEL, SAME, REFUSED, "stripe-cancel-9", assume=Assume(CANCEL_TWICE, "400")),
        Row("cancelling", CANCEL, SAME, "job", "stripe-cancel-9"),
        Row("canceled", CANCEL, SAME, "job", "stripe-cancel-4"),
        Row("complete", CANCEL, SAME, "job", "stripe-cancel-10", assume=Assume(CANCEL_COMPLETE, "200")),
        Row("complete", CANCEL, SAME, REFUSED, "stripe-cancel-10"),
        *(
            Row(status, CANCEL, SAME, answer, "stripe-cancel-11", assume=assume)
            for status in ("validation_failed", "batch_failed", "timeout", "upload_timeout")
            for answer, assume in (("job", Assume(CANCEL_FAILED, "200")), (REFUSED, None))
        ),
        Row(ABSENT, CANCEL, SAME, "not_found", "stripe-cancel-5"),
        #
        Row(READY, UPLOADING, "upload_timeout", None, "stripe-upload-2", then_emit()),
        Row(
            "validating",
            VALIDATION,
            "validation_failed",
            None,
            "stripe-validation-2",
            then_emit(stop_at_invalid_row),
            has_invalid_row,
        ),
        Row(
            "validating",
            VALIDATION,
            "validation_failed",
            None,
            "stripe-file-5",
            then_emit(),
            has_no_rows,
            Assume(EMPTY_FILE, "invalid"),
        ),
        Row("validating", VALIDATION, "in_progress", None, "stripe-validation-1", then_emit(begin_processing)),
        Row("validating", FAULT, "batch_failed", None, "stripe-fault-2", then_emit()),
        Row("in_progress", FAULT, "batch_failed", None, "stripe-fault-1", then_emit(keep_counts)),
        Row("in_progress", PROCESSING, "complete", None, "stripe-complete-1", then_emit(count_every_row)),
        Row("in_progress", TIMEOUT, "timeout", None, "stripe-timeout-2", then_emit(keep_counts)),
        Row("validating", VALIDATION_PROGRESS, SAME, None, "stripe-event-9", emit_progress),
        Row("in_progress", PROCESSING_PROGRESS, SAME, None, "stripe-event-9", emit_progress),
        Row("cancelling", DRAIN, "canceled", None, "stripe-cancel-6", then_emit()),
    ),
    progress=progress_of,
    entry=(READY,),
)

_ENDED_BY = {(row.state, row.cause) for row in JOB.rows if isinstance(row.cause, Timer) and row.to != row.state}


def status_end(view: View, job: Job) -> datetime | None:
    """Return when time alone ends the status of the job, None if it never does."""
    timers = (timer for timer in JOB.timers if (job.status, timer) in _ENDED_BY)
    lengths = (view.length(timer, job) for timer in timers)
    return min((job.since + length for length in lengths if length is not None), default=None)
