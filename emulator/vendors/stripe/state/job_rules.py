"""The rules that a job in a state must keep: its numbers fit each other and its status."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from emulator.sdk import JsonObject, Struct

UNPROCESSED = ("ready_for_upload", "validating", "upload_timeout")
VALIDATED = ("validating", "validation_failed")


class Rule(Struct, frozen=True, gc=False):
    """A condition that must hold once all of `needs` are known; `at` is the key to blame."""

    at: str
    message: str
    needs: tuple[str, ...]
    holds: Callable[[JsonObject], bool]


def broken_rules(job: JsonObject) -> Iterator[Rule]:
    """Yield the rules that these values break, whatever the values that are missing may be."""
    return (rule for rule in RULES if all(name in job for name in rule.needs) and not rule.holds(job))


def _processed(job: JsonObject) -> int:
    return job.get("success_count", 0) + job.get("failure_count", 0)  # type: ignore[no-any-return]


def _at_most(smaller: str, larger: str, at: str, message: str) -> Rule:
    return Rule(at, message, (smaller, larger), lambda job: job[smaller] <= job[larger])


RULES = (
    Rule("rows", "more rows succeeded and failed than there are", ("rows",), lambda job: _processed(job) <= job["rows"]),
    _at_most("failing_rows", "rows", "failing_rows", "more rows fail than there are"),
    Rule(
        "success_count",
        "more rows succeeded than failing_rows leaves",
        ("rows", "failing_rows", "success_count"),
        lambda job: _processed(job) > job["rows"] or job["success_count"] <= job["rows"] - job["failing_rows"],
    ),
    _at_most("failure_count", "failing_rows", "failing_rows", "more rows than that have failed already"),
    _at_most("validated_count", "rows", "validated_count", "more rows were validated than there are"),
    _at_most("invalid_row", "rows", "invalid_row", "there is no such row"),
    Rule(
        "validated_count",
        "validation does not go beyond invalid_row",
        ("validated_count", "invalid_row"),
        lambda job: job["validated_count"] < job["invalid_row"],
    ),
    Rule(
        "status",
        "no row of a job in this status was processed",
        ("status",),
        lambda job: job["status"] not in UNPROCESSED or not _processed(job),
    ),
    Rule(
        "rows",
        "every row of a complete job succeeded or failed",
        ("status", "rows", "success_count", "failure_count"),
        lambda job: job["status"] != "complete" or _processed(job) == job["rows"],
    ),
    Rule(
        "status",
        "a job whose validation failed has no row that succeeded, and one that failed",
        ("status",),
        lambda job: job["status"] != "validation_failed" or (not job.get("success_count") and job.get("failure_count", 1) <= 1),
    ),
    Rule(
        "skip_validation",
        "a job in this status did not skip validation",
        ("status", "skip_validation"),
        lambda job: not job["skip_validation"] or job["status"] not in VALIDATED,
    ),
    Rule(
        "error",
        "only a job that is batch_failed, or will be, has an error",
        ("status", "error"),
        lambda job: job["status"] == "batch_failed" or "fails_at" in job,
    ),
    _at_most("created", "since", "since", "a job is in no status before it was created"),
)
