"""The forms in which a test gives a scenario: a name, a file, or a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os.path import isdir, isfile, lexists
from pathlib import Path
from typing import Any

from emulator.kernel.errors import BadInput, EmulatorError, Problem
from emulator.scenario.document import JsonDict, JsonObject
from emulator.scenario.files import is_scenario_file, looks_like_path

ScenarioLike = str | Path | JsonObject
"""A shipped scenario's name, a file, or a scenario as a value (its title may be left out)."""


class MissingFile(EmulatorError):
    """There is no file at the path of a scenario."""


PUNCTUATION = frozenset("./\\")
"""Characters of paths, of which the name of a scenario has none."""

EMPTY: JsonObject = {}
"""The scenario of a world that begins with nothing."""


def scenario_to_send(scenario: ScenarioLike, read: Callable[[Path], JsonObject], folders: Sequence[Path] = ()) -> Any:
    """Return a scenario as the control plane takes it: a name, or a value. Files are `read` here, not by the server.

    A relative path is looked for in these folders, in order, and then in the current one.

    Raises:
        NoFile: it is a path, and there is no file.
        BadInput: it is no scenario.
    """
    if isinstance(scenario, Mapping):
        return dict(scenario)
    if not isinstance(scenario, (str, Path)):
        raise BadInput.at(f"a scenario is a name, a path or a mapping, not {scenario!r} ({{}} is an empty world)", "scenario")
    if isinstance(scenario, str) and ("\n" in scenario or "\r" in scenario):
        raise BadInput.at(
            "this is the text of a scenario: give a file, a name, or a mapping (yaml.safe_load makes one)", "scenario"
        )
    if isinstance(scenario, str) and PUNCTUATION.isdisjoint(scenario):
        return scenario  # which is no path, wherever it is looked for
    path = _find(Path(scenario), folders)
    if isinstance(scenario, Path) or is_scenario_file(path) or looks_like_path(scenario):
        _expect_file(path, str(scenario))
    if isinstance(scenario, Path) or is_scenario_file(path) or (path.suffix and isfile(path)):
        return dict(read(path))
    return scenario


def beginning(payload: Any, parameters: JsonObject) -> JsonDict:
    """Return how a world begins; in a scenario of the test's own, what can have no effect is a mistake."""
    strict = {} if isinstance(payload, str) else {"strict": True}
    return {"scenario": payload, **({"parameters": parameters} if parameters else {}), **strict}


def _find(path: Path, folders: Sequence[Path]) -> Path:
    """Return the first file of that path in these folders; the path itself where there is none."""
    return next((folder / path for folder in folders if isfile(folder / path)), path)


def _expect_file(path: Path, name: str) -> None:
    if not lexists(path):
        raise MissingFile(name)
    if isdir(path):
        raise BadInput([Problem("is a folder, not a scenario: name a file in it")], name)
