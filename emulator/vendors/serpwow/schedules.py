"""When a schedule fires next: by the hours, days or minutes that a batch names, in the time zone of the account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

MANUAL = "manual"
TYPES = ("monthly", "weekly", "daily", "minutes", MANUAL)
EVERY = {
    "every_minute": 1,
    **{f"every_{n}_minutes": n for n in (5, 10, 15, 20, 25, 30)},
    "every_hour": 60,
}
"""How many minutes lie between two runs. Evidence: serpwow-schedule-1."""

LONGEST_GAP = timedelta(days=63)
"""No two days of that kind lie farther apart: the 31st of December, say, and a 30th that February does not have."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a batch runs by itself. Days of the week count from Sunday, 0."""

    type: str = MANUAL
    days_of_month: tuple[int, ...] = ()
    days_of_week: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    minutes: str | None = None

    @property
    def complete(self) -> bool:
        """Whether it says all that its type needs."""
        needed = {
            "monthly": bool(self.days_of_month and self.hours),
            "weekly": bool(self.days_of_week and self.hours),
            "daily": bool(self.hours),
            "minutes": self.minutes is not None,
        }
        return needed.get(self.type, True)

    def falls_on(self, day: date) -> bool:
        """Whether it names that day."""
        if self.type == "monthly":
            return day.day in self.days_of_month
        return self.type == "daily" or day.isoweekday() % 7 in self.days_of_week


class Calendar(NamedTuple):
    """Where and how schedules are read: a time zone, and whether minutes count from each full hour or from midnight."""

    zone: ZoneInfo
    from_midnight: bool = False


def next_instant(schedule: Schedule, after: datetime, calendar: Calendar) -> datetime | None:
    """The first instant strictly after another at which it fires; None for never."""
    if schedule.type == MANUAL or not schedule.complete:
        return None
    candidates = _minutes if schedule.type == "minutes" else _hours
    return next((at for at in candidates(schedule, after, calendar) if at > after), None)


def _minutes(schedule: Schedule, after: datetime, calendar: Calendar) -> Iterator[datetime]:
    step = EVERY[schedule.minutes or "every_hour"]
    whole_minute = after.replace(second=0, microsecond=0)
    for n in range(1, 24 * 60 + 1):
        at = whole_minute + timedelta(minutes=n)
        local = at.astimezone(calendar.zone)
        passed = local.minute + (local.hour * 60 if calendar.from_midnight else 0)
        if passed % step == 0:
            yield at


def _hours(schedule: Schedule, after: datetime, calendar: Calendar) -> Iterator[datetime]:
    first = after.astimezone(calendar.zone).date()
    for n in range(LONGEST_GAP.days):
        day = first + timedelta(days=n)
        if schedule.falls_on(day):
            # An hour that the clocks leave out comes an hour later; one that they repeat is meant the first time.
            yield from sorted({_at(day, hour, calendar.zone) for hour in schedule.hours})


def _at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), zone).astimezone(UTC)


def two_months_after(at: datetime) -> datetime:
    """The same day two months on, or the last day of that month."""
    months = at.month + 1
    year, month = at.year + months // 12, months % 12 + 1
    for day in (at.day, 30, 29, 28):
        try:
            return at.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
