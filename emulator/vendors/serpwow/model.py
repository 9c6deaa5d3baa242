"""What SerpWow keeps: an account with its credits, and batches with the result sets of their runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from emulator.kernel.store import IndexKey
from emulator.vendors.serpwow.usage import Usage

SELF = "self"
"""The id of the account that this world's credentials act for."""

RESULT_LIFETIME = timedelta(days=14)
"""How long a result set can be had. Evidence: serpwow-results-1."""


RESET_AT = datetime(2020, 1, 1, tzinfo=UTC)
"""When the public demo account's credits were last reset. Evidence: serpwow-account-2."""


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the vendor's platform, and how it is."""

    component: str
    status: str


@dataclass(frozen=True, slots=True)
class Account:
    """Credits are whole numbers; `credits_used` holds what runs have cost and what queued runs have been allocated.

    `usage` says on which days they were used. Nothing resets them: `credits_reset_at` is only told.
    """

    since: datetime
    credits_limit: int = 15000
    credits_used: int = 0
    name: str = "John Smith"
    email: str = "john.smith@example.com"
    plan: str = "Plan Name"
    timezone: str = "UTC"
    account_balance_usd: Decimal = Decimal(0)
    credits_reset_at: datetime = RESET_AT
    components: tuple[Component, ...] = ()
    usage: Usage = field(default_factory=dict)
    id: str = SELF
    status: str = "open"
    kind: ClassVar[str] = "serpwow.account"

    @property
    def credits_remaining(self) -> int:
        """What is left of the allowance."""
        return self.credits_limit - self.credits_used

    def index(self) -> tuple[IndexKey, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class ResultSet:
    """The product of one completed run, numbered from 1 within its batch."""

    id: int
    started_at: datetime
    ended_at: datetime
    searches_completed: int
    searches_failed: int = 0

    def available(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return now < self.ended_at + RESULT_LIFETIME


@dataclass(frozen=True, slots=True)
class Batch:
    """A named list of searches. `allocated` is what the run that is queued or running was charged, in credits.

    `allocated_at` is when that was, `started_at` when the run that is running began.
    `owner` is SELF, or the name of an account that this world's credentials do not act for. A batch that `fails_to_stop`
    stays as it is, whoever asks.
    """

    id: str
    since: datetime
    created_at: datetime
    name: str
    status: str = "idle"
    searches: int = 0
    allocated: int = 0
    allocated_at: datetime | None = None
    started_at: datetime | None = None
    priority: str = "normal"
    schedule_type: str = "manual"
    enabled: bool = True
    last_run: datetime | None = None
    result_sets: tuple[ResultSet, ...] = ()
    next_result_set_id: int = 1
    destination_ids: tuple[str, ...] = ()
    owner: str = SELF
    fails_to_stop: bool = False
    kind: ClassVar[str] = "serpwow.batch"

    @property
    def credits_required(self) -> int:
        """What one run costs: a credit for each search. Evidence: serpwow-credits-1."""
        return self.searches

    def results_count(self, now: datetime) -> int:
        """How many result sets can still be had."""
        return sum(result_set.available(now) for result_set in self.result_sets)

    def index(self) -> tuple[IndexKey, ...]:
        return (("owner", self.owner), ("owner", self.owner, self.status))
