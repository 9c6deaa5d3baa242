"""The platform and the account of a world, and how many requests the account has had."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from emulator.sdk import END_OF_TIME, SELF, AccountWords, Metered, View
from emulator.vendors.stripe.files.model.outcomes import FailureRule
from emulator.vendors.stripe.model.endpoints import Endpoint

WORDS = AccountWords()

LIMITERS = ("global-concurrency", "global-rate", "endpoint-concurrency", "endpoint-rate", "resource-specific")
"""The limiters that a refusal of too many requests can name. Evidence: stripe-limit-1."""

LOCKED = "lock-timeout"
"""The one such refusal that no limiter causes. Evidence: stripe-limit-2."""

OWN_ACCOUNT = "acct_1032D82eZvKYlo2C"


class Platform(Metered, frozen=True, gc=False):
    """The status of Stripe as a whole, and the limiter that refuses every request."""

    since: datetime
    status: str = "operational"
    limiting: str = "none"
    id: str = SELF
    kind: ClassVar[str] = "stripe.platform"


OPERATIONAL = Platform(END_OF_TIME)
"""The platform of a world in which nobody set one."""


class Account(Metered, frozen=True, gc=False):
    """An account: the endpoints it may not use, and the rules by which its rows fail.

    `name` is what Stripe calls its id, also where it is the only one. Keys of the account `platform` may act for it, too.
    """

    since: datetime
    name: str = OWN_ACCOUNT
    platform: str | None = None
    unauthorized: tuple[Endpoint, ...] = ()
    failing: tuple[FailureRule, ...] = ()
    status: str = "open"
    id: str = SELF
    kind: ClassVar[str] = "stripe.account"


class Traffic(Metered, frozen=True, gc=False):
    """The number of requests that an account has sent since an instant; the id is that of the account."""

    id: str
    since: datetime
    requests: int = 0
    status: str = "open"
    kind: ClassVar[str] = "stripe.traffic"
    is_tally: ClassVar[bool] = True


def account_of(view: View, owner: str = SELF) -> Account:
    """Return an account as it is now; in a world with one, that stands for every other."""
    return view.find(Account, owner) or view.find(Account, SELF) or Account(view.now)


def may_act_for(view: View, account: str, other: str) -> bool:
    """Return whether keys of an account may act for another one, which it is the platform of, or that of its platform."""
    seen: set[str] = set()
    while other != account and other not in seen and (found := view.find(Account, other)) is not None:
        seen.add(other)
        other = found.platform or ""
    return other == account
