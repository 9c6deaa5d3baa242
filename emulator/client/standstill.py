"""Finds out that a client waits for something that never happens, since the time of its world stands still."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from emulator.scenario.document import JsonObject

MANY = 100
"""Equal requests, while nothing changes and no time passes, after which a client waits for nothing."""

FEW, LONG = 5, 10.0
"""Fewer times are enough once it has run for so many real seconds."""

VARYING = 10
"""So many times as often, a path may be asked with another query or body each time, as one who turns pages does."""

ADVICE = (
    "nothing changed, and the clock stands still. Let it run (`clock: {rate: 60}` in the scenario: a minute in a second),"
    " or have the client pass the world's time, not its own (`emulator.clock.sleep`, `emulator.clock.patch_sleep`)"
)


class Standstill:
    """Reads the journal of a world as it grows. `ask` asks its control plane, `elapsed` tells for how long the client runs."""

    def __init__(self, ask: Callable[[str, str], Any], elapsed: Callable[[], float]) -> None:
        self._ask = ask
        self._elapsed = elapsed
        self._newest = 0
        self._at: str | None = None
        self._counts: Counter[tuple[str, str]] = Counter()
        self._paths: Counter[tuple[str, str]] = Counter()

    def look(self) -> str | None:
        """The reason why the client will not end; None where it may."""
        for entry in self._ask("GET", f"/journal?since={self._newest}")["entries"]:
            self._newest = entry["n"]
            self._count(entry)
        if not self._counts:
            return None
        return self._reason(self._counts, 1) or self._reason(self._paths, VARYING)

    def _reason(self, counts: Counter[tuple[str, str]], factor: int) -> str | None:
        ((operation, _), times), *_ = counts.most_common(1)
        if times >= factor * MANY or (times >= factor * FEW and self._elapsed() > LONG):
            return f"time stands still: the client asked {operation} {times} times; {ADVICE}"
        return None

    def _count(self, entry: JsonObject) -> None:
        """Begin to count anew where time passed, or anything changed."""
        if entry["type"] == "change" or entry["changes"] or entry["at"] != self._at:
            self._counts.clear()
            self._paths.clear()
        self._at = entry["at"]
        if entry["type"] == "exchange":
            self._counts[entry["operation"], f"{entry['method']} {entry['target']} {entry['request']['body']}"] += 1
            self._paths[entry["operation"], f"{entry['method']} {entry['target'].partition('?')[0]}"] += 1
