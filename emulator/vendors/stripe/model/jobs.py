"""Batch jobs."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import ClassVar

from emulator.sdk import SELF, Metered, Number, field
from emulator.vendors.stripe.files.model.outcomes import FailureRule, RowOutcomes
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


class Job(Metered, frozen=True, gc=False):
    """A batch job.

    The counts are those of the instant `counted_at`; while rows are validated or processed, the time since then adds more.
    That phase began at `phase_began_at`. `failing_rows` will have failed in the end, and validation stops at `invalid_row`.
    `work` has the rows of its file, None where a scenario gives numbers only; they fail by the rules `failing`. `reported` is
    the newest count that an event reported as progress. At `fails_at` the job fails as a whole. `owner` is the id of its
    account.
    """

    id: str
    since: datetime
    created: datetime
    phase_began_at: datetime
    counted_at: datetime
    status: str = "ready_for_upload"
    rows: int = 0
    success_count: int = 0
    failure_count: int = 0
    failing_rows: int = 0
    validated_count: int = 0
    invalid_row: int | None = None
    maximum_rps: int | None = DEFAULT_RPS
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
    progressing: ClassVar[tuple[str, ...]] = AT_WORK

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


COUNTS = ("rows", "validated_count", "success_count", "failure_count")
"""The counts of a job, as of `counted_at`."""

NUMBERS = tuple([Number(it, Job, attrgetter(it)) for it in COUNTS])
