"""What is wrong with the batches and payments that a client writes: every flaw, each with the field it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple

from emulator.sdk import Transaction, View
from emulator.vendors.sixdot50.assumptions import (
    BATCH_EXTERNAL_IDS,
    BLANK_NAME,
    EMPTY_EXTERNAL_ID,
    EXTERNAL_ID_CASE,
    EXTRA_DECIMALS,
    PAYMENT_EXTERNAL_IDS,
    ZERO_AMOUNT,
)
from emulator.vendors.sixdot50.bodies import NUMBER, Properties, Types
from emulator.vendors.sixdot50.machine import is_paid_by_another
from emulator.vendors.sixdot50.model import SELF, Batch, Organisation, Payment

MISSING, INVALID = "100", "106"
"""The error codes of one field. Evidence: 6dot50-error-3."""

MSISDN = re.compile(r"[1-9][0-9]{7,14}", re.ASCII)
"""Evidence: 6dot50-msisdn-1 and 6dot50-msisdn-2."""

CENT = Decimal("0.01")
MOST = Decimal("999999999999999.99")

CREDENTIAL_TYPES: Types = {"key": str, "secret": str}
BATCH_TYPES: Types = {"name": str, "externalId": str}
ADDITION_TYPES: Types = {"clearExisting": bool, "payments": list}
PAYMENT_TYPES: Types = {
    "msisdn": str,
    "amount": NUMBER,
    "firstname": str,
    "lastname": str,
    "externalId": str,
    "referralAmount": NUMBER,
    "referralMsisdn": str,
}


class Flaw(NamedTuple):
    """One thing that is wrong, the fact it rests on and the assumption that decided, if one did; `place` is the payment's."""

    code: str
    field: str
    value: Any
    evidence: str
    assumption: str | None = None
    place: int | None = None


def flaws_of_name(tx: Transaction, name: Any) -> Iterator[Flaw]:
    """What is wrong with the name of a new batch."""
    if name is None:
        yield Flaw(MISSING, "name", None, "6dot50-create-2")
    elif not name.strip() and tx.choice(BLANK_NAME.id) == "400":
        yield Flaw(MISSING, "name", None, "6dot50-create-6", BLANK_NAME.id)


def flaws_of_external_id(tx: Transaction, text: str | None, own: str | None = None) -> Iterator[Flaw]:
    """Yield what is wrong with the externalId of a batch: it is empty, or another batch than `own` has it."""
    yield from _flaws_of_empty_id(tx, text)
    same = namesakes(tx, text, own) if text else []
    living = [it for it in same if it.status != "CANCELLED"]
    if same if tx.choice(BATCH_EXTERNAL_IDS.id) == "all" else living:
        decided = None if living else BATCH_EXTERNAL_IDS.id
        yield Flaw(INVALID, "externalId", text, "6dot50-create-3", _by_case(str(text), same) or decided)


def _flaws_of_empty_id(tx: Transaction, text: str | None) -> Iterator[Flaw]:
    if text == "" and tx.choice(EMPTY_EXTERNAL_ID.id) == "400":
        yield Flaw(INVALID, "externalId", text, "6dot50-create-7", EMPTY_EXTERNAL_ID.id)


def assumption_of_namesakes(view: View, text: str | None, own: str | None = None) -> str | None:
    """Return by which assumption this externalId is, or is not, that of another batch; None where nothing had to be assumed."""
    batches: list[Batch] = view.group(Batch.kind, "called", SELF, text.casefold()) if text else []
    return EXTERNAL_ID_CASE.id if any(it.external_id != text for it in batches if it.id != own) else None


def namesakes(view: View, text: str, own: str | None) -> list[Batch]:
    """Our batches, other than `own`, that have this externalId."""
    batches: list[Batch] = view.group(Batch.kind, "called", SELF, text.casefold())
    return [it for it in batches if it.id != own and is_same(view, it.external_id, text)]


def is_same(view: View, one: str | None, other: str) -> bool:
    """Whether two externalIds are the same."""
    return one == other or (
        one is not None and view.choice(EXTERNAL_ID_CASE.id) == "ignored" and one.casefold() == other.casefold()
    )


def to_the_cent(amount: int | Decimal) -> Decimal:
    """The amount with two decimals; only where that is assumed were there more."""
    return Decimal(amount).quantize(CENT, ROUND_HALF_EVEN)


def with_referrals(tx: Transaction) -> bool:
    """Whether the organisation can pay referrers."""
    organisation: Organisation | None = tx.find(Organisation.kind, SELF)
    return organisation is not None and organisation.referrals


def flaws_of_payments(tx: Transaction, batch_id: str, clear: bool, payments: Sequence[Properties]) -> list[Flaw]:
    """What is wrong with the payments to be added, in their order; those that are to be cleared are in nobody's way."""
    flaws: list[Flaw] = []
    referrals, seen = with_referrals(tx), set[str]()
    for place, payment in enumerate(payments):
        found = [*_flaws_of_payment(tx, payment), *(_flaws_of_referral(tx, payment) if referrals else ())]
        found += _flaws_of_payments_id(tx, batch_id, clear, payment.get("externalid"), seen)
        flaws += [flaw._replace(place=place) for flaw in found]
    return flaws


def _flaws_of_payment(tx: Transaction, payment: Properties) -> Iterator[Flaw]:
    if not (payment.get("msisdn") or "").strip():
        yield Flaw(MISSING, "msisdn", None, "6dot50-add-4")
    else:
        yield from _flaws_of_msisdn("msisdn", payment["msisdn"])
    if payment.get("amount") is None:
        yield Flaw(MISSING, "amount", None, "6dot50-add-4")
    else:
        yield from _flaws_of_amount(tx, "amount", payment["amount"])


def _flaws_of_referral(tx: Transaction, payment: Properties) -> Iterator[Flaw]:
    if payment.get("referralmsisdn") is not None:
        yield from _flaws_of_msisdn("referralMsisdn", payment["referralmsisdn"])
    if payment.get("referralamount") is not None:
        yield from _flaws_of_amount(tx, "referralAmount", payment["referralamount"])


def _flaws_of_msisdn(field: str, text: str) -> Iterator[Flaw]:
    if not MSISDN.fullmatch(text):
        yield Flaw(INVALID, field, text, "6dot50-msisdn-1")


def _flaws_of_amount(tx: Transaction, field: str, written: int | Decimal) -> Iterator[Flaw]:
    amount = Decimal(written)
    if amount < 0 or amount > MOST:
        yield Flaw(INVALID, field, written, "6dot50-amount-1")
    elif amount != to_the_cent(amount) and tx.choice(EXTRA_DECIMALS.id) == "400":
        yield Flaw(INVALID, field, written, "6dot50-decimal-3", EXTRA_DECIMALS.id)
    elif not to_the_cent(amount) and tx.choice(ZERO_AMOUNT.id) == "400":
        yield Flaw(INVALID, field, written, "6dot50-amount-1", ZERO_AMOUNT.id)


def _flaws_of_payments_id(tx: Transaction, batch_id: str, clear: bool, text: str | None, seen: set[str]) -> Iterator[Flaw]:
    """Yield that an externalId is empty, or that another payment, or one before it in the list, has it."""
    yield from _flaws_of_empty_id(tx, text)
    if not text:
        return
    name = text.casefold() if tx.choice(EXTERNAL_ID_CASE.id) == "ignored" else text
    others = payments_called(tx, batch_id, text, clear)
    if name in seen or others:
        elsewhere = name not in seen and all(it.batch_id != batch_id for it in others)
        decided = PAYMENT_EXTERNAL_IDS.id if elsewhere else None
        yield Flaw(INVALID, "externalId", text, "6dot50-add-5", _by_case(text, others) or decided)
    seen.add(name)


def payments_called(view: View, batch_id: str, text: str, clear: bool = False) -> list[Payment]:
    """Our payments that have this externalId, and would keep it where the batch's drafts are to be cleared."""
    narrow = (batch_id,) if view.choice(PAYMENT_EXTERNAL_IDS.id) == "batch" else ()
    payments: Iterable[Payment] = view.group(Payment.kind, "called", text.casefold(), *narrow)
    return [
        it
        for it in payments
        if is_same(view, it.external_id, text)
        and not (clear and it.batch_id == batch_id and it.status == "DRAFT")
        and not is_paid_by_another(view, it)
    ]


def _by_case(text: str, same: Sequence[Batch | Payment]) -> str | None:
    """The assumption that decided, where only case tells the externalIds apart."""
    return EXTERNAL_ID_CASE.id if same and all(it.external_id != text for it in same) else None
