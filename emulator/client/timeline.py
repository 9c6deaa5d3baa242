"""The timeline of a world: what somebody else does in it, by itself or after a call of the client under test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.client.json_encoding import without_none
from emulator.control.record import from_json
from emulator.control.rule_models import TimelineEvent as TimelineEvent


class Timeline:
    """An event or a reaction that a world waits for. `due` is the instant of an event, None where a call has to come first."""

    def __init__(self, ask: Callable[[str, str, Any], Any]) -> None:
        self._ask = ask

    def add(self, **event: Any) -> TimelineEvent:
        """Arrange something, in the words of a scenario file.

        `after` is how long from now, or `after_call` the operations after which it happens, with `wait` from the answer on,
        `times`, `every` and `after` (a number of calls), and for which `id` and `status` of an answer. What happens is `set`,
        changes of the state by vendor, in which `deleted: true` deletes, or `revoke`, credentials by vendor.

        Raises:
            ControlError: it means nothing, and why.
        """
        return from_json(TimelineEvent, self._ask("POST", "/timeline", without_none(**event)))

    def list(self) -> list[TimelineEvent]:
        """Return what was arranged, in that order: what is due once until it happens, what follows calls even after that."""
        return [from_json(TimelineEvent, it) for it in self._ask("GET", "/timeline", None)["timeline"]]

    def remove(self, id: str) -> None:
        """Call something off, with what is due because of calls so far.

        Raises:
            ControlError: there is none of that id.
        """
        self._ask("DELETE", f"/timeline/{id}", None)

    def clear(self) -> None:
        """Call everything off."""
        self._ask("DELETE", "/timeline", None)
