"""When SerpWow's schedules fire next, over months, weeks, days and minutes, in time zones that change their clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.vendors.serpwow.model.account import months_after
from emulator.vendors.serpwow.model.schedules import EVERY, Calendar, Schedule, next_instant

DAILY_AT_2 = Schedule("daily", hours=(2,))
WEEKDAYS = Schedule("minutes", (), (1, 2, 3, 4, 5), (9, 10, 11, 12, 13, 14, 15, 16), "every_5_minutes")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("schedule", "zone", "after", "then"),
    [
        (Schedule("daily", hours=(9, 17)), "UTC", "2026-03-09T09:00:00Z", "2026-03-09T17:00:00Z"),
        (Schedule("daily", hours=(9, 17)), "UTC", "2026-03-09T17:00:00Z", "2026-03-10T09:00:00Z"),
        (Schedule("daily", hours=(9,)), "Asia/Kathmandu", "2026-03-09T00:00:00Z", "2026-03-09T03:15:00Z"),
        (Schedule("daily", hours=(9,)), "Pacific/Kiritimati", "2026-03-09T20:00:00Z", "2026-03-10T19:00:00Z"),
        (Schedule("weekly", days_of_week=(0,), hours=(0,)), "UTC", "2026-03-09T00:00:00Z", "2026-03-15T00:00:00Z"),
        (Schedule("weekly", days_of_week=(1,), hours=(0,)), "UTC", "2026-03-09T00:00:00Z", "2026-03-16T00:00:00Z"),
        (Schedule("monthly", days_of_month=(31,), hours=(0,)), "UTC", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"),
        (Schedule("monthly", days_of_month=(30,), hours=(0,)), "UTC", "2027-12-30T00:00:00Z", "2028-01-30T00:00:00Z"),
        (Schedule("monthly", days_of_month=(29,), hours=(0,)), "UTC", "2028-02-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        (Schedule("minutes", minutes="every_minute"), "UTC", "2026-03-09T20:55:31.5Z", "2026-03-09T20:56:00Z"),
        (Schedule("minutes", minutes="every_15_minutes"), "UTC", "2026-03-09T20:45:00Z", "2026-03-09T21:00:00Z"),
        (Schedule("minutes", minutes="every_25_minutes"), "UTC", "2026-03-09T20:50:00Z", "2026-03-09T21:00:00Z"),
        (Schedule("minutes", minutes="every_hour"), "Asia/Kathmandu", "2026-03-09T20:00:00Z", "2026-03-09T20:15:00Z"),
        # by minutes, narrowed: from 9 to 5 on weekdays, on a Friday evening and within its hours
        (WEEKDAYS, "Europe/Berlin", "2026-03-06T15:55:00Z", "2026-03-09T08:00:00Z"),
        (WEEKDAYS, "Europe/Berlin", "2026-03-09T08:00:00Z", "2026-03-09T08:05:00Z"),
        (Schedule("minutes", (31,), minutes="every_hour"), "UTC", "2026-01-31T23:00:00Z", "2026-03-31T00:00:00Z"),
        (Schedule("minutes", (31,), (3,), minutes="every_hour"), "UTC", "1902-12-31T23:00:00Z", "1904-08-31T00:00:00Z"),
        (Schedule("minutes", (29,), (0,), (2,), "every_hour"), "Europe/Berlin", "2026-03-01T00:00:00Z", "2026-11-29T01:00:00Z"),
        # the clocks go forward: there is no two o'clock, and it comes an hour later
        (DAILY_AT_2, "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"),
        # the clocks go back: two o'clock comes twice, and the first is meant
        (DAILY_AT_2, "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T00:00:00Z"),
        (DAILY_AT_2, "Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-26T01:00:00Z"),
    ],
)
def test_a_schedule_fires_at_the_first_instant_after(schedule: Schedule, zone: str, after: str, then: str) -> None:
    assert next_instant(schedule, at(after), Calendar(ZoneInfo(zone))) == at(then)


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(),
        Schedule("daily"),
        Schedule("weekly", hours=(1,)),
        Schedule("monthly", days_of_month=(1,)),
        Schedule("minutes"),
    ],
)
def test_a_schedule_that_is_manual_or_incomplete_never_fires(schedule: Schedule) -> None:
    assert next_instant(schedule, at("2026-03-09T00:00:00Z"), Calendar(ZoneInfo("UTC"))) is None


def test_minutes_can_count_from_midnight() -> None:
    schedule = Schedule("minutes", minutes="every_25_minutes")
    calendar = Calendar(ZoneInfo("UTC"), from_midnight=True)
    assert next_instant(schedule, at("2026-03-09T00:50:00Z"), calendar) == at("2026-03-09T01:15:00Z")
    assert next_instant(schedule, at("2026-03-09T23:45:00Z"), calendar) == at("2026-03-10T00:00:00Z")


def fits_the_day(schedule: Schedule, day: date, calendar: Calendar) -> bool:
    wanted = schedule.days_of_month or range(32)
    is_last = calendar.ends_early and (day + timedelta(days=1)).month != day.month
    of_month = day.day in wanted or (is_last and any(n > day.day for n in wanted))
    of_week = day.isoweekday() % 7 in (schedule.days_of_week or range(7))
    if calendar.either and schedule.days_of_month and schedule.days_of_week:
        return of_month or of_week
    return of_month and of_week


def fits(schedule: Schedule, instant: datetime, calendar: Calendar) -> bool:
    local = instant.astimezone(calendar.zone)
    minutes = local.minute + 60 * local.hour * calendar.from_midnight
    on_time = minutes % EVERY[schedule.minutes or ""] == 0 and local.hour in (schedule.hours or range(24))
    return on_time and fits_the_day(schedule, local.date(), calendar)


def first_by_looking(schedule: Schedule, after: datetime, calendar: Calendar) -> datetime:
    """Looks at every minute of every day that could fit."""
    instant = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while not fits(schedule, instant, calendar):
        days = (instant.date() + timedelta(days=n) for n in (-1, 0, 1))
        near = any(fits_the_day(schedule, day, calendar) for day in days)
        instant += timedelta(minutes=1) if near else timedelta(days=1) - timedelta(hours=instant.hour, minutes=instant.minute)
    return instant


ZONES = (
    "UTC",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # its clocks move by half an hour
    "America/St_Johns",  # its clocks moved a minute after midnight
    "America/Sao_Paulo",  # its clocks moved at midnight
    "Pacific/Apia",  # it left out a day
)


@given(
    schedule=st.builds(
        Schedule,
        st.just("minutes"),
        st.sets(st.integers(1, 31), max_size=3).map(tuple) | st.just((31,)),
        st.sets(st.integers(0, 6), max_size=3).map(tuple),
        st.sets(st.integers(0, 23), max_size=3).map(tuple),
        st.sampled_from([*EVERY]),
    ),
    after=st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    calendar=st.builds(Calendar, st.sampled_from(ZONES).map(ZoneInfo), st.booleans(), st.booleans()),
)
def test_a_schedule_by_minutes_fires_at_the_earliest_minute_that_fits(
    schedule: Schedule, after: datetime, calendar: Calendar
) -> None:
    assert next_instant(schedule, after, calendar) == first_by_looking(schedule, after, calendar)


def test_a_repeated_minute_of_the_day_before_belongs_to_the_day_before() -> None:
    saturdays = Schedule("minutes", days_of_week=(6,), minutes="every_minute")
    newfoundland = Calendar(ZoneInfo("America/St_Johns"))  # on Sunday the 25th, 00:01 became 23:01 of Saturday
    assert next_instant(saturdays, at("1992-10-25T02:29:00Z"), newfoundland) == at("1992-10-25T02:31:00Z")


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-01-15T08:00:00Z", "2026-03-15T08:00:00Z"),
        ("2025-12-31T08:00:00Z", "2026-02-28T08:00:00Z"),
        ("2027-12-31T08:00:00Z", "2028-02-29T08:00:00Z"),
        ("2026-10-31T08:00:00Z", "2026-12-31T08:00:00Z"),
        ("2026-11-30T08:00:00Z", "2027-01-30T08:00:00Z"),
    ],
)
def test_two_months_later_is_the_same_day_or_the_months_last(since: str, until: str) -> None:
    assert months_after(at(since), 2) == at(until)


@pytest.mark.parametrize(
    ("after", "then"),
    [
        ("2026-01-30T12:00:00Z", "2026-01-31T02:00:00Z"),
        ("2026-02-01T00:00:00Z", "2026-02-28T02:00:00Z"),
        ("2026-04-01T00:00:00Z", "2026-04-30T02:00:00Z"),
    ],
)
def test_the_last_day_of_a_month_can_stand_for_those_that_it_does_not_have(after: str, then: str) -> None:
    schedule = Schedule("monthly", days_of_month=(31,), hours=(2,))
    assert next_instant(schedule, at(after), Calendar(ZoneInfo("UTC"), ends_early=True)) == at(then)
