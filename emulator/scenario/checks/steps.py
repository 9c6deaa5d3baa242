"""Problems of steps that their schema cannot see: parts that exclude each other, and what HTTP cannot send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.time import NEVER, parse_duration_at
from emulator.scenario.checks.responses import header_problems
from emulator.scenario.document import Item, JsonObject, Path
from emulator.scenario.schema import GROUPS, MAX_STEPS, VERBS
from emulator.scenario.steps import count_steps, every_step

EXTRAS = {"headers": "send", "json": "send", "body": "send", "get": "send", "keep": "send"}
"""Keys of a step that need another one beside them."""

ACTIONS = (*VERBS, *GROUPS)

STEP_KEYS = {*ACTIONS, *EXTRAS, "repeat"}


def step_problems(step: Item) -> Iterator[Problem]:
    content, path = step.value, step.path
    if content.keys() <= STEP_KEYS:
        yield from _problems_of_verbs(content, path)
    yield from header_problems(step.valid, step.path)
    if "fails" in (wanted := step.valid.get("get", {})) and (len(wanted) > 1 or "keep" in content):
        yield Problem(
            "'fails: true' expects no complete answer: leave out the rest, and what is captured", (*path, "get", "fails")
        )
    if "json" in content and "body" in content:
        yield Problem("a request has json or body, not both", (*path, "body"))
    jump = step.valid.get("advance")
    if not isinstance(jump, dict):
        yield from duration_problems(jump, (*path, "advance"))
        return
    yield from duration_problems(jump.get("by"), (*path, "advance", "by"))
    if len(jump) != 1:
        yield Problem("an advance has exactly one of by, to, until", (*path, "advance"))


def _problems_of_verbs(step: JsonObject, path: Path) -> Iterator[Problem]:
    if len([action for action in ACTIONS if action in step]) != 1:
        yield Problem(f"a step has exactly one of {', '.join(ACTIONS)} (or expect_state)", path)
    if "repeat" in step and step.keys().isdisjoint(GROUPS):
        yield Problem("what repeats stands below 'steps', beside 'repeat'", (*path, "repeat"))
    if "together" in step and "together" in path:
        yield Problem("this stands in 'together' already: what comes one after the other there is 'steps'", (*path, "together"))
    for key, needed in EXTRAS.items():
        if key in step and needed not in step:
            yield Problem(f"this needs {needed!r} in the same step", (*path, key))


def too_many_steps(steps: Any) -> Iterator[Problem]:
    """Yield a problem where repetitions make too many steps."""
    total = count_steps(steps)
    if total > MAX_STEPS and any("repeat" in step.value for step in every_step(steps)):
        yield Problem(f"more than {MAX_STEPS} steps in all, once those that repeat are written out", ("steps",))


def duration_problems(duration: object, path: Path) -> Iterator[Problem]:
    try:
        if duration is not None and duration != NEVER:
            parse_duration_at(duration, *path)
    except BadInput as error:
        yield from error.problems
