"""Mistakes in durations of a scenario, and what to write in their place."""

from __future__ import annotations

from emulator.kernel.faults import NEXT
from emulator.kernel.time import ENDLESS_WORDS, NEVER, parse_duration
from emulator.scenario.document import JsonObject

MEANING = {NEVER: "what has no end is written 'never'", NEXT: "'next' is until the next thing happens by itself"}
INSTEAD = {
    "for": "; without 'for' a fault has no end",
    "delay": "; an answer that never comes is do: hang",
    "by": "; until: idle lets time pass until nothing more happens",
    "advance": "; {until: idle} lets time pass until nothing more happens",
    "after": "; leave out what never happens",
    "per": "; after: 10 spares the first ten calls, and strikes all that follow",
}
"""By its key, what to write in place of a duration without end that cannot be."""


def duration_mistake(value: object, schema: JsonObject, key: str | int) -> str:
    """Say why a value under this key does not fit the schema of a duration, and what to write in its place."""
    words = [word for word in MEANING if word in schema["pattern"]]
    if value is not None and str(value).lower() not in ENDLESS_WORDS:
        return "; ".join([_reason(value), *(MEANING[word] for word in words)])
    shown = "nothing" if value is None else repr(value)
    if NEVER in words:
        return f"{shown} is not a duration: {MEANING[NEVER]}"
    return f"{shown} is not a duration here: only a timer in 'timing' can be 'never'{INSTEAD.get(str(key), '')}"


def _reason(value: object) -> str:
    try:
        return f"{parse_duration(value)} does not fit"
    except ValueError as error:
        return str(error)
