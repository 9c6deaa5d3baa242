"""The result of an exploration: the endings that broke something, and how many were tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from emulator.scenario.document import JsonObject
from emulator.text.escape import escaped


@dataclass(frozen=True, slots=True)
class Intrusion:
    """One thing that comes in the client's way: a fault at one of its calls, an event, or an order.

    An event is what another actor does, and `act` its place in `meanwhile`. `steps` are those of the scenario in that order,
    where they are the client.
    """

    says: str
    fault: JsonObject | None = None
    event: JsonObject | None = None
    steps: Sequence[JsonObject] | None = None
    act: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Ending:
    """A run with these intrusions: the assertion that failed, the world's story, and a scenario that has it again."""

    intrusions: tuple[Intrusion, ...]
    broke: str
    story: str
    scenario: str

    def __str__(self) -> str:
        return escaped(f"{describe(self.intrusions)}: {self.broke}")

    def __repr__(self) -> str:
        return f"<Ending: {self}>"


Progress = Callable[["Explored", str], None]
"""Called before each run with the findings until then, and the next attempt."""


@dataclass(slots=True, repr=False)
class Explored:
    """The number of endings tried, those that broke something, the smallest first, and the undisturbed client's calls.

    `endings` is how many there are, known once the undisturbed client is done; the `skipped` have a broken one in them, and
    in the `impossible` another actor can not do yet what it is to do; those `beyond` are more than may be: they are not tried.
    """

    tried: int = 0
    broken: list[Ending] = field(default_factory=list)
    calls: int = 0
    endings: int = 0
    skipped: int = 0
    impossible: int = 0
    beyond: int = 0

    def __repr__(self) -> str:
        return f"<Explored: {'; '.join(self.summary())}>"

    def summary(self) -> list[str]:
        """Say how many endings broke something, and name each of these: a line each."""
        return [f"{len(self.broken)} of {self.tried} endings broke something{self._untried()}", *map(str, self.broken)]

    def __str__(self) -> str:
        lines = self.summary()[:1]
        for ending in self.broken:
            lines += ["", str(ending), ending.story, "scenario:", ending.scenario]
        return "\n".join(lines)

    def _untried(self) -> str:
        """Say how many endings were not tried, and why."""
        left = self.endings - self.tried - self.skipped - self.impossible - self.beyond
        reasons = [f"{self.skipped} since they contain one that broke something"] * bool(self.skipped)
        reasons += [f"{self.impossible} since another actor cannot do that before the first call"] * bool(self.impossible)
        reasons += [f"{self.beyond} since no more may be (most, --max-runs)"] * bool(self.beyond)
        if left > 0:
            reasons.append(f"{left} since they were not reached")
        return f"; of {self.endings} in all, not tried: {', '.join(reasons)}" if reasons else ""


def describe(intrusions: Iterable[Intrusion]) -> str:
    """Say what comes in the client's way."""
    return ", and ".join(intrusion.says for intrusion in intrusions) or "nothing comes in its way"
