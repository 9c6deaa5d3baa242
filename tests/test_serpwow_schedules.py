"""When SerpWow's schedules fire next, over months, weeks, days and minutes, in time zones that change their clocks."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from emulator.vendors.serpwow.schedules import Calendar, Schedule, next_instant, two_months_after

DAILY_AT_2 = Schedule("daily", hours=(2,))


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
    assert two_months_after(at(since)) == at(until)
