"""The arguments of `explore`, read before anything is tried: faults, states, exceptions, functions and bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import Any

from emulator.client.json_encoding import plain
from emulator.kernel.calls import EVERYTHING
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.time import END_OF_TIME, parse_duration_at
from emulator.scenario.checks.responses import response_problems
from emulator.scenario.checks.states import changes_nothing, state_problems
from emulator.scenario.document import JsonObject
from emulator.scenario.faults import read_fault
from emulator.scenario.schema import event_schema, fault_schema
from emulator.scenario.state_schema import closed, state_schema
from emulator.scenario.validation import problems_in
from emulator.vendors import VENDORS

SCHEDULE_KEYS = ("times", "after", "every", "probability", "between", "for", "id", "match", "event", "rate_limit")
"""The keys that say which calls a fault strikes, which explore itself decides."""

DEEDS = frozenset(("set", "revoke"))
"""The keys of the grammar that say what another actor does."""

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
    """Return what another actor does, one of it in each run: `set`, a state, which may be given alone, and `revoke`.

    Raises:
        BadInput: they are no list, or one of them means or names nothing.
    """
    event = event_schema(VENDORS.values(), state := state_schema(VENDORS.values()))
    deed = closed({verb: event["properties"][verb] for verb in DEEDS})
    listed = _as_list(meanwhile, "meanwhile")
    given = [(it, deed if isinstance(it, dict) and not DEEDS.isdisjoint(it) else state) for it in listed]
    if problems := [
        Problem(it.message, ("meanwhile", index, *it.path))
        for index, (value, schema) in enumerate(given)
        for it in problems_in(value, schema)
    ]:
        raise BadInput(problems)
    acts = [value if schema is deed else {"set": value} for value, schema in given]
    for index, act in enumerate(acts):
        changes = act.get("set")
        if changes is not None and changes_nothing(changes):
            raise BadInput.at(f"{changes!r} names nothing that is to change: {EXAMPLE} changes a batch", "meanwhile", index)
        if problems := [Problem(it.message, ("meanwhile", index, *it.path)) for it in state_problems(changes, VENDORS)]:
            raise BadInput(problems)
    return acts


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
    value = _as_list(values, name)
    if problems := [Problem(it.message, (name, *it.path)) for it in problems_in(value, {"type": "array", "items": item})]:
        raise BadInput(problems)
    return value


def _as_list(values: Any, name: str) -> list[JsonObject]:
    """Return a list of values of a test as JSON.

    Raises:
        BadInput: it is none.
    """
    is_list = isinstance(values, Iterable) and not isinstance(values, (str, bytes, Mapping))
    value: list[JsonObject] = plain([*values] if is_list else values, (name,))
    if not is_list:
        raise BadInput([Problem(it.message, (name,)) for it in problems_in(value, {"type": "array"})])
    return value


def _flaws(fault: JsonObject, index: int) -> Iterator[Problem]:
    """Yield the flaws of a fault that fits the schema."""
    scheduled = (key for key in SCHEDULE_KEYS if key in fault)
    yield from (Problem("explore lays a fault at each call in turn: leave it out", ("faults", index, key)) for key in scheduled)
    yield from response_problems(fault, ("faults", index))
    try:
        read_fault({"at": EVERYTHING, **fault}, "fault", END_OF_TIME)
    except BadInput as error:
        yield from (Problem(it.message, ("faults", index, *it.path)) for it in error.problems)
