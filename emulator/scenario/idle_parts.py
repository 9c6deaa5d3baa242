"""Parts of a scenario that its steps never brought into play: a fault that never struck, a reply that was never given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.scenario.scenario import Scenario

REACHED_NOBODY = "this request reached no operation ({}): write in `get` what it is to hear, or mend its path"


def idle_parts(scenario: Scenario, faults: Sequence[Mapping[str, Any]], called: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield the place of each such part, and why; `faults` are as they are after the steps, in the order of the file."""
    for index, fault in enumerate(faults[: len(scenario.written.get("faults", ()))]):
        if not fault["struck"]:
            seen = f"{fault['seen']} of its calls came" if fault["seen"] else "no step calls what it is for"
            yield scenario.place("faults", index), f"this fault never struck: {seen}"
    for index, reply in enumerate(scenario.written.get("replies", ())):
        if reply["at"] not in called:
            yield scenario.place("replies", index), f"this reply was never given: no step calls {reply['at']}"
