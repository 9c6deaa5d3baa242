"""What a test says in Python's own words, as JSON: durations, instants and whatever stands for an object or a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from emulator.kernel.errors import BadInput
from emulator.kernel.journal import show_instant
from emulator.kernel.quantities import show_duration
from emulator.vendors.vendor import dump

MILLISECOND = timedelta(milliseconds=1)

Path = tuple[str | int, ...]


def written(value: Any) -> bytes:
    """The value as JSON.

    Raises:
        BadInput: a part of it is no JSON, and stands for none; the message says where.
    """
    try:
        return dump(value)
    except TypeError:
        return dump(_plain(value, ()))


def duration(value: timedelta, *path: str | int) -> str:
    """A duration as people write it, such as `1.5s`.

    Raises:
        BadInput: it is negative, or not of whole milliseconds.
    """
    if value < timedelta():
        raise BadInput.at(f"time never goes back, and {value.total_seconds():g}s would", *path)
    if value % MILLISECOND:
        raise BadInput.at(f"a world's time passes by whole milliseconds, not by {value}", *path)
    return show_duration(value)


def _plain(value: Any, path: Path) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(part, (*path, str(name))) for name, part in value.items()}
    if value is None or isinstance(value, (str, int, float, Decimal)):
        return value
    if isinstance(value, timedelta):
        return duration(value, *path)
    if isinstance(value, datetime):
        return show_instant(value)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [_plain(part, (*path, index)) for index, part in enumerate(value)]
    kind = "a set has no order" if isinstance(value, Set) else f"{type(value).__name__} is no JSON"
    raise BadInput.at(f"expected a value as a scenario writes it, not {value!r}: {kind}", *path)
