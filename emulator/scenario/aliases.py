"""Second words for keys of a step: a document with them is read as one with the first words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emulator.scenario.document import Document, Path, list_at

ALIASES: Mapping[str, str] = {"expect": "get", "expect_state": "see", "capture": "keep"}
"""Keys of a step by their aliases, which are the clearer words and those that pages show."""


class AliasedDocument:
    """A document without aliases, with a problem for each step that has a key and its alias, and the way back to its paths."""

    def __init__(self, document: Document) -> None:
        self._written: dict[tuple[int, str], str] = {}
        self.document = self._without_aliases(document)

    def original_path(self, path: Path) -> Path:
        """Return a path in the document as somebody wrote it."""
        if len(path) < 3 or path[0] != "steps":
            return path
        return (*path[:2], self._written.get((int(path[1]), str(path[2])), path[2]), *path[3:])

    def _without_aliases(self, document: Document) -> Document:
        steps = list_at(document.value, "steps")
        if not any(isinstance(step, dict) and ALIASES.keys() & step.keys() for step in steps):
            return document
        resolved = replace(document, problems=[*document.problems])
        resolved.value = {**document.value, "steps": [self._step(index, step, resolved) for index, step in enumerate(steps)]}
        resolved.places = {self._resolved_path(path): place for path, place in document.places.items()}
        return resolved

    def _step(self, index: int, step: Any, document: Document) -> Any:
        if not isinstance(step, dict):
            return step
        for alias, key in ALIASES.items():
            if alias in step and key in step:
                message = f"{alias!r} and {key!r} are two words for the same: write one of them"
                document.problems.append(document.problem(message, ("steps", index, alias)))
            elif alias in step:
                self._written[index, key] = alias
        return {ALIASES[key] if self._written.get((index, ALIASES.get(key, ""))) else key: part for key, part in step.items()}

    def _resolved_path(self, path: Path) -> Path:
        if len(path) < 3 or path[0] != "steps" or path[2] not in ALIASES:
            return path
        key = ALIASES[str(path[2])]
        return (*path[:2], key, *path[3:]) if (int(path[1]), key) in self._written else path
