"""Instants and durations as people write them: RFC 3339, and `500ms`, `30s`, `5m`, `2h`, `60d`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from emulator.kernel.errors import BadInput

INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
DURATION = re.compile(r"(\d+)(ms|s|m|h|d)", re.ASCII)
NEVER = "never"
BEGINNING_OF_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Months before this one can be told, and the milliseconds since then are never negative."""

END_OF_TIME = datetime(9000, 1, 1, tzinfo=UTC)
LONGEST = timedelta(days=36_525)
"""Both bounds together keep every sum of an instant and a duration within what a datetime can hold."""

_DIGITS = 20
"""More of them than any duration needs."""

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant in UTC that a world can be at.

    Raises:
        ValueError: it is not one, has no zone, or lies before BEGINNING_OF_TIME or beyond END_OF_TIME.
    """
    instant = parse_timestamp(text)
    if instant < BEGINNING_OF_TIME:
        raise ValueError(f"{text!r} lies before the beginning of time, {BEGINNING_OF_TIME.year}")
    if instant > END_OF_TIME:
        raise ValueError(f"{text!r} lies beyond the end of time, {END_OF_TIME.year}")
    return instant


def parse_timestamp(text: str) -> datetime:
    """Any RFC 3339 instant, in UTC.

    Raises:
        ValueError: it is not one, or has no zone.
    """
    if not INSTANT.fullmatch(text):
        raise ValueError(f"{text!r} is not an instant such as 2026-03-09T20:55:31Z")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a date and time that exists") from None


def parse_duration(text: str) -> timedelta:
    """A duration such as `30s`.

    Raises:
        ValueError: it is not one, or is longer than LONGEST.
    """
    match = DURATION.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a duration such as 500ms, 30s, 5m, 2h or 60d")
    unit = _UNITS[match[2]]
    if len(match[1]) > _DIGITS or int(match[1]) > LONGEST // unit:
        shown = text if len(text) <= _DIGITS else f"{text[:_DIGITS]}…"
        raise ValueError(f"{shown!r} is longer than {show_duration(LONGEST)}")
    return int(match[1]) * unit


def duration_at(text: str, *path: str | int) -> timedelta:
    """A duration that somebody wrote at this path.

    Raises:
        BadInput: it is none, or longer than LONGEST.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise BadInput.at(str(error), *path) from None


def show_duration(duration: timedelta) -> str:
    """A duration in the largest unit that keeps it whole, to the millisecond."""
    for unit, length in _UNITS.items():
        if duration and not duration % length:
            return f"{duration // length}{unit}"
    return f"{duration // _UNITS['ms']}ms" if duration else "0s"
