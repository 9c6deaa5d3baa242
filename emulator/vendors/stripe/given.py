"""How Stripe's state is written: `batch_jobs`, with their counts as they are at the moment of writing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.machine import View
from emulator.kernel.transaction import Transaction
from emulator.vendors.fields import (
    COUNT,
    FLAG,
    INSTANT,
    ORDINAL,
    TEXT,
    TEXT_MAP,
    Field,
    Fields,
    many_of,
    one_of,
    read_fields,
    show_fields,
)
from emulator.vendors.stripe.machine import as_of_now
from emulator.vendors.stripe.model import STATUSES, Job, letters

DEFAULT_ROWS = 100

FIELDS: Fields = {
    "id": TEXT,
    "status": one_of(*STATUSES),
    "since": INSTANT,
    "created": INSTANT,
    "rows": COUNT,
    "success_count": COUNT,
    "failure_count": COUNT,
    "failing_rows": COUNT,
    "validated_count": COUNT,
    "invalid_row": ORDINAL,
    "maximum_rps": Field({"type": "integer", "minimum": 1, "maximum": 100}),
    "skip_validation": FLAG,
    "metadata": TEXT_MAP,
    "output_size": COUNT,
    "error": TEXT,
    "owner": TEXT,
}
COUNTS = {"success_count", "failure_count", "validated_count"}
PROGRESS = {"rows", "failing_rows", "invalid_row", "maximum_rps", "status", *COUNTS}
UNPROCESSED = ("ready_for_upload", "validating", "upload_timeout")

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold of a job once all of `needs` are known; `at` is the key that is blamed."""

    needs: frozenset[str]
    holds: Callable[[Values], bool]
    at: str
    message: str


def _rule(needs: str, holds: Callable[[Values], bool], at: str, message: str) -> Rule:
    return Rule(frozenset(needs.split()), holds, at, message)


def _processed(job: Values) -> int:
    done: int = job.get("success_count", 0) + job.get("failure_count", 0)
    return done


RULES = (
    _rule("rows", lambda job: _processed(job) <= job["rows"], "rows", "more rows succeeded and failed than there are"),
    _rule("rows failing_rows", lambda job: job["failing_rows"] <= job["rows"], "failing_rows", "more rows fail than there are"),
    _rule(
        "rows failing_rows success_count",
        lambda job: job["success_count"] <= job["rows"] - job["failing_rows"],
        "success_count",
        "more rows succeeded than failing_rows leaves",
    ),
    _rule(
        "failing_rows failure_count",
        lambda job: job["failure_count"] <= job["failing_rows"],
        "failing_rows",
        "more rows have failed already",
    ),
    _rule(
        "rows validated_count",
        lambda job: job["validated_count"] <= job["rows"],
        "validated_count",
        "more rows were validated than there are",
    ),
    _rule("rows invalid_row", lambda job: job["invalid_row"] <= job["rows"], "invalid_row", "there is no such row"),
    _rule(
        "validated_count invalid_row",
        lambda job: job["validated_count"] < job["invalid_row"],
        "validated_count",
        "validation stops at invalid_row",
    ),
    _rule(
        "status",
        lambda job: job["status"] not in UNPROCESSED or not _processed(job),
        "status",
        "no row of a job in this status was processed",
    ),
    _rule(
        "status rows success_count failure_count",
        lambda job: job["status"] != "complete" or _processed(job) == job["rows"],
        "rows",
        "every row of a complete job succeeded or failed",
    ),
    _rule(
        "status skip_validation",
        lambda job: not job["skip_validation"] or job["status"] not in ("validating", "validation_failed"),
        "skip_validation",
        "a job in this status was not skipped by validation",
    ),
    _rule("status error", lambda job: job["status"] == "batch_failed", "error", "only a job that is batch_failed has an error"),
    _rule("created since", lambda job: job["created"] <= job["since"], "since", "a job is in no status before it was created"),
)


class StripeGiven:
    """A job that says nothing of `rows` has 100, or as many as its other numbers need."""

    schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {"batch_jobs": many_of(FIELDS)},
        "additionalProperties": False,
    }

    def check(self, fragment: Mapping[str, Any]) -> Iterable[Problem]:
        for place, item in enumerate(fragment.get("batch_jobs", ())):
            yield from _problems(read_fields(FIELDS, item), place)

    def read(self, view: View, fragment: Mapping[str, Any]) -> list[Job]:
        jobs = [_read_job(view, item) for item in fragment.get("batch_jobs", ())]
        problems = [problem for place, job in enumerate(jobs) for problem in _problems(_values(job), place)]
        if problems:
            raise BadInput(problems)
        return jobs

    def show(self, view: Transaction) -> dict[str, Any]:
        return {"batch_jobs": [show_fields(FIELDS, as_of_now(view, job)) for job in view.all(Job.kind)]}


def _problems(job: Values, place: int) -> Iterable[Problem]:
    for rule in RULES:
        if rule.needs <= job.keys() and not rule.holds(job):
            yield Problem(rule.message, ("batch_jobs", place, rule.at))


def _values(job: Job) -> dict[str, Any]:
    every = {field.name: getattr(job, field.name) for field in fields(job)}
    return {name: value for name, value in every.items() if value is not None}


def _read_job(view: View, item: Mapping[str, Any]) -> Job:
    written = read_fields(FIELDS, item)
    id = written.pop("id", None) or f"batchv2_{letters(view.mint('stripe.batch_job'), 26)}"
    old: Job | None = view.find(Job.kind, id)
    return _new_job(view, id, written) if old is None else _changed_job(view, old, written)


def _new_job(view: View, id: str, written: dict[str, Any]) -> Job:
    since = written.get("since") or _begun_at_creation(written) or view.now
    created = written.get("created", since)
    counted_at = view.now if COUNTS & written.keys() else since
    job = Job(id, since, created, since, counted_at, rows=-1)
    return _completed(replace(job, **written, since=since, created=created), written)
