"""Problems that show only when the world of a scenario is made and its timeline passes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from emulator.kernel.advance import TimelineEvent
from emulator.kernel.budget import Budget
from emulator.kernel.errors import BadInput, Conflict, Problem, TooMany
from emulator.kernel.time import parse_duration
from emulator.kernel.world import World
from emulator.scenario.document import InvalidPaths, Path
from emulator.scenario.scenario import Scenario
from emulator.sdk.vendor import Vendors

IRRELEVANT_PARTS = {"title", "format", "seed", "proves", "provenance", "credentials", "faults", "replies", "steps"}
"""Parts of a scenario that its world begins, and its timeline passes, without."""

IMPOSSIBLE = "impossible: "


def world_problems(
    scenario: Scenario, vendors: Vendors, problems: Sequence[Problem], budget: Budget | None = None
) -> Iterator[Problem]:
    """Find the mistakes that only the world shows, as far as the `problems` found before leave that to be seen.

    Raises:
        TooMany: nothing is wrong but that the `budget` of a server has no room.
    """
    valid = valid_parts(scenario.content.get("given"), vendors, problems)
    possible_scenario = _without_invalid_parts(scenario, vendors, valid.left, valid.state)
    try:
        world = possible_scenario.world(vendors, "check", budget=budget)
    except BadInput as error:
        for it in error.problems:
            if valid.covers(it.path):
                yield Problem(it.message, ("given", *valid.original_path(it.path)))
        every = [*problems, *(Problem(it.message, ("given", *it.path)) for it in error.problems)]
        possible_scenario = _without_invalid_parts(scenario, vendors, every, scenario.content.get("given"))
        world = possible_scenario.world(vendors, "check", budget=budget)
    except TooMany as error:
        if budget is not None and not problems:
            raise
        yield Problem(str(error), ("given",))
        return
    yield from _timeline_problems(possible_scenario, world)


def _timeline_problems(scenario: Scenario, world: World) -> Iterator[Problem]:
    waits = [parse_duration(item["after"]) for item in scenario.content.get("timeline", ())]
    try:
        changes = world.advance_by(max(waits)) if waits else []
    except (Conflict, TooMany) as error:
        yield Problem(str(error), ("timeline", waits.index(max(waits)), "after"))
        return
    for change in changes:
        if change.kind == TimelineEvent.kind and change.why.startswith(IMPOSSIBLE):
            for line in change.why.removeprefix(IMPOSSIBLE).splitlines():
                yield Problem(IMPOSSIBLE + line, ("timeline", int(change.id), "set"))


def _without_invalid_parts(scenario: Scenario, vendors: Vendors, problems: Sequence[Problem], given: Any) -> Scenario:
    """The parts of a scenario that a world can be made of, without the vendors of which something is wrong."""
    if not problems and given is scenario.content.get("given"):
        return scenario
    invalid, content = InvalidPaths(problems), {**scenario.content, "given": given}
    valid = {name: invalid.valid_items(content.get(name), (name,)) for name in ("clock", "timing", "assume", "given")}
    spoiled = {vendor for problem in problems for vendor in _spoiled_vendors(problem.path, vendors)}
    later = spoiled | {vendor for problem in problems for vendor in _vendors_spoiled_later(problem.path, vendors)}
    timeline = content.get("timeline", ()) if later < {*vendors} else ()
    possible = valid | {
        "given": _without(valid["given"], spoiled),
        "timeline": [{**item, "set": _without(item["set"], later)} for item in timeline],
    }
    return Scenario(scenario.name, scenario.source, possible)


def _spoiled_vendors(path: Path, vendors: Vendors) -> Collection[str]:
    """The vendors of which nothing can be said because of a mistake at this place."""
    if not path or path[0] in IRRELEVANT_PARTS or path[0] == "timeline":
        return ()
    if path[0] == "given" and len(path) > 1:
        return {str(path[1])}
    vendor = str(path[1]).partition(".")[0] if path[0] in ("timing", "assume") and len(path) > 1 else ""
    return {vendor} if vendor in vendors else vendors


def _vendors_spoiled_later(path: Path, vendors: Vendors) -> Collection[str]:
    """The vendors of whose timeline nothing can be said because of a mistake at this place."""
    if path[:1] == ("timeline",):
        return {str(path[3])} & vendors.keys() or vendors if path[2:3] == ("set",) and len(path) > 3 else vendors
    return vendors if path[:1] == ("given",) and path[1:2] and path[1] not in vendors else ()


def _without(state: Mapping[str, Any], vendors: Collection[str]) -> dict[str, Any]:
    return {name: part for name, part in state.items() if name not in vendors}


RESOURCES = frozenset({"batches", "batch_jobs", "event_destinations", "destinations", "error_logs"})
"""Lists of a vendor's state from which a resource can be left out without spoiling the others."""

PARTS = frozenset({"account", "platform"})
"""Parts that can be left out whole; what is found wrong with them then is not said."""


class ValidParts(NamedTuple):
    """A state by vendor without its mistakes, as far as they lie within RESOURCES and PARTS; `left` are the other problems.

    `kept_indexes` are the places as written of the resources that stayed, by vendor and list; `dropped` the parts that did not.
    """

    state: Any
    left: Sequence[Problem]
    kept_indexes: Mapping[tuple[str, str], Sequence[int]]
    dropped: frozenset[tuple[str, str]]

    def original_path(self, path: Path) -> Path:
        """Return the place as somebody wrote it of what has this place in the valid state."""
        kept_indexes = self.kept_indexes.get((str(path[0]), str(path[1]))) if len(path) > 2 else None
        return path if kept_indexes is None else (*path[:2], kept_indexes[int(path[2])], *path[3:])

    def covers(self, path: Path) -> bool:
        """Tell whether a problem at this place is one of what was written."""
        return tuple(map(str, path[:2])) not in self.dropped


def valid_parts(given: Any, vendors: Vendors, problems: Sequence[Problem]) -> ValidParts:
    """Return a given state without the resources, and the parts, in which there is one of these problems."""
    separable = [it for it in problems if _is_separable(it.path, given, vendors)]
    if not separable:
        return ValidParts(given, problems, {}, frozenset())
    left = [it for it in problems if not _is_separable(it.path, given, vendors)]
    spoiled = {(it.path[1], it.path[2], it.path[3] if it.path[2] in RESOURCES else None) for it in separable}
    state, kept_indexes = {vendor: {**part} if isinstance(part, dict) else part for vendor, part in given.items()}, {}
    for vendor, name in dict.fromkeys((str(it[0]), str(it[1])) for it in spoiled):
        if name in PARTS:
            del state[vendor][name]
        else:
            places = [place for place in range(len(given[vendor][name])) if (vendor, name, place) not in spoiled]
            kept_indexes[vendor, name] = places
            state[vendor][name] = [given[vendor][name][place] for place in places]
    dropped = frozenset((str(it[0]), str(it[1])) for it in spoiled if it[1] in PARTS)
    return ValidParts(state, left, kept_indexes, dropped)


def _is_separable(path: Path, given: Any, vendors: Vendors) -> bool:
    """Tell whether a place lies in one resource or part of a vendor's state that can be left out."""
    if len(path) < 3 or path[0] != "given" or path[1] not in vendors or not isinstance(given.get(path[1]), dict):
        return False
    content = given[path[1]].get(path[2])
    return path[2] in PARTS if len(path) < 4 or path[2] not in RESOURCES else isinstance(content, list)
