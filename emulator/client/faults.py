"""The faults of a world as a test lays them: where they strike, what they do, how often, and whom they hold up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.client.journal import FaultHit
from emulator.kernel.time import parse_instant


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


@dataclass(frozen=True, slots=True)
class HeldRequest:
    """A request that a fault holds up. `since` is the world's instant at which that began.

    `until` is the instant at which a virtual delay in a world whose time runs is over, None for every other fault.
    """

    method: str
    target: str
    operation: str
    fault: FaultHit
    since: datetime
    until: datetime | None


class Faults:
    """The faults laid over a world."""

    def __init__(self, ask: Callable[[str, str, Any], Any]) -> None:
        self._ask = ask

    def add(self, *, at: str, where: str, do: str, **more: Any) -> Fault:
        """Lay a fault, in the words of a scenario file.

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

    def held(self) -> list[HeldRequest]:
        """The requests that faults hold up at present, in the order in which they came."""
        return [_held(shown) for shown in self._ask("GET", "/held", None)["held"]]

    def list(self) -> list[Fault]:
        """Every fault, in the order in which they were laid; also those that have struck for the last time."""
        return [Fault(**shown) for shown in self._ask("GET", "/faults", None)["faults"]]

    def remove(self, id: str) -> None:
        """Take a fault away. The requests that it holds up go on at once, to the vendor's answer.

        Raises:
            Refused: there is none of that id.
        """
        self._ask("DELETE", f"/faults/{id}", None)

    def clear(self) -> None:
        """Take every fault away. The requests that they hold up go on at once, to the vendor's answer."""
        self._ask("DELETE", "/faults", None)


def _held(shown: Mapping[str, Any]) -> HeldRequest:
    instants = {name: shown[name] and parse_instant(shown[name]) for name in ("since", "until")}
    return HeldRequest(**{**shown, **instants, "fault": FaultHit(**shown["fault"])})
