"""Batch jobs in a state: their counts are those of the present, and `input` has the lines of their files."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from emulator.sdk import (
    COUNT,
    FLAG,
    INSTANT,
    NAME,
    ORDINAL,
    PAST,
    TEXT,
    Field,
    Fields,
    JsonDict,
    JsonObject,
    Problem,
    View,
    dump_fields,
    dump_part,
    format_instant,
    idle_timers,
    load_fields,
    one_of,
    refuse,
    replace,
    structs,
    timing_of,
    without_idle_timers,
)
from emulator.vendors.stripe.files.model.outcomes import FailureRule
from emulator.vendors.stripe.files.model.rows import Rows
from emulator.vendors.stripe.files.operations import with_file
from emulator.vendors.stripe.files.requests import LARGEST_FILE, dump_rows
from emulator.vendors.stripe.files.responses import can_have_size
from emulator.vendors.stripe.machine import JOB, as_of_now, status_end
from emulator.vendors.stripe.model.accounts import WORDS, account_of
from emulator.vendors.stripe.model.endpoints import Endpoint
from emulator.vendors.stripe.model.jobs import AT_WORK, STATUSES, WITH_RESULTS, Job
from emulator.vendors.stripe.operations import new_id
from emulator.vendors.stripe.requests.fields import METADATA
from emulator.vendors.stripe.requests.jobs import METHODS, SCOPES
from emulator.vendors.stripe.state.failing import DEFAULT_ROWS, RULES, idle_rules, rule_problems
from emulator.vendors.stripe.state.job_rules import broken_rules

_ENDPOINT = {
    "type": "object",
    "properties": {"http_method": {"enum": list(METHODS)}, "path": {"type": "string"}},
    "required": ["path"],
    "additionalProperties": False,
}
ENDPOINTS = Field(
    {"type": "array", "items": _ENDPOINT},
    lambda value: tuple(Endpoint(**item) for item in value),
    lambda endpoints: [structs.asdict(endpoint) for endpoint in endpoints],
)
FIELDS: Fields = {
    "id": TEXT,
    "status": one_of(*STATUSES),
    "since": PAST,
    "created": PAST,
    "rows": COUNT,
    "success_count": COUNT,
    "failure_count": COUNT,
    "failing_rows": COUNT,
    "validated_count": COUNT,
    "invalid_row": ORDINAL,
    "maximum_rps": Field({"type": ["integer", "null"], "minimum": 1, "maximum": 100}),
    "skip_validation": FLAG,
    "metadata": METADATA,
    "endpoint": Field(_ENDPOINT, lambda value: Endpoint(**value), structs.asdict),
    "notification_suppression": one_of(*SCOPES),
    "output_size": Field({"type": "integer", "minimum": 0, "maximum": LARGEST_FILE}),
    "fails_at": INSTANT,
    "error": TEXT,
    "owner": NAME,
    "failing": RULES,
    "timing": timing_of(JOB),
}
ReadRows = Callable[[str], Rows]
INPUT = {"type": "string", "description": "the lines of the job's file"}

COUNTS = {"success_count", "failure_count", "validated_count"}
OF_FILE = ("rows", "failing_rows", "invalid_row")
"""The fields that follow from the file, where there is one."""

PROGRESS = {"status", "timing", "since", "maximum_rps", "failing", "endpoint", "skip_validation", "input", *OF_FILE, *COUNTS}
"""The fields that a job's progress depends on."""


def validate_job(item: JsonObject, *path: str | int) -> Iterator[Problem]:
    """Yield the problems of a job that can be seen without the state it changes."""
    problems = [*rule_problems(item.get("failing", ()), *path, "failing")]
    yield from problems or _broken(load_fields(FIELDS, item), *path)
    yield from idle_timers(JOB, item, *path)
    if item.get("failing") and not problems:
        yield from idle_rules(item, *path, "failing")


def job_problems(view: View, job: Job, *path: str | int) -> Iterator[Problem]:
    """Yield the problems of a loaded job."""
    values = {name: getattr(job, name) for name in job.__struct_fields__ if name != "charge"}
    broken = [*_broken({name: value for name, value in values.items() if value is not None}, *path)]
    yield from broken or _overdue(view, job, *path)
    if job.work is None:
        if job.status in WITH_RESULTS and not can_have_size(job):
            yield Problem("so many results cannot have that size", (*path, "output_size"))
        return
    if job.status == "ready_for_upload":
        yield Problem("a job that waits for its file has none", (*path, "input"))
    if job.rows != len(job.work.rows):
        yield Problem(f"this input has {len(job.work.rows)} rows", (*path, "rows"))
        return
    expected = job.work.failures_among(job.processed)
    if job.status != "validation_failed" and job.failure_count != expected:
        yield Problem(f"of the first {job.processed} rows of this input, {expected} fail", (*path, "failure_count"))


def dump_job(view: View, job: Job) -> JsonDict:
    """Return the job as a state has it now."""
    shown = WORDS.with_account(view.accounts("stripe"), dump_fields(FIELDS, as_of_now(view, job)), job.owner)
    item = without_idle_timers(JOB, {"maximum_rps": None} | shown)
    if job.work is not None:
        item.pop("output_size", None)
        met = () if job.status == "validation_failed" else job.work.rules_met()
        rules = [item["failing"][index] for index in met]
        return item | {"failing": rules, "input": dump_part(job.work.rows, dump_rows)}
    if job.status != "ready_for_upload" or not job.failing:
        del item["failing"]
    return item


def load_job(view: View, item: JsonObject, read: ReadRows, *path: str | int) -> Job:
    """Return the job of an item: a new one, or a changed one; a new one that has no rules of its own fails by its account's.

    `read` returns the rows of a file; what reads the same file for many jobs need not do that again.

    Raises:
        BadInput: the item is about the future, or contradicts its file.
    """
    values = load_fields(FIELDS, item, view.now, *path)
    old = view.find(Job, values["id"]) if "id" in values else None
    if old is not None and PROGRESS.isdisjoint(item):
        return replace(old, **values)
    job = _new_job(view, values) if old is None else replace(as_of_now(view, old), **values)
    is_new = old is None or job.status != old.status
    if "input" in item or (job.work is not None and {"failing", "endpoint", "skip_validation"} & values.keys()):
        failing = account_of(view, job.owner).failing if old is None else job.failing
        job = _with_input(view, job, item, values.get("failing", failing), read, *path)
    if old is not None:
        job = _restarted(view, job, values) if is_new else replace(job, phase_began_at=job.since)
    job = _with_counts(job, values, is_new)
    return replace(job, reported=as_of_now(view, job).progress)


def _broken(job: JsonObject, *path: str | int) -> Iterator[Problem]:
    return (Problem(rule.message, (*path, rule.at)) for rule in broken_rules(job))


def _overdue(view: View, job: Job, *path: str | int) -> Iterator[Problem]:
    """Yield that a job has been in its status for longer than it stays in it."""
    end = status_end(view, job)
    if end is not None and end <= view.now and job.since < view.now:
        message = f"a job that is {job.status} since {format_instant(job.since)} is so no longer after {format_instant(end)}"
        hint = f"a since after {format_instant(view.now - (end - job.since))}"
        if job.status == "in_progress":
            hint = f"its counts, or {hint}"
        yield Problem(f"{message}: give {hint}", (*path, "since"))
    elif job.fails_at is not None and job.fails_at < view.now and job.status in AT_WORK:
        message = f"a job that is {job.status} fails at {format_instant(job.fails_at)}, and it is {format_instant(view.now)}"
        yield Problem(f"{message}: give a later fails_at", (*path, "fails_at"))


def _with_input(
    view: View, job: Job, item: JsonObject, failing: tuple[FailureRule, ...], read: ReadRows, *path: str | int
) -> Job:
    """Return the job with the rows of its file; the other numbers of the item must agree."""
    rows = read(item["input"]) if "input" in item or job.work is None else job.work.rows
    job = with_file(view, job, rows, failing)
    if job.status == "validation_failed":
        job = replace(job, failing_rows=min(job.rows, 1))
    refuse(
        Problem(f"this input has {getattr(job, name)}", (*path, name))
        for name in OF_FILE
        if name in item and item[name] != getattr(job, name)
    )
    return job


def _new_job(view: View, values: JsonObject) -> Job:
    waiting = values.get("status", "ready_for_upload") == "ready_for_upload"
    since = values.get("since") or (values.get("created", view.now) if waiting else view.now)
    job = Job(
        values.get("id") or new_id(view),
        since,
        values.get("created", since),
        phase_began_at=since,
        counted_at=view.now if COUNTS & values.keys() else since,
    )
    return replace(job, **{"rows": _default_rows(values), **values, "id": job.id, "since": since})


def _restarted(view: View, job: Job, values: JsonObject) -> Job:
    """Return a job that has just come into its status."""
    since = values.get("since", view.now)
    return replace(
        job,
        since=since,
        phase_began_at=since,
        error=values.get("error"),
        fails_at=values.get("fails_at"),
        counted_at=view.now,
    )


def _with_counts(job: Job, values: JsonObject, is_new: bool) -> Job:
    """Return the job with the counts that `values` leave out and that follow from the others in its new status."""
    failing = job.failing_rows if "failing_rows" in values else max(job.failing_rows, job.failure_count)
    if job.work is not None:
        failing = len(job.work.failed) if job.status != "validation_failed" else min(job.rows, 1)
    is_complete, is_invalid = job.status == "complete", job.status == "validation_failed"
    if not is_new or not (is_complete or is_invalid):
        return replace(job, failing_rows=failing)
    if is_invalid and job.rows == 0:
        return job
    failure = values.get("failure_count", failing if is_complete else 1)
    success = values.get("success_count", job.rows - failure if is_complete else 0)
    failing = max(failing, failure) if job.work is None else failing
    return replace(job, success_count=success, failure_count=failure, failing_rows=failing)


def _default_rows(values: JsonObject) -> int:
    """Return the rows of a new job that does not give them."""
    success, failure = values.get("success_count", 0), values.get("failure_count", 0)
    failing = max(failure, values.get("failing_rows", 0))
    if values.get("status") == "complete" and "success_count" in values:
        return int(success + failing)
    return int(max(DEFAULT_ROWS, success + failing, values.get("validated_count", 0), values.get("invalid_row", 0)))
