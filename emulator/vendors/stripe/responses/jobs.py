"""Renderers of batch jobs: the job as each version shows it, and the headers of every response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.sdk import Request, Response, Transaction, instant
from emulator.vendors.stripe.assumptions.jobs import (
    INVALID_COUNT,
    JOB_METADATA,
    LIVEMODE,
    RESULTS_EXPIRED,
    UPLOAD_TIMEOUT_DETAILS,
    WITHOUT_OUTPUT,
)
from emulator.vendors.stripe.events.model import request_id_of
from emulator.vendors.stripe.files.model.links import MOUNT, download_link, link_end, results_are_gone, upload_link
from emulator.vendors.stripe.files.responses import size_of
from emulator.vendors.stripe.machine import UPLOADING, as_of_now
from emulator.vendors.stripe.model.accounts import LOCKED, platform_of
from emulator.vendors.stripe.model.jobs import WITH_RESULTS, Job
from emulator.vendors.stripe.model.versions import has_rps
from emulator.vendors.stripe.requests.admission import version_of


def response_headers(tx: Transaction, request: Request, n: int) -> Mapping[str, str]:
    """Return the headers of every response of the API; files come from another host. Evidence: stripe-headers-1."""
    if request.path.startswith(MOUNT):
        return {}
    headers: dict[str, str] = {}
    if platform_of(tx).limiting != LOCKED:
        headers["request-id"] = request.request_id or request_id_of(tx.digest(f"request/{n}"))
    if version := request.headers.get("stripe-version"):
        headers["stripe-version"] = version
    if request.method != "GET" and (key := request.headers.get("idempotency-key")):
        headers["idempotency-key"] = key
    return headers


def render_job(tx: Transaction, request: Request, job: Job) -> Response:
    """Render a job, its keys in the order of the samples."""
    body: dict[str, Any] = {"id": job.id, "object": "v2.core.batch_job", "created": instant(job.created)}
    if tx.choice(LIVEMODE.id) == "emit":
        body["livemode"] = False
    if has_rps(version_of(request)):
        body["maximum_rps"] = job.maximum_rps
    if job.metadata or tx.choice(JOB_METADATA.id) == "empty":
        body["metadata"] = job.metadata
    body |= {"skip_validation": job.skip_validation, "status": job.status}
    if job.status != "upload_timeout" or tx.choice(UPLOAD_TIMEOUT_DETAILS.id) == "empty":
        details = _details(tx, request, job)
        body["status_details"] = {} if details is None else {job.status: details}
    return Response(200, body)


def _details(tx: Transaction, request: Request, job: Job) -> dict[str, Any] | None:
    """Return the details of the status, None where there is no type for them."""
    if job.status == "ready_for_upload":
        length = tx.length(UPLOADING, job)
        expires = None if length is None else instant(job.since + length)
        return {"upload_url": {"expires_at": expires, "url": upload_link(tx, request, job)}}
    if job.status == "validating":
        return {"validated_count": str(as_of_now(tx, job).validated_count)}
    if job.status == "batch_failed":
        return {"error": job.error or "An unexpected error occurred"}
    if job.status != "in_progress" and job.status not in WITH_RESULTS:
        return None
    job = as_of_now(tx, job)
    failures = 0 if job.status == "validation_failed" and tx.choice(INVALID_COUNT.id) == "0" else job.failure_count
    counts = {"success_count": str(job.success_count), "failure_count": str(failures)}
    return {"output_file": _output_file(tx, request, job), **counts} if _has_output(tx, job) else counts


def _has_output(tx: Transaction, job: Job) -> bool:
    if job.status == "in_progress" or (
        job.status == "canceled" and not job.processed and tx.choice(WITHOUT_OUTPUT.id) == "omit"
    ):
        return False
    return not results_are_gone(tx, job) or tx.choice(RESULTS_EXPIRED.id) == "show"


def _output_file(tx: Transaction, request: Request, job: Job) -> dict[str, Any]:
    expires = link_end(tx, job)
    return {
        "content_type": "application/jsonlines",
        "download_url": {
            "expires_at": None if expires is None else instant(expires),
            "url": download_link(tx, request, job, expires),
        },
        "size": str(size_of(job)),
    }
