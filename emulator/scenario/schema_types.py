"""The terms that more than one part of the grammar uses, as JSON Schemas, and how a mistake in one of them is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.kernel.faults import NEXT
from emulator.kernel.time import (
    DURATION_FORMS,
    DURATION_PATTERN,
    ENDLESS_WORDS,
    LONGEST,
    LONGEST_TEXT,
    NEVER,
    parse_duration,
)

INSTANT: dict[str, Any] = {"type": "string", "format": "date-time"}
TITLE = "duration"


def duration(*words: str) -> dict[str, Any]:
    """The JSON Schema of a duration, in whose place one of these words may stand."""
    return {
        "title": TITLE,
        "type": ["string", "number"],
        "pattern": f"^(?:{'|'.join((*words, DURATION_PATTERN))})$",
        "maxLength": LONGEST_TEXT,
        "minimum": 0,
        "maximum": int(LONGEST.total_seconds()),
        "description": ", or ".join((DURATION_FORMS, *words)),
    }


DURATION, WAIT, DELAY = duration(), duration(NEVER), duration(NEXT)
"""Schemas of a duration, of a named wait (which may never end) and of the delay of an answer."""

MEANING = {NEVER: "what has no end is written 'never'", NEXT: "'next' is until the next thing happens by itself"}
INSTEAD = {
    "for": "; without 'for' a fault has no end",
    "delay": "; an answer that never comes is do: hang",
    "by": "; until: idle lets time pass until nothing more happens",
    "advance": "; {until: idle} lets time pass until nothing more happens",
    "after": "; leave out what never happens",
}
"""By its key, what to write in place of a duration without end that cannot be."""


def is_duration(schema: Mapping[str, Any]) -> bool:
    """Tell whether it is the schema of a duration."""
    return schema.get("title") == TITLE and "pattern" in schema


def duration_mistake(value: object, schema: Mapping[str, Any], key: str | int) -> str:
    """Say why a value under this key does not fit the schema of a duration, and what to write in its place."""
    words = [word for word in MEANING if word in schema["pattern"]]
    if value is not None and str(value).lower() not in ENDLESS_WORDS:
        return "; ".join([_reason(value), *(MEANING[word] for word in words)])
    shown = "nothing" if value is None else repr(value)
    if NEVER in words:
        return f"{shown} is not a duration: {MEANING[NEVER]}"
    return f"{shown} is not a duration here: only a wait in 'timing' can be 'never'{INSTEAD.get(str(key), '')}"


def _reason(value: object) -> str:
    try:
        return f"{parse_duration(value)} does not fit"
    except ValueError as error:
        return str(error)
