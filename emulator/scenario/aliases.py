"""Aliases of keys of a step: checks and the player see the keys alone, and problems name what somebody wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.kernel.errors import Problem
from emulator.scenario.document import Path, list_at

ALIASES: Mapping[str, str] = {"expect": "get", "expect_state": "see", "capture": "keep"}
"""Keys of a step by their aliases, which are the clearer words and those that pages show."""


def without_aliases(scenario: Any) -> Any:
    """Return a scenario whose steps have keys in place of their aliases."""
    steps = list_at(scenario, "steps")
    if not any(isinstance(step, dict) and ALIASES.keys() & step.keys() for step in steps):
        return scenario
    renamed = [
        {ALIASES.get(key, key): value for key, value in step.items()} if isinstance(step, dict) else step for step in steps
    ]
    return {**scenario, "steps": renamed}


def path_without_aliases(path: Path) -> Path:
    """Return the path that a part of a scenario has without aliases."""
    is_in_step = len(path) > 2 and path[0] == "steps"
    return (*path[:2], ALIASES.get(str(path[2]), path[2]), *path[3:]) if is_in_step else path


def original_path(scenario: Any, path: Path) -> Path:
    """Return the path in a scenario of a part that has this path without aliases."""
    if len(path) < 3 or path[0] != "steps":
        return path
    step = scenario["steps"][path[1]]
    return (*path[:2], next((alias for alias, key in ALIASES.items() if key == path[2] and alias in step), path[2]), *path[3:])


def alias_problems(scenario: Any) -> Iterator[Problem]:
    """Yield a problem for each step that has a key and its alias."""
    for index, step in enumerate(list_at(scenario, "steps")):
        for alias, key in ALIASES.items():
            if isinstance(step, dict) and {alias, key} <= step.keys():
                yield Problem(f"{alias!r} and {key!r} are two words for the same: write one of them", ("steps", index, alias))
