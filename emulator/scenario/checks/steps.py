"""Problems of steps and replies that their schema cannot see: parts that exclude each other, and what HTTP cannot send."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.faults import TWO_BODIES
from emulator.kernel.time import NEVER, parse_duration_at
from emulator.scenario.document import Item, JsonObject, Path
from emulator.scenario.schema import GROUPS, MAX_STEPS, VERBS
from emulator.scenario.steps import count_steps, every_step

EXTRAS = {"headers": "send", "json": "send", "body": "send", "get": "send", "keep": "send"}
"""Keys of a step that need another one beside them."""

ACTIONS = (*VERBS, *GROUPS)

STEP_KEYS = {*ACTIONS, *EXTRAS, "repeat"}

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)

HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*", re.ASCII)


FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Headers that say where a reply ends, which follows from its body."""

BODILESS = frozenset({204, 205, 304})
"""Statuses whose replies have no body, by HTTP."""


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


def reply_problems(item: Item) -> Iterator[Problem]:
    yield from header_problems(item.valid, item.path)
    for name in item.valid.get("headers", {}):
        if name.lower() in FRAMING:
            yield Problem(f"{name} follows from the body: leave it out", (*item.path, "headers", name))
    bodies = [
        name for name in ("body", "json") if name in item.value and (name == "json" or item.value[name] not in (None, ""))
    ]
    if (status := item.valid.get("status")) in BODILESS and bodies:
        yield Problem(f"by HTTP, a reply with status {status} has no body", (*item.path, bodies[0]))
    if {"body", "json"} <= item.value.keys():
        yield Problem(TWO_BODIES, (*item.path, "json"))


def header_problems(content: JsonObject, path: Path) -> Iterator[Problem]:
    """Yield the headers that cannot stand in the head of a message, where a line break would begin another header."""
    names = Counter(name.lower() for name in content.get("headers", {}))
    for name, value in content.get("headers", {}).items():
        if names[name.lower()] > 1:
            yield Problem(f"the header {name} is given twice", (*path, "headers", name))
        if not HEADER_NAME.fullmatch(name):
            yield Problem(f"{name!r} cannot be the name of a header", (*path, "headers", name))
        if not HEADER_VALUE.fullmatch(value):
            yield Problem("this cannot be the value of a header: it is printable ASCII", (*path, "headers", name))


def duration_problems(duration: object, path: Path) -> Iterator[Problem]:
    try:
        if duration is not None and duration != NEVER:
            parse_duration_at(duration, *path)
    except BadInput as error:
        yield from error.problems
