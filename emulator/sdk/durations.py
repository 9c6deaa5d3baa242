"""Durations in JSON: their schema, and the field for the timers of one resource."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.machine import Machine, OwnTiming, reachable
from emulator.kernel.time import (
    DURATION_FORMS,
    DURATION_PATTERN,
    LONGEST,
    LONGEST_TEXT,
    NEVER,
    format_duration,
    parse_duration,
)
from emulator.sdk.exact_json import JsonDict, JsonObject
from emulator.sdk.fields import Field

TITLE = "duration"


def duration(*words: str) -> JsonDict:
    """Return the JSON Schema of a duration, in whose place one of these words may stand."""
    return {
        "title": TITLE,
        "type": ["string", "number"],
        "pattern": f"^(?:{'|'.join((*words, DURATION_PATTERN))})$",
        "maxLength": LONGEST_TEXT,
        "minimum": 0,
        "maximum": int(LONGEST.total_seconds()),
        "description": ", or ".join((DURATION_FORMS, *words)),
    }


def offset() -> JsonDict:
    """Return the JSON Schema of how far one clock is ahead of another: a duration, with a sign where it is behind."""
    longest = int(LONGEST.total_seconds())
    signed = {"pattern": f"^[+-]?{DURATION_PATTERN}$", "minimum": -longest, "description": f"-3m, 3m, {DURATION_FORMS}"}
    return {**duration(), **signed}


TIMER = duration(NEVER)
"""The schema of a timer, which may never end."""


def is_duration(schema: JsonObject) -> bool:
    """Tell whether it is the schema of a duration."""
    return schema.get("title") == TITLE and "pattern" in schema


def timing_of(machine: Machine) -> Field:
    """Return the field for the lengths of a resource's own timers, which stand before those of its world."""
    timers = {timer.name: TIMER for timer in machine.timers if timer.settable}
    return Field({"type": "object", "properties": timers, "additionalProperties": False}, _read, _show)


def idle_timers(machine: Machine, item: JsonObject, *path: str | int) -> Iterator[Problem]:
    """Yield a problem for each timer of its own that a resource given in its `status` will never wait for."""
    if "status" not in item or "timing" not in item:
        return
    for name in item["timing"].keys() - _awaited(machine, item["status"]):
        yield Problem(f"nothing that is {item['status']} waits for {name}", (*path, "timing", name), is_idle=True)


def without_idle_timers(machine: Machine, item: JsonDict) -> JsonDict:
    """Return a resource as its state shows it, without timers of its own for which it will never wait."""
    if "timing" not in item:
        return item
    awaited = _awaited(machine, item["status"])
    left = {name: length for name, length in item.pop("timing").items() if name in awaited}
    return item | ({"timing": left} if left else {})


def _awaited(machine: Machine, status: str) -> set[str]:
    """Return the names of the timers that run in a state, or in one that can follow."""
    return {timer.name for state in reachable(machine, status) for timer, _ in machine.by_timer[state]}


def _read(value: JsonObject) -> OwnTiming | None:
    return tuple([(name, _length(name, value[name])) for name in sorted(value)]) or None


def _show(timing: OwnTiming) -> JsonDict:
    return {name: NEVER if length is None else format_duration(length) for name, length in timing}


def _length(timer: str, written: object) -> timedelta | None:
    try:
        return None if written == NEVER else parse_duration(written)
    except ValueError as error:
        raise BadInput.at(str(error), "timing", timer) from None
