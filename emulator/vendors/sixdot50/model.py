"""What 6DOT50 keeps: the organisation and its accounts, members, batches, payments, and the tokens that it gave out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from emulator.sdk import IndexKey, Metered, SortedKey

SELF = "self"
"""The organisation that this world's keys act for."""

CURRENCY = "DZAR"
"""Digital Rand, the currency of the account that an organisation has by default. Evidence: 6dot50-accounts-1."""


OURS: IndexKey = ("ours",)
"""The group of all accounts."""


@dataclass(frozen=True, slots=True)
class Platform(Metered):
    """Whether 6DOT50 works: `operational`, or `down`, in which case every call fails."""

    since: datetime
    status: str = "operational"
    id: str = SELF
    kind: ClassVar[str] = "6dot50.platform"

    def index(self) -> tuple[IndexKey, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Organisation(Metered):
    """What the organisation of this world's keys may do; `referrals` is the capability to pay referrers."""

    since: datetime
    referrals: bool = False
    status: str = "registered"
    id: str = SELF
    kind: ClassVar[str] = "6dot50.organisation"

    def index(self) -> tuple[IndexKey, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Account(Metered):
    """Where an organisation's money lies, in rand with two decimals."""

    id: str
    since: datetime
    created_at: datetime
    name: str = "AcmeCorp"
    short_name: str = "ACME01"
    active: bool = True
    balance: Decimal = Decimal(0)
    available_balance: Decimal = Decimal(0)
    currency_code: str = CURRENCY
    status: str = "open"
    kind: ClassVar[str] = "6dot50.account"

    def index(self) -> tuple[IndexKey, ...]:
        return (OURS, ("currency", self.currency_code))


@dataclass(frozen=True, slots=True)
class Member(Metered):
    """Somebody with a wallet; the id is the MSISDN."""

    id: str
    since: datetime
    status: str = "registering"
    kind: ClassVar[str] = "6dot50.member"

    def index(self) -> tuple[IndexKey, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Batch(Metered):
    """A named list of payments.

    `owner` is SELF, or the name of an organisation that this world's keys do not act for; `account_id` is the account that
    paid when the batch was submitted.
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

    def index(self) -> tuple[IndexKey, ...]:
        groups: tuple[IndexKey, ...] = (
            SortedKey(("by creation", self.owner), self.created_at),
            SortedKey(("by creation", self.owner, self.status), self.created_at),
        )
        if self.external_id is not None:
            groups += (("called", self.owner, self.external_id.casefold()),)
        return groups


@dataclass(frozen=True, slots=True)
class Payment(Metered):
    """An amount for the holder of a mobile number. `is_member` says what was known of the payee when it was last looked up."""

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

    def index(self) -> tuple[IndexKey, ...]:
        groups: tuple[IndexKey, ...] = (("batch", self.batch_id),)
        if self.status == "PENDING":
            groups += (("pending", self.batch_id), ("awaiting", self.msisdn))
        if self.external_id is not None:
            name = self.external_id.casefold()
            groups += (("called", name), ("called", name, self.batch_id))
        return groups


@dataclass(frozen=True, slots=True)
class Token(Metered):
    """A bearer token that lives until `expires_at`; the id is the token itself."""

    id: str
    since: datetime
    key: str
    expires_at: datetime
    status: str = "issued"
    kind: ClassVar[str] = "6dot50.token"

    def index(self) -> tuple[IndexKey, ...]:
        return (("key", self.key),)


@dataclass(frozen=True, slots=True)
class Total:
    """What some payments come to."""

    amount: Decimal
    count: int

    @classmethod
    def of(cls, payments: Iterable[Payment]) -> Total:
        amounts = [payment.amount for payment in payments]
        return cls(sum(amounts, Decimal(0)), len(amounts))


@dataclass(frozen=True, slots=True)
class Summary:
    """What the payments of a batch come to, in all and by their fate. Evidence: 6dot50-summary-1 to 6dot50-summary-6."""

    payments: Total
    referrals: Decimal
    settled: Total
    cancelled: Total

    @classmethod
    def of(cls, payments: list[Payment]) -> Summary:
        return cls(
            Total.of(payments),
            sum((payment.referral_amount for payment in payments if payment.referral_amount is not None), Decimal(0)),
            Total.of(payment for payment in payments if payment.status == "SETTLED"),
            Total.of(payment for payment in payments if payment.status == "CANCELLED"),
        )
