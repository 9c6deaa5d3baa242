"""The lives of a 6DOT50 batch, of its payments, and of the people who are paid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from emulator.kernel.machine import ABSENT, EVERY, SAME, After, Ask, Assume, Machine, On, Row, View, Wait
from emulator.vendors.sixdot50.assumptions import EMPTY_CANCEL, OTHER_ORGANISATION, REVERSED_MONEY, SECOND_CANCEL
from emulator.vendors.sixdot50.model import CURRENCY, SELF, Account, Batch, Member, Payment

GET, LIST_PAYMENTS, CANCEL = "get", "list_payments", "cancel"
CONCLUDE, REGISTER = "conclude", "register"
BATCH_STATES = ("DRAFT", "OPEN", "CLOSED", "CANCELLED")
PAYMENT_STATES = ("DRAFT", "PENDING", "SETTLED", "CANCELLED")


def belongs_to_another(_: View, batch: Batch) -> bool:
    return batch.owner != SELF


def is_paid_by_another(view: View, payment: Payment) -> bool:
    batch = view.find(Batch.kind, payment.batch_id)
    return batch is not None and batch.owner != SELF


def has_no_payments(view: View, batch: Batch) -> bool:
    return not view.group(Payment.kind, "batch", batch.id)


def has_nothing_pending(view: View, batch: Batch) -> bool:
    return not view.group(Payment.kind, "pending", batch.id)


def cancel_payments(view: View, batch: Batch) -> Iterable[Ask]:
    for payment in view.group(Payment.kind, "batch", batch.id):
        yield Ask(PAYMENT, payment.id, CANCEL)


def settle(view: View, payment: Payment) -> Iterable[Payment | Ask]:
    yield replace(payment, settled_at=view.now, is_member=True)
    yield Ask(BATCH, payment.batch_id, CONCLUDE)


def give_back(view: View, payment: Payment) -> Iterable[Account | Ask]:
    """Returns the money of a reversed payment to the account that pays, and lets the batch see whether it was the last."""
    if not is_paid_by_another(view, payment):
        for account in view.group(Account.kind, "currency", CURRENCY)[:1]:
            yield _credit(view, account, payment)
    yield Ask(BATCH, payment.batch_id, CONCLUDE)


def pay_what_waits(view: View, member: Member) -> Iterable[Ask]:
    for payment in view.group(Payment.kind, "awaiting", member.id):
        yield Ask(PAYMENT, payment.id, REGISTER)


def _credit(view: View, account: Account, payment: Payment) -> Account:
    amount = payment.amount + (payment.referral_amount or 0)
    available = amount if view.choice(REVERSED_MONEY.id) == "both" else 0
    return replace(account, balance=account.balance + amount, available_balance=account.available_balance + available)


AS_403 = Assume(OTHER_ORGANISATION.id, "403")

BATCH = Machine(
    kind=Batch.kind,
    states=BATCH_STATES,
    commands=(GET, LIST_PAYMENTS, CANCEL, CONCLUDE),
    waits=(),
    rows=(
        Row(EVERY, On(GET), SAME, "forbidden", None, "6dot50-owner-1", belongs_to_another, AS_403),
        Row(EVERY, On(GET), SAME, "unknown_batch", None, "6dot50-owner-1", belongs_to_another),
        Row(EVERY, On(GET), SAME, "batch", None, "6dot50-get-1"),
        Row(ABSENT, On(GET), SAME, "unknown_batch", None, "6dot50-unknown-1"),
        #
        Row(EVERY, On(LIST_PAYMENTS), SAME, "forbidden", None, "6dot50-owner-1", belongs_to_another, AS_403),
        Row(EVERY, On(LIST_PAYMENTS), SAME, "unknown_batch", None, "6dot50-owner-1", belongs_to_another),
        Row(EVERY, On(LIST_PAYMENTS), SAME, "payments", None, "6dot50-payments-1"),
        Row(ABSENT, On(LIST_PAYMENTS), SAME, "unknown_batch", None, "6dot50-unknown-1"),
        #
        Row(EVERY, On(CANCEL), SAME, "forbidden", None, "6dot50-owner-1", belongs_to_another, AS_403),
        Row(EVERY, On(CANCEL), SAME, "unknown_batch", None, "6dot50-owner-1", belongs_to_another),
        Row(
            "DRAFT",
            On(CANCEL),
            SAME,
            "nothing_to_cancel",
            None,
            "6dot50-cancel-9",
            has_no_payments,
            Assume(EMPTY_CANCEL.id, "400"),
        ),
        Row("DRAFT", On(CANCEL), "CANCELLED", "batch", None, "6dot50-cancel-9", has_no_payments),
        Row("DRAFT", On(CANCEL), "CANCELLED", "batch", cancel_payments, "6dot50-cancel-2"),
        Row("OPEN", On(CANCEL), SAME, "not_draft", None, "6dot50-cancel-6"),
        Row("CLOSED", On(CANCEL), SAME, "not_draft", None, "6dot50-cancel-7"),
        Row("CANCELLED", On(CANCEL), SAME, "batch", None, "6dot50-cancel-8", assume=Assume(SECOND_CANCEL.id, "200")),
        Row("CANCELLED", On(CANCEL), SAME, "not_draft", None, "6dot50-cancel-8"),
        Row(ABSENT, On(CANCEL), SAME, "unknown_batch", None, "6dot50-unknown-1"),
        #
        Row("OPEN", On(CONCLUDE), "CLOSED", "batch", None, "6dot50-close-1", has_nothing_pending),
        Row(EVERY, On(CONCLUDE), SAME, "batch", None, "6dot50-close-1"),
        Row(ABSENT, On(CONCLUDE), SAME, "unknown_batch", None, "6dot50-unknown-1"),
    ),
    entry=BATCH_STATES,
)

PAYMENT = Machine(
    kind=Payment.kind,
    states=PAYMENT_STATES,
    commands=(GET, CANCEL, REGISTER),
    waits=(Wait("6dot50.reversal", timedelta(days=60), "6dot50-reversal-1"),),
    rows=(
        Row(EVERY, On(GET), SAME, "forbidden", None, "6dot50-owner-1", is_paid_by_another, AS_403),
        Row(EVERY, On(GET), SAME, "unknown_payment", None, "6dot50-owner-1", is_paid_by_another),
        Row(EVERY, On(GET), SAME, "payment", None, "6dot50-payment-1"),
        Row(ABSENT, On(GET), SAME, "unknown_payment", None, "6dot50-unknown-2"),
        #
        Row("DRAFT", On(CANCEL), "CANCELLED", "payment", None, "6dot50-cancel-3"),
        Row("PENDING", On(CANCEL), SAME, "payment_not_draft", None, "6dot50-payment-3"),
        Row("SETTLED", On(CANCEL), SAME, "payment_not_draft", None, "6dot50-payment-3"),
        Row("CANCELLED", On(CANCEL), SAME, "payment_not_draft", None, "6dot50-payment-3"),
        Row(ABSENT, On(CANCEL), SAME, "unknown_payment", None, "6dot50-unknown-2"),
        #
        Row("DRAFT", On(REGISTER), SAME, "payment", None, "6dot50-payment-2"),
        Row("PENDING", On(REGISTER), "SETTLED", "payment", settle, "6dot50-register-1"),
        Row("SETTLED", On(REGISTER), SAME, "payment", None, "6dot50-payment-3"),
        Row("CANCELLED", On(REGISTER), SAME, "payment", None, "6dot50-payment-3"),
        Row(ABSENT, On(REGISTER), SAME, "unknown_payment", None, "6dot50-unknown-2"),
        #
        Row("PENDING", After("6dot50.reversal"), "CANCELLED", None, give_back, "6dot50-reversal-2"),
    ),
    entry=PAYMENT_STATES,
)

MEMBER = Machine(
    kind=Member.kind,
    states=("registering", "registered"),
    commands=(),
    waits=(Wait("6dot50.registration", timedelta(0), "6dot50-register-1"),),
    rows=(Row("registering", After("6dot50.registration"), "registered", None, pay_what_waits, "6dot50-register-1"),),
    entry=("registering",),
)
