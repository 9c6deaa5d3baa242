"""Which day's credits are which: what the account used on each day, and the months in which it is told."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

Usage = Mapping[str, int]
"""Credits used, by ISO date; a day without any is left out. Together they are what counts now and what came back."""

MONTHS = 3


def day_of(at: datetime) -> str:
    return at.date().isoformat()


def spend(usage: Usage, day: str, credits: int) -> Usage:
    """The usage with more credits on a day."""
    return _without_zeros({**usage, day: usage.get(day, 0) + credits})


def give_back(usage: Usage, day: str, credits: int) -> Usage:
    """The usage with fewer credits on a day, and on others, newest first, where that day has not as many."""
    left = dict(usage)
    for candidate in (day, *sorted(usage, reverse=True)):
        taken = min(credits, left.get(candidate, 0))
        left[candidate] = left.get(candidate, 0) - taken
        credits -= taken
    return _without_zeros(left)


def history(usage: Usage, now: datetime) -> Iterator[dict[str, Any]]:
    """This month and the ones before it, newest first. Evidence: serpwow-account-4."""
    today = now.date()
    for back in range(MONTHS):
        months = today.year * 12 + today.month - 1 - back
        yield _month(usage, months // 12, months % 12 + 1, today)


def _month(usage: Usage, year: int, month: int, today: date) -> dict[str, Any]:
    current = (year, month) == (today.year, today.month)
    last = today.day if current else monthrange(year, month)[1]
    per_day = {str(day): usage.get(date(year, month, day).isoformat(), 0) for day in range(1, last + 1)}
    return {
        "month": _MONTH_NAMES[month - 1],
        "year": year,
        "month_number": month,
        "is_current_month": current,
        "credits_total_for_month": sum(per_day.values()),
        "credits_total_per_day": per_day,
    }


def _without_zeros(usage: Mapping[str, int]) -> Usage:
    return {day: credits for day, credits in sorted(usage.items()) if credits}


_MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
