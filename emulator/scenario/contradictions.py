"""What is wrong with a scenario that fits its schema: parts that contradict each other, or that nobody could do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from http import HTTPMethod
from typing import Any

from emulator.kernel.errors import BadInput, Problem, nearest
from emulator.kernel.journal import show_instant
from emulator.kernel.quantities import duration_at
from emulator.scenario.faults import read_fault
from emulator.scenario.grammar import VERBS
from emulator.scenario.scenario import MAX_REPEATED, Scenario, Vendors

EXTRAS = {"headers": "send", "json": "send", "body": "send", "get": "send", "keep": "send"}
"""Keys of a step that need another one beside them."""


HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*", re.ASCII)
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Headers that say where a reply ends, which follows from its body."""

BODILESS = frozenset({204, 205, 304})
"""Statuses whose replies have no body, by HTTP."""

METHODS = [method.value for method in HTTPMethod]

UNSOUND = object()
"""Stands where an item has mistakes that the schema tells, so that nothing else is looked for in it."""

Path = tuple[str | int, ...]


def contradictions(written: Mapping[str, Any], vendors: Vendors) -> Iterator[Problem]:
    """What a schema cannot say, of a scenario whose parts fit it."""
    for path, state in _states(written):
        yield from state_problems(state, vendors, path)
    for path, step in _items(written, "steps"):
        yield from _step_problems(step, path)
    if UNSOUND not in (steps := written.get("steps", ())):
        yield from _unsendable(steps, vendors)
    for path, item in _items(written, "replies"):
        yield from _reply_problems(item, path)
    begins = Scenario("check", "", written).clock().now()
    for path, fault in _items(written, "faults"):
        yield from fault_problems(fault, vendors, begins, path)
    for path, item in _items(written, "timeline"):
        yield from _too_long(item["after"], (*path, "after"))
    for wait, text in written.get("timing", {}).items():
        if text != "never":
            yield from _too_long(text, ("timing", wait))


def sound(written: Any, problems: Iterable[Problem]) -> dict[str, Any]:
    """The parts of a scenario in which no problem was found; in a list, UNSOUND stands for an item that has one."""
    bad = {problem.path[:2] for problem in problems}
    parts = {name: part for name, part in written.items() if (name,) not in bad} if isinstance(written, dict) else {}
    for name, part in parts.items():
        if isinstance(part, dict):
            parts[name] = {key: value for key, value in part.items() if (name, key) not in bad}
        elif isinstance(part, list):
            parts[name] = [UNSOUND if (name, index) in bad else item for index, item in enumerate(part)]
    return parts


def fault_problems(written: Mapping[str, Any], vendors: Vendors, now: datetime, path: Path = ()) -> Iterator[Problem]:
    """Why a fault that fits the schema means nothing, or can never strike when it is laid now."""
    if "id" in written and written["at"] in _without_ids(vendors):
        yield Problem(f"no path of {written['at']} names a resource, so that this could never strike", (*path, "id"))
    try:
        ends = read_fault(written, "check", now).ends
    except BadInput as error:
        yield from (Problem(it.message, (*path, *it.path)) for it in error.problems)
    else:
        if ends is not None and ends <= now and "for" in written:
            yield Problem("what lasts no time can never strike", (*path, "for"))
        elif ends is not None and ends <= now:
            yield Problem(f"it is over when it is laid, at {show_instant(now)}", (*path, "between"))


def _without_ids(vendors: Vendors) -> set[str]:
    """Operations whose path names no resource."""
    return {it.name for vendor in vendors.values() for it in vendor.operations if "{" not in it.path}


def _states(written: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every part of the scenario that changes the state."""
    yield ("given",), written.get("given", {})
    for path, item in _items(written, "timeline"):
        yield (*path, "set"), item["set"]
    for path, step in _items(written, "steps"):
        yield (*path, "set"), step.get("set", {})


def _items(written: Mapping[str, Any], name: str) -> Iterator[tuple[Path, Any]]:
    for index, item in enumerate(written.get(name, ())):
        if item is not UNSOUND:
            yield (name, index), item


def state_problems(state: Mapping[str, Any], vendors: Vendors, path: Path = ()) -> Iterator[Problem]:
    """The mistakes of a state by vendor that its schema cannot see."""
    if _count(state) > MAX_REPEATED:
        yield Problem(f"more than {MAX_REPEATED} resources in all", path)
    for name, fragment in state.items():
        yield from _repeated_ids(fragment, (*path, name))
        for problem in vendors[name].given.check(fragment):
            yield Problem(problem.message, (*path, name, *problem.path))


def _count(value: Any) -> int:
    """How many things a value holds once its repeats are written out."""
    if isinstance(value, dict):
        return int(value.get("repeat", 1)) * max(1, sum(_count(part) for part in value.values()))
    return sum(_count(part) for part in value) if isinstance(value, list) else 0


def _repeated_ids(value: Any, path: Path) -> Iterator[Problem]:
    if isinstance(value, dict):
        if "repeat" in value and "id" in value:
            yield Problem("an id is one resource's own: leave out id or repeat", (*path, "id"))
        for key, part in value.items():
            yield from _repeated_ids(part, (*path, key))
    elif isinstance(value, list):
        seen: dict[str, int] = {}
        for index, part in enumerate(value):
            id = part.get("id") if isinstance(part, dict) else None
            if isinstance(id, str) and seen.setdefault(id, index) != index:
                yield Problem(f"the id {id!r} is given twice", (*path, index, "id"))
            yield from _repeated_ids(part, (*path, index))


def _step_problems(step: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    verbs = [verb for verb in VERBS if verb in step]
    if len(verbs) != 1:
        yield Problem(f"a step does one thing: one of {', '.join(VERBS)}", path)
    for key, needed in EXTRAS.items():
        if key in step and needed not in step:
            yield Problem(f"{key!r} belongs to a step that has {needed!r}", (*path, key))
    yield from _header_problems(step, path)
    if "fails" in (wanted := step.get("get", {})) and (len(wanted) > 1 or "keep" in step):
        yield Problem("where no whole reply comes back there is nothing else to get or keep", (*path, "get", "fails"))
    if "json" in step and "body" in step:
        yield Problem("a request has json or body, not both", (*path, "body"))
    jump = step.get("advance")
    by = jump.get("by") if isinstance(jump, dict) else jump
    if by is not None:
        yield from _too_long(by, (*path, "advance", "by") if isinstance(jump, dict) else (*path, "advance"))
    if isinstance(jump, dict) and len(jump) != 1:
        yield Problem("an advance is one of by, to, until", (*path, "advance"))


def _unsendable(steps: Iterable[Mapping[str, Any]], vendors: Vendors) -> Iterator[Problem]:
    """Methods that HTTP has not, and names that nothing is kept under by then."""
    made = {vendor.name: ("url", *vendor.make_credentials("0" * 64).fields) for vendor in vendors.values()}
    kept = {f"{vendor}.{field}" for vendor, fields in made.items() for field in fields}
    for index, step in enumerate(steps):
        method = step.get("send", "GET ").partition(" ")[0]
        if method not in METHODS:
            yield Problem(f"{method!r} is not a method of HTTP{nearest(method, METHODS)}", ("steps", index, "send"))
        texts = {("send",): step.get("send", "")} | {("headers", name): text for name, text in step.get("headers", {}).items()}
        for place, text in texts.items():
            for name in set(PLACEHOLDER.findall(text)) - kept:
                yield Problem(f"nothing is kept under {name!r} by then{nearest(name, kept)}", ("steps", index, *place))
        kept |= step.get("keep", {}).keys()


def _reply_problems(item: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    yield from _header_problems(item, path)
    for name in item.get("headers", {}):
        if name.lower() in FRAMING:
            yield Problem(f"{name} follows from the body: leave it out", (*path, "headers", name))
    if item["status"] in BODILESS and item.get("body") is not None:
        yield Problem(f"by HTTP, a reply with status {item['status']} has no body", (*path, "body"))


def _header_problems(item: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    """What cannot stand in the head of a request or a reply, where a line break would begin another header."""
    for name, value in item.get("headers", {}).items():
        if not HEADER_NAME.fullmatch(name):
            yield Problem(f"{name!r} cannot be the name of a header", (*path, "headers", name))
        if not HEADER_VALUE.fullmatch(value):
            yield Problem(f"{value!r} cannot be the value of a header: it is printable ASCII", (*path, "headers", name))


def _too_long(text: str, path: Path) -> Iterator[Problem]:
    try:
        duration_at(text, *path)
    except BadInput as error:
        yield from error.problems
