"""How Stripe's state is written: `batch_jobs`, with their counts as they are at the moment of writing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
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
from emulator.vendors.stripe.idempotency import Memory
from emulator.vendors.stripe.machine import as_of_now
from emulator.vendors.stripe.model import SELF, STATUSES, Job, letters
from emulator.vendors.stripe.rules import broken_rules

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
PROGRESS = {"status", "since", "rows", "failing_rows", "invalid_row", "maximum_rps", *COUNTS}


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

    def read(self, view: View, fragment: Mapping[str, Any]) -> list[Job | Memory]:
        jobs = [_read_job(view, item) for item in fragment.get("batch_jobs", ())]
        problems = [problem for place, job in enumerate(jobs) for problem in _problems(_values(job), place)]
        if problems:
            raise BadInput(problems)
        return [view.find(Memory.kind, SELF) or Memory(view.now), *jobs]

    def show(self, view: Transaction) -> dict[str, Any]:
        return {"batch_jobs": [show_fields(FIELDS, as_of_now(view, job)) for job in view.all(Job.kind)]}


def _problems(job: Mapping[str, Any], place: int) -> Iterable[Problem]:
    return (Problem(rule.message, ("batch_jobs", place, rule.at)) for rule in broken_rules(job))


def _values(job: Job) -> dict[str, Any]:
    values = {field.name: getattr(job, field.name) for field in fields(job)}
    return {name: value for name, value in values.items() if value is not None}


def _read_job(view: View, item: Mapping[str, Any]) -> Job:
    written = read_fields(FIELDS, item)
    id = written.pop("id", None) or f"batchv2_{letters(view.mint('stripe.batch_job'), 26)}"
    old: Job | None = view.find(Job.kind, id)
    return _new_job(view, id, written) if old is None else _changed_job(view, old, written)


def _new_job(view: View, id: str, written: dict[str, Any]) -> Job:
    waiting = written.get("status", "ready_for_upload") == "ready_for_upload"
    since = written.get("since") or (written.get("created", view.now) if waiting else view.now)
    created = written.get("created", since)
    counted_at = view.now if COUNTS & written.keys() else since
    job = Job(id, since, created, began=since, counted_at=counted_at)
    return _with_counts(replace(job, **{"rows": _rows(written), **written, "since": since}), written, fresh=True)


def _changed_job(view: View, old: Job, written: dict[str, Any]) -> Job:
    if not PROGRESS & written.keys():
        return replace(old, **written)
    moved = written.get("status", old.status) != old.status
    job = replace(as_of_now(view, old), **written)
    if moved:
        job = replace(job, since=written.get("since", view.now), error=written.get("error"), counted_at=view.now)
    return _with_counts(replace(job, began=job.since), written, fresh=moved)


def _with_counts(job: Job, written: Mapping[str, Any], fresh: bool) -> Job:
    """The job with those of its counts that are not written, and follow from the others now that it is in its status."""
    failing = job.failing_rows if "failing_rows" in written else max(job.failing_rows, job.failure_count)
    if not fresh or job.status not in ("complete", "validation_failed"):
        return replace(job, failing_rows=failing)
    failure = written.get("failure_count", failing if job.status == "complete" else 1)
    success = written.get("success_count", job.rows - failure if job.status == "complete" else 0)
    return replace(job, success_count=success, failure_count=failure, failing_rows=max(failing, failure))


def _rows(written: Mapping[str, Any]) -> int:
    """How many rows a new job has that does not say so."""
    success, failure = written.get("success_count", 0), written.get("failure_count", 0)
    failing = max(failure, written.get("failing_rows", 0))
    if written.get("status") == "complete" and "success_count" in written:
        return int(success + failing)
    return int(max(DEFAULT_ROWS, success + failing, written.get("validated_count", 0), written.get("invalid_row", 0)))
