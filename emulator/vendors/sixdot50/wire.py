"""How 6DOT50 words its answers: objects with their keys in the published order, absent values left out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from emulator.kernel.transaction import Transaction
from emulator.vendors.sixdot50.assumptions import FAILED_TOKEN_STATUS, IS_MEMBER, STORED_INSTANTS
from emulator.vendors.sixdot50.model import Account, Batch, Member, Payment, Summary, Token
from emulator.vendors.sixdot50.refusals import DECIDED_BY, REFUSALS
from emulator.vendors.vendor import Answer, Call, Reply, Wording

BATCH_STATUS_CODES = {"CANCELLED": "Cancelled", "CLOSED": "Closed", "DRAFT": "In draft", "OPEN": "Open batch"}
PAYMENT_STATUS_CODES = {
    "DRAFT": "Payment in draft",
    "SETTLED": "Payment settled",
    "CANCELLED": "Payment cancelled",
    "PENDING": "Payment pending",
}


MEDIA_TYPE = "application/json; charset=utf-8"
"""Evidence: 6dot50-media-1."""


def finish(_tx: Transaction, _call: Call, _n: int) -> Mapping[str, str]:
    """No header of its own is published."""
    return {}


def resting(tx: Transaction, answer: Answer) -> Answer:
    """The answer with the assumption that its wording will rest on, if there is one."""
    if answer.assumption is not None:
        return answer
    return answer._replace(assumption=DECIDED_BY.get(answer.name) or _decided_by(tx, answer))


def _decided_by(tx: Transaction, answer: Answer) -> str | None:
    """An assumption about a body counts only where the other choice would have given another body."""
    shown = _shown(tx, answer)
    if any(isinstance(it, Payment) and it.is_member != _is_a_member(tx, it) for it in shown):
        return IS_MEMBER.id
    return STORED_INSTANTS.id if any(rounded(it.created_at) != it.created_at for it in shown) else None


def _shown(tx: Transaction, answer: Answer) -> list[Any]:
    if answer.name == "payments":
        return tx.group(Payment.kind, "batch", answer.subject.id)
    if answer.name in ("batch", "payment"):
        return [answer.subject]
    return list(answer.subject) if answer.name in ("batches", "accounts") else []


def rounded(at: datetime) -> datetime:
    """The instant that is left when one is kept in 300ths of a second. Evidence: 6dot50-instant-2."""
    ticks = (at.microsecond * 300 + 500_000) // 1_000_000
    return at.replace(microsecond=0) + timedelta(milliseconds=(ticks * 1000 + 150) // 300)


def stored_instant(tx: Transaction, at: datetime) -> str:
    """A stored instant as it is read back: UTC without a zone, no idle zeroes. Evidence: 6dot50-instant-1."""
    kept = rounded(at) if tx.choice(STORED_INSTANTS.id) == "rounded" else at
    text = kept.replace(tzinfo=None).isoformat()
    return text.rstrip("0") if "." in text else text


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
    summary = Summary.of(tx.group(Payment.kind, "batch", batch.id))
    body = {
        "id": batch.id,
        "name": batch.name,
        "statusCode": batch.status,
        "externalId": batch.external_id,
        "createdAt": stored_instant(tx, batch.created_at),
        "summary": show_summary(summary),
    }
    return _present(body)


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
        "isMember": _is_a_member(tx, payment) if live else payment.is_member,
        "referralAmount": payment.referral_amount,
        "referralMsisdn": payment.referral_msisdn,
        "createdAt": stored_instant(tx, payment.created_at),
    }
    return _present(body)


def show_account(tx: Transaction, account: Account) -> dict[str, Any]:
    """The account as it is read."""
    return {
        "id": account.id,
        "name": account.name,
        "shortName": account.short_name,
        "createdAt": stored_instant(tx, account.created_at),
        "active": account.active,
        "balance": account.balance,
        "availableBalance": account.available_balance,
        "currencyCode": account.currency_code,
    }


def _present(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _is_a_member(tx: Transaction, payment: Payment) -> bool:
    return payment.status == "SETTLED" or tx.find(Member.kind, payment.msisdn) is not None


def _batch(tx: Transaction, _call: Call, batch: Batch) -> Reply:
    return Reply(200, show_batch(tx, batch))


def _batches(tx: Transaction, _call: Call, batches: list[Batch]) -> Reply:
    return Reply(200, [show_batch(tx, batch) for batch in batches])


def _payments(tx: Transaction, _call: Call, batch: Batch) -> Reply:
    return Reply(200, [show_payment(tx, payment) for payment in tx.group(Payment.kind, "batch", batch.id)])


def _payment(tx: Transaction, _call: Call, payment: Payment) -> Reply:
    return Reply(200, show_payment(tx, payment))


def _accounts(tx: Transaction, _call: Call, accounts: list[Account]) -> Reply:
    return Reply(200, [show_account(tx, account) for account in accounts])


def _status_codes(_tx: Transaction, _call: Call, codes: Mapping[str, str]) -> Reply:
    return Reply(200, [{"code": code, "description": description} for code, description in codes.items()])


def _token(_tx: Transaction, _call: Call, token: Token) -> Reply:
    ends = token.expires_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Reply(200, {"success": True, "token": token.id, "expiresAt": ends})


def _no_token_given(tx: Transaction, _call: Call, _subject: object) -> Reply:
    return Reply(int(tx.choice(FAILED_TOKEN_STATUS.id)), {"success": False})


WORDINGS: dict[str, Wording] = {
    "batch": _batch,
    "batches": _batches,
    "payments": _payments,
    "payment": _payment,
    "accounts": _accounts,
    "status_codes": _status_codes,
    "token": _token,
    "token_refused": _no_token_given,
    **REFUSALS,
}
