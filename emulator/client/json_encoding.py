"""Values of a test as JSON, and JSON as values of a test: durations, instants, exact numbers, objects and lists."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite, isnan
from typing import Any

from emulator.kernel.errors import BadInput
from emulator.kernel.time import format_duration, format_instant, parse_duration_at
from emulator.scenario.document import JsonObject, Path
from emulator.scenario.strict_json import LARGEST
from emulator.sdk.exact_json import dump

Duration = str | int | float | Decimal | timedelta
"""A duration as a test writes it: `"1m30s"`, a number of seconds, or a timedelta."""

LEFT_OUT: Any = object()
"""In place of a JSON value, which may be None: there is none."""


_decoder = json.JSONDecoder(parse_float=Decimal)


def without_none(**fields: Any) -> JsonObject:
    """Return the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def rule_words(json: Any, more: Mapping[str, Any]) -> JsonObject:
    """Return the words of a fault or a reply that are given, `for_` as `for`; its `json` may be None."""
    words = {name.removesuffix("_"): value for name, value in without_none(**more).items()}
    return words if json is LEFT_OUT else {**words, "json": json}


def encode(value: Any) -> bytes:
    """Return the value as JSON.

    Raises:
        BadInput: a part of it is no JSON, and stands for none; the message says where.
    """
    return dump(plain(value))


def decode(content: bytes) -> Any:
    """Return the value of a JSON text. A number with a fraction is a Decimal, exactly as it was sent."""
    return _decoder.decode(content.decode())


def duration(value: object, *path: str | int) -> str:
    """Return a duration in its canonical form, such as `1m30s`, rounded up to the next whole millisecond.

    Raises:
        BadInput: it is none, is negative or too long.
    """
    return format_duration(parse_duration_at(value, *path))


def _instead(number: float | Decimal, path: Path) -> str:
    """Return the advice for a number without end; empty where there is none."""
    from emulator.scenario.duration_mistakes import INSTEAD

    return INSTEAD.get(str(path[-1]), "; a duration without end is 'never'") if path and not isnan(number) else ""


def _whole(text: str, path: Path) -> str:
    """Return a text that UTF-8 can write.

    Raises:
        BadInput: there is half a character in it.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = f"{text[error.start]!a} at {error.start}"
        raise BadInput.at(f"half a character, {half}, is no text: JSON is written in UTF-8", *path) from None
    return text


def _short(number: int, path: Path) -> int:
    """Return a whole number that is read as one.

    Raises:
        BadInput: it has more than 64 bits.
    """
    if not -LARGEST <= number <= LARGEST:
        raise BadInput.at("a whole number has at most 64 bits here", *path)
    return number


def plain(value: Any, path: Path = ()) -> Any:
    """Return a value of a test as one of JSON, its numbers as they are.

    Raises:
        BadInput: a part of it is no JSON, and stands for none; the message says where.
    """
    if isinstance(value, str):
        return value if value.isascii() else _whole(value, path)
    if value is None or value.__class__ is bool:
        return value
    if isinstance(value, int):
        return _short(value, path)
    if value.__class__ is dict or isinstance(value, Mapping):
        return {_whole(str(name), path): plain(part, (*path, str(name))) for name, part in value.items()}
    if (isinstance(value, float) and not isfinite(value)) or (isinstance(value, Decimal) and not value.is_finite()):
        raise BadInput.at(f"{value} is no number that JSON has{_instead(value, path)}", *path)
    if isinstance(value, (float, Decimal)):
        return value
    if isinstance(value, timedelta):
        return duration(value, *path)
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [plain(part, (*path, index)) for index, part in enumerate(value)]
    kind = "a set has no order" if isinstance(value, Set) else f"{type(value).__name__} is no JSON"
    raise BadInput.at(f"expected a value as a scenario writes it, not {value!r}: {kind}", *path)
