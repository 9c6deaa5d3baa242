"""Problems of steps and replies that their schema cannot see: parts that exclude each other, and what HTTP cannot send."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from http import HTTPMethod

from emulator.kernel.errors import MAX_PROBLEMS, BadInput, Problem
from emulator.kernel.faults import TWO_BODIES
from emulator.kernel.time import NEVER, parse_duration_at
from emulator.scenario.document import InvalidPaths, Item, JsonObject, Path, items_of
from emulator.scenario.schema import PLACEHOLDER, VERBS
from emulator.sdk.vendor import Vendors
from emulator.text.nearest import hint
from emulator.text.redact import redact_text

EXTRAS = {"headers": "send", "json": "send", "body": "send", "get": "send", "keep": "send"}
"""Keys of a step that need another one beside them."""

STEP_KEYS = {*VERBS, *EXTRAS}

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)

HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*", re.ASCII)


FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Headers that say where a reply ends, which follows from its body."""

BODILESS = frozenset({204, 205, 304})
"""Statuses whose replies have no body, by HTTP."""

METHODS = [method.value for method in HTTPMethod]


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
    if len([verb for verb in VERBS if verb in step]) != 1:
        yield Problem(f"a step has exactly one of {', '.join(VERBS)} (or expect_state)", path)
    for key, needed in EXTRAS.items():
        if key in step and needed not in step:
            yield Problem(f"this needs {needed!r} in the same step", (*path, key))


def placeholder_problems(root: JsonObject, vendors: Vendors, invalid: InvalidPaths) -> Iterator[Problem]:
    """Yield the methods that HTTP has not, and the names under which no step before has captured anything."""
    made = {vendor.name: ("url", *vendor.make_credentials("0" * 64).fields) for vendor in vendors.values()}
    kept = {f"{vendor}.{field}" for vendor, fields in made.items() for field in fields}
    is_known, advised = True, 0
    for count, step in enumerate(items_of(root, "steps", invalid)):
        method = step.valid.get("send", "GET ").partition(" ")[0]
        if method not in METHODS:
            yield Problem(f"{method!r} is not a method of HTTP{hint(method, METHODS)}", (*step.path, "send"))
        captured = step.value.get("keep", {})
        is_known = is_known and step.path[1] == count and step.value.keys() <= STEP_KEYS and isinstance(captured, dict)
        if not is_known:  # whatever a step may have captured
            continue
        for place, text in _texts(step.valid):
            for name in sorted({*PLACEHOLDER.findall(text)} - kept):
                advice = hint(name, sorted(kept)) if advised < MAX_PROBLEMS else ""
                yield Problem(f"no step before this one keeps {redact_text(name)!r}{advice}", (*step.path, *place))
                advised += 1
        kept |= captured.keys()


def _texts(step: JsonObject) -> Iterator[tuple[Path, str]]:
    """Return the texts of a step that may hold captured values."""
    yield ("send",), step.get("send", "")
    yield from ((("headers", name), text) for name, text in step.get("headers", {}).items())


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
