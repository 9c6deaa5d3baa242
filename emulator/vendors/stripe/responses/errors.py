"""Renderers of refusals: each is an error in the envelope of the second API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emulator.sdk import Assumption, JsonDict, Renderer, Request, Response, Transaction, reason_phrase, structs
from emulator.vendors.stripe.assumptions.jobs import IDEMPOTENCY_TYPE, RATE_LIMIT_TYPE
from emulator.vendors.stripe.assumptions.requests import ORGANIZATION_KEY, PUBLISHABLE_KEY
from emulator.vendors.stripe.destinations.model import MOST

_LOCK_MESSAGE = (
    "This object can't be accessed right now because another API request or Stripe process currently accessing it."
    " If you see this error intermittently, retry the request. If you see this error frequently and are making multiple"
    " concurrent requests to a single object, make your requests serially or at a lower rate."
)
"""Word for word as it is printed. Evidence: stripe-limit-3."""

_PUBLISHABLE_MESSAGE = (
    "This API call cannot be made with a publishable API key. Please use a secret API key."
    " You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys."
)
"""Word for word as users of the first API report it. Evidence: stripe-auth-4."""

_NO_CONTEXT_MESSAGE = "Please include the Stripe-Context header with your target account when using an Organization API key."
"""Word for word as users of the first API report it. Evidence: stripe-auth-11."""
_NO_VERSION, _INVALID = "stripe_api_version_not_provided", "invalid_request_error"


def _error(
    status: int | Assumption,
    code: str,
    message: str,
    type: str | None = None,
    *,
    typed_by: Assumption | None = None,
    about: Callable[[Request, Any], JsonDict] = lambda _request, _subject: {},
    headers: Mapping[str, str] | None = None,
) -> Renderer:
    """Return the renderer of an error; a status that is an assumption is the choice of it.

    `typed_by` decides whether the error has its type, and `about` adds members to it. The message and the headers may have the
    words {id} for the id in the path, {subject} for the subject of the answer.
    """

    def render(tx: Transaction, request: Request, subject: Any) -> Response:
        words = {"id": request.parameters.get("id"), "subject": subject}
        error = {"code": code, **about(request, subject), "message": message.format(**words)}
        if type is not None and (typed_by is None or tx.choice(typed_by) == "emit"):
            error["type"] = type
        number = status if isinstance(status, int) else int(tx.choice(status))
        return Response(number, {"error": error}, {name: value.format(**words) for name, value in (headers or {}).items()})

    return render


def _of_job(request: Request, _subject: object) -> JsonDict:
    return {"batch_job_id": request.parameters["id"]}


def _of_endpoint(_request: Request, endpoint: Any) -> JsonDict:
    return {"endpoint": structs.asdict(endpoint)}


ERROR_RENDERERS: dict[str, Renderer] = {
    "not_found": _error(404, "batch_job_not_found", "No such batch job: '{id}'", about=_of_job),
    "not_cancellable": _error(
        400, "batch_api_non_cancellable_job", "The batch job '{id}' cannot be canceled any more", about=_of_job
    ),
    "unsupported_endpoint": _error(
        400, "batch_api_unsupported_endpoint", "Batch jobs do not support {subject}", about=_of_endpoint
    ),
    "unauthorized_endpoint": _error(
        400, "auth_unauthorized_endpoint", "This account may not use {subject}", about=_of_endpoint
    ),
    "invalid_fields": _error(400, "invalid_fields", "{subject}"),
    "too_many_destinations": _error(400, "invalid_fields", f"An account has {MOST} event destinations at most"),
    "lost_source": _error(400, "invalid_fields", "What this destination sends to was deleted: create a new destination"),
    "nothing_found": _error(404, "not_found", "There is nothing of the id '{id}'"),
    "key_reused": _error(
        409,
        "idempotency_error",
        "Idempotency keys can only be reused with the same parameters they were first used with.",
        "idempotency_error",
        typed_by=IDEMPOTENCY_TYPE,
        headers={"stripe-should-retry": "false"},
    ),
    "key_in_use": _error(409, "idempotency_key_in_use", "Another request with this idempotency key is being carried out"),
    "key_too_long": _error(400, "invalid_fields", "An idempotency key has 255 characters at most"),
    "replay_impossible": _error(
        409,
        "idempotency_conflict",
        "What this idempotency key was used for is not there any more",
        headers={"stripe-should-retry": "false"},
    ),
    "no_version": _error(400, _NO_VERSION, "The Stripe-Version header is required"),
    "unknown_version": _error(400, _NO_VERSION, "The Stripe-Version header names no version that has this API"),
    "unauthenticated": _error(401, "invalid_api_key", "No valid API key was provided", _INVALID),
    "publishable_key": _error(PUBLISHABLE_KEY, "secret_key_required", _PUBLISHABLE_MESSAGE, _INVALID),
    "no_context": _error(ORGANIZATION_KEY, "account_invalid", _NO_CONTEXT_MESSAGE, _INVALID),
    "restricted_key": _error(403, "forbidden", "A restricted key may not use this API; use a secret key"),
    "wrong_account": _error(
        403,
        "account_invalid",
        "The key does not have access to the account '{subject}', or there is no such account",
        _INVALID,
    ),
    "forbidden": _error(403, "forbidden", "This key may not use what belongs to another account"),
    "down": _error(503, "api_error", "Something went wrong on our end", "api_error"),
    "limited": _error(
        429,
        "rate_limit",
        "Too many requests",
        "rate_limit",
        typed_by=RATE_LIMIT_TYPE,
        headers={"stripe-rate-limited-reason": "{subject}"},
    ),
    "locked": _error(429, "lock_timeout", _LOCK_MESSAGE, headers={"stripe-should-retry": "true"}),
    "no_such_method": _error(404, "not_found", "The API method cannot be found.{subject}"),
    "astray": _error(404, "not_found", "The API method cannot be found."),
}

_CODES = {400: "invalid_fields", 404: "not_found", 409: "idempotency_conflict"}


def failure_response(tx: Transaction, request: Request, status: int) -> Response:
    """Return a failure that a fault causes, in the envelope of every error. Evidence: stripe-error-1."""
    if name := {401: "unauthenticated", 429: "limited", 503: "down"}.get(status):
        return ERROR_RENDERERS[name](tx, request, "endpoint-rate")
    phrase = reason_phrase(status)
    if status >= 500:
        return _error(status, "api_error", phrase, "api_error")(tx, request, None)
    return _error(status, _CODES.get(status, phrase.lower().replace(" ", "_")), phrase)(tx, request, None)
