"""The forms in which a test gives a scenario: a name, a file, or a value."""

from __future__ import annotations

from collections.abc import Mapping
from os.path import isfile
from pathlib import Path
from typing import Any

from emulator.kernel.errors import BadInput, EmulatorError, Problem
from emulator.scenario.files import is_scenario, looks_like_path

ScenarioLike = str | Path | Mapping[str, Any]
"""A shipped scenario's name, a file, or a scenario as a value (its title may be left out)."""


def listed_in(scenario: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the credentials that a scenario lists, with their vendors."""
    return {(vendor, it) for vendor, listed in scenario.get("credentials", {}).items() for it in listed}


class NoFile(EmulatorError):
    """There is no file at the path of a scenario."""


def written_scenario(scenario: ScenarioLike | None) -> Any:
    """Return a scenario as the control plane takes it: a name, or a value. Files are read here, not by the server.

    Raises:
        NoFile: it is a path, and there is no file.
        BadInput: it is no scenario.
    """
    if scenario is None:
        return {"title": "An empty world"}
    if isinstance(scenario, Mapping):
        return {"title": "A scenario in a test", **scenario}
    if not isinstance(scenario, (str, Path)):
        raise BadInput.at(f"a scenario is a name, a path or a mapping, not {scenario!r}", "scenario")
    if isinstance(scenario, str) and ("\n" in scenario or "\r" in scenario):
        raise BadInput.at(
            "this is the text of a scenario: give a file, a name, or a mapping (yaml.safe_load makes one)", "scenario"
        )
    path = Path(scenario)
    if isinstance(scenario, Path) or is_scenario(path) or looks_like_path(scenario):
        _expect_file(path, str(scenario))
    if isinstance(scenario, Path) or is_scenario(path) or (path.suffix and isfile(path)):
        from emulator.scenario.loader import load_file
        from emulator.vendors import VENDORS

        return dict(load_file(path, VENDORS).written)
    return scenario


def _expect_file(path: Path, written: str) -> None:
    if not path.exists():
        raise NoFile(written)
    if path.is_dir():
        raise BadInput([Problem("is a folder, not a scenario: name a file in it")], written)
