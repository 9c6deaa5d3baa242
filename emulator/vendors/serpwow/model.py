"""What SerpWow keeps: an account with its credits, and batches with the result sets of their runs."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from emulator.sdk import PROGRESSING, IndexKey, Metered, Shared, SortedKey
from emulator.vendors.serpwow.schedules import MANUAL, Schedule, next_of_every_month
from emulator.vendors.serpwow.searches import Searches
from emulator.vendors.serpwow.usage import Usage

SELF = "self"
"""The id of the account that this world's credentials act for."""

RESULT_LIFETIME = timedelta(days=14)
"""How long a result set can be had. Evidence: serpwow-results-1."""

SMALL = 250
"""The most searches of a batch that shares its turn with others. Evidence: serpwow-slots-1."""

RESET_AT = datetime(2020, 1, 1, tzinfo=UTC)
"""The credits_reset_at of the public demo account, from which months are counted. Evidence: serpwow-account-2."""


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the vendor's platform, and how it is."""

    component: str
    status: str


@dataclass(frozen=True, slots=True)
class Account(Metered):
    """Credits are whole numbers; `credits_used` holds what runs have cost and what queued runs have been allocated.

    At `credits_reset_at`, and whole months from it, they come back. `usage` says on which days those were used that count now
    and those that came back, `credits_returned`. Where overage is allowed and enabled, more can be used than the limit.
    `notification_webhook` is the profile's, for batches that name none. `since` is when credits were last used or came back.
    """

    since: datetime
    credits_limit: int = 15000
    credits_used: int = 0
    credits_returned: int = 0
    name: str = "John Smith"
    email: str = "john.smith@example.com"
    plan: str = "Plan Name"
    timezone: str = "UTC"
    account_balance_usd: Decimal = Decimal(0)
    credits_reset_at: datetime = RESET_AT
    overage_allowed: bool = False
    overage_enabled: bool = False
    overage_limit: int = 0
    notification_webhook: str | None = None
    components: tuple[Component, ...] = ()
    usage: Usage = field(default_factory=dict)
    id: str = SELF
    status: str = "open"
    kind: ClassVar[str] = "serpwow.account"

    @property
    def credits_remaining(self) -> int:
        """What is left of the allowance."""
        return max(self.credits_limit - self.credits_used, 0)

    @property
    def overage(self) -> bool:
        """Whether more can be used than the allowance."""
        return self.overage_allowed and self.overage_enabled

    def reset_after(self, instant: datetime) -> datetime:
        """Return the next instant after another at which credits come back."""
        return next_of_every_month(self.credits_reset_at, instant)

    def index(self) -> tuple[IndexKey, ...]:
        return (PROGRESSING,)


@dataclass(frozen=True, slots=True)
class Platform(Metered):
    """How the vendor is: operational, or down. Uploads to the `unreachable` buckets fail."""

    since: datetime
    status: str = "operational"
    unreachable: tuple[str, ...] = ()
    id: str = SELF
    kind: ClassVar[str] = "serpwow.platform"

    def index(self) -> tuple[IndexKey, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class ResultSet(Shared):
    """The product of one completed run, numbered from 1 within its batch: the searches as they were, the last ones failed.

    `webhook` is the URL that is to be told of it, and `webhook_status` how that went: ok, failed, or None if no POST was made.
    It was uploaded to `destination_ids`, and could not be to `failed_destination_ids`.
    """

    id: int
    started_at: datetime
    ended_at: datetime
    searches: Searches
    searches_failed: int = 0
    destination_ids: tuple[str, ...] = ()
    failed_destination_ids: tuple[str, ...] = ()
    webhook: str | None = None
    webhook_status: str | None = None

    @property
    def expires_at(self) -> datetime:
        return self.ended_at + RESULT_LIFETIME

    @property
    def searches_completed(self) -> int:
        """The ones that did not fail."""
        return len(self.searches) - self.searches_failed


@dataclass(frozen=True, slots=True)
class Notifications:
    """Whom a batch tells when it has run, and in which formats."""

    email: str | None = None
    webhook: str | None = None
    as_json: bool = False
    as_jsonlines: bool = False
    as_csv: bool = False
    csv_fields: str | None = None


BY_HAND = Schedule()
NOBODY = Notifications()


@dataclass(frozen=True, slots=True)
class Batch(Metered):
    """A named list of searches. `allocated` is what the run that is queued or running was charged, in credits.

    `allocated_at` is when that was, `started_at` when the run that is running began, `active_at` when it was last made or
    started, `fires_at` when its schedule starts it next. A queued batch that found all places taken has a `ticket`, its pool,
    its priority and its number in their line; `called_at` is when a place became free for it.
    `owner` is SELF, or the name of an account that this world's credentials do not act for. A batch that `fails_to_stop`
    stays as it is, whoever asks; the last `failing` searches of each of its runs fail.
    """

    id: str
    since: datetime
    created_at: datetime
    name: str
    searches: Searches
    active_at: datetime
    status: str = "idle"
    allocated: int = 0
    allocated_at: datetime | None = None
    started_at: datetime | None = None
    ticket: tuple[str, str, int] | None = None
    called_at: datetime | None = None
    priority: str = "normal"
    schedule: Schedule = BY_HAND
    fires_at: datetime | None = None
    enabled: bool = True
    last_run: datetime | None = None
    result_sets: tuple[ResultSet, ...] = ()
    next_result_set_id: int = 1
    destination_ids: tuple[str, ...] = ()
    notifications: Notifications = NOBODY
    locked_type: str | None = None
    owner: str = SELF
    fails_to_stop: bool = False
    failing: int = 0
    kind: ClassVar[str] = "serpwow.batch"

    @property
    def credits_required(self) -> int:
        """What one run costs."""
        return self.searches.credits

    @property
    def failures(self) -> int:
        """How many searches of its next run fail."""
        return min(self.failing, len(self.searches))

    @property
    def searches_type(self) -> str:
        """The type it is locked to, or the one that all its searches have. Evidence: serpwow-types-1."""
        return self.locked_type or self.searches.type

    @property
    def size(self) -> str:
        """Small batches run beside each other, large ones do not."""
        return "small" if len(self.searches) <= SMALL else "large"

    def webhook(self, account: Account) -> str | None:
        """Who is told that it has run: the URL that it names, or else the profile's."""
        return self.notifications.webhook or account.notification_webhook

    def available(self, now: datetime) -> tuple[ResultSet, ...]:
        """The result sets that have not expired, oldest first."""
        return self.result_sets[self._expired(now) :]

    def results_count(self, now: datetime) -> int:
        """How many result sets can still be had."""
        return len(self.result_sets) - self._expired(now)

    def result_set(self, id: int, now: datetime) -> ResultSet | None:
        """The result set of that number, if it can still be had."""
        return next((it for it in reversed(self.available(now)) if it.id == id), None)

    def index(self) -> tuple[IndexKey, ...]:
        owner, status = self.owner, self.status
        return (
            ("owner", owner),
            ("owner", owner, status),
            SortedKey(("by name", owner), self.name),
            SortedKey(("by name", owner, status), self.name),
            SortedKey(("by creation", owner), self.created_at),
            SortedKey(("by creation", owner, status), self.created_at),
            *self._lists(),
        )

    def _expired(self, now: datetime) -> int:
        return bisect_right(self.result_sets, now - RESULT_LIFETIME, key=lambda it: it.ended_at)

    def _lists(self) -> tuple[IndexKey, ...]:
        if self.owner != SELF:
            return ()
        lists: list[IndexKey] = [("destination", id) for id in dict.fromkeys(self.destination_ids)]
        if self.schedule.type != MANUAL:
            lists.append(("scheduled",))
        if self.status == "running" or (self.status == "queued" and self.called_at is not None):
            lists.append(("place", self.size))
        elif self.status == "queued" and self.ticket is not None:
            lists += (("ticket", *self.ticket), ("in line", *self.ticket[:2]))
        elif self.status == "queued":
            lists.append(("newly queued", self.size, self.priority))
        return tuple(lists)


@dataclass(frozen=True, slots=True)
class Line(Metered):
    """Batches of one priority that wait for a place: the number being served, and the next one to give out."""

    id: str
    since: datetime
    serving: int = 1
    next: int = 1
    status: str = "open"
    kind: ClassVar[str] = "serpwow.line"

    def index(self) -> tuple[IndexKey, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Destination(Metered):
    """A bucket of the client's, to which result sets are uploaded. `settings` are its credentials and all else of its own."""

    id: str
    since: datetime
    name: str
    type: str
    enabled: bool
    settings: tuple[tuple[str, str], ...] = ()
    status: str = "kept"
    kind: ClassVar[str] = "serpwow.destination"

    def index(self) -> tuple[IndexKey, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Meter(Metered):
    """The instants of the latest calls that one key made to a limited operation."""

    id: str
    since: datetime
    calls: tuple[datetime, ...] = ()
    status: str = "open"
    kind: ClassVar[str] = "serpwow.meter"

    def index(self) -> tuple[IndexKey, ...]:
        return ()
