"""The renderers of 6DOT50: objects with their keys in the published order, absent values left out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson

from emulator.sdk import JsonDict, JsonObject, Renderer, Request, Response, Transaction, digits_of, instant, structs
from emulator.vendors.sixdot50.assumptions.batches import (
    ADDED_BODY,
    CANCELLED_REFERRALS,
    IS_MEMBER,
    REVERSED_PAYMENTS,
    SUMMED_REFERRALS,
)
from emulator.vendors.sixdot50.assumptions.requests import (
    ABSENT_VALUES,
    BALANCE_TYPE,
    CREATED_STATUS,
    DELETED_FIELDS,
    EXISTS_BODY,
    FAILED_TOKEN_STATUS,
    FRACTIONS,
    STORED_INSTANTS,
    WRITTEN_INSTANTS,
    WRITTEN_SUMMARY,
)
from emulator.vendors.sixdot50.machine import is_member
from emulator.vendors.sixdot50.model import Account, Addition, Batch, Payment, Summary, Token
from emulator.vendors.sixdot50.responses.refusals import REFUSALS

BATCH_STATUS_CODES = {"CANCELLED": "Cancelled", "CLOSED": "Closed", "DRAFT": "In draft", "OPEN": "Open batch"}
PAYMENT_STATUS_CODES = {
    "DRAFT": "Payment in draft",
    "SETTLED": "Payment settled",
    "CANCELLED": "Payment cancelled",
    "PENDING": "Payment pending",
}

NOT_IN_THE_MODEL = ("externalId", "referralAmount", "referralMsisdn")
"""The fields of a payment that the page about deletions does not name. Evidence: 6dot50-delete-5."""

MEDIA_TYPE = "application/json; charset=utf-8"
"""The content type of responses. Evidence: 6dot50-media-1."""


def rounded(at: datetime) -> datetime:
    """Return the instant, rounded to a 300th of a second. Evidence: 6dot50-instant-2."""
    ticks = (at.microsecond * 300 + 500_000) // 1_000_000
    return at.replace(microsecond=0) + timedelta(milliseconds=(ticks * 1000 + 150) // 300)


def stored_instant(tx: Transaction, at: datetime) -> str:
    """Return a stored instant as text: UTC without a zone, no zeroes at the end. Evidence: 6dot50-instant-1."""
    kept = rounded(at)
    return _without_zeroes(at if kept != at and tx.choice(STORED_INSTANTS) == "exact" else kept)


def _without_zeroes(at: datetime) -> str:
    text = at.replace(tzinfo=None).isoformat()
    return text.rstrip("0") if "." in text else text


def amount(tx: Transaction, value: Decimal) -> Any:
    """Return an amount as it is written. Evidence: 6dot50-decimal-1 and 6dot50-decimal-5."""
    has_tenths = value.normalize().as_tuple().exponent == -1
    return orjson.Fragment(f"{value:.2f}") if has_tenths and tx.choice(FRACTIONS) == "two-decimals" else value


def show_summary(tx: Transaction, summary: Summary) -> JsonDict:
    """Return the summary, always with all seven keys."""
    return {
        "paymentsAmount": amount(tx, summary.payments.amount),
        "paymentsCount": summary.payments.count,
        "referralsAmount": amount(tx, summary.referrals),
        "settledAmount": amount(tx, summary.settled.amount),
        "settledCount": summary.settled.count,
        "cancelledAmount": amount(tx, summary.cancelled.amount),
        "cancelledCount": summary.cancelled.count,
    }


def show_batch(tx: Transaction, batch: Batch) -> JsonDict:
    """Return the batch as it is read, with the summary of its payments."""
    body = {
        "id": batch.id,
        "name": batch.name,
        "statusCode": batch.status,
        "externalId": batch.external_id,
        "createdAt": stored_instant(tx, batch.created_at),
        "summary": show_summary(tx, summary_of(tx, batch)),
    }
    return _present(tx, body)


def summary_of(tx: Transaction, batch: Batch) -> Summary:
    """Return the totals of the payments of the batch."""
    return total_of(tx, batch, tx.group(Payment, "batch", batch.id))


def total_of(tx: Transaction, batch: Batch, payments: list[Payment]) -> Summary:
    """Return the totals of these payments, which are of the batch."""
    referred = {payment.status for payment in payments if payment.referral_amount}
    with_referrals = bool(referred) and tx.choice(SUMMED_REFERRALS) == "included"
    cancelled = "CANCELLED" in referred and tx.choice(CANCELLED_REFERRALS) == "included"
    summary = Summary.of(payments, with_referrals, cancelled)
    if batch.status in ("OPEN", "CLOSED") and summary.cancelled.count and tx.choice(REVERSED_PAYMENTS) == "left-out":
        kept = Summary.of([payment for payment in payments if payment.status != "CANCELLED"], with_referrals)
        return structs.replace(kept, cancelled=summary.cancelled)
    return summary


def show_written(tx: Transaction, batch: Batch) -> JsonDict:
    """Return the batch as the response to a write has it: other keys, in another order. Evidence: 6dot50-instant-5."""
    body = {
        "id": batch.id,
        "name": batch.name,
        "externalId": batch.external_id,
        "statusCode": batch.status,
        "createdAt": _written_instant(tx, batch.created_at),
    }
    summary = {"summary": show_summary(tx, summary_of(tx, batch))} if tx.choice(WRITTEN_SUMMARY) == "shown" else {}
    return _present(tx, body) | summary


def _written_instant(tx: Transaction, at: datetime) -> str:
    """Return createdAt in a reply to a write; with `ticks`, it ends as the sample does. Evidence: 6dot50-instant-5."""
    choice = tx.choice(WRITTEN_INSTANTS)
    if choice == "ticks":
        return f"{at.replace(tzinfo=None).isoformat(timespec='microseconds')}5Z"
    return f"{_without_zeroes(at)}Z" if choice == "utc" else stored_instant(tx, at)


def show_payment(tx: Transaction, payment: Payment) -> JsonDict:
    """Return the payment as it is read."""
    return _present(tx, _fields_of(tx, payment))


def _fields_of(tx: Transaction, payment: Payment) -> JsonDict:
    """Return every field of the payment, None where it has no value."""
    known = payment.status == "SETTLED" or is_member(tx, payment.msisdn)
    return {
        "id": payment.id,
        "batchId": payment.batch_id,
        "msisdn": payment.msisdn,
        "amount": amount(tx, payment.amount),
        "firstname": payment.firstname,
        "lastname": payment.lastname,
        "externalId": payment.external_id,
        "statusCode": payment.status,
        "settledAt": stored_instant(tx, payment.settled_at) if payment.settled_at else None,
        "isMember": known if known != payment.is_member and tx.choice(IS_MEMBER) == "live" else payment.is_member,
        "referralAmount": None if payment.referral_amount is None else amount(tx, payment.referral_amount),
        "referralMsisdn": payment.referral_msisdn,
        "createdAt": stored_instant(tx, payment.created_at),
    }


def show_account(tx: Transaction, account: Account) -> JsonDict:
    """Return the account as it is read."""

    def written(balance: Decimal) -> Any:
        return digits_of(balance) if tx.choice(BALANCE_TYPE) == "string" else amount(tx, balance)

    return {
        "id": account.id,
        "name": account.name,
        "shortName": account.short_name,
        "createdAt": stored_instant(tx, account.created_at),
        "active": account.active,
        "balance": written(account.balance),
        "availableBalance": written(account.available_balance),
        "currencyCode": account.currency_code,
    }


def _present(tx: Transaction, body: JsonObject) -> JsonDict:
    """Return the body without the values that are absent, or with null for them. Evidence: 6dot50-absent-1."""
    present = {name: value for name, value in body.items() if value is not None}
    return present if len(present) == len(body) or tx.choice(ABSENT_VALUES) == "left-out" else dict(body)


def show_payments(tx: Transaction, batch: Batch) -> list[JsonDict]:
    return [show_payment(tx, payment) for payment in tx.group(Payment, "batch", batch.id)]


def show_filled_batch(tx: Transaction, batch: Batch) -> JsonDict:
    """Return the batch as it is read, with its payments."""
    return show_batch(tx, batch) | {"payments": show_payments(tx, batch)}


def show_added(tx: Transaction, addition: Addition) -> Any:
    """Return what adding payments is assumed to answer."""
    batch, added = addition
    choice = tx.choice(ADDED_BODY)
    if choice == "added":
        summary = show_summary(tx, total_of(tx, batch, added))
        return show_batch(tx, batch) | {"summary": summary, "payments": [show_payment(tx, it) for it in added]}
    return {"batch": show_batch, "payments": show_payments}.get(choice, show_filled_batch)(tx, batch)


def show_deleted(tx: Transaction, payment: Payment) -> JsonDict:
    body = _fields_of(tx, payment) | {"statusCode": "DELETED"}
    del body["settledAt"]
    if all(body[name] is None for name in NOT_IN_THE_MODEL) or tx.choice(DELETED_FIELDS) == "left-out":
        body = {name: value for name, value in body.items() if name not in NOT_IN_THE_MODEL}
    return _present(tx, body)


def show_token(_tx: Transaction, token: Token) -> JsonDict:
    return {"success": True, "token": token.id, "expiresAt": instant(token.expires_at)}


def _ok(show: Callable[[Transaction, Any], Any]) -> Renderer:
    """Return a renderer of 200 with the body that `show` makes of the subject."""
    return lambda tx, _request, subject: Response(200, show(tx, subject))


def _all(show: Callable[[Transaction, Any], Any]) -> Renderer:
    return _ok(lambda tx, subjects: [show(tx, subject) for subject in subjects])


def _existence(known: bool) -> Renderer:
    return _ok(lambda tx, _subject: known if tx.choice(EXISTS_BODY) == "boolean" else {"exists": known})


def _created(tx: Transaction, _request: Request, batch: Batch) -> Response:
    return Response(int(tx.choice(CREATED_STATUS)), show_written(tx, batch))


def _token_refused(tx: Transaction, _request: Request, _subject: object) -> Response:
    return Response(int(tx.choice(FAILED_TOKEN_STATUS)), {"success": False})


RENDERERS: dict[str, Renderer] = {
    "batch": _ok(show_batch),
    "batches": _all(show_batch),
    "created": _created,
    "changed": _ok(show_written),
    "added": _ok(show_added),
    "submitted": _ok(show_filled_batch),
    "payments": _ok(show_payments),
    "payment": _ok(show_payment),
    "deleted": _ok(show_deleted),
    "member": _existence(True),
    "no_member": _existence(False),
    "accounts": _all(show_account),
    "status_codes": _ok(lambda _tx, codes: [{"code": code, "description": text} for code, text in codes.items()]),
    "token": _ok(show_token),
    "token_refused": _token_refused,
    **REFUSALS,
}
