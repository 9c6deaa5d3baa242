"""What Stripe keeps: batch jobs, and how far their rows have come at any instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from emulator.sdk import PROGRESSING, IndexKey, Metered
from emulator.vendors.stripe.files.model.outcomes import Failing, Work
from emulator.vendors.stripe.model.versions import Endpoint

SELF = "self"
"""The owner of what belongs to the account that this world's keys act for."""

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
"""The statuses in which counts follow from the time that has passed."""

WITH_RESULTS = ("canceled", "complete", "validation_failed", "timeout")

DEFAULT_RPS = 10

PARTS = 4
"""Into how many parts the work of a job is divided: an event tells of each that is done."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Job(Metered):
    """A batch job.

    The counts are those of the instant `counted_at`; while rows are validated or processed, more of them follow from the
    time that has passed. `checkpoint` is when the job was last entered upon that. `failing_rows` will have failed in the end,
    and validation stops at `invalid_row`. `work` is what is known of its file, None where a scenario gave numbers only;
    `failing` are the rules by which the file's rows fail. `told` is the newest count of which an event told as progress. At
    `fails_at` the job fails as a whole. `owner` is SELF, or names another account.
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
    work: Work | None = None
    failing: tuple[Failing, ...] = ()
    told: int = 0
    kind: ClassVar[str] = "stripe.batch_job"

    @property
    def progress(self) -> int:
        """How many rows were validated, or processed, at `counted_at`: whatever its status is about."""
        return self.validated_count if self.status == "validating" else self.processed

    @property
    def processed(self) -> int:
        """How many rows had an outcome at `counted_at`."""
        return self.success_count + self.failure_count

    def index(self) -> tuple[IndexKey, ...]:
        return (PROGRESSING,) if self.status in AT_WORK else ()


def pace(job: Job) -> timedelta:
    """How long processing takes from its beginning, at `maximum_rps` rows a second. Evidence: stripe-pace-1, stripe-pace-2."""
    return job.counted_at - job.checkpoint + timedelta(seconds=job.rows - job.processed) / job.maximum_rps


def counts_at(job: Job, now: datetime, length: timedelta | None) -> tuple[int, int]:
    """The rows that succeeded and failed by `now`, if processing takes `length` from its beginning (None: for ever)."""
    left = job.rows - job.processed
    done = _share(left, job, now, length)
    if job.work is not None:
        failures = job.work.failures_among(job.processed + done)
        return job.processed + done - failures, failures
    failed = (job.failing_rows - job.failure_count) * done // left if left else 0
    return job.success_count + done - failed, job.failure_count + failed


def validated_at(job: Job, now: datetime, length: timedelta | None) -> int:
    """The rows found valid by `now`, if validation takes `length` from its beginning (None: for ever)."""
    return job.validated_count + _share(_goal(job) - job.validated_count, job, now, length)


def until_progress(job: Job, length: timedelta) -> timedelta | None:
    """Return the time from `since` until the next part of the work is done, if all of it takes `length` from its beginning.

    It is None where no part is left before the end.
    """
    goal, told = _goal(job), max(job.progress, job.told)
    part = told * PARTS // goal + 1 if goal else PARTS
    wanted = -(-goal * part // PARTS)
    if wanted >= goal:
        return None
    total = max((job.checkpoint + length - job.counted_at) // _TICK, 0)
    passed = -(-(wanted - job.progress) * total // (goal - job.progress))
    return job.counted_at - job.since + passed * _TICK


def _goal(job: Job) -> int:
    """How many rows are validated, or processed, at the end of the status that is about them."""
    return job.rows if job.status != "validating" or job.invalid_row is None else job.invalid_row - 1


def letters(digest: bytes, count: int) -> str:
    """Letters and digits that stand for a digest."""
    number, text = int.from_bytes(digest, "big"), ""
    for _ in range(count):
        number, digit = divmod(number, len(_ALPHABET))
        text += _ALPHABET[digit]
    return text


def _share(whole: int, job: Job, now: datetime, length: timedelta | None) -> int:
    """As much of `whole` as the time since `counted_at` is of the time from there to the end, rounded down."""
    passed = (now - job.counted_at) // _TICK
    if length is None or passed <= 0:
        return 0
    total = (job.checkpoint + length - job.counted_at) // _TICK
    return whole if passed >= total else whole * passed // total
