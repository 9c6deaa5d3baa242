"""What `explore` is given, read before anything is tried: the faults to lay at each call, and what the client may raise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.faults import EVERYTHING
from emulator.kernel.quantities import END_OF_TIME
from emulator.scenario.faults import fault_schema, read_fault
from emulator.scenario.validation import problems_in
from emulator.vendors import VENDORS

OURS = ("times", "after", "every", "probability", "between", "for", "id")
"""The keys that say which calls a fault strikes."""

Written = Mapping[str, Any]


def read_faults(faults: Iterable[Written]) -> list[Written]:
    """The faults, each of which fits the grammar, `at` left out or not, and leaves it to explore which call it strikes.

    Raises:
        BadInput: some do not; every reason at once.
    """
    if isinstance(faults, (str, Mapping)):
        raise BadInput.at(f"expected a list of faults, not {faults!r}", "faults")
    laid = list(faults)
    if problems := [it for n, fault in enumerate(laid) for it in _problems(fault, ("faults", n))]:
        raise BadInput(problems)
    return laid


def _problems(fault: Any, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if not isinstance(fault, Mapping):
        yield Problem(f"expected a fault such as {{'where': 'after-commit', 'do': 'drop'}}, not {fault!r}", path)
        return
    written = {"at": EVERYTHING, **fault}
    found = [*_of_ours(written), *problems_in(written, fault_schema(VENDORS.values()))] or list(_flaws(written))
    yield from (Problem(it.message, (*path, *it.path)) for it in found)


def _of_ours(written: Written) -> Iterator[Problem]:
    reason = "explore lays a fault at each call in turn, to strike that one and no other: leave it out"
    yield from (Problem(f"{key!r}: {reason}", (key,)) for key in OURS if key in written)


def _flaws(written: Written) -> Iterator[Problem]:
    """Why a fault that fits the schema means nothing."""
    try:
        read_fault(written, "fault", END_OF_TIME)
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
