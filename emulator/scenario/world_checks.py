"""What shows only when a scenario's world is really made, and its timeline really passes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from emulator.kernel.advance import TimelineEvent
from emulator.kernel.budget import Budget
from emulator.kernel.errors import BadInput, Conflict, Problem, TooMany
from emulator.kernel.time import parse_duration
from emulator.kernel.world import World
from emulator.scenario.invalid_paths import Mistakes, Path
from emulator.scenario.scenario import Scenario
from emulator.scenario.sound import without_mistakes
from emulator.sdk.vendor import Vendors

HARMLESS = {"title", "seed", "proves", "provenance", "credentials", "faults", "replies", "steps"}
"""Parts of a scenario that its world begins, and its timeline passes, without."""

IMPOSSIBLE = "impossible: "


def impossibilities(
    scenario: Scenario, vendors: Vendors, problems: Sequence[Problem], budget: Budget | None = None
) -> Iterator[Problem]:
    """Find the mistakes that only the world shows, as far as the `problems` found before leave that to be seen.

    Raises:
        TooMany: nothing is wrong but that the `budget` of a server has no room.
    """
    sound = without_mistakes(scenario.written.get("given"), vendors, problems)
    made = _possible(scenario, vendors, sound.left, sound.state)
    try:
        world = made.world(vendors, "check", budget=budget)
    except BadInput as error:
        found = [Problem(it.message, ("given", *sound.as_written(it.path))) for it in error.problems if sound.knows(it.path)]
        yield from found
        every = [*problems, *(Problem(it.message, ("given", *it.path)) for it in error.problems)]
        made = _possible(scenario, vendors, every, scenario.written.get("given"))
        world = made.world(vendors, "check", budget=budget)
    except TooMany as error:
        if budget is not None and not problems:
            raise
        yield Problem(str(error), ("given",))
        return
    yield from _impossible_timeline(made, world)


def _impossible_timeline(scenario: Scenario, world: World) -> Iterator[Problem]:
    waits = [parse_duration(item["after"]) for item in scenario.written.get("timeline", ())]
    try:
        changes = world.advance_by(max(waits)) if waits else []
    except (Conflict, TooMany) as error:
        yield Problem(str(error), ("timeline", waits.index(max(waits)), "after"))
        return
    for change in changes:
        if change.kind == TimelineEvent.kind and change.why.startswith(IMPOSSIBLE):
            for line in change.why.removeprefix(IMPOSSIBLE).splitlines():
                yield Problem(IMPOSSIBLE + line, ("timeline", int(change.id), "set"))


def _possible(scenario: Scenario, vendors: Vendors, problems: Sequence[Problem], given: Any) -> Scenario:
    """The parts of a scenario that a world can be made of, without the vendors of which something is wrong."""
    if not problems and given is scenario.written.get("given"):
        return scenario
    mistakes, written = Mistakes(problems), {**scenario.written, "given": given}
    sound = {name: mistakes.without(written.get(name), (name,)) for name in ("clock", "timing", "assume", "given")}
    spoilt = {vendor for problem in problems for vendor in _spoilt(problem.path, vendors)}
    later = spoilt | {vendor for problem in problems for vendor in _spoilt_later(problem.path, vendors)}
    timeline = written.get("timeline", ()) if later < {*vendors} else ()
    possible = sound | {
        "given": _without(sound["given"], spoilt),
        "timeline": [{**item, "set": _without(item["set"], later)} for item in timeline],
    }
    return Scenario(scenario.name, scenario.source, possible)


def _spoilt(path: Path, vendors: Vendors) -> Collection[str]:
    """The vendors of which nothing can be said because of a mistake at this place."""
    if not path or path[0] in HARMLESS or path[0] == "timeline":
        return ()
    if path[0] == "given" and len(path) > 1:
        return {str(path[1])}
    vendor = str(path[1]).partition(".")[0] if path[0] in ("timing", "assume") and len(path) > 1 else ""
    return {vendor} if vendor in vendors else vendors


def _spoilt_later(path: Path, vendors: Vendors) -> Collection[str]:
    """The vendors of whose timeline nothing can be said because of a mistake at this place."""
    if path[:1] == ("timeline",):
        return {str(path[3])} & vendors.keys() or vendors if path[2:3] == ("set",) and len(path) > 3 else vendors
    return vendors if path[:1] == ("given",) and path[1:2] and path[1] not in vendors else ()


def _without(state: Mapping[str, Any], vendors: Collection[str]) -> dict[str, Any]:
    return {name: part for name, part in state.items() if name not in vendors}
