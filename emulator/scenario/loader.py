"""From a file or a value to a Scenario, or to every mistake in it at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emulator.kernel.errors import BadInput, Problem
from emulator.scenario.contradictions import contradictions
from emulator.scenario.document import Document
from emulator.scenario.grammar import scenario_schema
from emulator.scenario.impossibilities import impossibilities
from emulator.scenario.mistakes import Mistakes
from emulator.scenario.scenario import Scenario, Vendors


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


def load_document(document: Document, vendors: Vendors, name: str = "inline", source: str = "") -> Scenario:
    """The scenario in a document that was parsed, whatever its problems.

    Raises:
        BadInput: it has mistakes.
    """
    from emulator.scenario.validation import problems_in

    place: Callable[[str, tuple[str | int, ...]], Problem] = document.problem if document.places else Problem
    problems = [*document.problems]
    problems += [place(it.message, it.path) for it in problems_in(document.value, scenario_schema(vendors))]
    problems += [place(it.message, it.path) for it in contradictions(document.value, vendors, Mistakes(problems))]
    scenario = Scenario(name, source, document.value if isinstance(document.value, dict) else {}, document.places)
    problems += [place(it.message, it.path) for it in impossibilities(scenario, vendors, problems)]
    if problems:
        raise BadInput(sorted(problems, key=lambda it: (it.line or 0, it.column or 0)), source)
    return scenario
