"""Files that a scenario includes: read within bounds, from the folders in which they may be, and merged into one document.

Objects are merged, lists are joined, those of the included file first, and of two plain values the including file's stands.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple

from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.resource import structs
from emulator.scenario.document import MAX_BYTES, MAX_VALUES, Document, JsonDict
from emulator.scenario.document import Path as Keys
from emulator.scenario.files import ENDINGS, changed, is_scenario_file, read_text
from emulator.scenario.schema import FORMAT, FORMAT_MEANS
from emulator.text.checkpoint import checkpoint
from emulator.text.nearest import hint

MAX_FILES = 100
"""Files that one scenario includes, at most."""
MAX_NESTED = 8
"""Files that include each other, one within the other, at most."""
MAX_TOTAL = 4 * MAX_BYTES
"""Characters of a scenario together with all that it includes."""

NO_LIST = "'include' is a list of files, such as [parts/accounts.yaml]"
NO_OBJECT = "a file that is included holds keys of a scenario"
OUTSIDE = "leads out of the folder of this file: only what is below that, or below a folder of --scenarios, is read"
NO_VALUES = Document()
LINKED = "is a link, or is behind one, that leads out of the folders in which it may be"

Parse = Callable[[str], Document]


class Refused(Exception):
    """A file that is not included, and why."""


class Location(NamedTuple):
    """A file: its path as it is shown, the folder from which it names others, and the file that it really is."""

    shown: Path
    folder: str
    target: str


class Includes:
    """Reads the files that a scenario includes, each once.

    `folders` are those of --scenarios, and `parser_of` returns what reads a file, by the ending of its name. `included` tells
    of each file that was ever included, or looked for, when it was changed.
    """

    def __init__(self, folders: Sequence[Path], parser_of: Callable[[Path], Parse], included: dict[str, int]) -> None:
        self._folders = [(folder, os.path.realpath(folder)) for folder in folders]
        self._parser_of = parser_of
        self._open: list[str] = []
        self._read: dict[str, int] = {}
        self._included = included
        self._size = self._values = 0

    def merge(self, document: Document, path: Path, text: str) -> Document:
        """Return a document with all that it includes, without its `include`; `path` and `text` are those of its own file."""
        self._size = len(text)
        self._values = len(document.places)
        merged = self._merged(document, Location(path, os.path.realpath(path.parent), os.path.realpath(path)))
        merged.files = self._read
        return merged

    def _merged(self, document: Document, file: Location) -> Document:
        names, result = document.value.pop("include"), Document({}, {(): (1, 1)})
        if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            document.problems.append(document.place(Problem(NO_LIST, ("include",))))
            return document
        self._open.append(file.target)
        for index, name in enumerate(names):
            try:
                lay(result, self._part(name, file, name in names[:index]))
            except Refused as error:
                document.problems.append(document.place(Problem(f"{name!r} {error}", ("include", index))))
            except BadInput as error:
                document.problems += error.problems
        self._open.pop()
        lay(result, document)
        return result

    def _part(self, name: str, including: Location, again: bool) -> Document:
        """Return the document of a file that is included; an empty one where it was included before.

        Raises:
            Refused: it may not be included.
            BadInput: it cannot be read.
        """
        if again:
            raise Refused("is included twice: leave one out")
        file = self._find(name, including)
        if file.target in self._open:
            raise Refused("includes this file itself, or is included by what it includes")
        if file.target in self._read:
            return Document({})
        if len(self._open) > MAX_NESTED:
            raise Refused(f"is included more than {MAX_NESTED} deep")
        if len(self._read) >= MAX_FILES:
            raise Refused(f"is one file too many: a scenario includes at most {MAX_FILES}")
        self._read[file.target] = changed(file.target)
        self._included[file.target] = self._read[file.target]
        return self._document(file)

    def _document(self, file: Location) -> Document:
        source = str(file.shown)
        try:
            text = read_text(Path(file.target))
            self._size += len(text)
            self._add_values()
            if self._size > MAX_TOTAL:
                raise Refused(f"makes more than {MAX_TOTAL} characters of this, with all that is included")
            document = self._parser_of(file.shown)(text)
            self._add_values(document)
        except BadInput as error:
            raise BadInput([structs.replace(it, source=source) for it in error.problems]) from None
        document.sources = dict.fromkeys(document.places, source)
        document.problems = [structs.replace(it, source=source) for it in document.problems]
        if not isinstance(document.value, dict):
            raise BadInput([document.place(Problem(NO_OBJECT))])
        document.value.pop("$schema", None)
        version = document.value.pop("format", FORMAT)
        if version != FORMAT or isinstance(version, bool):
            document.problems.append(document.place(Problem(f"the format is not {FORMAT_MEANS}", ("format",))))
        return self._merged(document, file) if "include" in document.value else document

    def _add_values(self, document: Document = NO_VALUES) -> None:
        """Count the values of a document.

        Raises:
            Refused: there are too many by now.
        """
        self._values += len(document.places)
        if self._values > MAX_VALUES:
            raise Refused(f"makes more than {MAX_VALUES} values of this, with all that is included")

    def _find(self, name: str, including: Location) -> Location:
        """Return a file of that name beside the including one, or below a folder of --scenarios.

        Raises:
            Refused: there is none that may be included.
        """
        check_name(name)
        places = [(including.shown.parent, including.folder), *self._folders]
        roots = [real for _, real in places]
        candidates = [(shown / name, os.path.normpath(os.path.join(real, name))) for shown, real in places]
        inside = [(shown, path) for shown, path in candidates if _is_below_any(path, roots)]
        if not inside:
            raise Refused(OUTSIDE)
        for shown, path in inside:
            target = os.path.realpath(path)
            if not _is_below_any(target, roots):
                raise Refused(LINKED)
            if os.path.lexists(target):
                return Location(Path(os.path.normpath(shown)), os.path.dirname(target), target)
        self._included |= dict.fromkeys((path for _, path in inside), 0)
        raise Refused(f"is no file{_nearest(Path(os.path.realpath(inside[0][1])))}")


def check_name(name: str) -> None:
    """Check that a text can be the path of a file to include, whatever there is.

    Raises:
        Refused: it cannot.
    """
    if "://" in name:
        raise Refused("is no file: nothing is fetched from elsewhere")
    if not name.isprintable() or "\\" in name:
        raise Refused("is not written as the path of a file is, with / between folders")
    if os.path.isabs(name) or name.startswith("~") or PureWindowsPath(name).drive:
        raise Refused("is not relative: name the file from the folder of this one on")
    if not is_scenario_file(Path(name)):
        raise Refused(f"does not end as a scenario file does, in {ENDINGS}")


def _is_below_any(path: str, folders: Iterable[str]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)


def _nearest(path: Path) -> str:
    """Return the end of a sentence that names the file beside it that may be meant; empty where nothing is near."""
    names = [it.name for it in path.parent.glob("*") if is_scenario_file(it)] if path.parent.is_dir() else []
    return hint(path.name, sorted(names), few=0)


def lay(base: Document, top: Document) -> None:
    """Lay a document over another: objects are merged, lists joined, and of two plain values that of the `top` stands."""
    merger = _Merger()
    merger.merge(base.value, top.value, ())
    for path, place in top.places.items():
        checkpoint()
        moved = merger.moved(path)
        base.places[moved] = place
        base.sources.pop(moved, None)
    base.sources |= {merger.moved(path): source for path, source in top.sources.items()}
    base.problems += [structs.replace(it, path=merger.moved(it.path)) for it in top.problems]
    base.problems += map(base.place, merger.problems)
    base.has_marks |= top.has_marks


class _Merger:
    """Merges an object into one below it, and knows how far the items of its lists moved."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._moved: dict[Keys, int] = {}

    def merge(self, base: JsonDict, top: JsonDict, path: Keys) -> None:
        checkpoint()
        for key, part in top.items():
            below, here = base.get(key), (*path, key)
            if isinstance(below, dict) and isinstance(part, dict):
                self.merge(below, part, here)
            elif isinstance(below, list) and isinstance(part, list):
                self._moved[here] = len(below)
                below += part
            else:
                was_there = key in base
                base[key] = part
                if was_there and _kind(below) != _kind(part):
                    self.problems.append(Problem(f"this is {_kind(part)}, and {_kind(below)} in a file that is included", here))

    def moved(self, path: Keys) -> Keys:
        """Return where a part that has this path in the `top` has come to."""
        for end in range(1, len(path)):
            if shift := self._moved.get(path[:end]):
                return (*path[:end], int(path[end]) + shift, *path[end + 1 :])
        return path


def _kind(value: Any) -> str:
    return "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else "a plain value"
