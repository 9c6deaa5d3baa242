"""Instants and durations as people write them: RFC 3339, and `1.5s`, `1m30s`, `60d`, `PT90S` or a number of seconds."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from numbers import Real

from emulator.kernel.errors import BadInput
from emulator.kernel.instants import instant_from_iso, instant_of
from emulator.text.pattern import pattern

INSTANT = pattern(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})?",
    re.ASCII,
)
_NUMBER = r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_ISO_NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
_UNIT = r"(?:ns|us|µs|μs|ms|s|m|h|d|w)"
DURATION_PATTERN = (
    rf"(?:{_NUMBER}(?:[eE][+-]?[0-9]{{1,3}})?"
    rf"|(?:{_NUMBER}{_UNIT})+"
    rf"|P(?:(?:{_ISO_NUMBER}[WD])+(?:T(?:{_ISO_NUMBER}[HMS])+)?|T(?:{_ISO_NUMBER}[HMS])+))"
)
"""Every spelling of a duration that is text, as a regular expression of Python and of JSON Schema."""

DURATION_FORMS = "500ms, 1.5s, 1m30s, 60d or PT90S, or a number of seconds"
NEVER = "never"
ENDLESS_WORDS = frozenset(
    (
        "never",
        "forever",
        "infinite",
        "infinity",
        "inf",
        "unlimited",
        "endless",
        "eternity",
        "always",
        "none",
        "null",
        "nil",
        "∞",
    )
)
"""Words by which people mean that something has no end. The one that is taken, where no end is possible, is NEVER."""

BEGINNING_OF_TIME = instant_of(1970, 1, 1)
"""Months before this one can be told, and the milliseconds since then are never negative."""

END_OF_TIME = instant_of(9000, 1, 1)
LONGEST = timedelta(days=36_525)
"""Both bounds together keep every sum of an instant and a duration within what a datetime can hold."""

MILLISECOND = timedelta(milliseconds=1)
_SHOWN = 20
"""Characters shown of a duration whose text is too long."""

LONGEST_TEXT = 100
"""Characters that a duration has at most as text."""

_MOST_DIGITS = 20
"""More than any duration needs, before and behind its point."""

_SECONDS = {
    "w": Fraction(604_800),
    "d": Fraction(86_400),
    "h": Fraction(3_600),
    "m": Fraction(60),
    "s": Fraction(1),
    "ms": Fraction(1, 10**3),
    **dict.fromkeys(("us", "µs", "μs"), Fraction(1, 10**6)),
    "ns": Fraction(1, 10**9),
}


def parse_instant(text: str, zone: str = "") -> datetime:
    """Parse an RFC 3339 instant in UTC that a world can be at, to the microsecond. `zone` is that of a text without one.

    Raises:
        ValueError: it is not one, has no zone, or lies before BEGINNING_OF_TIME or beyond END_OF_TIME.
    """
    instant = parse_timestamp(text, zone)
    if instant < BEGINNING_OF_TIME:
        raise ValueError(f"{text!r} lies before the beginning of time, {BEGINNING_OF_TIME.year}")
    if instant > END_OF_TIME:
        raise ValueError(f"{text!r} lies beyond the end of time, {END_OF_TIME.year}")
    return instant


def parse_timestamp(text: str, zone: str = "") -> datetime:
    """Parse any RFC 3339 instant, in UTC. `zone` (such as `Z`) is that of a text without one.

    A fraction may have any number of digits; what is finer than a microsecond is cut off. A leap second, at the end of a
    month, is the beginning of the next second.

    Raises:
        ValueError: it is not one, or has no zone.
    """
    match = INSTANT.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not an instant such as 2026-03-09T20:55:31Z")
    day, hour, fraction, written = match.groups()
    if not (written or zone):
        raise ValueError(f"{text!r} has no zone: add Z for UTC, or an offset such as +02:00")
    try:
        if hour.startswith("24"):  # newer Pythons read it, RFC 3339 does not have it
            raise ValueError
        if hour.endswith(":60"):
            return _after_leap_second(f"{day}T{hour[:-2]}59{(written or zone).upper()}")
        exact = f"{day}T{hour}.{(fraction or '0')[:6]:0<6}{(written or zone).upper()}"
        return instant_from_iso(exact).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a date and time that exists") from None


def _after_leap_second(second_before: str) -> datetime:
    after = instant_from_iso(second_before).astimezone(UTC) + timedelta(seconds=1)
    if (after.day, after.hour, after.minute, after.second) != (1, 0, 0, 0):
        raise ValueError("a leap second is the last one of a month in UTC")
    return after


def format_instant(instant: datetime) -> str:
    """Return an instant as RFC 3339 in UTC, with as many decimals as it needs."""
    return instant.isoformat().replace("+00:00", "Z")


def parse_duration(written: object) -> timedelta:
    """Parse a duration: text such as `1m30s` or `PT90S`, a number of seconds, or a timedelta.

    What is finer than a millisecond is rounded up to the next whole one.

    Raises:
        ValueError: it is none, is negative, or is longer than LONGEST.
    """
    seconds = _seconds_of(written)
    if seconds is None:
        raise ValueError(f"{_shown(written)} is not a duration such as {DURATION_FORMS}{_hint(written)}")
    if seconds < 0:
        raise ValueError(f"{_shown(written)} is negative, and time never goes back")
    milliseconds = math.ceil(seconds * 1000)
    if milliseconds > LONGEST // MILLISECOND:
        raise ValueError(f"{_shown(written)} is longer than {format_duration(LONGEST)}")
    return milliseconds * MILLISECOND


def parse_offset(written: object) -> timedelta:
    """Parse how far one clock is ahead of another: a duration, which may have a sign.

    Raises:
        ValueError: it is none, or is longer than LONGEST.
    """
    text = str(written)
    return -parse_duration(text[1:]) if text.startswith("-") else parse_duration(text.removeprefix("+"))


def _seconds_of(written: object) -> Fraction | None:
    """Return the seconds written, exactly; for a number beyond all bounds, one that is as much too large or too small."""
    if isinstance(written, str):
        return _seconds_of_text(written)
    if isinstance(written, timedelta):
        return Fraction(written // timedelta(microseconds=1), 10**6)
    if isinstance(written, bool) or not isinstance(written, (Decimal, Real)):
        return None
    number = written if isinstance(written, (int, Decimal)) else Decimal(str(float(written)))
    return _exact(Decimal(number))


def _exact(number: Decimal) -> Fraction | None:
    """Return a number as a fraction; of an exponent beyond all bounds, one that is as much too large or too small."""
    if not number.is_finite():
        return None
    size = number.adjusted() if number else 0
    if abs(size) > _MOST_DIGITS:
        number = Decimal(1).copy_sign(number).scaleb(_MOST_DIGITS if size > 0 else -_MOST_DIGITS)
    return Fraction(number)


def _seconds_of_text(text: str) -> Fraction | None:
    negative, spelt = text.startswith("-"), text.removeprefix("-")
    if len(text) > LONGEST_TEXT or not re.fullmatch(DURATION_PATTERN, spelt):
        return None
    if spelt.startswith("P"):
        seconds = sum((_part(*it) for it in re.findall(rf"({_ISO_NUMBER})([WDHMS])", spelt)), Fraction(0))
    elif re.search(_UNIT, spelt):
        seconds = sum((_part(*it) for it in re.findall(rf"({_NUMBER})({_UNIT})", spelt)), Fraction(0))
    else:
        seconds = _exact(Decimal(spelt)) or Fraction(0)
    return -seconds if negative else seconds


def _part(number: str, unit: str) -> Fraction:
    return Fraction(number.replace(",", ".")) * _SECONDS[unit.lower()]


def _hint(written: object) -> str:
    calendar = isinstance(written, str) and re.match(r"P[0-9]+[YM]", written)
    return ": a year or a month has no fixed length, so count days" if calendar else ""


def _shown(written: object) -> str:
    if isinstance(written, timedelta):
        return f"{written.total_seconds():g}s"
    if isinstance(written, (bool, dict, list)):
        return str(written).lower() if isinstance(written, bool) else "an object" if isinstance(written, dict) else "a list"
    text = "nothing" if written is None else repr(written) if isinstance(written, str) else str(written)
    return text if len(text) <= _SHOWN + 2 else f"{text[: _SHOWN + 1]}…{text[0] if isinstance(written, str) else ''}"


def parse_duration_at(written: object, *path: str | int) -> timedelta:
    """Parse the duration at a path of the input.

    Raises:
        BadInput: it is none, is negative, or is longer than LONGEST.
    """
    try:
        return parse_duration(written)
    except ValueError as error:
        raise BadInput.at(str(error), *path) from None


def format_duration(duration: timedelta) -> str:
    """Return a duration of whole milliseconds in its one canonical form: `500ms`, `1.5s`, `1m30s`, `2h5m`, `60d`."""
    seconds, milliseconds = divmod(duration // MILLISECOND, 1000)
    if not seconds:
        return f"{milliseconds}ms" if milliseconds else "0s"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    fraction = f".{milliseconds:03}".rstrip("0") if milliseconds else ""
    parts = [f"{count}{unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "m")) if count]
    return "".join([*parts, f"{rest}{fraction}s"] if rest or fraction else parts)


def format_offset(offset: timedelta) -> str:
    """Return how far one clock is ahead of another: a duration, with a sign where it is behind."""
    return f"-{format_duration(-offset)}" if offset < timedelta(0) else format_duration(offset)
