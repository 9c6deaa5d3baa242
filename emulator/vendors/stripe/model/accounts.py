"""What only the world outside decides: whether the platform is up, whom it limits, and what the account may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from emulator.sdk import IndexKey, Metered, View
from emulator.vendors.stripe.files.model.outcomes import Failing
from emulator.vendors.stripe.model.jobs import SELF
from emulator.vendors.stripe.model.versions import Endpoint

LIMITERS = ("global-concurrency", "global-rate", "endpoint-concurrency", "endpoint-rate", "resource-specific")
"""What a refusal for too many requests can name as its reason. Evidence: stripe-limit-1."""

LOCKED = "lock-timeout"
"""The one such refusal that comes from no limiter. Evidence: stripe-limit-2."""

OWN_ACCOUNT = "acct_1032D82eZvKYlo2C"


@dataclass(frozen=True, slots=True)
class Platform(Metered):
    """Whether Stripe answers at all, and whether it finds that there are too many requests."""

    since: datetime
    status: str = "operational"
    limiting: str = "none"
    id: str = SELF
    kind: ClassVar[str] = "stripe.platform"

    def index(self) -> tuple[IndexKey, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Account(Metered):
    """The account that this world's keys act for: its id, the endpoints it may not use, and which of its rows fail."""

    since: datetime
    name: str = OWN_ACCOUNT
    unauthorized: tuple[Endpoint, ...] = ()
    failing: tuple[Failing, ...] = ()
    status: str = "open"
    id: str = SELF
    kind: ClassVar[str] = "stripe.account"

    def index(self) -> tuple[IndexKey, ...]:
        return ()


def platform_of(view: View) -> Platform:
    """The platform as it is."""
    return view.find(Platform.kind, SELF) or Platform(view.now)


def account_of(view: View) -> Account:
    """The account as it is."""
    return view.find(Account.kind, SELF) or Account(view.now)
