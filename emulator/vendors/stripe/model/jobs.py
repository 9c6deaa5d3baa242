"""Batch jobs, and the counts of their rows at any instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from emulator.sdk import PROGRESSING, IndexKey, Metered
from emulator.vendors.stripe.files.model.outcomes import FailureRule, RowOutcomes
from emulator.vendors.stripe.model.accounts import SELF
from emulator.vendors.stripe.model.endpoints import Endpoint

STATUSES = (
    "ready_for_upload",
    "validating",
    "in_progress",
    "cancelling",
    "canceled",
    "complete",
    "validation_failed",
    "batch_failed",
    "timeout",
    "upload_timeout",
)
AT_WORK = ("validating", "in_progress")
"""The statuses in which time alone changes the counts."""

WITH_RESULTS = ("canceled", "complete", "validation_failed", "timeout")

DEFAULT_RPS = 10

PARTS = 4
"""Parts of the work of a job; an event reports each one that is done."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Job(Metered):
    """A batch job.

    The counts are those of the instant `counted_at`; while rows are validated or processed, the time since then adds more.
    That phase began at `checkpoint`. `failing_rows` will have failed in the end, and validation stops at `invalid_row`.
    `work` has the rows of its file, None where a scenario gives numbers only; they fail by the rules `failing`. `reported` is
    the newest count that an event reported as progress. At `fails_at` the job fails as a whole. `owner` is SELF, or the id of
    another account.
    """

    id: str
    since: datetime
    created: datetime
    checkpoint: datetime
    counted_at: datetime
    status: str = "ready_for_upload"
    rows: int = 0
    success_count: int = 0
    failure_count: int = 0
    failing_rows: int = 0
    validated_count: int = 0
    invalid_row: int | None = None
    maximum_rps: int = DEFAULT_RPS
    skip_validation: bool = False
    metadata: dict[str, str] = field(default_factory=dict)
    endpoint: Endpoint = field(default_factory=Endpoint)
    notification_suppression: str = "none"
    output_size: int | None = None
    fails_at: datetime | None = None
    error: str | None = None
    owner: str = SELF
    work: RowOutcomes | None = None
    failing: tuple[FailureRule, ...] = ()
    reported: int = 0
    kind: ClassVar[str] = "stripe.batch_job"

    @property
    def progress(self) -> int:
        """The rows validated or processed at `counted_at`, whichever the status is about."""
        return self.validated_count if self.status == "validating" else self.processed

    @property
    def processed(self) -> int:
        """The rows that had an outcome at `counted_at`."""
        return self.success_count + self.failure_count

    @property
    def goal(self) -> int:
        """The rows validated or processed at the end of a status that is about them."""
        return self.rows if self.status != "validating" or self.invalid_row is None else self.invalid_row - 1

    def index(self) -> tuple[IndexKey, ...]:
        """Return the group of the jobs whose counts change by themselves, if it is one."""
        return (PROGRESSING,) if self.status in AT_WORK else ()


def processing_time(job: Job) -> timedelta:
    """Return the time from the start of processing to its end, at `maximum_rps`. Evidence: stripe-pace-1, stripe-pace-2."""
    return job.counted_at - job.checkpoint + timedelta(seconds=job.rows - job.processed) / job.maximum_rps


def counts_at(job: Job, now: datetime, length: timedelta | None) -> tuple[int, int]:
    """Return the rows that succeeded and failed by `now`, if processing takes `length` from its start (None: for ever)."""
    left = job.rows - job.processed
    done = _share(left, job, now, length)
    if job.work is not None:
        failures = job.work.failures_among(job.processed + done)
        return job.processed + done - failures, failures
    failed = (job.failing_rows - job.failure_count) * done // left if left else 0
    return job.success_count + done - failed, job.failure_count + failed


def validated_at(job: Job, now: datetime, length: timedelta | None) -> int:
    """Return the rows found valid by `now`, if validation takes `length` from its start (None: for ever)."""
    return job.validated_count + _share(job.goal - job.validated_count, job, now, length)


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


def letters(digest: bytes, count: int) -> str:
    """Return letters and digits that stand for a digest."""
    number, text = int.from_bytes(digest, "big"), ""
    for _ in range(count):
        number, digit = divmod(number, len(_ALPHABET))
        text += _ALPHABET[digit]
    return text


def _share(whole: int, job: Job, now: datetime, length: timedelta | None) -> int:
    """Return as much of `whole` as the time since `counted_at` is of the time from there to the end, rounded down."""
    passed = (now - job.counted_at) // _TICK
    if length is None or passed <= 0:
        return 0
    total = _ticks_left(job, length)
    return whole if passed >= total else whole * passed // total


def _ticks_left(job: Job, length: timedelta) -> int:
    """Return the microseconds from `counted_at` to the end, at least 0."""
    return max((job.checkpoint + length - job.counted_at) // _TICK, 0)
