"""Events of a timeline that came to nothing while the steps of their scenario were played."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from emulator.kernel.timeline import IMPOSSIBLE
from emulator.scenario.document import JsonObject
from emulator.scenario.scenario import Scenario
from emulator.scenario.timeline import number_of


def unused_events(scenario: Scenario, left: Sequence[JsonObject], entries: Iterable[JsonObject]) -> Iterator[tuple[str, str]]:
    """Yield the place of each such event, and why; `left` are those that may still happen, `entries` those of the journal."""
    own = range(len(scenario.content.get("timeline", ())))
    for event in left:
        index = number_of(event["id"]) - 1
        if index in own and "after_call" in event["event"] and not event["happened"]:
            seen = f"{event['seen']} of the calls that it follows came" if event["seen"] else "no step calls what it follows"
            yield scenario.place("timeline", index), f"this event never happened: {seen}"
    for entry in entries:
        if entry.get("resource") == "timeline" and IMPOSSIBLE in entry.get("why", ""):
            index = number_of(entry["id"].partition("/")[0]) - 1
            if index in own:
                yield scenario.place("timeline", index), f"this event was {IMPOSSIBLE}{entry['why'].partition(IMPOSSIBLE)[2]}"
