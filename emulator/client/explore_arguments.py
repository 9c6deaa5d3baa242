"""The arguments of `explore`, read before anything is tried: faults, states, exceptions, functions and bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import Any

from emulator.client.json_encoding import plain
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.faults import EVERYTHING
from emulator.kernel.time import END_OF_TIME, parse_duration_at
from emulator.scenario.checks.states import names_empty_parts_only
from emulator.scenario.document import JsonObject
from emulator.scenario.faults import read_fault
from emulator.scenario.schema import fault_schema, state_schema
from emulator.scenario.validation import problems_in
from emulator.vendors import VENDORS

SCHEDULE_KEYS = ("times", "after", "every", "probability", "between", "for", "id")
"""The keys that say which calls a fault strikes, which explore itself decides."""

EXAMPLE = "{'serpwow': {'batches': [{'id': 'B1', 'enabled': False}]}}"


def read_faults(faults: Iterable[JsonObject]) -> list[JsonObject]:
    """Return the faults, each of which fits the grammar, `at` left out or not, and leaves it to explore which call it strikes.

    Raises:
        BadInput: some do not; every reason at once.
    """
    listed = _valid(faults, {**fault_schema(VENDORS.values()), "required": ["where", "do"]}, "faults")
    if problems := [it for index, fault in enumerate(listed) for it in _flaws(fault, index)]:
        raise BadInput(problems)
    return listed


def read_meanwhile(meanwhile: Iterable[JsonObject]) -> list[JsonObject]:
    """Return the states that another actor sets, one of them in each run.

    Raises:
        BadInput: they are no list, or one of them is no state, or names nothing.
    """
    states = _valid(meanwhile, state_schema(VENDORS.values()), "meanwhile")
    for index, state in enumerate(states):
        if not state or names_empty_parts_only(state):
            raise BadInput.at(f"{state!r} names nothing that is to change: {EXAMPLE} changes a batch", "meanwhile", index)
    return states


def read_seconds(value: Any) -> float:
    """Return a duration in any spelling as seconds of real time; `math.inf` is one without end.

    Raises:
        BadInput: it is none, or not above 0.
    """
    seconds = inf if value == inf else parse_duration_at(value, "max_seconds").total_seconds()
    if not seconds:
        raise BadInput.at(f"expected a number of seconds that is above 0, not {value}", "max_seconds")
    return seconds


def verdict(result: object) -> str | None:
    """Return what was broken, by the result of `check`: nothing for None and True.

    Raises:
        BadInput: it is neither of these nor False.
    """
    if result is None or result is True:
        return None
    if result is False:
        return "check returned False"
    raise BadInput.at(f"a check returns True, False or nothing, or raises an error; it returned {result!r}", "check")


def _valid(values: Any, item: JsonObject, name: str) -> list[JsonObject]:
    """Return a list of values of a test as JSON, each of which fits the schema of an item.

    Raises:
        BadInput: it is none; every reason at once.
    """
    is_list = isinstance(values, Iterable) and not isinstance(values, (str, bytes, Mapping))
    value: list[JsonObject] = plain([*values] if is_list else values, (name,))
    if problems := [Problem(it.message, (name, *it.path)) for it in problems_in(value, {"type": "array", "items": item})]:
        raise BadInput(problems)
    return value


def _flaws(fault: JsonObject, index: int) -> Iterator[Problem]:
    """Yield the flaws of a fault that fits the schema."""
    scheduled = (key for key in SCHEDULE_KEYS if key in fault)
    yield from (Problem("explore lays a fault at each call in turn: leave it out", ("faults", index, key)) for key in scheduled)
    try:
        read_fault({"at": EVERYTHING, **fault}, "fault", END_OF_TIME)
    except BadInput as error:
        yield from (Problem(it.message, ("faults", index, *it.path)) for it in error.problems)
