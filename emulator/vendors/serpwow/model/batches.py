"""Batches, the result sets of their runs, and the queue lines in which they wait for a slot."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from emulator.sdk import SELF, Growing, IndexKey, Metered, Shared, SortedKey, Struct
from emulator.vendors.serpwow.model.account import Account, months_after
from emulator.vendors.serpwow.model.result_sets import COUNTED_SIZE, grow
from emulator.vendors.serpwow.model.schedules import MANUAL, Schedule
from emulator.vendors.serpwow.model.searches import Searches

RESULT_LIFETIME = timedelta(days=14)
"""Time for which a result set is available. Evidence: serpwow-results-1."""

SMALL = 250
"""Searches of a batch that can run beside others, at most. Evidence: serpwow-slots-1."""

BATCH_LIMIT = 10_000
"""Batches in an account. Evidence: serpwow-limits-1."""

STATUSES = ("idle", "queued", "running")
BUSY = ("queued", "running")
"""Statuses of a batch with allocated credits."""

PARTS = {"schedule": "schedule_", "notifications": "notification_"}
"""Attribute of a batch → the prefix of its fields where they are flat, as in the API."""

PRIORITIES = ("lowest", "low", "normal", "high", "highest")


class ResultSet(Struct, Shared, frozen=True, gc=False):
    """The product of one run, numbered from 1 within its batch: the searches of that time, of which the last ones failed.

    `webhook` is the URL to notify, and `webhook_status` the outcome that a scenario gives: ok, failed, or None. Uploads to
    `destination_ids` succeeded, those to `failed_destination_ids` failed.
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
    def small_size(self) -> int | None:  # type: ignore[override]  # a constant of most
        """Bytes of one that tells of no receiver and whose searches are only counted."""
        size, others = self.searches.small_size, (self.webhook, self.destination_ids, self.failed_destination_ids)
        return None if size is None or any(others) else COUNTED_SIZE + size

    @property
    def searches_completed(self) -> int:
        """The number of searches that did not fail."""
        return len(self.searches) - self.searches_failed


class Notifications(Struct, frozen=True, gc=False):
    """The receivers of a notification after each run, and its formats."""

    email: str | None = None
    webhook: str | None = None
    as_json: bool = False
    as_jsonlines: bool = False
    as_csv: bool = False
    csv_fields: str | None = None


UNSCHEDULED = Schedule()
NO_NOTIFICATIONS = Notifications()


class Batch(Metered, frozen=True, gc=False):
    """A named list of searches. `allocated` are the credits charged for the queued or running run.

    `allocated_at` is the time of that charge, `started_at` that of the start of the current run, `active_at` that of the last
    creation or start, `fires_at` that of the next start by the schedule, `stopped_at` that of the last stop. A queued batch
    that found no free slot has a `ticket`: its pool, priority and number in the queue line; `called_at` is the time at which
    it was promoted to a slot. `owner` is the id of its account, or the name of one that the world has not. A batch that
    `fails_to_stop` refuses every stop; the last `failing` searches of each run fail.
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
    schedule: Schedule = UNSCHEDULED
    fires_at: datetime | None = None
    enabled: bool = True
    last_run: datetime | None = None
    stopped_at: datetime | None = None
    result_sets: Annotated[Sequence[ResultSet], Growing(grow)] = ()
    next_result_set_id: int = 1
    destination_ids: tuple[str, ...] = ()
    notifications: Notifications = NO_NOTIFICATIONS
    locked_type: str | None = None
    owner: str = SELF
    fails_to_stop: bool = False
    failing: int = 0
    kind: ClassVar[str] = "serpwow.batch"

    @property
    def more_groups(self) -> int:  # type: ignore[override]  # a constant of most
        """The number of groups by destination."""
        return len(self.destination_ids)

    @property
    def credits_required(self) -> int:
        """The cost of one run."""
        return self.searches.credits

    @property
    def failures(self) -> int:
        """The number of searches that fail in the next run."""
        return min(self.failing, len(self.searches))

    @property
    def searches_type(self) -> str:
        """The locked type, or the type that all searches share. Evidence: serpwow-types-1."""
        return self.locked_type or self.searches.type

    @property
    def size(self) -> str:
        """`small` if it can run beside others, else `large`."""
        return "small" if self.searches.total <= SMALL else "large"

    def webhook(self, account: Account) -> str | None:
        """Return the URL to notify after a run: its own, or else the profile's."""
        return self.notifications.webhook or account.notification_webhook

    def available(self, now: datetime) -> Sequence[ResultSet]:
        """Return the result sets that have not expired, oldest first."""
        return self.result_sets[self._expired(now) :]

    def results_with(self, newest: Sequence[ResultSet], now: datetime) -> Sequence[ResultSet]:
        """Return the result sets that have not expired, and newer ones."""
        return grow(self.result_sets, newest, self._expired(now))

    def results_count(self, now: datetime) -> int:
        """Return the number of result sets that have not expired."""
        return len(self.result_sets) - self._expired(now)

    def result_set(self, id: int, now: datetime) -> ResultSet | None:
        """Return the result set with a number, None if it is unknown or has expired."""
        return next((result_set for result_set in reversed(self.available(now)) if result_set.id == id), None)

    def is_new_in_queue(self) -> bool:
        return self.ticket is None and self.called_at is None

    def until_promoted(self) -> timedelta | None:
        return self.called_at - self.since if self.called_at else None

    def until_scheduled(self) -> timedelta | None:
        return self.fires_at - self.since if self.fires_at else None

    def until_inactive(self) -> timedelta:
        """Return the time until two months after its last creation or start. Evidence: serpwow-inactive-1."""
        return max(months_after(self.active_at, 2) - self.since, timedelta())

    def index(self) -> tuple[IndexKey | SortedKey, ...]:
        owner, status = self.owner, self.status
        return (
            ("owner", owner),
            ("owner", owner, status),
            SortedKey(("by name", owner), self.name),
            SortedKey(("by name", owner, status), self.name),
            SortedKey(("by creation", owner), self.created_at),
            SortedKey(("by creation", owner, status), self.created_at),
            *self._groups(),
        )

    def _expired(self, now: datetime) -> int:
        return bisect_right(self.result_sets, now - RESULT_LIFETIME, key=lambda result_set: result_set.ended_at)

    def _groups(self) -> list[IndexKey]:
        """Return the groups of a batch among those of its account by destination, schedule, slot and queue line."""
        owner, status, groups = self.owner, self.status, list[IndexKey]()
        if self.destination_ids:
            groups += [("destination", owner, id) for id in dict.fromkeys(self.destination_ids)]
        if self.schedule.type != MANUAL:
            groups.append(("scheduled", owner))
        if status == "running" or (status == "queued" and self.called_at is not None):
            groups.append(("slot", owner, self.size))
        elif status == "queued" and self.ticket is not None:
            groups += [("ticket", owner, *self.ticket), ("queue line", owner, *self.ticket[:2])]
        elif status == "queued":
            groups.append(("newly queued", owner, self.size, self.priority))
        return groups


def code(digest: bytes) -> str:
    """Return eight capital hexadecimal digits, as in the id of a batch."""
    return digest.hex()[:8].upper()


class QueueLine(Metered, frozen=True, gc=False):
    """The batches of an account, pool and priority, which are its id, that wait for a slot: the next number to promote, and the
    next one to assign.
    """

    id: str
    since: datetime
    serving: int = 1
    next: int = 1
    status: str = "open"
    kind: ClassVar[str] = "serpwow.line"

    def index(self) -> tuple[IndexKey, ...]:
        """Return the groups of the lines of its account, and its pool, in which a batch waits, if one does."""
        owner, pool, _ = self.id.split("/")
        return (("waiting", owner), ("waiting", owner, pool)) if self.serving < self.next else ()
