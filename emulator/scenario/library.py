"""The scenarios there are, by name: the shipped ones and those in a folder of your own, found and read on demand."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from os.path import isdir, lexists, realpath, splitext
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import orjson

from emulator.kernel.errors import BadInput, NotFound, Problem
from emulator.scenario.files import ENDINGS, SUFFIXES, changed, is_scenario_file, looks_like_path, read_text
from emulator.scenario.loader import ScenarioFiles
from emulator.scenario.scenario import Scenario
from emulator.sdk.vendor import Vendors
from emulator.text.nearest import near, some

if TYPE_CHECKING:
    from emulator.scenario.parameters import Settings


class Library:
    """Scenarios by name, which is the path below their folder without its ending. Earlier folders win."""

    def __init__(self, vendors: Vendors, folders: tuple[Path, ...]) -> None:
        self._vendors = vendors
        self._folders = folders
        self._files = ScenarioFiles(vendors, folders)
        self._read: dict[str, tuple[int, Scenario]] = {}
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)

    @cached_property
    def _found(self) -> dict[Path, tuple[list[str], list[str]]]:
        """By folder, the scenario files in it, and the files that are passed over."""
        return {folder: split_scenarios(files_below(str(folder)), self._vendors) for folder in self._folders}

    @cached_property
    def _paths(self) -> dict[str, str]:
        starts = {folder: len(os.path.join(folder, "")) for folder in reversed(self._folders)}
        return {_name(path[start:]): path for folder, start in starts.items() for path in self._found[folder][0]}

    def others(self) -> list[str]:
        """Return the files in the folders that have the ending of JSON, and are plainly no scenarios."""
        return [path for _, others in self._found.values() for path in others]

    def names(self) -> list[str]:
        """Every name, in order."""
        return sorted(self._paths)

    def path(self, name: str) -> Path:
        """Return the path of the scenario of that name.

        Raises:
            NotFound: there is none.
        """
        return Path(self._path(name))

    def _path(self, name: str) -> str:
        if name not in self._paths:
            raise self._not_found(name)
        return self._paths[name]

    def intended_name(self, text: str) -> str | None:
        """Return the scenario that is written with an ending, or with folders before it that are no part of its name."""
        path = Path(text)
        parts = (path.with_suffix("") if is_scenario_file(path) else path).as_posix().split("/")
        names = ("/".join(parts[start:]) for start in range(len(parts)))
        return next((name for name in names if name in self._paths and name != text), None)

    def _not_found(self, name: str) -> NotFound:
        error = NotFound("scenario", name, self._paths)
        if intended_name := self.intended_name(name):
            error.args = (f"no scenario is called {name!r}; did you mean {intended_name!r}?",)
        return error

    def get(self, name: str, settings: Settings | None = None) -> Scenario:
        """The scenario of that name; read again when its file has changed, or one that it includes.

        Raises:
            NotFound: there is none.
            BadInput: it has mistakes, or a setting names no parameter.
        """
        path = self._path(name)
        if not (moment := changed(path)):
            raise NotFound("scenario", name, self._paths)
        if settings is not None:
            return self._files.load(Path(path), name, settings)
        with self._locks[name]:  # threads that ask for the same scenario get the same, with its templates
            read, scenario = self._read.get(name, (None, None))
            if scenario is None or read != moment or any(changed(it) != then for it, then in scenario.files.items()):
                scenario = self._files.load(Path(path), name)
                self._read[name] = moment, scenario
            return scenario

    @property
    def included(self) -> Mapping[str, int]:
        """The files that others included, as far as these were read, and when each was changed."""
        return self._files.included

    def is_part(self, path: str) -> bool:
        """Tell whether a file was included by another one that was read."""
        return realpath(path) in self.included

    def open(self, name_or_path: str, settings: Settings | None = None) -> Scenario:
        """The scenario of a name, or in a file; only a person at a keyboard may name files.

        Raises:
            NotFound: it is neither a known name nor a file.
            BadInput: it has mistakes, or is no scenario file; or a setting names no parameter.
        """
        path = Path(name_or_path)
        if name_or_path in self._paths:
            return self.get(name_or_path, settings)
        if isdir(path):
            raise BadInput([Problem("is a folder, not a scenario: name a file in it")], name_or_path)
        if lexists(path):
            return self._files.load(path, settings=settings)
        if is_scenario_file(path) or looks_like_path(name_or_path):
            raise self.no_file(name_or_path)
        return self.get(name_or_path, settings)

    def no_file(self, text: str) -> BadInput:
        """Return the refusal of a path at which there is no file; it names what may be meant."""
        return BadInput([Problem(f"there is no such file{self._instead_of(Path(text))}")], text)

    def _instead_of(self, path: Path) -> str:
        """Return the end of a sentence that names the scenario or file that may be meant; empty where nothing is near."""
        if intended_name := self.intended_name(str(path)):
            return f"; did you mean the scenario {intended_name!r}?"
        if beside := near(str(path), (str(it) for it in path.parent.glob("*") if is_scenario_file(it))):
            return f"; did you mean {' or '.join(map(repr, beside))}?"
        if close := near(path.stem if is_scenario_file(path) else path.name, self._paths):
            return f"; did you mean the scenario {' or '.join(map(repr, close))}?"
        return "" if is_scenario_file(path) else f"; a scenario file ends in {ENDINGS}"


def _name(path: str) -> str:
    """Return the name of a scenario by its path below its folder."""
    return splitext(path)[0].replace(os.sep, "/")


def files_below(folder: str) -> Iterator[str]:
    """Yield the paths of the files in a folder and those below it, in order; links too, unless they lead to a folder."""
    left = _entries(folder)
    while left:
        entry = left.pop()
        if entry.is_dir(follow_symlinks=False):
            left += _entries(entry.path)
        elif entry.is_file(follow_symlinks=False) or (entry.is_symlink() and not isdir(entry.path)):
            yield entry.path


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """Return what is in a folder, the last first; nothing where that cannot be read."""
    try:
        return sorted(os.scandir(folder), key=attrgetter("name"), reverse=True)
    except OSError:
        return []


def split_scenarios(paths: Iterable[str], vendors: Vendors) -> tuple[list[str], list[str]]:
    """Return the scenario files among these files, and the JSON files that are plainly no scenarios."""
    scenarios: list[str] = []
    others: list[str] = []
    keys: list[str] = []
    for path in paths:
        ending = splitext(path)[1].lower()
        if ending not in SUFFIXES:
            continue
        if ending == ".json" and not keys:
            from emulator.scenario.schema import scenario_schema

            keys = [*scenario_schema(vendors)["properties"], *vendors]
        (others if ending == ".json" and _is_plainly_none(Path(path), keys) else scenarios).append(path)
    return scenarios, others


def skipped_files_message(others: Sequence[str]) -> str:
    """Return the line that names the files that are passed over."""
    return f"passed over, with no key of a scenario at the top: {some([*others])}"


def _is_plainly_none(path: Path, keys: Sequence[str]) -> bool:
    """Tell whether a file is sound JSON without any key at its top that is, or is nearly, one of these."""
    try:
        value = orjson.loads(read_text(path))
    except (BadInput, ValueError):
        return False  # whoever reads it hears why
    return not (isinstance(value, dict) and any(near(key, keys) for key in value))
