"""Worlds of tests that failed, kept as files in a folder: each has a name of its own, and none takes the place of another."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from emulator.client.emulator import Emulator
from emulator.store.file import ENDING
from emulator.text.redact import redact_text

LONGEST_NAME = 120
"""Characters of a file's name that are those of the test."""

LONGEST_ABOUT = 500


class KeptWorlds:
    """Writes worlds to a folder, and says with which command each is opened from `base`, where the tests were started."""

    def __init__(self, folder: Path, base: Path) -> None:
        self._folder = folder
        self._base = base

    def keep(self, emulator: Emulator, test: str) -> tuple[Path | None, str]:
        """Write the world of a test; return the file, if it could be written, and a line for the story of its failure."""
        name = redact_text(test)
        try:
            content = emulator.export(about=f"left by {name}"[:LONGEST_ABOUT])
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._written(content, f"{safe(name)}{self._suffix(emulator)}")
        except Exception as error:  # the report of a failure must not fail
            return None, f"its world could not be kept in {self._folder}: {error}"
        return path, f"kept: batch-emulator open {shlex.quote(os.path.relpath(path, self._base))}"

    def _suffix(self, emulator: Emulator) -> str:
        return "" if emulator.id.startswith("t-") else f"-{emulator.id}"

    def _written(self, content: bytes, name: str) -> Path:
        """Write a file under the first of its names that nobody has taken."""
        for path in self._names(name):
            try:
                with path.open("xb") as file:
                    file.write(content)
            except FileExistsError:
                continue
            return path
        raise AssertionError("there is always another name")

    def _names(self, name: str) -> Iterator[Path]:
        yield self._folder / f"{name}{ENDING}"
        yield from (self._folder / f"{name}-{number}{ENDING}" for number in count(2))


def safe(test: str) -> str:
    """Return the id of a test as a name for a file, on any system."""
    words = re.sub(r"[^A-Za-z0-9_.-]+", "-", test.replace("::", "-")).strip("-.")
    return words[-LONGEST_NAME:].strip("-.") or "test"
