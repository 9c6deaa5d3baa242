"""What must hold of a batch job that somebody writes: its numbers fit each other and its status."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]

UNPROCESSED = ("ready_for_upload", "validating", "upload_timeout")
VALIDATED = ("validating", "validation_failed")


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold once all of `needs` are known; `at` is the key that is blamed."""

    needs: tuple[str, ...]
    holds: Callable[[Values], bool]
    at: str
    message: str


def broken_rules(job: Values) -> Iterator[Rule]:
    """The rules that these values break, whatever the values that are not known may be."""
    return (rule for rule in RULES if all(name in job for name in rule.needs) and not rule.holds(job))


def processed(job: Values) -> int:
    """How many rows have an outcome."""
    done: int = job.get("success_count", 0) + job.get("failure_count", 0)
    return done


def _succeeding_rows_suffice(job: Values) -> bool:
    return bool(processed(job) > job["rows"] or job["success_count"] <= job["rows"] - job["failing_rows"])


def _counts_fit_the_status(job: Values) -> bool:
    return bool(job["status"] not in UNPROCESSED or not processed(job))


def _complete_means_all(job: Values) -> bool:
    return bool(job["status"] != "complete" or processed(job) == job["rows"])


def _skipping_fits_the_status(job: Values) -> bool:
    return bool(not job["skip_validation"] or job["status"] not in VALIDATED)


def _error_fits_the_status(job: Values) -> bool:
    return bool(job["status"] == "batch_failed" or "fails_at" in job)


def _at_most(smaller: str, larger: str) -> Callable[[Values], bool]:
    return lambda job: bool(job[smaller] <= job[larger])


RULES = (
    Rule(("rows",), lambda job: processed(job) <= job["rows"], "rows", "more rows succeeded and failed than there are"),
    Rule(("rows", "failing_rows"), _at_most("failing_rows", "rows"), "failing_rows", "more rows fail than there are"),
    Rule(
        ("rows", "failing_rows", "success_count"),
        _succeeding_rows_suffice,
        "success_count",
        "more rows succeeded than failing_rows leaves",
    ),
    Rule(
        ("failing_rows", "failure_count"),
        _at_most("failure_count", "failing_rows"),
        "failing_rows",
        "more rows than that have failed already",
    ),
    Rule(
        ("rows", "validated_count"),
        _at_most("validated_count", "rows"),
        "validated_count",
        "more rows were validated than there are",
    ),
    Rule(("rows", "invalid_row"), _at_most("invalid_row", "rows"), "invalid_row", "there is no such row"),
    Rule(
        ("validated_count", "invalid_row"),
        lambda job: job["validated_count"] < job["invalid_row"],
        "validated_count",
        "validation does not go beyond invalid_row",
    ),
    Rule(("status",), _counts_fit_the_status, "status", "no row of a job in this status was processed"),
    Rule(
        ("status", "rows", "success_count", "failure_count"),
        _complete_means_all,
        "rows",
        "every row of a complete job succeeded or failed",
    ),
    Rule(
        ("status", "skip_validation"),
        _skipping_fits_the_status,
        "skip_validation",
        "a job in this status did not skip validation",
    ),
    Rule(("status", "error"), _error_fits_the_status, "error", "only a job that is batch_failed, or will be, has an error"),
    Rule(("created", "since"), _at_most("created", "since"), "since", "a job is in no status before it was created"),
)
