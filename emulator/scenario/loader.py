"""From a file or a value to a Scenario, or to every mistake in it at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from emulator.kernel.clock import DEFAULT_START
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.plan import Planned
from emulator.kernel.quantities import parse_duration
from emulator.scenario.document import Document
from emulator.scenario.faults import read_fault
from emulator.scenario.grammar import VERBS, scenario_schema
from emulator.scenario.scenario import MAX_REPEATED, Scenario, Vendors
from emulator.vendors.vendor import dump

EXTRAS = {"headers": "send", "json": "send", "body": "send", "get": "send", "keep": "send"}
"""Keys of a step that need another one beside them."""


HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*", re.ASCII)


def load_file(path: Path, vendors: Vendors, name: str | None = None) -> Scenario:
    """The scenario in a file.

    Raises:
        BadInput: the file cannot be read, or has mistakes; each is placed by line and column.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput([Problem(f"cannot be read: {error}")], str(path)) from None
    return load_text(text, vendors, name or path.stem, str(path))


def load_text(text: str, vendors: Vendors, name: str, source: str) -> Scenario:
    """The scenario in a YAML text.

    Raises:
        BadInput: it has mistakes; each is placed by line and column.
    """
    from emulator.scenario.strict_yaml import parse

    try:
        document = parse(text)
    except BadInput as error:
        raise BadInput(error.problems, source) from None
    return load_document(document, vendors, name, source)


def load_value(value: Any, vendors: Vendors, name: str = "inline", source: str = "") -> Scenario:
    """The scenario in a JSON value.

    Raises:
        BadInput: it has mistakes; each is placed by its path.
    """
    try:
        dump(value)
    except TypeError as error:
        raise BadInput([Problem(f"not a JSON value: {error}")], source) from None
    return load_document(Document(value), vendors, name, source)


def load_document(document: Document, vendors: Vendors, name: str = "inline", source: str = "") -> Scenario:
    """The scenario in a document that was parsed, whatever its problems.

    Raises:
        BadInput: it has mistakes.
    """
    from emulator.scenario.validation import problems_in

    place: Callable[[str, tuple[str | int, ...]], Problem] = document.problem if document.places else Problem
    problems = [*document.problems]
    problems += [place(it.message, it.path) for it in problems_in(document.value, scenario_schema(vendors))]
    if not problems:
        problems = [place(it.message, it.path) for it in _contradictions(document.value, vendors)]
    scenario = Scenario(name, source, document.value if isinstance(document.value, dict) else {}, document.places)
    if not problems:
        problems = [place(it.message, it.path) for it in _impossibilities(scenario, vendors)]
    if problems:
        raise BadInput(sorted(problems, key=lambda it: (it.line or 0, it.column or 0)), source)
    return scenario


def _contradictions(written: Mapping[str, Any], vendors: Vendors) -> Iterator[Problem]:
    """What a schema cannot say."""
    for path, state in _states(written):
        yield from state_problems(state, vendors, path)
    for index, step in enumerate(written.get("steps", ())):
        yield from _step_problems(step, ("steps", index))
    for index, item in enumerate(written.get("replies", ())):
        yield from _header_problems(item, ("replies", index))
    for index, fault in enumerate(written.get("faults", ())):
        yield from fault_problems(fault, ("faults", index))
    for index, item in enumerate(written.get("timeline", ())):
        yield from _too_long(item["after"], ("timeline", index, "after"))
    for wait, text in written.get("timing", {}).items():
        if text != "never":
            yield from _too_long(text, ("timing", wait))


def fault_problems(written: Mapping[str, Any], path: tuple[str | int, ...] = ()) -> Iterator[Problem]:
    """Why a fault that fits the schema means nothing."""
    try:
        read_fault(written, "check", DEFAULT_START)
    except BadInput as error:
        yield from (Problem(it.message, (*path, *it.path)) for it in error.problems)


def _states(written: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """Every part of the scenario that changes the state."""
    yield ("given",), written.get("given", {})
    for index, item in enumerate(written.get("timeline", ())):
        yield ("timeline", index, "set"), item["set"]
    for index, step in enumerate(written.get("steps", ())):
        yield ("steps", index, "set"), step.get("set", {})


def state_problems(state: Mapping[str, Any], vendors: Vendors, path: tuple[str | int, ...] = ()) -> Iterator[Problem]:
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


def _repeated_ids(value: Any, path: tuple[str | int, ...]) -> Iterator[Problem]:
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


def _step_problems(step: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Problem]:
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


def _header_problems(item: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Problem]:
    """What cannot stand in the head of a request or a reply, where a line break would begin another header."""
    for name, value in item.get("headers", {}).items():
        if not HEADER_NAME.fullmatch(name):
            yield Problem(f"{name!r} cannot be the name of a header", (*path, "headers", name))
        if not HEADER_VALUE.fullmatch(value):
            yield Problem(f"{value!r} cannot be the value of a header: it is printable ASCII", (*path, "headers", name))


def _too_long(text: str, path: tuple[str | int, ...]) -> Iterator[Problem]:
    try:
        parse_duration(text)
    except ValueError as error:
        yield Problem(str(error), path)


def _impossibilities(scenario: Scenario, vendors: Vendors) -> Iterator[Problem]:
    """What shows only when the world is really made, and its timeline really passes."""
    try:
        world = scenario.world(vendors, "check")
    except BadInput as error:
        yield from (Problem(it.message, ("given", *it.path)) for it in error.problems)
        return
    waits = [parse_duration(item["after"]) for item in scenario.written.get("timeline", ())]
    for change in world.advance_by(max(waits)) if waits else ():
        if change.kind == Planned.kind and change.why.startswith("impossible"):
            yield Problem(change.why, ("timeline", int(change.id), "set"))
