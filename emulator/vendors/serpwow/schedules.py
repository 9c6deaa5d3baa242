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

HEEDED = {
    "monthly": ("days_of_month", "hours"),
    "weekly": ("days_of_week", "hours"),
    "daily": ("hours",),
    "minutes": ("hours", "days_of_week", "days_of_month", "minutes"),
}
"""The parts of a schedule that each type heeds. Evidence: serpwow-schedule-1 and serpwow-schedule-6."""

LONGEST_GAP = timedelta(days=2000)
"""More than lies between any two days that fit: a Wednesday the 31st can be 609 days after the one before it.

That is more than three times as long, so that days on which the clocks leave the hour out can be passed over.
"""


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

    def falls_on(self, day: date, either: bool = False) -> bool:
        """Whether it runs on that day: on any, unless it names days of a kind that its type heeds.

        Of days of the week and of the month together both must fit, or, with `either`, one of them.
        """
        named = []
        if self.days_of_month and "days_of_month" in HEEDED[self.type]:
            named.append(day.day in self.days_of_month)
        if self.days_of_week and "days_of_week" in HEEDED[self.type]:
            named.append(day.isoweekday() % 7 in self.days_of_week)
        return any(named) or not named if either else all(named)


class Calendar(NamedTuple):
    """How schedules are read: in which time zone, whether minutes count from midnight or from each full hour, and whether of
    days of the week and of the month `either` is enough."""

    zone: ZoneInfo
    from_midnight: bool = False
    either: bool = False


def next_instant(schedule: Schedule, after: datetime, calendar: Calendar) -> datetime | None:
    """The first instant strictly after another at which it fires; None for never."""
    if schedule.type == MANUAL or not schedule.complete:
        return None
    candidates = _minutes if schedule.type == "minutes" else _hours
    return next((at for at in candidates(schedule, after, calendar) if at > after), None)


def _minutes(schedule: Schedule, after: datetime, calendar: Calendar) -> Iterator[datetime]:
    """Yields each minute that fits, from the one after an instant on. They are minutes of UTC, so that each comes once."""
    step, zone = EVERY[schedule.minutes or "every_hour"], calendar.zone
    first = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for day in _days_from(after, calendar):
        # Clocks that go back just after midnight repeat minutes of the day before.
        if not any(schedule.falls_on(it, calendar.either) for it in (day, day - timedelta(days=1))):
            continue
        at, end = max(first, _at(day, 0, zone)), _at(day + timedelta(days=1), 0, zone)
        while at < end:
            local = at.astimezone(zone)
            passed = local.minute + (local.hour * 60 if calendar.from_midnight else 0)
            in_the_hour = not schedule.hours or local.hour in schedule.hours
            if passed % step == 0 and in_the_hour and schedule.falls_on(local.date(), calendar.either):
                yield at
            at += timedelta(minutes=1)


def _hours(schedule: Schedule, after: datetime, calendar: Calendar) -> Iterator[datetime]:
    for day in _days_from(after, calendar):
        if schedule.falls_on(day):
            # An hour that the clocks leave out comes an hour later; one that they repeat is meant the first time.
            yield from sorted({_at(day, hour, calendar.zone) for hour in schedule.hours})


def _days_from(after: datetime, calendar: Calendar) -> Iterator[date]:
    first = after.astimezone(calendar.zone).date()
    return (first + timedelta(days=n) for n in range(LONGEST_GAP.days))


def _at(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), zone).astimezone(UTC)


def two_months_after(at: datetime) -> datetime:
    """The same day two months on, or the last day of that month."""
    return months_after(at, 2)


def next_of_every_month(at: datetime, after: datetime) -> datetime:
    """The first instant strictly after another that lies whole months from `at`, before it or behind it; both are in UTC."""
    months = 12 * (after.year - at.year) + after.month - at.month
    this = months_after(at, months)
    return this if this > after else months_after(at, months + 1)


def months_after(at: datetime, count: int) -> datetime:
    """The same day so many months on (or back, where `count` is negative), or the last day of that month."""
    months = at.month - 1 + count
    year, month = at.year + months // 12, months % 12 + 1
    for day in (at.day, 30, 29, 28):
        try:
            return at.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
