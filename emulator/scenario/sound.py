"""A given state without the resources that have a mistake, so that what is wrong with the others can be told as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from emulator.kernel.errors import Problem
from emulator.scenario.invalid_paths import Path
from emulator.sdk.vendor import Vendors

RESOURCES = frozenset({"batches", "batch_jobs", "event_destinations", "destinations", "error_logs"})
"""Lists of a vendor's state from which a resource can be left out without spoiling the others."""

PARTS = frozenset({"account", "platform"})
"""Parts that can be left out whole; what is found wrong with them then is not said."""


class Sound(NamedTuple):
    """A state by vendor without its mistakes, as far as they lie within RESOURCES and PARTS; `left` are the other problems.

    `kept` are the places as written of the resources that stayed, by vendor and list; `dropped` the parts that did not.
    """

    state: Any
    left: Sequence[Problem]
    kept: Mapping[tuple[str, str], Sequence[int]]
    dropped: frozenset[tuple[str, str]]

    def as_written(self, path: Path) -> Path:
        """Return the place as somebody wrote it of what has this place in the sound state."""
        kept = self.kept.get((str(path[0]), str(path[1]))) if len(path) > 2 else None
        return path if kept is None else (*path[:2], kept[int(path[2])], *path[3:])

    def knows(self, path: Path) -> bool:
        """Tell whether a problem at this place is one of what was written."""
        return tuple(map(str, path[:2])) not in self.dropped


def without_mistakes(given: Any, vendors: Vendors, problems: Sequence[Problem]) -> Sound:
    """Return a given state without the resources, and the parts, in which there is one of these problems."""
    apart = [it for it in problems if _lies_apart(it.path, given, vendors)]
    if not apart:
        return Sound(given, problems, {}, frozenset())
    left = [it for it in problems if not _lies_apart(it.path, given, vendors)]
    spoilt = {(it.path[1], it.path[2], it.path[3] if it.path[2] in RESOURCES else None) for it in apart}
    state, kept = {vendor: {**part} if isinstance(part, dict) else part for vendor, part in given.items()}, {}
    for vendor, name in dict.fromkeys((str(it[0]), str(it[1])) for it in spoilt):
        if name in PARTS:
            del state[vendor][name]
        else:
            places = [place for place in range(len(given[vendor][name])) if (vendor, name, place) not in spoilt]
            kept[vendor, name] = places
            state[vendor][name] = [given[vendor][name][place] for place in places]
    dropped = frozenset((str(it[0]), str(it[1])) for it in spoilt if it[1] in PARTS)
    return Sound(state, left, kept, dropped)


def _lies_apart(path: Path, given: Any, vendors: Vendors) -> bool:
    """Tell whether a place lies in one resource or part of a vendor's state that can be left out."""
    if len(path) < 3 or path[0] != "given" or path[1] not in vendors or not isinstance(given.get(path[1]), dict):
        return False
    written = given[path[1]].get(path[2])
    return path[2] in PARTS if len(path) < 4 or path[2] not in RESOURCES else isinstance(written, list)
