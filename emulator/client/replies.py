"""The replies of a world in place of the vendors' own: to which calls, how often, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from emulator.client.json_encoding import LEFT_OUT, rule_words
from emulator.control.record import from_json
from emulator.control.rule_models import Reply as Reply


class Replies:
    """The replies that a world gives in place of the vendors' own."""

    def __init__(self, ask: Callable[[str, str, Any], Any]) -> None:
        self._ask = ask

    def add(self, *, at: str | Sequence[str], status: int, json: Any = LEFT_OUT, **more: Any) -> Reply:
        """Script a reply, in the words of a scenario file.

        `at` is an operation (`serpwow.batches.stop`), a vendor, `"*"`, or a list of them. `more` says to which calls (`id`,
        `match`), which of these (`after`, `times`, `every`, `probability`, `between`, `for_`, `rate_limit`), and what the reply
        holds: `headers`, and `body` (a text as it is, anything else as JSON) or `text`, in place of which `json` may stand;
        without any of them it has no body.

        Raises:
            ControlError: it means nothing, and why.
        """
        return from_json(Reply, self._ask("POST", "/replies", {"at": at, "status": status, **rule_words(json, more)}))

    def list(self) -> list[Reply]:
        """Return every reply, in the order in which they were added; also those that were given for the last time."""
        return [from_json(Reply, it) for it in self._ask("GET", "/replies", None)["replies"]]

    def remove(self, id: str) -> None:
        """Take a reply away.

        Raises:
            ControlError: there is none of that id.
        """
        self._ask("DELETE", f"/replies/{id}", None)

    def clear(self) -> None:
        """Take every reply away: the vendors answer again."""
        self._ask("DELETE", "/replies", None)
