"""How Stripe words its answers about jobs and files: the job as each version shows it, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.sdk import Renderer, Request, Response, Stream, Transaction, instant, reason_phrase
from emulator.vendors.stripe.assumptions.jobs import (
    IDEMPOTENCY_TYPE,
    LINK_REFUSED,
    LIVEMODE,
    RATE_LIMIT_TYPE,
    RESULTS_EXPIRED,
    UPLOAD_TIMEOUT_DETAILS,
    WITHOUT_OUTPUT,
)
from emulator.vendors.stripe.assumptions.requests import ORGANIZATION_KEY, PUBLISHABLE_KEY
from emulator.vendors.stripe.events.model import named
from emulator.vendors.stripe.files.model.link_ends import link_end
from emulator.vendors.stripe.files.model.links import MOUNT, download_link, upload_link
from emulator.vendors.stripe.files.responses import chunks_of, size_of
from emulator.vendors.stripe.machine import UPLOADING, counted, results_are_gone, validated
from emulator.vendors.stripe.model.accounts import LOCKED, platform_of
from emulator.vendors.stripe.model.jobs import Job
from emulator.vendors.stripe.model.versions import Endpoint, knows_rps
from emulator.vendors.stripe.requests.admission import version_of


def response_headers(tx: Transaction, request: Request, n: int) -> Mapping[str, str]:
    """The headers of every reply of the API; files come from another host. Evidence: stripe-headers-1."""
    if request.path.startswith(MOUNT):
        return {}
    headers = (
        {} if platform_of(tx).limiting == LOCKED else {"request-id": request.request_id or named(tx.digest(f"request/{n}"))}
    )
    if version := request.headers.get("stripe-version"):
        headers["stripe-version"] = version
    if request.method != "GET" and (key := request.headers.get("idempotency-key")):
        headers["idempotency-key"] = key
    return headers


def show_job(tx: Transaction, request: Request, job: Job) -> dict[str, Any]:
    """The job object, its keys in the order of the samples."""
    body: dict[str, Any] = {"id": job.id, "object": "v2.core.batch_job", "created": instant(job.created)}
    if tx.choice(LIVEMODE.id) == "emit":
        body["livemode"] = False
    if knows_rps(version_of(request)):
        body["maximum_rps"] = job.maximum_rps
    body |= {"metadata": job.metadata, "skip_validation": job.skip_validation, "status": job.status}
    if job.status == "upload_timeout" and tx.choice(UPLOAD_TIMEOUT_DETAILS.id) == "omit":
        return body
    details = _DETAILS.get(job.status)
    return body | {"status_details": {} if details is None else {job.status: details(tx, request, job)}}


def _ready_for_upload(tx: Transaction, request: Request, job: Job) -> dict[str, Any]:
    length = tx.length(UPLOADING, job)
    expires = None if length is None else instant(job.since + length)
    return {"upload_url": {"expires_at": expires, "url": upload_link(tx, request, job)}}


def _validating(tx: Transaction, _call: Request, job: Job) -> dict[str, Any]:
    return {"validated_count": str(validated(tx, job).validated_count)}


def _in_progress(tx: Transaction, _call: Request, job: Job) -> dict[str, Any]:
    return _counts(counted(tx, job))


def _ended(tx: Transaction, request: Request, job: Job) -> dict[str, Any]:
    if results_are_gone(tx, job) and tx.choice(RESULTS_EXPIRED.id) == "omit":
        return _counts(job)
    return {"output_file": _output_file(tx, request, job), **_counts(job)}


def _canceled(tx: Transaction, request: Request, job: Job) -> dict[str, Any]:
    if job.processed or tx.choice(WITHOUT_OUTPUT.id) == "empty":
        return _ended(tx, request, job)
    return _counts(job)


def _batch_failed(_tx: Transaction, _call: Request, job: Job) -> dict[str, Any]:
    return {"error": job.error or "An unexpected error occurred"}


def _counts(job: Job) -> dict[str, str]:
    return {"success_count": str(job.success_count), "failure_count": str(job.failure_count)}


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


_DETAILS: dict[str, Callable[[Transaction, Request, Job], dict[str, Any]]] = {
    "ready_for_upload": _ready_for_upload,
    "validating": _validating,
    "in_progress": _in_progress,
    "canceled": _canceled,
    "complete": _ended,
    "validation_failed": _ended,
    "timeout": _ended,
    "batch_failed": _batch_failed,
}


def _job(tx: Transaction, request: Request, job: Job) -> Response:
    return Response(200, show_job(tx, request, job))


def _error(status: int, code: str, message: str, **more: str) -> Renderer:
    """Refuses with the envelope of the second API."""

    def word(_tx: Transaction, _call: Request, _subject: object) -> Response:
        return Response(status, {"error": {"code": code, "message": message, **more}})

    return word


def _job_error(status: int, code: str, message: str) -> Renderer:
    """Refuses and names the job; {id} in the message is the id that the client sent."""

    def word(_tx: Transaction, request: Request, _subject: object) -> Response:
        id = request.parameters["id"]
        return Response(status, {"error": {"code": code, "batch_job_id": id, "message": message.replace("{id}", id)}})

    return word


def _invalid_fields(_tx: Transaction, _call: Request, message: str) -> Response:
    return Response(400, {"error": {"code": "invalid_fields", "message": message}})


def _key_reused(tx: Transaction, _call: Request, _subject: object) -> Response:
    error = {"code": "idempotency_error", "message": "This idempotency key was used with other parameters"}
    if tx.choice(IDEMPOTENCY_TYPE.id) == "emit":
        error["type"] = "idempotency_error"
    return Response(409, {"error": error})


def _unsupported(_tx: Transaction, _call: Request, endpoint: Endpoint) -> Response:
    message = f"Batch jobs do not support {endpoint.http_method.upper()} {endpoint.path}"
    return _about_endpoint("batch_api_unsupported_endpoint", endpoint, message)


def _unauthorized(_tx: Transaction, _call: Request, endpoint: Endpoint) -> Response:
    message = f"This account may not use {endpoint.http_method.upper()} {endpoint.path}"
    return _about_endpoint("auth_unauthorized_endpoint", endpoint, message)


def _about_endpoint(code: str, endpoint: Endpoint, message: str) -> Response:
    return Response(400, {"error": {"code": code, "endpoint": endpoint.show(), "message": message}})


def _locked(_tx: Transaction, _call: Request, _subject: object) -> Response:
    return Response(429, {"error": {"code": "lock_timeout", "message": _LOCK_MESSAGE}}, {"stripe-should-retry": "true"})


def _publishable_key(tx: Transaction, _call: Request, _subject: object) -> Response:
    error = {"code": "secret_key_required", "message": _PUBLISHABLE, "type": "invalid_request_error"}
    return Response(int(tx.choice(PUBLISHABLE_KEY.id)), {"error": error})


def _no_context(tx: Transaction, _call: Request, _subject: object) -> Response:
    message = "The key of an organization needs the header Stripe-Context, which names the account that the request is for"
    error = {"code": "account_invalid", "message": message, "type": "invalid_request_error"}
    return Response(int(tx.choice(ORGANIZATION_KEY.id)), {"error": error})


def _wrong_account(_tx: Transaction, _call: Request, context: str) -> Response:
    message = f"The key does not have access to the account '{context}', or there is no such account"
    return Response(403, {"error": {"code": "account_invalid", "message": message, "type": "invalid_request_error"}})


def _limited(tx: Transaction, _call: Request, limiter: str) -> Response:
    error = {"code": "rate_limit", "message": "Too many requests"}
    if tx.choice(RATE_LIMIT_TYPE.id) == "emit":
        error["type"] = "rate_limit"
    return Response(429, {"error": error}, {"stripe-rate-limited-reason": limiter})


def failure_response(tx: Transaction, request: Request, status: int) -> Response:
    """A failure that nothing in the state brought about; each is in the one envelope. Evidence: stripe-error-1."""
    if status == 429:
        return _limited(tx, request, "endpoint-rate")
    if status in (401, 503):
        return JOB_RENDERERS["unauthenticated" if status == 401 else "down"](tx, request, None)
    if status >= 500:
        return _error(status, "api_error", reason_phrase(status), type="api_error")(tx, request, None)
    code = {400: "invalid_fields", 404: "not_found", 409: "idempotency_conflict"}.get(status)
    return _error(status, code or reason_phrase(status).lower().replace(" ", "_"), reason_phrase(status))(tx, request, None)


def _uploaded(_tx: Transaction, _call: Request, _job: Job) -> Response:
    return Response(200)


def _results(_tx: Transaction, _call: Request, job: Job) -> Response:
    return Response(200, Stream(size_of(job), chunks_of(job)), {"content-type": "application/jsonlines"})


def _link_refused(tx: Transaction, _call: Request, _subject: object) -> Response:
    return Response(int(tx.choice(LINK_REFUSED.id)))


def _wrong_verb(_tx: Transaction, _call: Request, verbs: Sequence[str]) -> Response:
    return Response(405, None, {"allow": ", ".join(verbs)})


def _astray(_tx: Transaction, request: Request, _subject: object) -> Response:
    return Response(
        404, {"error": {"code": "not_found", "message": f"Unrecognized request URL ({request.method}: {request.path})"}}
    )


_LOCK_MESSAGE = (
    "This object can't be accessed right now because another API request or Stripe process currently accessing it."
    " If you see this error intermittently, retry the request. If you see this error frequently and are making multiple"
    " concurrent requests to a single object, make your requests serially or at a lower rate."
)
"""Word for word as it is printed. Evidence: stripe-limit-3."""

_PUBLISHABLE = (
    "This API call cannot be made with a publishable API key. Please use a secret API key."
    " You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys."
)
"""Word for word as users of the first API report it. Evidence: stripe-auth-4."""

_NO_VERSION = "stripe_api_version_not_provided"

JOB_RENDERERS: dict[str, Renderer] = {
    "job": _job,
    "not_found": _job_error(404, "batch_job_not_found", "No such batch job: '{id}'"),
    "not_cancellable": _job_error(400, "batch_api_non_cancellable_job", "The batch job '{id}' cannot be canceled any more"),
    "unsupported_endpoint": _unsupported,
    "unauthorized_endpoint": _unauthorized,
    "invalid_fields": _invalid_fields,
    "key_reused": _key_reused,
    "key_in_use": _error(409, "idempotency_key_in_use", "Another request with this idempotency key is being carried out"),
    "key_too_long": _error(400, "idempotency_error", "An idempotency key has 255 characters at most"),
    "replay_impossible": _error(409, "idempotency_conflict", "What this idempotency key was used for is not there any more"),
    "no_version": _error(400, _NO_VERSION, "The Stripe-Version header is required"),
    "unknown_version": _error(400, _NO_VERSION, "The Stripe-Version header names no version that has this API"),
    "unauthenticated": _error(401, "invalid_api_key", "No valid API key was provided", type="invalid_request_error"),
    "publishable_key": _publishable_key,
    "no_context": _no_context,
    "restricted_key": _error(403, "forbidden", "A restricted key may not use this API; use a secret key"),
    "wrong_account": _wrong_account,
    "forbidden": _error(403, "forbidden", "This key may not use what belongs to another account"),
    "down": _error(503, "api_error", "Something went wrong on our end", type="api_error"),
    "limited": _limited,
    "locked": _locked,
    "uploaded": _uploaded,
    "results": _results,
    "link_refused": _link_refused,
    "wrong_verb": _wrong_verb,
    "astray": _astray,
}
