"""The validation of batches and payments in a body: every flaw, with the field that has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import chain, islice
from typing import Any

from emulator.sdk import Assumption, InvalidRequest, Request, Struct, Transaction, View, pattern, structs
from emulator.vendors.sixdot50.assumptions.batches import (
    BATCH_EXTERNAL_IDS,
    BLANK_NAME,
    EMPTY_EXTERNAL_ID,
    EXTERNAL_ID_CASE,
    EXTRA_DECIMALS,
    LONE_REFERRAL,
    PAYMENT_EXTERNAL_IDS,
    ZERO_AMOUNT,
)
from emulator.vendors.sixdot50.assumptions.requests import MSISDN_FORM, REPEATED_NAME, WRONG_TYPE
from emulator.vendors.sixdot50.model import Batch, Payment, organisation_of
from emulator.vendors.sixdot50.requests.bodies import (
    ADDITION,
    Properties,
    Types,
    is_malformed,
    mistyped,
    mistyped_in_payments,
    properties,
    repeats_a_property,
)
from emulator.vendors.sixdot50.requests.tokens import acting_organisation

MISSING, INVALID = "100", "106"
"""The error codes of one field. Evidence: 6dot50-error-3."""

MSISDN = pattern(r"[1-9][0-9]{7,14}", re.ASCII)
"""The form of a phone number. Evidence: 6dot50-msisdn-2."""

MAX_FLAWS = 1_000
"""Flaws that a refusal names: a body of a few megabytes can have millions. Evidence: 6dot50-error-9."""

TAKEN = ("6dot50-create-3", "6dot50-add-5")
"""The facts of flaws that only other batches and payments show: an externalId is taken."""

CENT = Decimal("0.01")
MAX_AMOUNT = Decimal("999999999999999.99")


class Flaw(Struct, frozen=True):
    """One mistake in a request: error code, field, value, the fact and the assumption that it rests on, the payment's index."""

    code: str
    field: str
    value: Any
    evidence: str
    assumption: Assumption | None = None
    payment: int | None = None


def refuse(tx: Transaction, flaws: Iterable[Flaw]) -> None:
    """Refuse a request that has flaws; the refusal rests on what the first of them does.

    Raises:
        InvalidRequest: there is a flaw.
    """
    found = list(islice(flaws, MAX_FLAWS + 1))
    if not found:
        return
    first = found[0]
    if first.assumption == WRONG_TYPE and tx.choice(WRONG_TYPE) == "2":
        raise _unreadable("6dot50-error-2", WRONG_TYPE)
    raise InvalidRequest(first.field, first.evidence, first.assumption, subject=found)


def read_body(tx: Transaction, request: Request, types: Types) -> Properties:
    """Return the properties of the body.

    Raises:
        InvalidRequest: the body is no JSON object, an object in it has a name several times, or a property has another type.
            Evidence: 6dot50-id-2.
    """
    body = properties(request)
    if body is None:
        raise _unreadable("6dot50-error-2" if is_malformed(request) else "6dot50-input-4")
    if repeats_a_property(request) and tx.choice(REPEATED_NAME) == "400":
        raise InvalidRequest("unreadable", "6dot50-input-3", REPEATED_NAME, answer="unreadable")
    wrong = [(None, name, value) for name, value in mistyped(body, types)]
    below = mistyped_in_payments(body, organisation_of(tx, acting_organisation(tx)).referrals) if types is ADDITION else ()
    refuse(tx, (Flaw(INVALID, name, value, "6dot50-id-2", WRONG_TYPE, index) for index, name, value in chain(wrong, below)))
    return body


def _unreadable(evidence: str, assumption: Assumption | None = None) -> InvalidRequest:
    return InvalidRequest("unreadable", evidence, assumption, answer="unreadable")


def flaws_of_name(tx: Transaction, name: Any) -> Iterator[Flaw]:
    """Yield the flaw in the name of a new batch."""
    if name is None:
        yield Flaw(MISSING, "name", None, "6dot50-create-2")
    elif not name.strip() and tx.choice(BLANK_NAME) == "400":
        yield Flaw(MISSING, "name", None, "6dot50-create-6", BLANK_NAME)


def flaws_of_external_id(tx: Transaction, text: str | None, own: str | None = None) -> Iterator[Flaw]:
    """Yield the flaw in the externalId of a batch: it is empty, or another batch than `own` has it."""
    yield from _flaws_of_empty_id(tx, text)
    same, owner = namesakes(tx, text, own) if text else [], acting_organisation(tx)
    if is_taken(tx, same, owner):
        decided = None if any(_surely_counts(it, owner) for it in same) else BATCH_EXTERNAL_IDS
        yield Flaw(INVALID, "externalId", text, "6dot50-create-3", _by_case(str(text), same) or decided)


def is_taken(view: View, same: Sequence[Batch], owner: str) -> bool:
    """Tell whether an externalId is taken, for an organisation, that these other batches have."""
    if not same or any(_surely_counts(it, owner) for it in same):
        return bool(same)
    scope = view.choice(BATCH_EXTERNAL_IDS)
    return scope == "everywhere" or (scope == "all" and any(it.owner == owner for it in same))


def _surely_counts(batch: Batch, owner: str) -> bool:
    return batch.owner == owner and batch.status != "CANCELLED"


def _flaws_of_empty_id(tx: Transaction, text: str | None) -> Iterator[Flaw]:
    if text == "" and tx.choice(EMPTY_EXTERNAL_ID) == "400":
        yield Flaw(INVALID, "externalId", text, "6dot50-create-7", EMPTY_EXTERNAL_ID)


def namesakes(view: View, text: str, own: str | None) -> list[Batch]:
    """Return the batches of all organisations, other than `own`, that have this externalId."""
    batches = view.group(Batch, "called", text.casefold())
    return [it for it in batches if it.id != own and is_same(view, it.external_id, text)]


def is_same(view: View, one: str | None, other: str) -> bool:
    """Tell whether two externalIds are the same, which differ by no more than case: their resources are in one group."""
    return one == other or view.choice(EXTERNAL_ID_CASE) == "ignored"


def msisdn_in(view: View, text: str) -> str | None:
    """Return the mobile number that a text is, None where it is none."""
    number = text.removeprefix("+") if text.startswith("+") and view.choice(MSISDN_FORM) == "dropped" else text
    return number if MSISDN.fullmatch(number) else None


def to_the_cent(amount: int | Decimal) -> Decimal:
    """Return the amount with two decimals, rounded where that is assumed."""
    return Decimal(amount).quantize(CENT, ROUND_HALF_EVEN) + 0  # no zero with a minus


def flaws_of_payments(tx: Transaction, batch_id: str, clear: bool, payments: Sequence[Properties]) -> Iterator[Flaw]:
    """Yield the flaws in the payments to add, in their order, where those that are to be cleared do not count."""
    referrals, seen = organisation_of(tx, acting_organisation(tx)).referrals, set[str]()
    for index, payment in enumerate(payments):
        found = [*_flaws_of_payment(tx, payment, "msisdn", "amount", required=True)]
        if referrals:
            found += _flaws_of_payment(tx, payment, "referralMsisdn", "referralAmount", required=False)
            found += _flaws_of_lone_referral(tx, payment)
        found += _flaws_of_payments_id(tx, batch_id, clear, payment.get("externalid"), seen)
        yield from (structs.replace(flaw, payment=index) for flaw in found)


def _flaws_of_payment(tx: Transaction, payment: Properties, payee: str, money: str, required: bool) -> Iterator[Flaw]:
    msisdn, amount = payment.get(payee.lower()), payment.get(money.lower())
    if required and not (msisdn or "").strip():
        yield Flaw(MISSING, payee, None, "6dot50-add-4")
    elif msisdn is not None and msisdn_in(tx, msisdn) is None:
        decided = MSISDN_FORM if MSISDN.fullmatch(msisdn.removeprefix("+")) else None
        yield Flaw(INVALID, payee, msisdn, "6dot50-msisdn-2", decided)
    if amount is not None:
        yield from _flaws_of_amount(tx, money, amount)
    elif required:
        yield Flaw(MISSING, money, None, "6dot50-add-4")


def _flaws_of_lone_referral(tx: Transaction, payment: Properties) -> Iterator[Flaw]:
    is_lone = payment.get("referralamount") is not None and payment.get("referralmsisdn") is None
    if is_lone and tx.choice(LONE_REFERRAL) == "400":
        yield Flaw(MISSING, "referralMsisdn", None, "6dot50-referral-3", LONE_REFERRAL)


def _flaws_of_amount(tx: Transaction, field: str, value: int | Decimal) -> Iterator[Flaw]:
    amount = Decimal(value)
    if amount < 0 or amount > MAX_AMOUNT:
        yield Flaw(INVALID, field, value, "6dot50-amount-1")
    elif amount != to_the_cent(amount) and tx.choice(EXTRA_DECIMALS) == "400":
        yield Flaw(INVALID, field, value, "6dot50-decimal-3", EXTRA_DECIMALS)
    elif not to_the_cent(amount) and tx.choice(ZERO_AMOUNT) == "400":
        yield Flaw(INVALID, field, value, "6dot50-amount-1", ZERO_AMOUNT)


def _flaws_of_payments_id(tx: Transaction, batch_id: str, clear: bool, text: str | None, seen: set[str]) -> Iterator[Flaw]:
    """Yield that an externalId is empty, or that another payment, or one before it in the list, has it."""
    yield from _flaws_of_empty_id(tx, text)
    if not text:
        return
    name = text.casefold() if tx.choice(EXTERNAL_ID_CASE) == "ignored" else text
    others = payments_called(tx, batch_id, text, clear)
    if name in seen or others:
        elsewhere = name not in seen and all(it.batch_id != batch_id for it in others)
        decided = PAYMENT_EXTERNAL_IDS if elsewhere else None
        yield Flaw(INVALID, "externalId", text, "6dot50-add-5", _by_case(text, others) or decided)
    seen.add(name)


def payments_called(view: View, batch_id: str, text: str, clear: bool = False) -> list[Payment]:
    """Return the payments of a batch's organisation that have this externalId, without its drafts that are to be cleared."""
    own, narrow = view.find(Batch, batch_id), (batch_id,) if view.choice(PAYMENT_EXTERNAL_IDS) == "batch" else ()
    owner = acting_organisation(view) if own is None else own.owner
    payments = view.group(Payment, "called", text.casefold(), *narrow)
    return [
        it
        for it in payments
        if is_same(view, it.external_id, text)
        and not (clear and it.batch_id == batch_id and it.status == "DRAFT")
        and _is_of(view, it, owner)
    ]


def _is_of(view: View, payment: Payment, owner: str) -> bool:
    batch = view.find(Batch, payment.batch_id)
    return batch is None or batch.owner == owner


def _by_case(text: str, same: Sequence[Batch | Payment]) -> Assumption | None:
    """Return the assumption that decides where only case tells the externalIds apart."""
    return EXTERNAL_ID_CASE if same and all(it.external_id != text for it in same) else None
