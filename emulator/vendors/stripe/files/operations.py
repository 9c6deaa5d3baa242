"""The operations on files: the upload of rows, and the download of results, each by a presigned link."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.sdk import Answer, Operation, Request, Transaction, View, replace, structs
from emulator.vendors.stripe.assumptions.jobs import CONTENT_TYPE, EMPTY_FILE, OTHER_ROW_KEYS, ROW_WITHOUT_ID
from emulator.vendors.stripe.files.model.links import MOUNT, read_download, read_upload
from emulator.vendors.stripe.files.model.outcomes import FailureRule, plan
from emulator.vendors.stripe.files.model.rows import Rows
from emulator.vendors.stripe.files.requests import JsonlReader
from emulator.vendors.stripe.machine import DOWNLOAD, JOB, UPLOAD
from emulator.vendors.stripe.model.accounts import account_of
from emulator.vendors.stripe.model.jobs import Job
from emulator.vendors.stripe.operations import UNKNOWN_ID

CONTENT_TYPES = {
    "samples": ("", "application/octet-stream", "application/jsonlines"),
    "octet-stream": ("application/octet-stream",),
}


def with_file(view: View, job: Job, rows: Rows, failing: Sequence[FailureRule]) -> Job:
    """Return the job with the rows of its file, none of them processed; their outcomes are decided once.

    Evidence: stripe-upload-3.
    """
    numbered, strict = view.choice(ROW_WITHOUT_ID) == "line-number", view.choice(OTHER_ROW_KEYS) == "refuse"
    work = plan(rows, job.endpoint, failing, job.id, numbered, strict)
    invalid = None if job.skip_validation or work.invalid is None else work.invalid + 1
    return replace(job, rows=len(rows), failing_rows=len(work.failed), invalid_row=invalid, work=work, failing=tuple(failing))


def _check_content_type(tx: Transaction, request: Request) -> Answer | None:
    accepted = CONTENT_TYPES.get(tx.choice(CONTENT_TYPE))
    if accepted is None or request.media_type in accepted:
        return None
    return Answer("link_refused", "stripe-upload-7", None, CONTENT_TYPE)


def _upload(tx: Transaction, request: Request) -> Answer:
    id = read_upload(tx, request.parameters["token"]) or UNKNOWN_ID
    job = tx.find(Job, id)
    if job is not None and job.status == "ready_for_upload":
        tx.put(with_file(tx, job, request.reader.rows(), job.failing or account_of(tx, job.owner).failing))
    answer = tx.ask(JOB, id, UPLOAD)
    if answer.name != "uploaded":
        return answer
    if not answer.subject.rows:
        return structs.replace(answer, assumption=EMPTY_FILE)
    return answer if request.media_type in CONTENT_TYPES["octet-stream"] else structs.replace(answer, assumption=CONTENT_TYPE)


def _download(tx: Transaction, request: Request) -> Answer:
    id, expires = read_download(tx, request.parameters["token"]) or (UNKNOWN_ID, tx.now)
    if id != UNKNOWN_ID and tx.now >= expires:
        return Answer("link_refused", "stripe-output-4")
    answer = tx.ask(JOB, id, DOWNLOAD)
    return (
        structs.replace(answer, evidence="stripe-link-1") if request.method == "HEAD" and answer.name == "results" else answer
    )


FILE_OPERATIONS = (
    Operation(
        "stripe.files.upload",
        "PUT",
        "/stripe/{world}/upload/{token}",
        _upload,
        mounts=(MOUNT,),
        reader=JsonlReader,
        checks=(_check_content_type,),
    ),
    Operation("stripe.files.download", "GET", "/stripe/{world}/download/{token}", _download, mounts=(MOUNT,), beside=0),
)
