"""Where the money of payments lies: in the account that pays, held for payees, or paid out. No cent is made or lost.

Evidence: 6dot50-money-1 to 6dot50-money-4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from emulator.sdk import View
from emulator.vendors.sixdot50.assumptions import PAYING_ACCOUNT, REFERRAL_MONEY, REVERSED_MONEY, SUBMITTED_MONEY
from emulator.vendors.sixdot50.model import CURRENCY, OURS, SELF, Account, Batch, Payment


def paying_account(view: View) -> Account | None:
    """The account that a submitted batch is paid from; one that is not active pays nothing."""
    accounts: list[Account] = view.group(Account.kind, *OURS)
    if view.choice(PAYING_ACCOUNT.id) == "default":
        accounts = [account for account in accounts if account.currency_code == CURRENCY]
    return next((account for account in accounts if account.active), None)


def cost(view: View, payment: Payment) -> Decimal:
    """What a payment takes out of an account."""
    referral = payment.referral_amount if view.choice(REFERRAL_MONEY.id) == "debited" else None
    return payment.amount + (referral or 0)


def cost_of_drafts(view: View, batch: Batch) -> Decimal:
    """What submitting the batch takes out of an account."""
    payments = view.group(Payment.kind, "batch", batch.id)
    return sum((cost(view, payment) for payment in payments if payment.status == "DRAFT"), Decimal(0))


def debit(view: View, batch: Batch) -> Iterator[Account | Batch]:
    """Takes what the batch costs out of the account that pays, which the batch remembers."""
    account = paying_account(view)
    if account is not None:
        amount = cost_of_drafts(view, batch)
        kept = view.choice(SUBMITTED_MONEY.id) == "held"
        yield _moved(account, balance=Decimal(0) if kept else -amount, available=-amount)
        yield replace(batch, account_id=account.id)


def pay(view: View, payment: Payment) -> Iterator[Account]:
    """Lets the money reach the payee: out of the balance, where that kept it until now."""
    account = _source(view, payment)
    if account is not None and view.choice(SUBMITTED_MONEY.id) == "held":
        yield _moved(account, balance=-cost(view, payment), available=Decimal(0))


def give_back(view: View, payment: Payment) -> Iterator[Account]:
    """Returns the money of a reversed payment to the account that it came from."""
    account, amount = _source(view, payment), cost(view, payment)
    if account is not None:
        kept = view.choice(SUBMITTED_MONEY.id) == "held"
        freed = view.choice(REVERSED_MONEY.id) == "both"
        yield _moved(account, balance=Decimal(0) if kept else amount, available=amount if freed else Decimal(0))


def _source(view: View, payment: Payment) -> Account | None:
    """The account that paid; for a batch that a scenario gave as submitted, the one that would pay now."""
    batch: Batch | None = view.find(Batch.kind, payment.batch_id)
    if batch is None or batch.owner != SELF:
        return None
    paid: Account | None = view.find(Account.kind, batch.account_id or "")
    return paid or paying_account(view) or next(iter(view.group(Account.kind, *OURS)), None)


def _moved(account: Account, balance: Decimal, available: Decimal) -> Account:
    return replace(account, balance=account.balance + balance, available_balance=account.available_balance + available)
