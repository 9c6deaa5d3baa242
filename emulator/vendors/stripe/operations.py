"""What Stripe can be asked about batch jobs: each operation's address, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from emulator.sdk import Answer, Handler, Operation, Request, Transaction
from emulator.vendors.stripe.assumptions.events import DELETED_DESTINATION
from emulator.vendors.stripe.assumptions.jobs import (
    CANCEL_COMPLETE,
    CANCEL_FAILED,
    CANCEL_READY,
    CANCEL_TWICE,
    CHANNEL,
    CONTENT_TYPE,
    EMPTY_FILE,
    IDEMPOTENCY_TYPE,
    IDEMPOTENT_ID,
    LINK_REFUSED,
    ROW_WITHOUT_ID,
    UPLOAD_TIMEOUT_DETAILS,
    VERSION_UNKNOWN,
    WITHOUT_OUTPUT,
)
from emulator.vendors.stripe.events.model import because_of_the_request
from emulator.vendors.stripe.files.model.links import MOUNT, read_download, read_upload
from emulator.vendors.stripe.files.model.outcomes import Failing, plan
from emulator.vendors.stripe.files.model.rows import Rows
from emulator.vendors.stripe.files.requests import Intake
from emulator.vendors.stripe.machine import CANCEL, CREATE, DOWNLOAD, JOB, RETRIEVE, UPLOAD
from emulator.vendors.stripe.model.accounts import account_of
from emulator.vendors.stripe.model.jobs import Job
from emulator.vendors.stripe.requests.admission import (
    NOBODYS,
    ask_own,
    checking_fields,
    content_type,
    is_known,
    reading_query,
    version_of,
    with_fields,
)
from emulator.vendors.stripe.requests.contexts import acting
from emulator.vendors.stripe.requests.idempotency import once
from emulator.vendors.stripe.requests.jobs import differs_by_channel, new_job, refusal_of
from emulator.vendors.stripe.requests.queries import NOTHING
from emulator.vendors.stripe.responses.citations import facts_beside

ASSUMED = {
    "stripe-cancel-8": CANCEL_READY.id,
    "stripe-cancel-9": CANCEL_TWICE.id,
    "stripe-cancel-10": CANCEL_COMPLETE.id,
    "stripe-cancel-11": CANCEL_FAILED.id,
    "stripe-idempotency-4": IDEMPOTENCY_TYPE.id,
    "stripe-idempotency-6": IDEMPOTENT_ID.id,
}
"""The assumption that decides wherever an answer rests on this evidence, whichever its choice."""

MANY_ROWS = 5_000

CONTENT_TYPES = {
    "samples": ("", "application/octet-stream", "application/jsonlines"),
    "octet-stream": ("application/octet-stream",),
}


def cite(tx: Transaction, request: Request, operation: Operation, answer: Answer) -> Answer:
    """Return the answer with the assumption that decides or shapes it, if one does, and the facts that it rests on."""
    assumption = ASSUMED.get(answer.evidence) or _assumed(answer) or _assumed_of_version(request, operation.name)
    return answer.resting_on(facts_beside(tx, request, answer), assumption)


def _assumed(answer: Answer) -> str | None:
    job = answer.subject
    if answer.name == "link_refused":
        return LINK_REFUSED.id
    if answer.name == "deleted":
        return DELETED_DESTINATION.id
    if not isinstance(job, Job) or answer.name != "job":
        return None
    if job.status == "canceled" and not job.processed:
        return WITHOUT_OUTPUT.id
    if job.status == "upload_timeout":
        return UPLOAD_TIMEOUT_DETAILS.id
    return None


def _assumed_of_version(request: Request, operation: str) -> str | None:
    """Name the assumption by which a version that nobody knows is taken; links have no version."""
    version = version_of(request)
    return VERSION_UNKNOWN.id if version and not is_known(version, operation) else None


def _create(tx: Transaction, request: Request, fields: Mapping[str, Any]) -> Answer:
    refusal = refusal_of(tx, fields, version_of(request))
    if refusal is not None:
        return refusal
    job = new_job(tx, fields, acting(tx, request))
    answer = Answer.of(tx.ask(JOB, job.id, CREATE, new=job))
    return answer._replace(assumption=CHANNEL.id) if differs_by_channel(version_of(request), job.endpoint) else answer


def _has_a_long_file(find: Callable[[str, str], Any], request: Request) -> bool:
    """Tell whether the size of a job's results may have to be added up from many rows."""
    job: Job | None = find(Job.kind, request.parameters["id"])
    return job is not None and job.work is not None and len(job.work.rows) > MANY_ROWS


def _ask(command: str) -> Handler:
    return lambda tx, request: ask_own(tx, request, JOB, command)


def changing(name: str, act: Handler, takes_fields: bool = False) -> Handler:
    """An operation that changes something, whose keys are known again."""
    return checking_fields(once(name, act), takes_fields)


def _upload(tx: Transaction, request: Request) -> Answer:
    """Takes in a file: what becomes of its rows is decided here, once and for all. Evidence: stripe-upload-3."""
    if not _is_accepted(tx, request):
        return Answer("link_refused", "stripe-upload-7", None, CONTENT_TYPE.id)
    id = read_upload(tx, request.parameters["token"]) or NOBODYS
    job: Job | None = tx.find(Job.kind, id)
    if job is not None and job.status == "ready_for_upload":
        failing = job.failing or account_of(tx).failing
        tx.put(with_file(job, request.reader.rows(), tx.choice(ROW_WITHOUT_ID.id) == "line-number", failing))
    answer = Answer.of(tx.ask(JOB, id, UPLOAD))
    if answer.name == "uploaded" and not answer.subject.rows:
        return answer._replace(assumption=EMPTY_FILE.id)
    taken_otherwise = answer.name == "uploaded" and content_type(request) not in CONTENT_TYPES["octet-stream"]
    return answer._replace(assumption=CONTENT_TYPE.id) if taken_otherwise else answer


def with_file(job: Job, rows: Rows, numbered: bool, failing: Sequence[Failing]) -> Job:
    """The job with the rows of its file, of which none is processed yet."""
    work = plan(rows, job.endpoint, failing, job.id, numbered)
    invalid = None if job.skip_validation or work.invalid is None else work.invalid + 1
    return replace(job, rows=len(rows), failing_rows=len(work.failed), invalid_row=invalid, work=work, failing=tuple(failing))


def _is_accepted(tx: Transaction, request: Request) -> bool:
    accepted = CONTENT_TYPES.get(tx.choice(CONTENT_TYPE.id))
    return accepted is None or content_type(request) in accepted


def _download(tx: Transaction, request: Request) -> Answer:
    id, expires = read_download(tx, request.parameters["token"]) or (NOBODYS, tx.now)
    if id != NOBODYS and tx.now >= expires:
        return Answer("link_refused", "stripe-output-4")
    answer = Answer.of(tx.ask(JOB, id, DOWNLOAD))
    return answer._replace(evidence="stripe-link-1") if request.method == "HEAD" and answer.name == "results" else answer


CREATE_NAME, CANCEL_NAME = "stripe.batch_jobs.create", "stripe.batch_jobs.cancel"
RETRIEVE_NAME = "stripe.batch_jobs.retrieve"
UPLOAD_NAME, DOWNLOAD_NAME = "stripe.files.upload", "stripe.files.download"

JOB_OPERATIONS = (
    Operation(CREATE_NAME, "POST", "/batch_jobs", changing(CREATE_NAME, because_of_the_request(with_fields(_create)), True)),
    Operation(RETRIEVE_NAME, "GET", "/batch_jobs/{id}", reading_query(_ask(RETRIEVE), NOTHING), holds_much=_has_a_long_file),
    Operation(
        CANCEL_NAME,
        "POST",
        "/batch_jobs/{id}/cancel",
        changing(CANCEL_NAME, because_of_the_request(_ask(CANCEL))),
        holds_much=_has_a_long_file,
    ),
    Operation(
        UPLOAD_NAME,
        "PUT",
        "/stripe/{world}/upload/{token}",
        _upload,
        mounts=(MOUNT,),
        reader=Intake,
    ),
    Operation(
        DOWNLOAD_NAME,
        "GET",
        "/stripe/{world}/download/{token}",
        _download,
        mounts=(MOUNT,),
        beside=0,
    ),
)
