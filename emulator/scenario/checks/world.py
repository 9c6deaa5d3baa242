"""Problems that show only when the world of a scenario is made and its timeline passes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from emulator.kernel.advance import TimelineEvent
from emulator.kernel.budget import Budget
from emulator.kernel.errors import BadInput, Conflict, Problem, TooMany
from emulator.kernel.time import parse_duration
from emulator.kernel.world import World
from emulator.scenario.checks.states import valid_fragment
from emulator.scenario.document import InvalidPaths, JsonObject, Path
from emulator.scenario.resources import lists_of
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
    separable = [it for it in problems if _is_separable(it.path, vendors)]
    given: Any = scenario.content.get("given")
    left = [it for it in problems if not _is_separable(it.path, vendors)]
    if separable:
        invalid = InvalidPaths(separable)
        parts = ((name, part, lists_of(vendors[name])) for name, part in given.items() if name in vendors)
        given = {name: valid_fragment(part, lists, ("given", name), invalid) for name, part, lists in parts}
    possible = _without_invalid_parts(scenario, vendors, left, given)
    try:
        world = possible.world(vendors, "check", budget=budget)
    except BadInput as error:
        found = [Problem(it.message, ("given", *it.path)) for it in error.problems]
        left_out = {it.path[:3] for it in separable if it.path[2] not in given[it.path[1]]}
        yield from (it for it in found if it.path[:3] not in left_out)
        possible = _without_invalid_parts(scenario, vendors, [*problems, *found], given)
        world = possible.world(vendors, "check", budget=budget)
    except TooMany as error:
        if budget is not None and not problems:
            raise
        yield Problem(str(error), ("given",))
        return
    yield from _timeline_problems(possible, world)


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


def _without(state: JsonObject, vendors: Collection[str]) -> JsonObject:
    return {name: part for name, part in state.items() if name not in vendors}


def _is_separable(path: Path, vendors: Vendors) -> bool:
    """Tell whether a place lies in a resource, or in an object such as `account`, that can be left out of a vendor's state."""
    if len(path) < 3 or path[0] != "given" or path[1] not in vendors:
        return False
    vendor, name = vendors[str(path[1])], str(path[2])
    kind = lists_of(vendor).get(name)
    if kind is not None:
        return kind.repeats and len(path) > 3
    return bool(vendor.state.schema["properties"].get(name, {}).get("type") == "object")
