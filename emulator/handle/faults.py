"""The faults of a world as a test lays them: where they strike, what they do, how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as it was when it was asked for. `fault` is it as a scenario writes it; `left` is None where it has no end.

    `seen` counts the calls that it covered, `struck` those it struck; `place` is the line of the scenario that laid it.
    """

    id: str
    fault: Mapping[str, Any]
    seen: int
    struck: int
    left: int | None
    place: str | None


class Faults:
    """The faults laid over a world."""

    def __init__(self, ask: Callable[[str, str, Any], Any]) -> None:
        self._ask = ask

    def add(self, *, at: str, where: str, do: str, **more: Any) -> Fault:
        """Lays a fault, in the words of a scenario file.

        `at` is an operation (`stripe.batch_jobs.cancel`), a vendor or `"*"`. `where` is before-auth, before-commit,
        after-commit, mid-body or after-reply. `do` is status, delay, drop, reset, truncate, garbage, dribble or hang. `more`
        says how often (`times`, `after`, `every`, `probability`, `between`, `for_`), for which `id`, and what the effect
        needs (`status`, `body`, `retry_after`, `delay`, `clock`, `pace`). A duration is `"1m30s"`, a number of seconds or a
        timedelta.

        Raises:
            Refused: it means nothing, and why.
        """
        written = {name.removesuffix("_"): value for name, value in more.items() if value is not None}
        return Fault(**self._ask("POST", "/faults", {"at": at, "where": where, "do": do, **written}))

    def list(self) -> list[Fault]:
        """Every fault, in the order in which they were laid; also those that have struck for the last time."""
        return [Fault(**shown) for shown in self._ask("GET", "/faults", None)["faults"]]

    def remove(self, id: str) -> None:
        """Takes a fault away.

        Raises:
            Refused: there is none of that id.
        """
        self._ask("DELETE", f"/faults/{id}", None)

    def clear(self) -> None:
        """Takes every fault away."""
        self._ask("DELETE", "/faults", None)
