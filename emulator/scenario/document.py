"""A document as a value that knows the place of each of its parts, with its problems, and the paths that are invalid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from emulator.kernel.errors import Path as Path
from emulator.kernel.errors import Problem
from emulator.kernel.resource import Struct, field, structs

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_VALUES = 100_000

MARK = "${"
"""The beginning of a parameter in a text; `$${` stands for these two characters themselves."""

Places = Mapping[Path, tuple[int, int]]
"""The line and the column of each part of a value, both counted from 1."""

JsonObject = Mapping[str, Any]
"""An object of JSON or YAML: its members by name."""

JsonDict = dict[str, Any]
"""One that is being made, or may be changed."""


class Document(Struct):
    """A value, and where each part of it stands: path → (line, column), both counted from 1.

    `sources` names the file of each part that comes from another one; `files` tells of each of these files when it was
    changed. `has_marks` tells whether its text names parameters.
    """

    value: Any = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    sources: dict[Path, str] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    has_marks: bool = False

    def place(self, problem: Problem) -> Problem:
        """Return a problem with the place of the nearest part of the document that exists, where places are known."""
        if not self.places:
            return problem
        known = problem.path
        while known not in self.places and known:
            known = known[:-1]
        line, column = self.places.get(known, (1, 1))
        return structs.replace(problem, line=line, column=column, source=self.sources.get(known, ""))


class InvalidPaths:
    """The paths at which problems were found, so that checks can skip them and still look at what stands beside them."""

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self._places = {problem.path[:end] for problem in problems for end in range(len(problem.path) + 1)}

    def __contains__(self, path: Path) -> bool:
        """Tell whether there is a problem at this path or below it."""
        return path in self._places

    def valid_items(self, value: Any, path: Path) -> JsonDict:
        """Return the items of an object in which there is no problem; of anything but an object, nothing."""
        parts = value.items() if isinstance(value, dict) else ()
        return {key: part for key, part in parts if (*path, key) not in self}


NONE_INVALID = InvalidPaths()


class Item(NamedTuple):
    """One object of a list: its path, its value, and the part of that without problems."""

    path: Path
    value: JsonObject
    valid: JsonObject


def items_of(root: JsonObject, name: str, invalid: InvalidPaths) -> Iterator[Item]:
    """Yield the objects in the list of that name at the top of a scenario."""
    for index, item in enumerate(list_at(root, name)):
        if isinstance(item, dict):
            yield Item((name, index), item, invalid.valid_items(item, (name, index)))


def list_at(value: Any, name: str) -> list[Any]:
    """Return the list under a key; an empty one where there is none."""
    items = value.get(name) if isinstance(value, dict) else None
    return items if isinstance(items, list) else []
