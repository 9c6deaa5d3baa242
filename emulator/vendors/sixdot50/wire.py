"""How 6DOT50 words its answers: objects with their keys in the published order, absent values left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from emulator.sdk import Renderer, Request, Response, Transaction
from emulator.vendors.sixdot50.assumptions import (
    ADDED_BODY,
    CANCELLED_REFERRALS,
    IS_MEMBER,
)
from emulator.vendors.sixdot50.assumptions_of_calls import (
    ABSENT_VALUES,
    BALANCE_TYPE,
    CREATED_STATUS,
    EXISTS_BODY,
    FAILED_TOKEN_STATUS,
    STORED_INSTANTS,
    WRITTEN_INSTANTS,
    WRITTEN_SUMMARY,
)
from emulator.vendors.sixdot50.machine import is_member
from emulator.vendors.sixdot50.model import Account, Batch, Payment, Summary, Token
from emulator.vendors.sixdot50.refusals import REFUSALS

BATCH_STATUS_CODES = {"CANCELLED": "Cancelled", "CLOSED": "Closed", "DRAFT": "In draft", "OPEN": "Open batch"}
PAYMENT_STATUS_CODES = {
    "DRAFT": "Payment in draft",
    "SETTLED": "Payment settled",
    "CANCELLED": "Payment cancelled",
    "PENDING": "Payment pending",
}


MEDIA_TYPE = "application/json; charset=utf-8"
"""Evidence: 6dot50-media-1."""


def response_headers(_tx: Transaction, _call: Request, _n: int) -> Mapping[str, str]:
    """No header of its own is published."""
    return {}


def rounded(at: datetime) -> datetime:
    """The instant that is left when one is kept in 300ths of a second. Evidence: 6dot50-instant-2."""
    ticks = (at.microsecond * 300 + 500_000) // 1_000_000
    return at.replace(microsecond=0) + timedelta(milliseconds=(ticks * 1000 + 150) // 300)


def stored_instant(tx: Transaction, at: datetime) -> str:
    """A stored instant as it is read back: UTC without a zone, no idle zeroes. Evidence: 6dot50-instant-1."""
    kept = rounded(at) if tx.choice(STORED_INSTANTS.id) == "rounded" else at
    text = kept.replace(tzinfo=None).isoformat()
    return text.rstrip("0") if "." in text else text


def written_instant(at: datetime) -> str:
    """An instant as the reply to a write has it. Evidence: 6dot50-instant-5."""
    text = at.replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if "." in text else text) + "Z"


def show_summary(summary: Summary) -> dict[str, Any]:
    """All seven keys, always."""
    return {
        "paymentsAmount": summary.payments.amount,
        "paymentsCount": summary.payments.count,
        "referralsAmount": summary.referrals,
        "settledAmount": summary.settled.amount,
        "settledCount": summary.settled.count,
        "cancelledAmount": summary.cancelled.amount,
        "cancelledCount": summary.cancelled.count,
    }


def show_batch(tx: Transaction, batch: Batch) -> dict[str, Any]:
    """The batch as it is read, with the summary of its payments."""
    body = {
        "id": batch.id,
        "name": batch.name,
        "statusCode": batch.status,
        "externalId": batch.external_id,
        "createdAt": stored_instant(tx, batch.created_at),
        "summary": show_summary(summary_of(tx, batch)),
    }
    return _present(tx, body)


def summary_of(tx: Transaction, batch: Batch) -> Summary:
    """What the payments of the batch come to."""
    payments: list[Payment] = tx.group(Payment.kind, "batch", batch.id)
    summary = Summary.of(payments)
    if tx.choice(CANCELLED_REFERRALS.id) == "apart":
        return summary
    referrals = Summary.of([payment for payment in payments if payment.status == "CANCELLED"]).referrals
    return replace(summary, cancelled=replace(summary.cancelled, amount=summary.cancelled.amount + referrals))


def show_written(tx: Transaction, batch: Batch) -> dict[str, Any]:
    """The batch as the reply to a write has it: other keys, in another order."""
    utc = tx.choice(WRITTEN_INSTANTS.id) == "utc"
    body = {
        "id": batch.id,
        "name": batch.name,
        "externalId": batch.external_id,
        "statusCode": batch.status,
        "createdAt": written_instant(batch.created_at) if utc else stored_instant(tx, batch.created_at),
    }
    summary = {"summary": show_summary(summary_of(tx, batch))} if tx.choice(WRITTEN_SUMMARY.id) == "shown" else {}
    return _present(tx, body) | summary


def show_payment(tx: Transaction, payment: Payment) -> dict[str, Any]:
    """The payment as it is read."""
    live = tx.choice(IS_MEMBER.id) == "live"
    body = {
        "id": payment.id,
        "batchId": payment.batch_id,
        "msisdn": payment.msisdn,
        "amount": payment.amount,
        "firstname": payment.firstname,
        "lastname": payment.lastname,
        "externalId": payment.external_id,
        "statusCode": payment.status,
        "settledAt": stored_instant(tx, payment.settled_at) if payment.settled_at else None,
        "isMember": is_shown_as_member(tx, payment) if live else payment.is_member,
        "referralAmount": payment.referral_amount,
        "referralMsisdn": payment.referral_msisdn,
        "createdAt": stored_instant(tx, payment.created_at),
    }
    return _present(tx, body)


def show_account(tx: Transaction, account: Account) -> dict[str, Any]:
    """The account as it is read."""
    in_words = tx.choice(BALANCE_TYPE.id) == "string"
    return {
        "id": account.id,
        "name": account.name,
        "shortName": account.short_name,
        "createdAt": stored_instant(tx, account.created_at),
        "active": account.active,
        "balance": f"{account.balance:f}" if in_words else account.balance,
        "availableBalance": f"{account.available_balance:f}" if in_words else account.available_balance,
        "currencyCode": account.currency_code,
    }


def _present(tx: Transaction, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body without the values that are absent, or with null for them. Evidence: 6dot50-absent-1."""
    left_out = tx.choice(ABSENT_VALUES.id) == "left-out"
    return {name: value for name, value in body.items() if value is not None or not left_out}


def is_shown_as_member(tx: Transaction, payment: Payment) -> bool:
    """Whether the payee of the payment is a member by now."""
    return payment.status == "SETTLED" or is_member(tx, payment.msisdn)


def _batch(tx: Transaction, _call: Request, batch: Batch) -> Response:
    return Response(200, show_batch(tx, batch))


def _batches(tx: Transaction, _call: Request, batches: list[Batch]) -> Response:
    return Response(200, [show_batch(tx, batch) for batch in batches])


def _created(tx: Transaction, _call: Request, batch: Batch) -> Response:
    return Response(int(tx.choice(CREATED_STATUS.id)), show_written(tx, batch))


def _changed(tx: Transaction, _call: Request, batch: Batch) -> Response:
    return Response(200, show_written(tx, batch))


def _added(tx: Transaction, request: Request, batch: Batch) -> Response:
    wanted = tx.choice(ADDED_BODY.id)
    return {"batch": _batch, "payments": _payments}.get(wanted, _submitted)(tx, request, batch)


def _submitted(tx: Transaction, _call: Request, batch: Batch) -> Response:
    return Response(200, show_batch(tx, batch) | {"payments": _show_payments(tx, batch)})


def _payments(tx: Transaction, _call: Request, batch: Batch) -> Response:
    return Response(200, _show_payments(tx, batch))


def _show_payments(tx: Transaction, batch: Batch) -> list[dict[str, Any]]:
    return [show_payment(tx, payment) for payment in tx.group(Payment.kind, "batch", batch.id)]


def _deleted(tx: Transaction, _call: Request, payment: Payment) -> Response:
    shown = show_payment(tx, payment) | {"statusCode": "DELETED"}
    return Response(200, {name: value for name, value in shown.items() if name != "settledAt"})


def _exists(known: bool) -> Renderer:
    def word(tx: Transaction, _call: Request, _subject: object) -> Response:
        return Response(200, known if tx.choice(EXISTS_BODY.id) == "boolean" else {"exists": known})

    return word


def _payment(tx: Transaction, _call: Request, payment: Payment) -> Response:
    return Response(200, show_payment(tx, payment))


def _accounts(tx: Transaction, _call: Request, accounts: list[Account]) -> Response:
    return Response(200, [show_account(tx, account) for account in accounts])


def _status_codes(_tx: Transaction, _call: Request, codes: Mapping[str, str]) -> Response:
    return Response(200, [{"code": code, "description": description} for code, description in codes.items()])


def _token(_tx: Transaction, _call: Request, token: Token) -> Response:
    ends = token.expires_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Response(200, {"success": True, "token": token.id, "expiresAt": ends})


def _no_token_given(tx: Transaction, _call: Request, _subject: object) -> Response:
    return Response(int(tx.choice(FAILED_TOKEN_STATUS.id)), {"success": False})


RENDERERS: dict[str, Renderer] = {
    "batch": _batch,
    "batches": _batches,
    "created": _created,
    "changed": _changed,
    "added": _added,
    "submitted": _submitted,
    "payments": _payments,
    "payment": _payment,
    "deleted": _deleted,
    "member": _exists(True),
    "no_member": _exists(False),
    "accounts": _accounts,
    "status_codes": _status_codes,
    "token": _token,
    "token_refused": _no_token_given,
    **REFUSALS,
}
