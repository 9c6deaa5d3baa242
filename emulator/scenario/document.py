"""What was written, read: a value that knows where each of its parts stands, and the mistakes found on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

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
