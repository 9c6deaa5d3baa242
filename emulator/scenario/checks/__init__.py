"""Problems of a scenario that its schema cannot see: parts that contradict each other, or that nobody could do.

Where a part does not fit its schema, the parts beside it are checked all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from typing import Any

from emulator.kernel.clock import Clock
from emulator.kernel.errors import Problem
from emulator.kernel.instants import instant_of
from emulator.kernel.limits import MOST_RESOURCES
from emulator.kernel.time import BEGINNING_OF_TIME, END_OF_TIME, format_instant
from emulator.scenario.accounts import accounts_given
from emulator.scenario.checks.accounts import account_problems, credential_problems, credentials_listed
from emulator.scenario.checks.calls import (
    fault_problems,
    fault_problems_beside_others,
    problems_beside_others,
    reply_problems,
)
from emulator.scenario.checks.idle import idle_problems
from emulator.scenario.checks.placeholders import placeholder_problems
from emulator.scenario.checks.states import TOO_MANY, expected_state_problems, state_problems
from emulator.scenario.checks.steps import duration_problems, step_problems, too_many_steps
from emulator.scenario.checks.timeline import event_problems, revoke_problems
from emulator.scenario.document import InvalidPaths, Item, JsonObject, Path, items_of
from emulator.scenario.resources import resources_in
from emulator.scenario.scenario import Scenario
from emulator.scenario.steps import every_step
from emulator.sdk.vendor import Vendors

RuleProblems = Callable[[JsonObject, Vendors, Clock, Path], Iterator[Problem]]
BesideOthers = Callable[[Item, Vendors], Iterator[Problem]]
RULES: Mapping[str, tuple[str, RuleProblems, BesideOthers]] = {
    "replies": ("reply", reply_problems, problems_beside_others),
    "faults": ("fault", fault_problems, fault_problems_beside_others),
}
"""The parts of a scenario with rules, each with the action of a step that lays one, and the checks of one, whole or in part."""


def semantic_problems(scenario: Any, vendors: Vendors, invalid: InvalidPaths) -> Iterator[Problem]:
    """Yield the problems that no schema can find; parts in which the schema has found some (`invalid`) are skipped."""
    root = scenario if isinstance(scenario, dict) else {}
    yield from _too_many(root, vendors, invalid)
    yield from credential_problems(root, vendors, invalid)
    accounts = accounts_given(root, vendors)
    for path, state in _states(root, invalid):
        yield from state_problems(state, vendors, path, invalid)
        yield from account_problems(state, vendors, accounts, path, invalid)
    for step in every_step(root.get("steps"), invalid):
        expected, path = step.value.get("see"), (*step.path, "see")
        yield from account_problems(expected, vendors, accounts, path, invalid)
        yield from expected_state_problems(expected, vendors, path)
    for step in every_step(root.get("steps"), invalid):
        yield from step_problems(step)
    yield from too_many_steps(root.get("steps"))
    yield from placeholder_problems(root, vendors, invalid)
    yield from _skew_problems(root, invalid)
    yield from _rule_problems(root, vendors, invalid)
    listed = credentials_listed(root, vendors, invalid)
    for event in items_of(root, "timeline", invalid):
        yield from event_problems(event, vendors, listed, accounts)
    for step in every_step(root.get("steps"), invalid):
        yield from revoke_problems(step, vendors, listed, accounts)
    for timer, length in invalid.valid_items(root.get("timing"), ("timing",)).items():
        if isinstance(length, list):
            yield from chain.from_iterable(duration_problems(it, ("timing", timer, place)) for place, it in enumerate(length))
        else:
            yield from duration_problems(length, ("timing", timer))
    yield from idle_problems(root, vendors, invalid)


def _too_many(root: JsonObject, vendors: Vendors, invalid: InvalidPaths) -> Iterator[Problem]:
    """Yield a problem where no state alone has too many resources, and the beginning and the timeline have together."""
    counts = [resources_in(root.get("given"), vendors)]
    counts += [resources_in(item.value.get("set"), vendors) for item in items_of(root, "timeline", invalid)]
    if max(counts) <= MOST_RESOURCES < sum(counts):
        yield Problem(f"{TOO_MANY}, with those of 'given'", ("given",) if counts[0] else ("timeline",))


def _states(root: JsonObject, invalid: InvalidPaths) -> Iterator[tuple[Path, Any]]:
    """Yield each part of a scenario that changes the state, with its path."""
    yield ("given",), root.get("given")
    for item in (*items_of(root, "timeline", invalid), *every_step(root.get("steps"), invalid)):
        yield (*item.path, "set"), item.value.get("set")


def _skew_problems(root: JsonObject, invalid: InvalidPaths) -> Iterator[Problem]:
    """Yield a problem where the vendors' clocks are too far apart, or would start before or beyond all time."""
    if ("clock",) in invalid or "skew" not in root.get("clock", {}):
        return
    try:
        start = _clock_of(root).now()
    except ValueError as error:
        yield Problem(str(error), ("clock", "skew"))
        return
    if not BEGINNING_OF_TIME <= start <= END_OF_TIME:
        reason = f"the vendors' clocks would start at {format_instant(start)}, where no world can be"
        yield Problem(reason, ("clock", "skew"))


def _clock_of(root: JsonObject) -> Clock:
    """Return the clock of a scenario that fits the schema there.

    Raises:
        ValueError: its skew is too long.
    """
    return Scenario("check", "", {"clock": root.get("clock", {})}).clock()


def _rule_problems(root: JsonObject, vendors: Vendors, invalid: InvalidPaths) -> Iterator[Problem]:
    """Yield the problems of replies and faults; whether one has ended already, only where the start of the clock is valid."""
    clock = Clock(instant_of(1, 1, 1))
    if ("clock",) not in invalid:
        with suppress(ValueError):
            clock = _clock_of(root)
    for part, (action, problems, beside_others) in RULES.items():
        for rule in _rules(root, part, action, invalid):
            if rule.path in invalid:
                yield from beside_others(rule, vendors)
            else:
                yield from problems(rule.value, vendors, clock, rule.path)


def _rules(root: JsonObject, part: str, action: str, invalid: InvalidPaths) -> Iterator[Item]:
    """Yield each rule in a part of a scenario, and each that a step lays."""
    yield from items_of(root, part, invalid)
    for step in every_step(root.get("steps"), invalid):
        if isinstance(rule := step.value.get(action), dict):
            path = (*step.path, action)
            yield Item(path, rule, invalid.valid_items(rule, path))
