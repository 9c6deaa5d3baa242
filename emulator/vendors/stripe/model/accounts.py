"""The platform and the account of a world, and how many requests the account has had."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from emulator.sdk import END_OF_TIME, Metered, View
from emulator.vendors.stripe.files.model.outcomes import FailureRule
from emulator.vendors.stripe.model.endpoints import Endpoint

SELF = "self"
"""The owner of what belongs to the account of this world's keys."""

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
    """The account of this world's keys: its id, the endpoints it may not use, and the rules by which its rows fail."""

    since: datetime
    name: str = OWN_ACCOUNT
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


def account_of(view: View) -> Account:
    """Return the account as it is now."""
    return view.find(Account, SELF) or Account(view.now)
