"""From a file or a value to a Scenario, or to every mistake in it at once. What checks it is imported with the first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.kernel.budget import Budget
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.resource import structs
from emulator.scenario.checked import checked_scenario
from emulator.scenario.document import Document, InvalidPaths
from emulator.scenario.files import ENDINGS, is_scenario_file, read_text
from emulator.scenario.scenario import Scenario
from emulator.sdk.vendor import Vendors

if TYPE_CHECKING:
    from emulator.scenario.parameters import Settings

NOT_SENT = "only a file includes others, and a scenario that is sent is none: send it whole"


class ScenarioFiles:
    """Reads scenario files with those that they include, which are beside them or in these folders, or below.

    `included` tells of each file that any of them included, as it really is, or looked for, when it was changed.
    """

    def __init__(self, vendors: Vendors, folders: Sequence[Path] = ()) -> None:
        self.included: dict[str, int] = {}
        self._vendors = vendors
        self._folders = folders

    def load(self, path: Path, name: str | None = None, settings: Settings | None = None) -> Scenario:
        """Return the scenario in a file.

        Raises:
            BadInput: a file cannot be read, or has mistakes, each placed by line and column; or a setting names no parameter.
        """
        if not is_scenario_file(path):
            raise BadInput([Problem(f"a scenario file ends in {ENDINGS}")], str(path))
        text = read_text(path)
        if settings is None and (checked := checked_scenario(text, name or path.stem, str(path))):
            return checked
        document = _parsed(_parser_of(path), text, str(path))
        if includes_files(document):
            from emulator.scenario.includes import Includes

            document = Includes(self._folders, _parser_of, self.included).merge(document, path, text)
        return load_document(document, self._vendors, name or path.stem, str(path), settings=settings)


def load_file(path: Path, vendors: Vendors, name: str | None = None, settings: Settings | None = None) -> Scenario:
    """The scenario in a file, as `ScenarioFiles` loads it where there are no folders beside the file's own."""
    return ScenarioFiles(vendors).load(path, name, settings)


def load_text(text: str, vendors: Vendors, name: str, source: str) -> Scenario:
    """The scenario in a YAML text.

    Raises:
        BadInput: it has mistakes; each is placed by line and column.
    """
    return load_document(_parsed(parse_yaml, text, source), vendors, name, source)


def _parser_of(path: Path) -> Callable[[str], Document]:
    from emulator.scenario.strict_json import parse_json

    return parse_json if path.suffix.lower() == ".json" else parse_yaml


def _parsed(parse: Callable[[str], Document], text: str, source: str) -> Document:
    try:
        document = parse(text)
    except BadInput as error:
        raise BadInput(error.problems, source) from None
    if document.value is None and not document.problems:
        raise BadInput([Problem("the file is empty: a scenario has a title at least", (), 1, 1)], source)
    return document


def parse_yaml(text: str) -> Document:
    """Read one YAML document; the parser is imported with the first.

    Raises:
        BadInput: it is not YAML at all, or is larger or deeper than is allowed.
    """
    from emulator.scenario.strict_yaml import parse

    return parse(text)


def includes_files(document: Document) -> bool:
    """Tell whether a document names files that it includes."""
    return isinstance(document.value, dict) and "include" in document.value


def load_document(
    document: Document,
    vendors: Vendors,
    name: str = "inline",
    source: str = "",
    titled: bool = True,
    budget: Budget | None = None,
    strict: bool = False,
    settings: Settings | None = None,
) -> Scenario:
    """The scenario in a document that was parsed, whatever its problems; one in a file must be `titled`.

    Its parameters have their defaults where the `settings` have no other values. What can have no effect is a mistake where it
    is read `strict`, and else a warning of the scenario.

    To be checked, its world is made: with the `budget` of a server, its first world there need not be made again.

    Raises:
        BadInput: it has mistakes, or a setting names no parameter.
        TooMany: the budget has no room for its world.
    """
    from emulator.scenario.aliases import alias_problems, original_path, path_without_aliases, without_aliases
    from emulator.scenario.checks import semantic_problems
    from emulator.scenario.checks.live_keys import live_key_problems
    from emulator.scenario.checks.world import world_problems
    from emulator.scenario.fitting import problems_in
    from emulator.scenario.parameters import Filled, fill, has_parameters, without_secrets
    from emulator.scenario.schema import scenario_schema

    written, filled = document.value, fill(document, settings) if settings or has_parameters(document) else Filled(document)
    document, value = filled.document, filled.document.value
    problems = [*document.problems, *filled.problems]

    def note(found: Iterable[Problem]) -> None:
        problems.extend(map(document.place, found))

    if includes_files(document):
        note([Problem(NOT_SENT, ("include",))])
    unfit = problems_in(value, scenario_schema(vendors, titled), document.places)
    note(filled.advised(it) for it in unfit if it.path not in filled.unfilled)
    note(alias_problems(value))
    resolved = without_aliases(value)
    invalid = InvalidPaths(structs.replace(it, path=path_without_aliases(it.path)) for it in problems)
    found = semantic_problems(resolved, vendors, invalid)
    note(structs.replace(it, path=original_path(value, it.path)) for it in found)
    note(live_key_problems(written))
    content = resolved if isinstance(resolved, dict) else {}
    scenario = Scenario(name, source, content, document.places, document.sources, document.files)
    if filled.parameters:
        note(live_key_problems(value))
        scenario = structs.replace(scenario, parameters=filled.parameters, unfilled=written)
    note(world_problems(scenario, vendors, [it for it in problems if not it.is_idle], budget))
    problems = sorted(_shown([*without_secrets(problems, filled.parameters)], document, vendors), key=_order)
    if any(strict or not it.is_idle for it in problems):
        raise BadInput(problems, source)
    return structs.replace(scenario, warnings=tuple(problems)) if problems else scenario


def _shown(problems: list[Problem], document: Document, vendors: Vendors) -> Iterable[Problem]:
    """Return each problem once, without what it may not repeat: live keys, and what stands in a file that is included."""
    from emulator.scenario.checks.live_keys import hide_live_keys

    if any(it.source for it in problems):
        from emulator.scenario.schema import scenario_schema
        from emulator.scenario.withheld import withheld_problems

        problems = withheld_problems(problems, document, scenario_schema(vendors))
    return map(hide_live_keys, dict.fromkeys(problems))


def _order(problem: Problem) -> tuple[str, int, int]:
    """Return the place of a problem among others: those of the scenario's own file come first."""
    return problem.source, problem.line or 0, problem.column or 0
