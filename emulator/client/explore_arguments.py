"""The arguments of `explore`, read before anything is tried: faults, states, exceptions, functions and bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import Any

from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.faults import EVERYTHING
from emulator.kernel.time import END_OF_TIME, parse_duration
from emulator.scenario.document import JsonObject
from emulator.scenario.faults import read_fault
from emulator.scenario.schema import fault_schema
from emulator.scenario.validation import problems_in
from emulator.vendors import VENDORS

SCHEDULE_KEYS = ("times", "after", "every", "probability", "between", "for", "id")
"""The keys that say which calls a fault strikes."""

EXAMPLE = "{'serpwow': {'batches': [{'id': 'B1', 'enabled': False}]}}"


def read_faults(faults: Iterable[JsonObject]) -> list[JsonObject]:
    """The faults, each of which fits the grammar, `at` left out or not, and leaves it to explore which call it strikes.

    Raises:
        BadInput: some do not; every reason at once.
    """
    listed = _as_list(faults, "faults")
    if problems := [it for n, fault in enumerate(listed) for it in _problems(fault, ("faults", n))]:
        raise BadInput(problems)
    return listed


def read_meanwhile(meanwhile: Iterable[JsonObject]) -> list[JsonObject]:
    """Return the states that another actor sets, one of them in each run.

    Raises:
        BadInput: they are no list, or one of them is no mapping, or names nothing.
    """
    states = _as_list(meanwhile, "states")
    for n, state in enumerate(states):
        if not isinstance(state, Mapping):
            raise BadInput.at(f"expected a state by vendor, as `given` has it, not {state!r}", "meanwhile", n)
        if _is_empty(state):
            raise BadInput.at(f"{dict(state)!r} names nothing that is to change: {EXAMPLE} changes a batch", "meanwhile", n)
    return states


def read_seconds(value: Any) -> float:
    """Return a duration in any spelling as seconds of real time; `math.inf` is one without end.

    Raises:
        BadInput: it is none, or not above 0.
    """
    if value == inf:
        return inf
    seconds = 0.0
    try:
        seconds = parse_duration(value).total_seconds()
    except ValueError as error:
        if "negative" not in str(error):
            raise BadInput.at(str(error), "max_seconds") from None
    if seconds <= 0:
        raise BadInput.at(f"expected a number of seconds that is above 0, not {value}", "max_seconds")
    return seconds


def check_arguments(client: Any, check: Any, most: Any) -> None:
    """Make sure that `client`, and `check` if there is one, can be called, and that `most` is a whole number from 1 on.

    Raises:
        BadInput: it is not so.
    """
    for name, value in (("client", client), ("check", check)):
        if not callable(value) and not (name == "check" and value is None):
            raise BadInput.at(f"expected a function that takes the emulator, not {value!r}", name)
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise BadInput.at(f"expected a whole number of endings from 1 on, not {most!r}", "most")


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


def _as_list(value: Any, what: str) -> list[JsonObject]:
    name = "meanwhile" if what == "states" else what
    if isinstance(value, Mapping):
        raise BadInput.at(f"expected a list of {what}, not {dict(value)!r}: put it into brackets, [{{...}}]", name)
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise BadInput.at(f"expected a list of {what}, not {value!r}", name)
    return list(value)


def _is_empty(state: JsonObject) -> bool:
    """Tell whether a state has vendors and parts at most, and nothing in them; whether it is sound is looked at later."""
    return all(isinstance(it, Mapping) and all(part in ([], {}) for part in it.values()) for it in state.values())


def _problems(fault: Any, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if not isinstance(fault, Mapping):
        yield Problem(f"expected a fault such as {{'where': 'after-commit', 'do': 'drop'}}, not {fault!r}", path)
        return
    fields = {"at": EVERYTHING, **fault}
    found = [*_schedule_problems(fields), *problems_in(fields, fault_schema(VENDORS.values()))] or list(_flaws(fields))
    yield from (Problem(it.message, (*path, *it.path)) for it in found)


def _schedule_problems(fields: JsonObject) -> Iterator[Problem]:
    reason = "explore lays a fault at each call in turn, to strike that one and no other: leave it out"
    yield from (Problem(f"{key!r}: {reason}", (key,)) for key in SCHEDULE_KEYS if key in fields)


def _flaws(fields: JsonObject) -> Iterator[Problem]:
    """Yield the flaws of a fault that fits the schema."""
    try:
        read_fault(fields, "fault", END_OF_TIME)
    except BadInput as error:
        yield from error.problems


def read_exceptions(may_raise: Any) -> tuple[type[BaseException], ...]:
    """An exception or several, as several.

    Raises:
        BadInput: something is none.
    """
    several = may_raise if isinstance(may_raise, tuple) else (may_raise,)
    for it in several:
        if not (isinstance(it, type) and issubclass(it, BaseException)):
            raise BadInput.at(f"expected an exception such as ConnectionError, or a tuple of them, not {it!r}", "may_raise")
    return several
