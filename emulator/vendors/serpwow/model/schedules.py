"""Schedules: the next instant by the hours, days or minutes that a batch names, in the time zone of the account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache, partial

from emulator.sdk import Struct, instant_on

MANUAL = "manual"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TYPES = ("monthly", "weekly", "daily", "minutes", MANUAL)
EVERY = {
    "every_minute": 1,
    **{f"every_{n}_minutes": n for n in (5, 10, 15, 20, 25, 30)},
    "every_hour": 60,
}
"""Minutes between two runs. Evidence: serpwow-schedule-1."""

PARTS_BY_TYPE = {
    "monthly": ("days_of_month", "hours"),
    "weekly": ("days_of_week", "hours"),
    "daily": ("hours",),
    "minutes": ("days_of_month", "days_of_week", "hours", "minutes"),
}
"""The parts of a schedule that apply to each type. Evidence: serpwow-schedule-1 and serpwow-schedule-6."""

SEARCHED_DAYS = 2000
"""Days to search: a Wednesday the 31st can be 609 days after the last one.

More than three times as many, so that days on which the clocks skip the hour can be skipped too.
"""


class Schedule(Struct, frozen=True, gc=False):
    """The times at which a batch starts by itself. Days of the week count from Sunday, 0."""

    type: str = MANUAL
    days_of_month: tuple[int, ...] = ()
    days_of_week: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    minutes: str | None = None

    @property
    def complete(self) -> bool:
        """True if every part that its type needs is set."""
        if self.type == "minutes":
            return self.minutes is not None
        return all(getattr(self, part) for part in PARTS_BY_TYPE.get(self.type, ()))

    @property
    def named(self) -> list[str]:
        """The parts that are set, whether they apply to its type or not."""
        return [name for name in ("days_of_month", "days_of_week", "hours", "minutes") if getattr(self, name)]

    def falls_on(self, day: date, calendar: Calendar) -> bool:
        """Return whether it runs on a day: on any, unless it names days that apply to its type."""
        parts, matches = PARTS_BY_TYPE[self.type], []
        if self.days_of_month and "days_of_month" in parts:
            is_last = calendar.ends_early and (day + timedelta(days=1)).day == 1
            matches.append(day.day in self.days_of_month or (is_last and max(self.days_of_month) > day.day))
        if self.days_of_week and "days_of_week" in parts:
            matches.append(day.isoweekday() % 7 in self.days_of_week)
        return any(matches) or not matches if calendar.either else all(matches)


class Calendar(Struct, frozen=True, gc=False):
    """The reading of schedules: the time zone, and the start of the count of minutes, which is midnight or each full hour.

    With `either`, a day that matches the days of the week or those of the month is enough. Where a month `ends_early`, its last
    day stands for those that it does not have.
    """

    zone: tzinfo
    from_midnight: bool = False
    either: bool = False
    ends_early: bool = False


def next_instant(schedule: Schedule, after: datetime, calendar: Calendar) -> datetime | None:
    """Return the first instant strictly after another at which a schedule starts its batch; None for never."""
    return next(instants_after(schedule, after, calendar), None)


def instants_after(schedule: Schedule, after: datetime, calendar: Calendar) -> Iterator[datetime]:
    """Yield the instants strictly after another at which a schedule starts its batch, in order, for some years."""
    if schedule.type == MANUAL or not schedule.complete:
        return iter(())
    candidates = _minutes if schedule.type == "minutes" else _hours
    return (instant for instant in candidates(schedule, after, calendar) if instant > after)


def _minutes(schedule: Schedule, after: datetime, calendar: Calendar) -> Iterator[datetime]:
    """Yield each matching minute from the hour of an instant on, in UTC, so that each comes once."""
    for day in _days_from(after, calendar):
        # Clocks set back just after midnight repeat minutes of the day before.
        if not any(schedule.falls_on(candidate, calendar) for candidate in (day, day - timedelta(days=1))):
            continue
        start, end = _utc(day, 0, calendar.zone), _utc(day + timedelta(days=1), 0, calendar.zone)
        hour = start + max((after - start) // HOUR, 0) * HOUR
        while hour < end:
            yield from _minutes_of(schedule, hour, min(hour + HOUR, end), calendar)
            hour += HOUR


@lru_cache(maxsize=100)
def _minutes_of(schedule: Schedule, start: datetime, end: datetime, calendar: Calendar) -> tuple[datetime, ...]:
    """Return the matching minutes from an instant in UTC, which is one if any is, until another."""
    step, zone, hours = EVERY[schedule.minutes or "every_hour"], calendar.zone, schedule.hours
    found, instant, falls_on = list[datetime](), start, cache(partial(schedule.falls_on, calendar=calendar))
    while instant < end:
        local = instant.astimezone(zone)
        minutes = local.minute + (local.hour * 60 if calendar.from_midnight else 0)
        if minutes % step == 0 and (not hours or local.hour in hours) and falls_on(local.date()):
            found.append(instant)
        instant += MINUTE
    return tuple(found)


def _hours(schedule: Schedule, after: datetime, calendar: Calendar) -> Iterator[datetime]:
    for day in _days_from(after, calendar):
        if schedule.falls_on(day, calendar):
            # An hour that the clocks skip comes an hour later; of one that they repeat, the first counts.
            yield from sorted({_utc(day, hour, calendar.zone) for hour in schedule.hours})


def _days_from(after: datetime, calendar: Calendar) -> Iterator[date]:
    first = after.astimezone(calendar.zone).date()
    return (first + timedelta(days=n) for n in range(SEARCHED_DAYS))


def zone_of(name: str) -> tzinfo:
    """Return the time zone of a name; what reads zones is imported with the first.

    Raises:
        KeyError, ValueError or OSError: there is none.
    """
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def _utc(day: date, hour: int, zone: tzinfo) -> datetime:
    return instant_on(day, time(hour), zone).astimezone(UTC)
