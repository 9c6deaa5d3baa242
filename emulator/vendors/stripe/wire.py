"""How Stripe words its answers: the job as each version shows it, and the error envelope of the second API."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from emulator.kernel.transaction import Transaction
from emulator.vendors.stripe.assumptions import IDEMPOTENCY_TYPE, LIVEMODE, UPLOAD_TIMEOUT_DETAILS, WITHOUT_OUTPUT
from emulator.vendors.stripe.machine import UPLOAD, counted, validated
from emulator.vendors.stripe.model import Job, letters
from emulator.vendors.vendor import Call, Reply, Wording

WITHOUT_RPS = "2026-06-24"
"""The first version whose jobs do not show maximum_rps. Evidence: stripe-version-2."""

LINK_LIFETIME = timedelta(minutes=60)
"""How long a download link lives, from when it was shown. Evidence: stripe-output-4."""

_DATED = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def finish(tx: Transaction, call: Call, n: int) -> Mapping[str, str]:
    """The headers of every reply. Evidence: stripe-headers-1."""
    headers = {"request-id": f"req_{letters(tx.digest(f'request/{n}'), 17)}"}
    if version := call.headers.get("stripe-version"):
        headers["stripe-version"] = version
    if call.method != "GET" and (key := call.headers.get("idempotency-key")):
        headers["idempotency-key"] = key
    return headers


def instant(at: datetime) -> str:
    """An instant as Stripe writes it: UTC with milliseconds. Evidence: stripe-encoding-1."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shows_rps(version: str) -> bool:
    """Whether jobs of this version have maximum_rps; a version without a date is taken for the newest."""
    return _DATED.match(version) is not None and version < WITHOUT_RPS


def show_job(tx: Transaction, call: Call, job: Job) -> dict[str, Any]:
    """The job object, its keys in the order of the samples."""
    body: dict[str, Any] = {"id": job.id, "object": "v2.core.batch_job", "created": instant(job.created)}
    if tx.choice(LIVEMODE.id) == "emit":
        body["livemode"] = False
    if shows_rps(call.headers.get("stripe-version", "")):
        body["maximum_rps"] = job.maximum_rps
    body |= {"metadata": job.metadata, "skip_validation": job.skip_validation, "status": job.status}
    if job.status == "upload_timeout" and tx.choice(UPLOAD_TIMEOUT_DETAILS.id) == "omit":
        return body
    details = _DETAILS.get(job.status)
    return body | {"status_details": {} if details is None else {job.status: details(tx, call, job)}}


def _ready_for_upload(tx: Transaction, call: Call, job: Job) -> dict[str, Any]:
    length = tx.length(UPLOAD, job)
    link = f"{call.base_url}/_files/upload/{letters(tx.digest(f'upload/{job.id}'), 32)}"
    return {"upload_url": {"expires_at": None if length is None else instant(job.since + length), "url": link}}


def _validating(tx: Transaction, _call: Call, job: Job) -> dict[str, Any]:
    return {"validated_count": str(validated(tx, job).validated_count)}


def _in_progress(tx: Transaction, _call: Call, job: Job) -> dict[str, Any]:
    return _counts(counted(tx, job))


def _ended(tx: Transaction, call: Call, job: Job) -> dict[str, Any]:
    return {"output_file": _output_file(tx, call, job), **_counts(job)}


def _canceled(tx: Transaction, call: Call, job: Job) -> dict[str, Any]:
    if job.processed or tx.choice(WITHOUT_OUTPUT.id) == "empty":
        return _ended(tx, call, job)
    return _counts(job)


def _batch_failed(_tx: Transaction, _call: Call, job: Job) -> dict[str, Any]:
    return {"error": job.error or "An unexpected error occurred"}


def _counts(job: Job) -> dict[str, str]:
    return {"success_count": str(job.success_count), "failure_count": str(job.failure_count)}


def _output_file(tx: Transaction, call: Call, job: Job) -> dict[str, Any]:
    expires = instant(tx.now + LINK_LIFETIME)
    link = f"{call.base_url}/_files/download/{letters(tx.digest(f'download/{job.id}/{expires}'), 32)}"
    return {
        "content_type": "application/jsonlines",
        "download_url": {"expires_at": expires, "url": link},
        "size": str(job.size),
    }


_DETAILS: dict[str, Callable[[Transaction, Call, Job], dict[str, Any]]] = {
    "ready_for_upload": _ready_for_upload,
    "validating": _validating,
    "in_progress": _in_progress,
    "canceled": _canceled,
    "complete": _ended,
    "validation_failed": _ended,
    "timeout": _ended,
    "batch_failed": _batch_failed,
}


def _job(tx: Transaction, call: Call, job: Job) -> Reply:
    return Reply(200, show_job(tx, call, job))


def _error(status: int, code: str, message: str, **more: str) -> Wording:
    """Refuses with the envelope of the second API."""

    def word(_tx: Transaction, _call: Call, _subject: object) -> Reply:
        return Reply(status, {"error": {"code": code, "message": message, **more}})

    return word


def _job_error(status: int, code: str, message: str) -> Wording:
    """Refuses and names the job; {id} in the message is the id that the client sent."""

    def word(_tx: Transaction, call: Call, _subject: object) -> Reply:
        id = call.parameters["id"]
        return Reply(status, {"error": {"code": code, "batch_job_id": id, "message": message.replace("{id}", id)}})

    return word


def _invalid_fields(_tx: Transaction, _call: Call, message: str) -> Reply:
    return Reply(400, {"error": {"code": "invalid_fields", "message": message}})


def _key_reused(tx: Transaction, _call: Call, _subject: object) -> Reply:
    error = {"code": "idempotency_error", "message": "This idempotency key was used with other parameters"}
    if tx.choice(IDEMPOTENCY_TYPE.id) == "emit":
        error["type"] = "idempotency_error"
    return Reply(409, {"error": error})


def _astray(_tx: Transaction, call: Call, _subject: object) -> Reply:
    return Reply(404, {"error": {"code": "not_found", "message": f"Unrecognized request URL ({call.method}: {call.path})"}})


_NO_VERSION = "stripe_api_version_not_provided"

WORDINGS: dict[str, Wording] = {
    "job": _job,
    "not_found": _job_error(404, "batch_job_not_found", "No such batch job: '{id}'"),
    "not_cancellable": _job_error(400, "batch_api_non_cancellable_job", "The batch job '{id}' cannot be canceled any more"),
    "invalid_fields": _invalid_fields,
    "key_reused": _key_reused,
    "key_too_long": _error(400, "idempotency_error", "An idempotency key has 255 characters at most"),
    "no_version": _error(400, _NO_VERSION, "The Stripe-Version header is required"),
    "unknown_version": _error(400, _NO_VERSION, "The Stripe-Version header names no version that has this API"),
    "unauthenticated": _error(401, "invalid_api_key", "No valid API key was provided", type="invalid_request_error"),
    "astray": _astray,
}
