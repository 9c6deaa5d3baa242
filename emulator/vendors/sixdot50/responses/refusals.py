"""The refusals of 6DOT50: renderers of its error envelope."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from emulator.sdk import Assumption, JsonDict, Renderer, Request, Response, Transaction, reason_phrase, structs
from emulator.vendors.sixdot50.assumptions.batches import INSUFFICIENT_FUNDS_STATUS
from emulator.vendors.sixdot50.assumptions.requests import (
    BODILESS,
    ERROR_BODY,
    ERROR_INDEX,
    MALFORMED_ID,
    NOT_FOUND_BODY,
    OTHER_MEDIA_TYPE,
    WRONG_METHOD,
    WRONG_STATE_STATUS,
)
from emulator.vendors.sixdot50.requests.validation import INVALID, MAX_FLAWS, MISSING, Flaw

GENERAL, VALIDATION, UNREADABLE = "0", "1", "2"
"""The envelope's error codes. Evidence: 6dot50-error-2."""

MESSAGES = {MISSING: "Required parameter missing", INVALID: "Invalid value supplied"}

Entry = Mapping[str, str]


def _refuse(tx: Transaction, status: int, code: str, message: str, *entries: Entry) -> Response:
    """Return the envelope, or the message alone where that is assumed."""
    if tx.choice(NOT_FOUND_BODY if status == 404 else ERROR_BODY) == "message":
        return Response(status, {"message": message})
    body: JsonDict = {"statusCode": status, "errorCode": code, "message": message}
    return Response(status, body | ({"validationErrors": list(entries)} if entries else {}))


def _entry(flaw: Flaw, index: int | None) -> Entry:
    """Return the entry of the envelope for one flaw. Evidence: 6dot50-error-3 and 6dot50-error-6."""
    field = flaw.field if flaw.payment is None else f"payments[{flaw.payment}].{flaw.field}".rstrip(".")
    entry = {"errorCode": flaw.code, "errorMessage": MESSAGES[flaw.code], "fieldName": field}
    numbered = entry if index is None else {"index": str(index)} | entry
    return numbered if flaw.value is None else numbered | {"fieldValue": _as_text(flaw.value)}


def _as_text(value: Any) -> str:
    """Return a text as it is, anything else as JSON."""
    return str(value) if isinstance(value, (str, Decimal)) else json.dumps(value, ensure_ascii=False, default=float)


def _invalid(tx: Transaction, _request: Request, flaws: list[Flaw]) -> Response:
    by_payment = tx.choice(ERROR_INDEX) == "payments"
    named = flaws[:MAX_FLAWS]
    entries = [_entry(flaw, flaw.payment if by_payment else number) for number, flaw in enumerate(named)]
    rest = "" if named == flaws else f": these are the first {MAX_FLAWS}, and there are more"
    return _refuse(tx, 400, VALIDATION, f"Validation error{rest}", *entries)


def _bodiless(tx: Transaction, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return a refusal without a body, or with the envelope where that is assumed."""
    response = _refuse(tx, status, GENERAL, reason_phrase(status)) if tx.choice(BODILESS) == "envelope" else Response(status)
    return structs.replace(response, headers=headers or {})


def _unauthorized(challenge: str) -> Renderer:
    return lambda tx, _request, _subject: _bodiless(tx, 401, {"www-authenticate": challenge})


def _refusal(status: int, message: str, code: str = GENERAL) -> Renderer:
    return lambda tx, _request, _subject: _refuse(tx, status, code, message)


def _assumed(status: Assumption, message: str) -> Renderer:
    """Return a renderer of a refusal whose status an assumption decides."""
    return lambda tx, _request, _subject: _refuse(tx, int(tx.choice(status)), GENERAL, message)


def _unknown(what: str) -> Renderer:
    return lambda tx, request, _subject: _refuse(tx, 404, GENERAL, f"There is no {what} with the id {request.parameters['id']}")


def _malformed_id(tx: Transaction, request: Request, _subject: object) -> Response:
    id = request.parameters["id"]
    if tx.choice(MALFORMED_ID) == "404":
        return _refuse(tx, 404, GENERAL, f"There is nothing with the id {id}")
    return _invalid(tx, request, [Flaw(INVALID, "id", id, "6dot50-id-2")])


def _other_media_type(tx: Transaction, request: Request, _subject: object) -> Response:
    status = 415 if tx.choice(OTHER_MEDIA_TYPE) == "415" else 400
    sent = request.headers.get("content-type") or "missing"
    return _refuse(tx, status, UNREADABLE, f"The Content-Type is {sent}, and must be application/json")


def _astray(tx: Transaction, _request: Request, verbs: tuple[str, ...]) -> Response:
    if verbs and tx.choice(WRONG_METHOD) == "405":
        return _bodiless(tx, 405, {"allow": ", ".join(verbs)})
    return _bodiless(tx, 404)


def failure_response(tx: Transaction, request: Request, status: int) -> Response:
    """Return a failure that a fault brings about. Evidence: 6dot50-error-2."""
    if status == 401:
        return REFUSALS["bad_token"](tx, request, None)
    return REFUSALS["broken"](tx, request, None) if status == 500 else _refuse(tx, status, GENERAL, reason_phrase(status))


REFUSALS: dict[str, Renderer] = {
    "no_token": _unauthorized("Bearer"),
    "bad_token": _unauthorized('Bearer error="invalid_token"'),
    "malformed_id": _malformed_id,
    "invalid": _invalid,
    "unreadable": _refusal(400, "The body is not a JSON object of the expected shape", UNREADABLE),
    "other_media_type": _other_media_type,
    "not_draft": _assumed(WRONG_STATE_STATUS, "The batch is not in DRAFT"),
    "payment_not_draft": _refusal(400, "The payment is not in DRAFT"),
    "nothing_to_cancel": _refusal(400, "The batch has no payments"),
    "nothing_to_submit": _refusal(400, "The batch has no payments"),
    "no_purse": _assumed(INSUFFICIENT_FUNDS_STATUS, "There is no active account that pays for batches"),
    "small_float": _assumed(INSUFFICIENT_FUNDS_STATUS, "The account that pays for the batch has insufficient funds"),
    "broken": _refusal(500, "An exception was not handled"),
    "forbidden": _refusal(403, "This belongs to another organisation"),
    "unknown_batch": _unknown("batch"),
    "unknown_payment": _unknown("payment"),
    "astray": _astray,
}
