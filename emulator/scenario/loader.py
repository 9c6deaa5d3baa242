"""From a file or a value to a Scenario, or to every mistake in it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from emulator.kernel.budget import Budget
from emulator.kernel.errors import BadInput, Problem
from emulator.scenario.aliases import alias_problems, original_path, path_without_aliases, without_aliases
from emulator.scenario.checked import checked_scenario
from emulator.scenario.checks import semantic_problems
from emulator.scenario.checks.live_keys import hide_live_keys, live_key_problems
from emulator.scenario.checks.world import world_problems
from emulator.scenario.document import Document, InvalidPaths
from emulator.scenario.files import ENDINGS, is_scenario_file, read_text
from emulator.scenario.fitting import problems_in
from emulator.scenario.scenario import Scenario
from emulator.scenario.schema import scenario_schema
from emulator.scenario.strict_json import parse_json
from emulator.sdk.vendor import Vendors


def load_file(path: Path, vendors: Vendors, name: str | None = None) -> Scenario:
    """The scenario in a file.

    Raises:
        BadInput: the file cannot be read, or has mistakes; each is placed by line and column.
    """
    if not is_scenario_file(path):
        raise BadInput([Problem(f"a scenario file ends in {ENDINGS}")], str(path))
    text = read_text(path)
    if checked := checked_scenario(text, name or path.stem, str(path)):
        return checked
    parse = parse_json if path.suffix.lower() == ".json" else parse_yaml
    return _loaded(parse, text, vendors, name or path.stem, str(path))


def load_text(text: str, vendors: Vendors, name: str, source: str) -> Scenario:
    """The scenario in a YAML text.

    Raises:
        BadInput: it has mistakes; each is placed by line and column.
    """
    return _loaded(parse_yaml, text, vendors, name, source)


def _loaded(parse: Callable[[str], Document], text: str, vendors: Vendors, name: str, source: str) -> Scenario:
    try:
        document = parse(text)
    except BadInput as error:
        raise BadInput(error.problems, source) from None
    if document.value is None and not document.problems:
        raise BadInput([Problem("the file is empty: a scenario has a title at least", (), 1, 1)], source)
    return load_document(document, vendors, name, source)


def parse_yaml(text: str) -> Document:
    """Read one YAML document; the parser is imported with the first.

    Raises:
        BadInput: it is not YAML at all, or is larger or deeper than is allowed.
    """
    from emulator.scenario.strict_yaml import parse

    return parse(text)


def load_document(
    document: Document,
    vendors: Vendors,
    name: str = "inline",
    source: str = "",
    titled: bool = True,
    budget: Budget | None = None,
    strict: bool = False,
) -> Scenario:
    """The scenario in a document that was parsed, whatever its problems; one in a file must be `titled`.

    What can have no effect is a mistake where it is read `strict`, and else a warning of the scenario.

    To be checked, its world is made: with the `budget` of a server, its first world there need not be made again.

    Raises:
        BadInput: it has mistakes.
        TooMany: the budget has no room for its world.
    """
    value = document.value
    problems = [*document.problems]

    def note(found: Iterable[Problem]) -> None:
        problems.extend(document.place(it) if document.places else it for it in found)

    note(problems_in(value, scenario_schema(vendors, titled), document.places))
    note(alias_problems(value))
    resolved = without_aliases(value)
    invalid = InvalidPaths(replace(it, path=path_without_aliases(it.path)) for it in problems)
    found = semantic_problems(resolved, vendors, invalid)
    note(replace(it, path=original_path(value, it.path)) for it in found)
    note(live_key_problems(value))
    scenario = Scenario(name, source, resolved if isinstance(resolved, dict) else {}, document.places)
    note(world_problems(scenario, vendors, [it for it in problems if not it.is_idle], budget))
    problems = sorted(map(hide_live_keys, problems), key=lambda it: (it.line or 0, it.column or 0))
    if any(strict or not it.is_idle for it in problems):
        raise BadInput(problems, source)
    return replace(scenario, warnings=tuple(problems)) if problems else scenario
