"""The platform and the account of a world, and how many requests and resources the account has had."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from emulator.sdk import IndexKey, Metered, Transaction, View
from emulator.vendors.stripe.files.model.outcomes import FailureRule
from emulator.vendors.stripe.model.endpoints import Endpoint

SELF = "self"
"""The owner of what belongs to the account of this world's keys."""

LIMITERS = ("global-concurrency", "global-rate", "endpoint-concurrency", "endpoint-rate", "resource-specific")
"""The limiters that a refusal of too many requests can name. Evidence: stripe-limit-1."""

LOCKED = "lock-timeout"
"""The one such refusal that no limiter causes. Evidence: stripe-limit-2."""

OWN_ACCOUNT = "acct_1032D82eZvKYlo2C"

DROPPED_AT_ONCE = 2
"""Most outdated entries to drop for each new one: more than one, so that a log shrinks."""


class Ungrouped(Metered):
    """A resource that is found by its id alone."""

    __slots__ = ()

    def index(self) -> tuple[IndexKey, ...]:
        """Return no groups."""
        return ()


@dataclass(frozen=True, slots=True)
class Platform(Ungrouped):
    """The status of Stripe as a whole, and the limiter that refuses every request."""

    since: datetime
    status: str = "operational"
    limiting: str = "none"
    id: str = SELF
    kind: ClassVar[str] = "stripe.platform"


@dataclass(frozen=True, slots=True)
class Account(Ungrouped):
    """The account of this world's keys: its id, the endpoints it may not use, and the rules by which its rows fail."""

    since: datetime
    name: str = OWN_ACCOUNT
    unauthorized: tuple[Endpoint, ...] = ()
    failing: tuple[FailureRule, ...] = ()
    status: str = "open"
    id: str = SELF
    kind: ClassVar[str] = "stripe.account"


@dataclass(frozen=True, slots=True)
class Traffic(Ungrouped):
    """The number of requests that an account has sent since an instant; the id is that of the account."""

    id: str
    since: datetime
    requests: int = 0
    status: str = "open"
    kind: ClassVar[str] = "stripe.traffic"


@dataclass(frozen=True, slots=True)
class SequenceLog(Ungrouped):
    """The numbers of the oldest and of the next resource of a kind whose resources are numbered and dropped in order.

    The id is the kind. So the outdated ones are found without a search.
    """

    id: str
    since: datetime
    oldest: int = 1
    next: int = 1
    status: str = "kept"
    kind: ClassVar[str] = "stripe.ledger"

    def with_next(self, dropped: int = 0) -> SequenceLog:
        """Return the log after one more resource came and some of the oldest were dropped."""
        return replace(self, oldest=self.oldest + dropped, next=self.next + 1)

    def drop(self, tx: Transaction, numbered: Callable[[int], Iterable[Any]]) -> int:
        """Drop a few of the oldest resources if they are outdated, and return how many numbers that frees.

        `numbered` finds the resources of a number; none where they are dropped already.
        """
        for n in range(self.oldest, min(self.next, self.oldest + DROPPED_AT_ONCE)):
            for resource in numbered(n):
                if not resource.is_outdated(tx.now):
                    return n - self.oldest
                tx.remove(self.id, resource.id)
        return min(self.next - self.oldest, DROPPED_AT_ONCE)


def platform_of(view: View) -> Platform:
    """Return the platform as it is now."""
    return view.find(Platform.kind, SELF) or Platform(view.now)


def account_of(view: View) -> Account:
    """Return the account as it is now."""
    return view.find(Account.kind, SELF) or Account(view.now)


def log_of(view: View, kind: str) -> SequenceLog:
    """Return the log of a kind, a new one before the first resource."""
    return view.find(SequenceLog.kind, kind) or SequenceLog(kind, view.now)
