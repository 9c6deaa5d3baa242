"""The machines of 6DOT50: batches, their payments, and the members who are paid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from emulator.sdk import ABSENT, EVERY, SAME, After, Ask, Assume, Guard, Machine, On, Row, Timer, View
from emulator.vendors.sixdot50.assumptions.batches import EMPTY_CANCEL, EMPTY_SUBMIT, SECOND_CANCEL
from emulator.vendors.sixdot50.assumptions.requests import OTHER_ORGANISATION
from emulator.vendors.sixdot50.model import (
    SELF,
    Account,
    Batch,
    Member,
    Payment,
    cost_of_drafts,
    debit,
    pay,
    paying_account,
    refund,
)

GET, LIST_PAYMENTS, CREATE, UPDATE, ADD, SUBMIT, CANCEL = (
    "get", "list_payments", "create", "update", "add_payments", "submit", "cancel",
)  # fmt: skip
DELETE, CONCLUDE, REGISTER, EXISTS = "delete", "conclude", "register", "exists"
BATCH_STATES = ("DRAFT", "OPEN", "CLOSED", "CANCELLED")
PAYMENT_STATES = ("DRAFT", "PENDING", "SETTLED", "CANCELLED")
REVERSAL = Timer("6dot50.reversal", timedelta(days=60), "6dot50-reversal-1")
REGISTRATION = Timer("6dot50.registration", timedelta(0), "6dot50-register-1")


def is_member(view: View, msisdn: str) -> bool:
    """Tell whether somebody has registered with that number."""
    member = view.find(Member, msisdn)
    return member is not None and member.status == "registered"


def belongs_to_another(_: View, batch: Batch) -> bool:
    return batch.owner != SELF


def is_of_another_organisation(view: View, payment: Payment) -> bool:
    batch = view.find(Batch, payment.batch_id)
    return batch is not None and batch.owner != SELF


def has_no_payments(view: View, batch: Batch) -> bool:
    return not view.size(Payment, "batch", batch.id)


def has_nothing_pending(view: View, batch: Batch) -> bool:
    return not view.size(Payment, "pending", batch.id)


def has_more_than_drafts(view: View, batch: Batch) -> bool:
    return any(payment.status != "DRAFT" for payment in view.group(Payment, "batch", batch.id))


def has_no_funding_account(view: View, _: Batch) -> bool:
    return paying_account(view) is None


def exceeds_the_balance(view: View, batch: Batch) -> bool:
    account = paying_account(view)
    return account is not None and cost_of_drafts(view, batch) > min(account.balance, account.available_balance)


def pays_only_members(view: View, batch: Batch) -> bool:
    drafts = (payment for payment in view.group(Payment, "batch", batch.id) if payment.status == "DRAFT")
    return has_nothing_pending(view, batch) and all(is_member(view, payment.msisdn) for payment in drafts)


def pays_a_member(view: View, payment: Payment) -> bool:
    return is_member(view, payment.msisdn)


def cancel_payments(view: View, batch: Batch) -> Iterable[Ask]:
    for payment in view.group(Payment, "batch", batch.id):
        yield Ask(PAYMENT, payment.id, CANCEL)


def pay_out(view: View, batch: Batch) -> Iterable[Account | Batch | Ask]:
    """Take the money for all payments at once, then submit each."""
    yield from debit(view, batch)
    for payment in view.group(Payment, "batch", batch.id):
        yield Ask(PAYMENT, payment.id, SUBMIT)


def settle_at_once(view: View, payment: Payment) -> Iterable[Payment | Account]:
    yield replace(payment, settled_at=view.now, is_member=True)
    yield from pay(view, payment)


def await_payee(_: View, payment: Payment) -> Iterable[Payment]:
    yield replace(payment, is_member=False)


def settle_late(view: View, payment: Payment) -> Iterable[Payment | Account | Ask]:
    yield from settle_at_once(view, payment)
    yield Ask(BATCH, payment.batch_id, CONCLUDE)


def return_money(view: View, payment: Payment) -> Iterable[Account | Ask]:
    """Return the money of a reversed payment, and let the batch conclude if it was the last."""
    yield from refund(view, payment)
    yield Ask(BATCH, payment.batch_id, CONCLUDE)


def settle_awaiting_payments(view: View, member: Member) -> Iterable[Ask]:
    for payment in view.group(Payment, "awaiting", member.id):
        yield Ask(PAYMENT, payment.id, REGISTER)


AS_403 = Assume(OTHER_ORGANISATION, "403")

EMPTY_ACCEPTED = Assume(EMPTY_SUBMIT, "200")
CANCEL_REFUSED, CANCEL_ACCEPTED = Assume(EMPTY_CANCEL, "400"), Assume(EMPTY_CANCEL, "200")


def _unseen(command: str, belongs: Guard, unknown: str, evidence: str) -> tuple[Row, ...]:
    """Return the rows of a command for resources of another organisation, which a client cannot see, and for unknown ids."""
    return (
        Row(EVERY, On(command), SAME, "forbidden", None, "6dot50-owner-1", belongs, AS_403),
        Row(EVERY, On(command), SAME, unknown, None, "6dot50-owner-1", belongs),
        Row(ABSENT, On(command), SAME, unknown, None, evidence),
    )


def _same(states: Iterable[str], command: str, answer: str, evidence: str) -> Iterator[Row]:
    """Yield the rows of a command that leaves these states as they are."""
    return (Row(state, On(command), SAME, answer, None, evidence) for state in states)


def _unseen_batch(command: str) -> tuple[Row, ...]:
    return _unseen(command, belongs_to_another, "unknown_batch", "6dot50-unknown-1")


def _unseen_payment(command: str) -> tuple[Row, ...]:
    return _unseen(command, is_of_another_organisation, "unknown_payment", "6dot50-unknown-2")


BATCH = Machine(
    of=Batch,
    states=BATCH_STATES,
    commands=(GET, LIST_PAYMENTS, CREATE, UPDATE, ADD, SUBMIT, CANCEL, CONCLUDE),
    timers=(),
    rows=(
        *_unseen_batch(GET),
        Row(EVERY, On(GET), SAME, "batch", None, "6dot50-get-1"),
        #
        *_unseen_batch(LIST_PAYMENTS),
        Row(EVERY, On(LIST_PAYMENTS), SAME, "payments", None, "6dot50-payments-1"),
        #
        Row(ABSENT, On(CREATE), "DRAFT", "created", None, "6dot50-create-1"),
        Row(EVERY, On(CREATE), SAME, "batch", None, "6dot50-create-1"),
        #
        *_unseen_batch(UPDATE),
        Row("DRAFT", On(UPDATE), SAME, "changed", None, "6dot50-update-1"),
        *_same(BATCH_STATES[1:], UPDATE, "not_draft", "6dot50-update-2"),
        #
        *_unseen_batch(ADD),
        Row("DRAFT", On(ADD), SAME, "added", None, "6dot50-add-1"),
        *_same(BATCH_STATES[1:], ADD, "not_draft", "6dot50-add-2"),
        #
        *_unseen_batch(SUBMIT),
        Row("DRAFT", On(SUBMIT), "CLOSED", "submitted", None, "6dot50-submit-6", has_no_payments, EMPTY_ACCEPTED),
        Row("DRAFT", On(SUBMIT), SAME, "nothing_to_submit", None, "6dot50-submit-6", has_no_payments),
        Row("DRAFT", On(SUBMIT), SAME, "no_purse", None, "6dot50-accounts-3", has_no_funding_account),
        Row("DRAFT", On(SUBMIT), SAME, "small_float", None, "6dot50-submit-4", exceeds_the_balance),
        Row("DRAFT", On(SUBMIT), "CLOSED", "submitted", pay_out, "6dot50-submit-2", pays_only_members),
        Row("DRAFT", On(SUBMIT), "OPEN", "submitted", pay_out, "6dot50-submit-3"),
        *_same(BATCH_STATES[1:], SUBMIT, "not_draft", "6dot50-submit-5"),
        #
        *_unseen_batch(CANCEL),
        Row("DRAFT", On(CANCEL), SAME, "nothing_to_cancel", None, "6dot50-cancel-9", has_no_payments, CANCEL_REFUSED),
        Row("DRAFT", On(CANCEL), "CANCELLED", "batch", None, "6dot50-cancel-9", has_no_payments, CANCEL_ACCEPTED),
        Row("DRAFT", On(CANCEL), "CANCELLED", "batch", cancel_payments, "6dot50-cancel-14", has_more_than_drafts),
        Row("DRAFT", On(CANCEL), "CANCELLED", "batch", cancel_payments, "6dot50-cancel-2"),
        Row("OPEN", On(CANCEL), SAME, "not_draft", None, "6dot50-cancel-6"),
        Row("CLOSED", On(CANCEL), SAME, "not_draft", None, "6dot50-cancel-7"),
        Row("CANCELLED", On(CANCEL), SAME, "batch", None, "6dot50-cancel-8", assume=Assume(SECOND_CANCEL, "200")),
        Row("CANCELLED", On(CANCEL), SAME, "not_draft", None, "6dot50-cancel-8"),
        #
        Row("OPEN", On(CONCLUDE), "CLOSED", "batch", None, "6dot50-close-1", has_nothing_pending),
        Row(EVERY, On(CONCLUDE), SAME, "batch", None, "6dot50-close-1"),
        Row(ABSENT, On(CONCLUDE), SAME, "unknown_batch", None, "6dot50-unknown-1"),
    ),
    entry=BATCH_STATES,
)

PAYMENT = Machine(
    of=Payment,
    states=PAYMENT_STATES,
    commands=(GET, ADD, DELETE, SUBMIT, CANCEL, REGISTER),
    timers=(REVERSAL,),
    rows=(
        *_unseen_payment(GET),
        Row(EVERY, On(GET), SAME, "payment", None, "6dot50-payment-1"),
        #
        Row(ABSENT, On(ADD), "DRAFT", "payment", None, "6dot50-add-3"),
        Row(EVERY, On(ADD), SAME, "payment", None, "6dot50-add-3"),
        #
        *_unseen_payment(DELETE),
        Row("DRAFT", On(DELETE), ABSENT, "deleted", None, "6dot50-delete-1"),
        *_same(PAYMENT_STATES[1:], DELETE, "payment_not_draft", "6dot50-payment-5"),
        #
        Row("DRAFT", On(SUBMIT), "SETTLED", "payment", settle_at_once, "6dot50-submit-2", pays_a_member),
        Row("DRAFT", On(SUBMIT), "PENDING", "payment", await_payee, "6dot50-submit-3"),
        *_same(PAYMENT_STATES[1:], SUBMIT, "payment", "6dot50-payment-3"),
        Row(ABSENT, On(SUBMIT), SAME, "unknown_payment", None, "6dot50-unknown-2"),
        #
        Row("DRAFT", On(CANCEL), "CANCELLED", "payment", None, "6dot50-cancel-3"),
        *_same(PAYMENT_STATES[1:], CANCEL, "payment_not_draft", "6dot50-payment-3"),
        Row(ABSENT, On(CANCEL), SAME, "unknown_payment", None, "6dot50-unknown-2"),
        #
        Row("DRAFT", On(REGISTER), SAME, "payment", None, "6dot50-payment-2"),
        Row("PENDING", On(REGISTER), "SETTLED", "payment", settle_late, "6dot50-register-1"),
        Row("SETTLED", On(REGISTER), SAME, "payment", None, "6dot50-payment-3"),
        Row("CANCELLED", On(REGISTER), SAME, "payment", None, "6dot50-payment-3"),
        Row(ABSENT, On(REGISTER), SAME, "unknown_payment", None, "6dot50-unknown-2"),
        #
        Row("PENDING", After(REVERSAL.name), "CANCELLED", None, return_money, "6dot50-reversal-2"),
    ),
    entry=PAYMENT_STATES,
)

MEMBER = Machine(
    of=Member,
    states=("registering", "registered"),
    commands=(EXISTS,),
    timers=(REGISTRATION,),
    rows=(
        Row("registered", On(EXISTS), SAME, "member", None, "6dot50-members-1"),
        Row("registering", On(EXISTS), SAME, "no_member", None, "6dot50-members-1"),
        Row(ABSENT, On(EXISTS), SAME, "no_member", None, "6dot50-members-1"),
        #
        Row("registering", After(REGISTRATION.name), "registered", None, settle_awaiting_payments, "6dot50-register-1"),
    ),
    entry=("registering",),
)
