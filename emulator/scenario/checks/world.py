"""Problems that show only when the world of a scenario is made and its timeline passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from emulator.kernel.budget import Budget
from emulator.kernel.errors import BadInput, Conflict, Problem, TimeRunsForward, TooMany
from emulator.kernel.exchange import Change
from emulator.kernel.time import END_OF_TIME, format_instant, parse_duration
from emulator.kernel.world import World
from emulator.scenario.document import InvalidPaths
from emulator.scenario.scenario import Scenario
from emulator.scenario.timeline import impossible_events
from emulator.sdk.vendor import Vendors

BESIDE = {"title", "format", "seed", "proves", "provenance", "credentials", "faults", "replies", "steps", "given", "timeline"}
"""Parts of a scenario in which a mistake leaves the vendors to be looked at that have none."""


def world_problems(
    scenario: Scenario, vendors: Vendors, problems: Sequence[Problem], budget: Budget | None = None
) -> Iterator[Problem]:
    """Find the mistakes that only the world shows; of vendors for which `problems` were found before, none.

    Raises:
        TooMany: nothing is wrong but that the `budget` of a server has no room.
    """
    possible = _without_problems(scenario, problems) if problems else scenario
    try:
        world = possible.world(vendors, "check", budget=budget)
    except BadInput as error:
        yield from (Problem(it.message, ("given", *it.path)) for it in error.problems)
    except TooMany as error:
        if budget is not None and not problems:
            raise
        yield Problem(str(error), ("given",))
    else:
        yield from _timeline_problems(possible, world)


def _without_problems(scenario: Scenario, problems: Sequence[Problem]) -> Scenario:
    """Return what is given to vendors without problems, and no timeline; nothing where it is too much or the clock has some."""
    content, whole = scenario.content, (("given",), ("timeline",))
    begins = all(it.path and it.path[0] in BESIDE and it.path not in whole for it in problems)
    given = InvalidPaths(problems).valid_items(content.get("given"), ("given",)) if begins else {}
    settings = {name: content[name] for name in ("clock", "timing", "assume") if begins and name in content}
    return Scenario(scenario.name, scenario.source, {**settings, "given": given})


def _timeline_problems(scenario: Scenario, world: World) -> Iterator[Problem]:
    """Yield what cannot happen by itself; what follows from a call may depend on what the client has done."""
    timeline = enumerate(scenario.content.get("timeline", ()))
    waits = [(parse_duration(item["after"]), index) for index, item in timeline if "after_call" not in item]
    yield from _waits_beyond_the_end(scenario, world)
    longest, last = max(waits, key=lambda it: it[0], default=(timedelta(), 0))
    world.settle()
    changes = [entry.event for entry in world.journal.since(0) if isinstance(entry.event, Change)]
    try:
        changes += world.advance_by(longest) if waits else []
    except (Conflict, TimeRunsForward, TooMany) as error:
        yield Problem(str(error), ("timeline", last, "after"))
        return
    yield from impossible_events(changes)


def _waits_beyond_the_end(scenario: Scenario, world: World) -> Iterator[Problem]:
    """Yield where something would follow a call so late that time ends before it, however soon the call comes."""
    for index, item in enumerate(scenario.content.get("timeline", ())):
        if world.clock.now() + parse_duration(item.get("wait", 0)) > END_OF_TIME:
            reason = f"that long after any answer is beyond the end of time, {format_instant(END_OF_TIME)}"
            yield Problem(reason, ("timeline", index, "wait"))
