"""From a file or a value to a Scenario, or to every mistake in it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from emulator.kernel.errors import BadInput, Conflict, Problem
from emulator.kernel.plan import Planned
from emulator.kernel.quantities import parse_duration
from emulator.scenario.contradictions import contradictions, sound
from emulator.scenario.document import Document
from emulator.scenario.grammar import scenario_schema
from emulator.scenario.scenario import Scenario, Vendors
from emulator.vendors.vendor import dump


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
    problems += [place(it.message, it.path) for it in contradictions(sound(document.value, problems), vendors)]
    scenario = Scenario(name, source, document.value if isinstance(document.value, dict) else {}, document.places)
    if not problems:
        problems = [place(it.message, it.path) for it in _impossibilities(scenario, vendors)]
    if problems:
        raise BadInput(sorted(problems, key=lambda it: (it.line or 0, it.column or 0)), source)
    return scenario


def _impossibilities(scenario: Scenario, vendors: Vendors) -> Iterator[Problem]:
    """What shows only when the world is really made, and its timeline really passes."""
    try:
        world = scenario.world(vendors, "check")
    except BadInput as error:
        yield from (Problem(it.message, ("given", *it.path)) for it in error.problems)
        return
    waits = [parse_duration(item["after"]) for item in scenario.written.get("timeline", ())]
    try:
        changes = world.advance_by(max(waits)) if waits else []
    except Conflict as error:
        yield Problem(str(error), ("timeline", waits.index(max(waits)), "after"))
        return
    for change in changes:
        if change.kind == Planned.kind and change.why.startswith("impossible"):
            yield Problem(change.why, ("timeline", int(change.id), "set"))
