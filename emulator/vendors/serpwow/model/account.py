"""The account with its credits and their use by day, its error logs, and the state of the platform."""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar

from emulator.sdk import SELF, AccountWords, IndexKey, JsonObject, Metered, Shared, Struct, View, field, instant_of

WORDS = AccountWords()

RESET_AT = instant_of(2020, 1, 1)
"""The credits_reset_at of the public demo account, from which months are counted. Evidence: serpwow-account-2."""


class Usage(dict[str, int], Shared):
    """Credits by ISO date of their use, days without any left out: those that count now, and those that were returned."""

    __slots__ = ()

    def kept(self) -> dict[str, int]:
        """Return the days as a plain value."""
        return dict(self)

    @classmethod
    def from_kept(cls, kept: dict[str, int]) -> Usage:
        """Return the days of which this is the plain value."""
        return cls(kept)

    @property
    def small_size(self) -> int:  # type: ignore[override]  # a constant of most
        """Bytes of the days, each of which is nearly as large as any."""
        return OWN_SIZE + DAY_SIZE * len(self)


OWN_SIZE, DAY_SIZE = 64, 130
"""Bytes of the usage of no day, and of each day."""

MOST_DAYS = 400
"""Days of use that are kept apart, four times those that are shown: after a hundred years a change costs no more."""


class Component(Struct, frozen=True, gc=False):
    """A part of the vendor's platform, and its status."""

    component: str
    status: str


class Account(Metered, frozen=True, gc=False):
    """Credits are whole numbers; `credits_used` are those that runs have cost and those allocated to queued runs.

    They are returned at `credits_reset_at` and every month from it. `usage` has the days on which the credits that count now
    were used, and those that were returned before, `credits_returned`. With overage allowed and enabled, use can exceed the
    limit. `notification_webhook` is the profile's, for batches without one. `since` is the time of the last use or return.
    `timezone_label` is shown where it is set, instead of the name.
    """

    since: datetime
    credits_limit: int = 15000
    credits_used: int = 0
    credits_returned: int = 0
    name: str = "John Smith"
    email: str = "john.smith@example.com"
    plan: str = "Plan Name"
    timezone: str = "UTC"
    timezone_label: str | None = None
    account_balance_usd: Decimal = Decimal(0)
    credits_reset_at: datetime = RESET_AT
    overage_allowed: bool = False
    overage_enabled: bool = False
    overage_limit: int = 0
    notification_webhook: str | None = None
    components: tuple[Component, ...] = ()
    usage: Usage = field(default_factory=Usage)
    id: str = SELF
    status: str = "open"
    kind: ClassVar[str] = "serpwow.account"
    progressing: ClassVar[tuple[str, ...]] = ("open",)

    @property
    def credits_remaining(self) -> int:
        """The unused part of the limit."""
        return max(self.credits_limit - self.credits_used, 0)

    @property
    def overage(self) -> bool:
        """True if use can exceed the limit."""
        return self.overage_allowed and self.overage_enabled


@lru_cache(maxsize=1024)
def next_monthly(anchor: datetime, after: datetime) -> datetime:
    """Return the first instant strictly after another that is whole months before or after the anchor; all are in UTC."""
    months = 12 * (after.year - anchor.year) + after.month - anchor.month
    instant = months_after(anchor, months)
    return instant if instant > after else months_after(anchor, months + 1)


@lru_cache(maxsize=1024)
def months_after(instant: datetime, count: int) -> datetime:
    """Return the same day `count` months later (earlier if negative), or the last day of that month."""
    month = instant.year * 12 + instant.month - 1 + count
    year, month = month // 12, month % 12 + 1
    return instant.replace(year=year, month=month, day=min(instant.day, monthrange(year, month)[1]))


class Platform(Metered, frozen=True, gc=False):
    """The state of the vendor: operational or down. Uploads to the `unreachable` buckets fail."""

    since: datetime
    status: str = "operational"
    unreachable: tuple[str, ...] = ()
    id: str = SELF
    kind: ClassVar[str] = "serpwow.platform"


def is_outside(view: View, owner: str) -> bool:
    """Return whether the world has no such account, but its name: it knows nothing of its credits and slots."""
    return owner != SELF and view.find(Account, owner) is None


def platform_of(view: View) -> Platform:
    """Return the state of the platform in a world."""
    return view.find(Platform, SELF) or Platform(view.now)


class RequestMeter(Metered, frozen=True, gc=False):
    """The latest requests that one key made to a limited operation: `count` since an instant, and some at `earlier` ones."""

    id: str
    since: datetime
    count: int = 0
    earlier: tuple[tuple[datetime, int], ...] = ()
    status: str = "open"
    kind: ClassVar[str] = "serpwow.meter"
    is_tally: ClassVar[bool] = True


class ErrorLog(Metered, frozen=True, gc=False):
    """A real-time request that ended in a 500, listed until three days after its last occurrence; `count` are all of them.

    `result` is the JSON of the answer if it was more than the `message`. Addresses that are None follow from `parameters`.
    """

    id: str
    since: datetime
    date: datetime
    message: str
    count: int = 1
    parameters: tuple[tuple[str, str], ...] = ()
    engine_url: str | None = None
    api_url: str | None = None
    result: JsonObject | None = None
    owner: str = SELF
    status: str = "kept"
    kind: ClassVar[str] = "serpwow.errorlog"

    def index(self) -> tuple[IndexKey, ...]:
        return (("owner", self.owner),)

    @property
    def public_parameters(self) -> list[tuple[str, str]]:
        """The parameters without the key."""
        return [(name, value) for name, value in self.parameters if name != "api_key"]
