"""A document as a value that knows the place of each of its parts, with its problems, and the paths that are invalid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from emulator.kernel.errors import Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 40

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """A value, and where each part of it stands: path → (line, column), both counted from 1."""

    value: Any = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, message: str, path: Path) -> Problem:
        """A problem at a path, placed at the nearest part of the document that exists."""
        known = path
        while known not in self.places and known:
            known = known[:-1]
        line, column = self.places.get(known, (1, 1))
        return Problem(message, path, line, column)


class InvalidPaths:
    """Where there are mistakes."""

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self._places = {problem.path[:end] for problem in problems for end in range(len(problem.path) + 1)}

    def __contains__(self, path: Path) -> bool:
        """Whether there is one at this place or anywhere in it."""
        return path in self._places

    def valid_items(self, written: Any, path: Path) -> dict[str, Any]:
        """The parts of an object that have none in them; of anything else, nothing."""
        parts = written.items() if isinstance(written, dict) else ()
        return {key: part for key, part in parts if (*path, key) not in self}


NONE_INVALID = InvalidPaths()


class Item(NamedTuple):
    """One thing of a list: its place, what is written, and what of it fits its schema."""

    path: Path
    written: Mapping[str, Any]
    valid: Mapping[str, Any]


def items_of(root: Mapping[str, Any], name: str, invalid: InvalidPaths) -> Iterator[Item]:
    for index, item in enumerate(list_at(root, name)):
        if isinstance(item, dict):
            yield Item((name, index), item, invalid.valid_items(item, (name, index)))


def list_at(written: Any, name: str) -> list[Any]:
    items = written.get(name) if isinstance(written, dict) else None
    return items if isinstance(items, list) else []
