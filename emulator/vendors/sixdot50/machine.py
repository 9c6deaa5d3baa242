"""The machines of 6DOT50: batches, their payments, and the members who are paid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from emulator.sdk import ABSENT, EVERY, SAME, Ask, Assume, Guard, Machine, Row, Timer, View, replace
from emulator.vendors.sixdot50.assumptions.batches import EMPTY_CANCEL, EMPTY_SUBMIT, SECOND_CANCEL
from emulator.vendors.sixdot50.assumptions.requests import OTHER_ORGANISATION
from emulator.vendors.sixdot50.model import (
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
from emulator.vendors.sixdot50.requests.tokens import acting_organisation

GET, LIST_PAYMENTS, CREATE, UPDATE, ADD, SUBMIT, CANCEL = (
    "get", "list_payments", "create", "update", "add_payments", "submit", "cancel",
)  # fmt: skip
DELETE, CLEAR, CONCLUDE, REGISTER, EXISTS = "delete", "clear", "conclude", "register", "exists"
BATCH_STATES = ("DRAFT", "OPEN", "CLOSED", "CANCELLED")
PAYMENT_STATES = ("DRAFT", "PENDING", "SETTLED", "CANCELLED")
REVERSAL = Timer("6dot50.reversal", timedelta(days=60), "6dot50-reversal-1")
REGISTRATION = Timer("6dot50.registration", timedelta(0), "6dot50-register-1")


def is_member(view: View, msisdn: str) -> bool:
    """Tell whether somebody has registered with that number."""
    member = view.find(Member, msisdn)
    return member is not None and member.status == "registered"


def belongs_to_another(view: View, batch: Batch) -> bool:
    return batch.owner != acting_organisation(view)


def is_of_another_organisation(view: View, payment: Payment) -> bool:
    batch = view.find(Batch, payment.batch_id)
    return batch is not None and belongs_to_another(view, batch)


def has_no_payments(view: View, batch: Batch) -> bool:
    return not view.size(Payment, "batch", batch.id)


def has_nothing_pending(view: View, batch: Batch) -> bool:
    return not view.size(Payment, "pending", batch.id)


def has_more_than_drafts(view: View, batch: Batch) -> bool:
    return any(payment.status != "DRAFT" for payment in view.group(Payment, "batch", batch.id))


def has_no_funding_account(view: View, batch: Batch) -> bool:
    return paying_account(view, batch.owner) is None


def has_funding_account_in_no_rand(view: View, batch: Batch) -> bool:
    """Tell whether none pays although one is active: it is in another currency."""
    return has_no_funding_account(view, batch) and view.size(Account, "active", batch.owner) > 0


def exceeds_both_balances(view: View, batch: Batch) -> bool:
    account = paying_account(view, batch.owner)
    return account is not None and cost_of_drafts(view, batch) > max(account.balance, account.available_balance)


def exceeds_a_balance(view: View, batch: Batch) -> bool:
    account = paying_account(view, batch.owner)
    return account is not None and cost_of_drafts(view, batch) > min(account.balance, account.available_balance)


def pays_only_members(view: View, batch: Batch) -> bool:
    drafts = (payment for payment in view.group(Payment, "batch", batch.id) if payment.status == "DRAFT")
    return has_nothing_pending(view, batch) and all(is_member(view, payment.msisdn) for payment in drafts)


def pays_a_member(view: View, payment: Payment) -> bool:
    return is_member(view, payment.msisdn)


def has_a_referral_to_pay(_: View, payment: Payment) -> bool:
    return bool(payment.referral_amount)


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
        Row(EVERY, command, SAME, "forbidden", "6dot50-owner-1", when=belongs, assume=AS_403),
        Row(EVERY, command, SAME, unknown, "6dot50-owner-1", when=belongs),
        Row(ABSENT, command, SAME, unknown, evidence),
    )


def _same(states: Iterable[str], command: str, answer: str, evidence: str) -> Iterator[Row]:
    """Yield the rows of a command that leaves these states as they are."""
    return (Row(state, command, SAME, answer, evidence) for state in states)


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
        Row(EVERY, GET, SAME, "batch", "6dot50-get-1"),
        #
        *_unseen_batch(LIST_PAYMENTS),
        Row(EVERY, LIST_PAYMENTS, SAME, "payments", "6dot50-payments-1"),
        #
        Row(ABSENT, CREATE, "DRAFT", "created", "6dot50-create-1"),
        Row(EVERY, CREATE, SAME, "batch", "6dot50-create-1"),
        #
        *_unseen_batch(UPDATE),
        Row("DRAFT", UPDATE, SAME, "changed", "6dot50-update-1"),
        *_same(BATCH_STATES[1:], UPDATE, "not_draft", "6dot50-update-2"),
        #
        *_unseen_batch(ADD),
        Row("DRAFT", ADD, SAME, "added", "6dot50-add-1"),
        *_same(BATCH_STATES[1:], ADD, "not_draft", "6dot50-add-2"),
        #
        *_unseen_batch(SUBMIT),
        Row("DRAFT", SUBMIT, "CLOSED", "submitted", "6dot50-submit-6", when=has_no_payments, assume=EMPTY_ACCEPTED),
        Row("DRAFT", SUBMIT, SAME, "nothing_to_submit", "6dot50-submit-6", when=has_no_payments),
        Row("DRAFT", SUBMIT, SAME, "no_purse", "6dot50-money-4", when=has_funding_account_in_no_rand),
        Row("DRAFT", SUBMIT, SAME, "no_purse", "6dot50-accounts-3", when=has_no_funding_account),
        Row("DRAFT", SUBMIT, SAME, "small_float", "6dot50-submit-4", when=exceeds_both_balances),
        Row("DRAFT", SUBMIT, SAME, "small_float", "6dot50-submit-10", when=exceeds_a_balance),
        Row("DRAFT", SUBMIT, "CLOSED", "submitted", "6dot50-submit-2", pay_out, pays_only_members),
        Row("DRAFT", SUBMIT, "OPEN", "submitted", "6dot50-submit-3", pay_out),
        *_same(BATCH_STATES[1:], SUBMIT, "not_draft", "6dot50-submit-5"),
        #
        *_unseen_batch(CANCEL),
        Row("DRAFT", CANCEL, SAME, "nothing_to_cancel", "6dot50-cancel-9", when=has_no_payments, assume=CANCEL_REFUSED),
        Row("DRAFT", CANCEL, "CANCELLED", "batch", "6dot50-cancel-9", when=has_no_payments, assume=CANCEL_ACCEPTED),
        Row("DRAFT", CANCEL, "CANCELLED", "batch", "6dot50-cancel-14", cancel_payments, has_more_than_drafts),
        Row("DRAFT", CANCEL, "CANCELLED", "batch", "6dot50-cancel-2", cancel_payments),
        Row("OPEN", CANCEL, SAME, "not_draft", "6dot50-cancel-6"),
        Row("CLOSED", CANCEL, SAME, "not_draft", "6dot50-cancel-7"),
        Row("CANCELLED", CANCEL, SAME, "batch", "6dot50-cancel-8", assume=Assume(SECOND_CANCEL, "200")),
        Row("CANCELLED", CANCEL, SAME, "not_draft", "6dot50-cancel-8"),
        #
        Row("OPEN", CONCLUDE, "CLOSED", "batch", "6dot50-close-1", when=has_nothing_pending),
        Row(EVERY, CONCLUDE, SAME, "batch", "6dot50-close-1"),
        Row(ABSENT, CONCLUDE, SAME, "unknown_batch", "6dot50-unknown-1"),
    ),
    entry=BATCH_STATES,
)

PAYMENT = Machine(
    of=Payment,
    states=PAYMENT_STATES,
    commands=(GET, ADD, DELETE, CLEAR, SUBMIT, CANCEL, REGISTER),
    timers=(REVERSAL,),
    rows=(
        *_unseen_payment(GET),
        Row(EVERY, GET, SAME, "payment", "6dot50-payment-1"),
        #
        Row(ABSENT, ADD, "DRAFT", "payment", "6dot50-add-3"),
        Row(EVERY, ADD, SAME, "payment", "6dot50-add-3"),
        #
        *_unseen_payment(DELETE),
        Row("DRAFT", DELETE, ABSENT, "deleted", "6dot50-delete-1"),
        *_same(PAYMENT_STATES[1:], DELETE, "payment_not_draft", "6dot50-payment-5"),
        #
        Row("DRAFT", CLEAR, ABSENT, "deleted", "6dot50-clear-1"),
        *_same(PAYMENT_STATES[1:], CLEAR, "payment_not_draft", "6dot50-clear-2"),
        Row(ABSENT, CLEAR, SAME, "unknown_payment", "6dot50-unknown-2"),
        #
        Row("DRAFT", SUBMIT, "SETTLED", "payment", "6dot50-submit-2", settle_at_once, pays_a_member),
        Row("DRAFT", SUBMIT, "PENDING", "payment", "6dot50-submit-3", await_payee),
        *_same(PAYMENT_STATES[1:], SUBMIT, "payment", "6dot50-payment-3"),
        Row(ABSENT, SUBMIT, SAME, "unknown_payment", "6dot50-unknown-2"),
        #
        Row("DRAFT", CANCEL, "CANCELLED", "payment", "6dot50-cancel-3"),
        *_same(PAYMENT_STATES[1:], CANCEL, "payment_not_draft", "6dot50-payment-3"),
        Row(ABSENT, CANCEL, SAME, "unknown_payment", "6dot50-unknown-2"),
        #
        Row("DRAFT", REGISTER, SAME, "payment", "6dot50-register-2"),
        Row("PENDING", REGISTER, "SETTLED", "payment", "6dot50-register-1", settle_late),
        Row("SETTLED", REGISTER, SAME, "payment", "6dot50-payment-3"),
        Row("CANCELLED", REGISTER, SAME, "payment", "6dot50-payment-3"),
        Row(ABSENT, REGISTER, SAME, "unknown_payment", "6dot50-unknown-2"),
        #
        Row("PENDING", REVERSAL, "CANCELLED", None, "6dot50-reversal-4", return_money, has_a_referral_to_pay),
        Row("PENDING", REVERSAL, "CANCELLED", None, "6dot50-reversal-2", return_money),
    ),
    entry=PAYMENT_STATES,
)

MEMBER = Machine(
    of=Member,
    states=("registering", "registered"),
    commands=(EXISTS,),
    timers=(REGISTRATION,),
    rows=(
        Row("registered", EXISTS, SAME, "member", "6dot50-members-1"),
        Row("registering", EXISTS, SAME, "no_member", "6dot50-members-1"),
        Row(ABSENT, EXISTS, SAME, "no_member", "6dot50-members-1"),
        #
        Row("registering", REGISTRATION, "registered", None, "6dot50-register-1", settle_awaiting_payments),
    ),
    entry=("registering", "registered"),
)
