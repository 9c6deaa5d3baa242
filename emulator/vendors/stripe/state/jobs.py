"""How batch jobs are written: with their counts as they are at the moment of writing, and the rows of their files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

from emulator.sdk import (
    COUNT,
    FLAG,
    INSTANT,
    ORDINAL,
    PAST,
    TEXT,
    BadInput,
    Field,
    Fields,
    Problem,
    View,
    dump_fields,
    format_instant,
    load_fields,
    one_of,
    refuse_future,
)
from emulator.vendors.stripe.assumptions.jobs import ROW_WITHOUT_ID
from emulator.vendors.stripe.files.model.id_automaton import NotAPattern
from emulator.vendors.stripe.files.model.id_patterns import compile_pattern
from emulator.vendors.stripe.files.model.outcomes import Failing, Failure, show_failing
from emulator.vendors.stripe.files.model.rows import Rows
from emulator.vendors.stripe.files.requests import LARGEST_FILE, read_rows
from emulator.vendors.stripe.files.responses import can_have_size
from emulator.vendors.stripe.machine import as_of_now, passes_at
from emulator.vendors.stripe.model.jobs import STATUSES, WITH_RESULTS, Job
from emulator.vendors.stripe.model.versions import Endpoint
from emulator.vendors.stripe.operations import with_file
from emulator.vendors.stripe.requests.jobs import METHODS, SCOPES, mint_id
from emulator.vendors.stripe.requests.metadata import METADATA
from emulator.vendors.stripe.state.rules import broken_rules

DEFAULT_ROWS = 100
SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%", re.ASCII)
WHICH = ("ids", "share", "pattern")
HOW = ("status", "code", "message", "type")

_ENDPOINT = {
    "type": "object",
    "properties": {"http_method": {"enum": list(METHODS)}, "path": {"type": "string"}},
    "required": ["path"],
    "additionalProperties": False,
}
_FAILING = {
    "type": "object",
    "properties": {
        "ids": {"type": "array", "items": {"type": "string"}},
        "share": {"type": "string", "pattern": f"^{SHARE.pattern}$", "description": "5% or 0.5%"},
        "pattern": {"type": "string", "description": "^req_9, a regular expression that is found in the id of a row"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string"},
        "message": {"type": "string"},
        "type": {"type": "string"},
    },
    "additionalProperties": False,
}


def read_endpoint(written: Mapping[str, str]) -> Endpoint:
    """An endpoint; the method is post where none is written."""
    return Endpoint(written.get("http_method", "post"), written["path"])


def read_failing(written: Mapping[str, Any]) -> Failing:
    """A rule about rows that fail; the parts of the error that are not written are the usual ones."""
    failure = Failure(**{name: written[name] for name in HOW if name in written})
    share = Fraction(written["share"].rstrip("%")) / 100 if "share" in written else None
    return Failing(tuple(written["ids"]) if "ids" in written else None, share, written.get("pattern"), failure)


ENDPOINTS = Field(
    {"type": "array", "items": _ENDPOINT},
    lambda value: tuple(read_endpoint(item) for item in value),
    lambda value: [endpoint.show() for endpoint in value],
)
RULES = Field(
    {"type": "array", "items": _FAILING, "maxItems": 200},
    lambda value: tuple(read_failing(item) for item in value),
    lambda value: [show_failing(rule) for rule in value],
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
    "maximum_rps": Field({"type": "integer", "minimum": 1, "maximum": 100}),
    "skip_validation": FLAG,
    "metadata": METADATA,
    "endpoint": Field(_ENDPOINT, read_endpoint, Endpoint.show),
    "notification_suppression": one_of(*SCOPES),
    "output_size": Field({"type": "integer", "minimum": 0, "maximum": LARGEST_FILE}),
    "fails_at": INSTANT,
    "error": TEXT,
    "owner": TEXT,
    "failing": RULES,
}
INPUT = {"type": "string", "description": "the lines of the job's file"}
FAILING = ("validating", "in_progress")
"""The statuses in which a job fails as a whole when its time comes."""

COUNTS = {"success_count", "failure_count", "validated_count"}
OF_THE_FILE = ("rows", "failing_rows", "invalid_row")
PROGRESS = {"status", "since", "maximum_rps", "failing", "endpoint", "skip_validation", *OF_THE_FILE, *COUNTS}


def rule_problems(rules: Any, *path: str | int) -> Iterator[Problem]:
    """What the schema cannot see of rules about rows that fail."""
    for place, rule in enumerate(rules):
        if sum(name in rule for name in WHICH) != 1:
            yield Problem(f"a rule has exactly one of {', '.join(WHICH)}", (*path, place))
        if "share" in rule and Fraction(rule["share"].rstrip("%")) > 100:
            yield Problem("more than all rows cannot fail", (*path, place, "share"))
        if "pattern" in rule:
            try:
                compile_pattern(rule["pattern"])
            except NotAPattern as error:
                yield Problem(str(error), (*path, place, "pattern"))


def problems_of_written(item: Mapping[str, Any], place: int) -> Iterator[Problem]:
    """The mistakes of one job that can be seen without the state it is laid over."""
    problems = [*rule_problems(item.get("failing", ()), "batch_jobs", place, "failing")]
    yield from problems
    if not problems:
        yield from _broken(load_fields(FIELDS, item), place)


def problems_of(view: View, job: Job, place: int) -> Iterator[Problem]:
    """The mistakes of a job as it has become."""
    broken = list(_broken(_values(job), place))
    yield from broken or _outdated(view, job, place)
    if job.work is None:
        if job.status in WITH_RESULTS and not can_have_size(job):
            yield Problem("so many results cannot have that size", ("batch_jobs", place, "output_size"))
        return
    if job.status == "ready_for_upload":
        yield Problem("a job that waits for its file has none", ("batch_jobs", place, "input"))
    expected = job.work.failures_among(job.processed)
    if job.status != "validation_failed" and job.failure_count != expected:
        message = f"of the first {job.processed} rows of this input, {expected} fail"
        yield Problem(message, ("batch_jobs", place, "failure_count"))


def _broken(job: Mapping[str, Any], place: int) -> Iterator[Problem]:
    return (Problem(rule.message, ("batch_jobs", place, rule.at)) for rule in broken_rules(job))


def _outdated(view: View, job: Job, place: int) -> Iterator[Problem]:
    """A job that has been in its status for longer than it stays in it would begin in another one."""
    passed = passes_at(view, job)
    if passed is not None and passed <= view.now and job.since < view.now:
        message = f"a job that is {job.status} since {format_instant(job.since)} is so no longer after {format_instant(passed)}"
        least = f"a since after {format_instant(view.now - (passed - job.since))}"
        hint = f"its counts, or {least}" if job.status == "in_progress" else least
        yield Problem(f"{message}: give {hint}", ("batch_jobs", place, "since"))
    elif job.fails_at is not None and job.fails_at < view.now and job.status in FAILING:
        message = f"a job that is {job.status} fails at {format_instant(job.fails_at)}, and it is {format_instant(view.now)}"
        yield Problem(f"{message}: give a later fails_at", ("batch_jobs", place, "fails_at"))


def _values(job: Job) -> dict[str, Any]:
    values = {field.name: getattr(job, field.name) for field in fields(job)}
    return {name: value for name, value in values.items() if value is not None}


def show_job(view: View, job: Job) -> dict[str, Any]:
    """The job as it would be written now."""
    shown = dump_fields(FIELDS, as_of_now(view, job))
    if job.work is None:
        return shown if job.failing else {name: value for name, value in shown.items() if name != "failing"}
    shown.pop("output_size", None)
    return shown | {"input": _input_of(job.work.rows)}


def _input_of(rows: Rows) -> str | dict[str, str]:
    """The lines of a file; where they are too many to be shown, an object that says so, which nobody can give again."""
    if rows.is_long:
        return {"left_out": f"{len(rows):,} rows, which are more than a state shows"}
    return b"".join(rows.lines()).decode()


def read_job(view: View, item: Mapping[str, Any], place: int, failing: tuple[Failing, ...]) -> Job:
    """The job that is written, laid over the one that is there; `failing` are the rules where it has none of its own."""
    refuse_future(FIELDS, item, view.now, "batch_jobs", place)
    written = load_fields(FIELDS, item)
    old: Job | None = view.find(Job.kind, written["id"]) if "id" in written else None
    written.setdefault("id", "")
    job = _new_job(view, written) if old is None else replace(as_of_now(view, old), **written)
    moved = old is None or job.status != old.status
    if "input" in item or (job.work is not None and {"failing", "endpoint", "skip_validation"} & written.keys()):
        job = _with_input(view, job, item, place, written.get("failing", failing if old is None else job.failing))
    if old is not None and not PROGRESS & written.keys() and "input" not in item:
        return replace(old, **written)
    if old is not None:
        job = _changed_job(view, job, written, moved)
    job = _with_counts(job, written, fresh=moved)
    return replace(job, told=as_of_now(view, job).progress)


def _with_input(view: View, job: Job, item: Mapping[str, Any], place: int, failing: tuple[Failing, ...]) -> Job:
    """The job with the rows of its file; what else is written of them must agree."""
    rows = read_rows(item["input"]) if "input" in item or job.work is None else job.work.rows
    job = with_file(job, rows, view.choice(ROW_WITHOUT_ID.id) == "line-number", failing)
    if job.status == "validation_failed":
        job = replace(job, failing_rows=min(job.rows, 1))
    wrong = [
        Problem(f"this input has {getattr(job, name)}", ("batch_jobs", place, name))
        for name in OF_THE_FILE
        if name in item and item[name] != getattr(job, name)
    ]
    if wrong:
        raise BadInput(wrong)
    return job


def _new_job(view: View, written: dict[str, Any]) -> Job:
    id = written["id"] or mint_id(view)
    waiting = written.get("status", "ready_for_upload") == "ready_for_upload"
    since = written.get("since") or (written.get("created", view.now) if waiting else view.now)
    created = written.get("created", since)
    counted_at = view.now if COUNTS & written.keys() else since
    job = Job(id, since, created, checkpoint=since, counted_at=counted_at)
    return replace(job, **{"rows": _rows(written), **written, "id": id, "since": since})


def _changed_job(view: View, job: Job, written: Mapping[str, Any], moved: bool) -> Job:
    """The job in its new status, in which it begins anew."""
    if moved:
        since = written.get("since", view.now)
        job = replace(job, since=since, error=written.get("error"), fails_at=written.get("fails_at"), counted_at=view.now)
    return replace(job, checkpoint=job.since)


def _with_counts(job: Job, written: Mapping[str, Any], fresh: bool) -> Job:
    """The job with those of its counts that are not written, and follow from the others now that it is in its status."""
    failing = job.failing_rows if "failing_rows" in written else max(job.failing_rows, job.failure_count)
    if job.work is not None:
        failing = len(job.work.failed) if job.status != "validation_failed" else min(job.rows, 1)
    if not fresh or job.status not in ("complete", "validation_failed"):
        return replace(job, failing_rows=failing)
    if job.status == "validation_failed" and job.rows == 0:
        return job
    failure = written.get("failure_count", failing if job.status == "complete" else 1)
    success = written.get("success_count", job.rows - failure if job.status == "complete" else 0)
    return replace(
        job, success_count=success, failure_count=failure, failing_rows=max(failing, failure) if job.work is None else failing
    )


def _rows(written: Mapping[str, Any]) -> int:
    """How many rows a new job has that does not say so."""
    success, failure = written.get("success_count", 0), written.get("failure_count", 0)
    failing = max(failure, written.get("failing_rows", 0))
    if written.get("status") == "complete" and "success_count" in written:
        return int(success + failing)
    return int(max(DEFAULT_ROWS, success + failing, written.get("validated_count", 0), written.get("invalid_row", 0)))
