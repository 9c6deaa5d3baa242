"""Aliases of keys of a step: checks and the player see the keys alone, and problems name what somebody wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.kernel.errors import Problem
from emulator.scenario.document import JsonDict, Path, list_at
from emulator.scenario.schema import GROUPS
from emulator.scenario.steps import every_step

ALIASES: Mapping[str, str] = {"expect": "get", "expect_state": "see", "capture": "keep"}
"""Keys of a step by their aliases, which are the clearer words and those that pages show."""


def without_aliases(scenario: Any) -> Any:
    """Return a scenario whose steps have keys in place of their aliases."""
    steps = list_at(scenario, "steps")
    if not any(ALIASES.keys() & step.value.keys() for step in every_step(steps)):
        return scenario
    return {**scenario, "steps": _renamed(steps)}


def _renamed(steps: Any) -> Any:
    return [_renamed_keys(step) if isinstance(step, dict) else step for step in steps] if isinstance(steps, list) else steps


def _renamed_keys(step: JsonDict) -> JsonDict:
    return {ALIASES.get(key, key): _renamed(value) if key in GROUPS else value for key, value in step.items()}


def path_without_aliases(path: Path) -> Path:
    """Return the path that a part of a scenario has without aliases."""
    end = _end_of_step(path)
    return (*path[:end], ALIASES.get(str(path[end]), path[end]), *path[end + 1 :]) if 0 < end < len(path) else path


def original_path(scenario: Any, path: Path) -> Path:
    """Return the path in a scenario of a part that has this path without aliases."""
    end = _end_of_step(path)
    if not 0 < end < len(path):
        return path
    step = scenario
    for part in path[:end]:
        step = step[part]
    written = next((alias for alias, key in ALIASES.items() if key == path[end] and alias in step), path[end])
    return (*path[:end], written, *path[end + 1 :])


def _end_of_step(path: Path) -> int:
    """Return how many parts of a path lead to the innermost step on its way; 0 where it leads to none."""
    end = 2 if path[:1] == ("steps",) else 0
    while end and len(path) > end + 1 and path[end] in GROUPS:
        end += 2
    return end


def alias_problems(scenario: Any) -> Iterator[Problem]:
    """Yield a problem for each step that has a key and its alias."""
    for path, step, _ in every_step(list_at(scenario, "steps")):
        for alias, key in ALIASES.items():
            if {alias, key} <= step.keys():
                yield Problem(f"{alias!r} and {key!r} are two words for the same: write one of them", (*path, alias))
