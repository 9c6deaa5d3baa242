"""The faults of a world: where they strike, what they do, how often, and which requests they hold up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from emulator.client.json_encoding import LEFT_OUT, rule_words
from emulator.control import rule_models
from emulator.control.record import from_json
from emulator.control.rule_models import Fault as Fault


class HeldRequest(rule_models.HeldRequest):
    """A request that a fault holds up. `since` is the world's instant at which that began.

    `until` is the instant at which a virtual delay in a world whose time runs is over, None for every other fault.
    """

    __match_args__ = ("method", "target", "operation", "fault", "since", "until")


class Faults:
    """The faults laid over a world."""

    def __init__(self, ask: Callable[[str, str, Any], Any]) -> None:
        self._ask = ask

    def add(self, *, at: str | Sequence[str], do: str, where: str | None = None, json: Any = LEFT_OUT, **more: Any) -> Fault:
        """Lay a fault, in the words of a scenario file.

        `at` is an operation (`stripe.batch_jobs.cancel`), a vendor, `"*"`, or a list of them. `where` is before-auth,
        before-commit, after-commit, mid-body or after-reply. `do` is status, delay, drop, reset, truncate, garbage, dribble or
        hang. `more` says for which calls (`id`, `match`), how often (`times`, `after`, `every`, `probability`, `between`,
        `for_`, `rate_limit`), and what the effect needs (`status`, `headers`, `body`, `json`, `text`, `retry_after`, `delay`,
        `clock`, `pace`). A duration is `"1m30s"`, a number of seconds or a timedelta.

        A fault of deliveries, `at` stripe.webhook or serpwow.webhook, has no `where`: `do` is duplicate, delay, reorder, drop,
        before-response, outage, lose-response, wrong-secret, stale-timestamp or corrupt, and `event` one of its events.

        Raises:
            ControlError: it means nothing, and why.
        """
        fields = {"at": at, "do": do, **rule_words(json, {"where": where, **more})}
        return from_json(Fault, self._ask("POST", "/faults", fields))

    def held(self) -> list[HeldRequest]:
        """Return the requests that faults hold up at present, in the order in which they came."""
        return [from_json(HeldRequest, it) for it in self._ask("GET", "/held", None)["held"]]

    def list(self) -> list[Fault]:
        """Return every fault, in the order in which they were laid; also those that have struck for the last time."""
        return [from_json(Fault, it) for it in self._ask("GET", "/faults", None)["faults"]]

    def remove(self, id: str) -> None:
        """Take a fault away. The requests that it holds up go on at once, to the vendor's answer.

        Raises:
            ControlError: there is none of that id.
        """
        self._ask("DELETE", f"/faults/{id}", None)

    def clear(self) -> None:
        """Take every fault away. The requests that they hold up go on at once, to the vendor's answer."""
        self._ask("DELETE", "/faults", None)
