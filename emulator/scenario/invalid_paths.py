"""The places of mistakes that were found already, so that what stands beside them can still be looked at, and they not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emulator.kernel.errors import Problem

Path = tuple[str | int, ...]


class Mistakes:
    """Where there are mistakes."""

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self._places = {problem.path[:end] for problem in problems for end in range(len(problem.path) + 1)}

    def __contains__(self, path: Path) -> bool:
        """Whether there is one at this place or anywhere in it."""
        return path in self._places

    def without(self, written: Any, path: Path) -> dict[str, Any]:
        """The parts of an object that have none in them; of anything else, nothing."""
        parts = written.items() if isinstance(written, dict) else ()
        return {key: part for key, part in parts if (*path, key) not in self}


NO_MISTAKES = Mistakes()
