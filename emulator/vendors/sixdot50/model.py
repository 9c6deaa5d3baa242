"""The resources of 6DOT50, and the money of payments: in the account that pays, held for payees, or paid out.

No cent is made or lost. Evidence: 6dot50-money-1 to 6dot50-money-4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, NamedTuple

from emulator.sdk import SELF, AccountWords, IndexKey, Metered, SortedKey, Struct, View, replace
from emulator.vendors.sixdot50.assumptions.batches import PAYING_ACCOUNT, REFERRAL_MONEY, REVERSED_MONEY, SUBMITTED_MONEY

WORDS = AccountWords("organisation", "organisations")

CURRENCY = "DZAR"
"""Digital Rand, the currency of the account that an organisation has by default. Evidence: 6dot50-accounts-1."""

ALL = "ours"
"""The group of all accounts of an organisation."""

REFERRED: IndexKey = ("referred",)
"""The group of the payments that have a referral."""


class Platform(Metered, frozen=True, gc=False):
    """The state of the service: `operational`, or `down`, where every request fails."""

    since: datetime
    status: str = "operational"
    id: str = SELF
    kind: ClassVar[str] = "6dot50.platform"


class Organisation(Metered, frozen=True, gc=False):
    """An organisation that keys of this world act for; `referrals` is its capability to pay referrers."""

    since: datetime
    referrals: bool = False
    status: str = "registered"
    id: str = SELF
    kind: ClassVar[str] = "6dot50.organisation"


def platform_of(view: View) -> Platform:
    return view.find(Platform, SELF) or Platform(view.now)


def organisation_of(view: View, owner: str) -> Organisation:
    return view.find(Organisation, owner) or Organisation(view.now, id=owner)


def is_outside(view: View, owner: str) -> bool:
    """Tell whether no key of this world acts for an organisation."""
    return owner not in (view.accounts("6dot50").ids or (SELF,))


class Account(Metered, frozen=True, gc=False):
    """An account of an organisation, its `owner`, in rand with two decimals."""

    id: str
    since: datetime
    created_at: datetime
    name: str = "AcmeCorp"
    short_name: str = "ACME01"
    active: bool = True
    balance: Decimal = Decimal(0)
    available_balance: Decimal = Decimal(0)
    currency_code: str = CURRENCY
    owner: str = SELF
    status: str = "open"
    kind: ClassVar[str] = "6dot50.account"

    def index(self) -> tuple[IndexKey, ...]:
        owner, currency = self.owner, self.currency_code
        groups: tuple[IndexKey, ...] = ((ALL, owner), ("currency", owner, currency))
        return (*groups, ("active", owner), ("active", owner, currency)) if self.active else groups


class Member(Metered, frozen=True, gc=False):
    """A person with a wallet; the id is the MSISDN."""

    id: str
    since: datetime
    status: str = "registering"
    kind: ClassVar[str] = "6dot50.member"


class Batch(Metered, frozen=True, gc=False):
    """A named list of payments.

    `owner` is the id of its organisation, or the name of one that no key of this world acts for; `account_id` is the account
    that paid when the batch was submitted.
    """

    id: str
    since: datetime
    created_at: datetime
    name: str
    status: str = "DRAFT"
    external_id: str | None = None
    owner: str = SELF
    account_id: str | None = None
    kind: ClassVar[str] = "6dot50.batch"

    def index(self) -> tuple[IndexKey | SortedKey, ...]:
        groups: tuple[IndexKey | SortedKey, ...] = (
            SortedKey(("by creation", self.owner), self.created_at),
            SortedKey(("by creation", self.owner, self.status), self.created_at),
        )
        if self.external_id is not None:
            groups += (("called", self.external_id.casefold()),)
        return groups


class Payment(Metered, frozen=True, gc=False):
    """An amount for the holder of a mobile number. `is_member` tells whether the payee was a member when last looked up."""

    id: str
    since: datetime
    created_at: datetime
    batch_id: str
    msisdn: str
    amount: Decimal
    status: str = "DRAFT"
    firstname: str | None = None
    lastname: str | None = None
    external_id: str | None = None
    settled_at: datetime | None = None
    is_member: bool = False
    referral_amount: Decimal | None = None
    referral_msisdn: str | None = None
    kind: ClassVar[str] = "6dot50.payment"

    @property
    def has_referral(self) -> bool:
        return self.referral_amount is not None or self.referral_msisdn is not None

    def index(self) -> tuple[IndexKey, ...]:
        groups: tuple[IndexKey, ...] = (("batch", self.batch_id),)
        if self.status == "PENDING":
            groups += (("pending", self.batch_id), ("awaiting", self.msisdn))
        if self.has_referral:
            groups += (REFERRED,)
        if self.external_id is not None:
            name = self.external_id.casefold()
            groups += (("called", name), ("called", name, self.batch_id))
        return groups


class Addition(NamedTuple):
    """A batch, and the payments that were just added to it."""

    batch: Batch
    added: list[Payment]


class Token(Metered, frozen=True, gc=False):
    """A bearer token that is good until `expires_at`; the id is the token itself."""

    id: str
    since: datetime
    key: str
    expires_at: datetime
    status: str = "issued"
    kind: ClassVar[str] = "6dot50.token"

    @property
    def token(self) -> str:
        return self.id

    def index(self) -> tuple[IndexKey, ...]:
        return (("key", self.key),)


class Total(Struct, frozen=True, gc=False):
    """The amount and the number of some payments."""

    amount: Decimal
    count: int

    @classmethod
    def of(cls, payments: Iterable[Payment], with_referrals: bool) -> Total:
        amounts = [it.amount + ((it.referral_amount or 0) if with_referrals else 0) for it in payments]
        return cls(sum(amounts, Decimal(0)), len(amounts))


class Summary(Struct, frozen=True, gc=False):
    """The totals of the payments of a batch. Evidence: 6dot50-summary-1 to 6dot50-summary-6."""

    payments: Total
    referrals: Decimal
    settled: Total
    cancelled: Total

    @classmethod
    def of(cls, payments: list[Payment], with_referrals: bool = False, cancelled_with_referrals: bool = False) -> Summary:
        return cls(
            Total.of(payments, with_referrals),
            sum((payment.referral_amount for payment in payments if payment.referral_amount is not None), Decimal(0)),
            Total.of((payment for payment in payments if payment.status == "SETTLED"), with_referrals),
            Total.of((payment for payment in payments if payment.status == "CANCELLED"), cancelled_with_referrals),
        )


def paying_account(view: View, owner: str) -> Account | None:
    """Return the account that pays for a submitted batch of an organisation; one that is not active pays nothing."""
    return view.first(Account, "active", owner, *([CURRENCY] if _pays_in_rand(view, owner) else ()))


def _pays_in_rand(view: View, owner: str) -> bool:
    """Tell whether there are accounts in other currencies, which never pay."""
    has_others = view.size(Account, "currency", owner, CURRENCY) < view.size(Account, ALL, owner)
    return has_others and view.choice(PAYING_ACCOUNT) == "default"


def cost(view: View, payment: Payment) -> Decimal:
    """Return the amount that a payment takes out of an account."""
    if payment.referral_amount is not None and view.choice(REFERRAL_MONEY) == "debited":
        return payment.amount + payment.referral_amount
    return payment.amount


def cost_of_drafts(view: View, batch: Batch) -> Decimal:
    """Return the amount that submitting the batch takes out of an account."""
    payments = view.group(Payment, "batch", batch.id)
    return sum((cost(view, payment) for payment in payments if payment.status == "DRAFT"), Decimal(0))


def debit(view: View, batch: Batch) -> Iterator[Account | Batch]:
    """Take the cost of the batch out of the account that pays, which the batch remembers."""
    account = paying_account(view, batch.owner)
    if account is not None:
        amount = cost_of_drafts(view, batch)
        held = view.choice(SUBMITTED_MONEY) == "held"
        yield _moved(account, balance=Decimal(0) if held else -amount, available=-amount)
        yield replace(batch, account_id=account.id)


def pay(view: View, payment: Payment) -> Iterator[Account]:
    """Let the money reach the payee: out of the balance, where it was held there."""
    account = _source(view, payment)
    if account is not None and view.choice(SUBMITTED_MONEY) == "held":
        yield _moved(account, balance=-cost(view, payment), available=Decimal(0))


def refund(view: View, payment: Payment) -> Iterator[Account]:
    """Return the money of a reversed payment to the account that it came from."""
    account, amount = _source(view, payment), cost(view, payment)
    if account is not None:
        held = view.choice(SUBMITTED_MONEY) == "held"
        freed = view.choice(REVERSED_MONEY) == "both"
        yield _moved(account, balance=Decimal(0) if held else amount, available=amount if freed else Decimal(0))


def _source(view: View, payment: Payment) -> Account | None:
    """Return the account that paid; for a batch that a scenario loads as submitted, the one that would pay if it is active.

    None where nothing was paid.
    """
    batch = view.find(Batch, payment.batch_id)
    if batch is None or is_outside(view, batch.owner) or batch.status not in ("OPEN", "CLOSED"):
        return None
    owner = batch.owner
    payers = ("currency", owner, CURRENCY) if _pays_in_rand(view, owner) else (ALL, owner)
    return view.find(Account, batch.account_id or "") or paying_account(view, owner) or view.first(Account, *payers)


def _moved(account: Account, balance: Decimal, available: Decimal) -> Account:
    return replace(account, balance=account.balance + balance, available_balance=account.available_balance + available)
