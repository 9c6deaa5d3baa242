"""What a scenario arranged beforehand: things that happen by themselves, and replies given word for word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from emulator.kernel.budget import Metered
from emulator.kernel.machine import ABSENT, After, Machine, Row, Timer, View
from emulator.kernel.store import IndexKey


@dataclass(frozen=True, slots=True)
class TimelineEvent(Metered):
    """At `at`, `happen` says what becomes of the world: a pure function from a view of it to the values that follow.

    `place` is the line of the scenario that arranged it. Where `happen` contradicts what the world has become by then
    (BadInput), or adds more than it may hold (TooMany), nothing happens, and the journal says why.
    """

    id: str
    place: str
    since: datetime
    at: datetime
    happen: Callable[[View], Iterable[Any]]
    status: str = "planned"
    kind: ClassVar[str] = "emulator.timeline"

    def index(self) -> tuple[IndexKey, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class ScriptedResponse(Metered):
    """The next `left` requests to an operation get this reply, and the vendor's state does not move. None is without end."""

    id: str
    since: datetime
    operation: str
    left: int | None
    status_code: int
    headers: Mapping[str, str]
    body: Any
    place: str
    status: str = "waiting"
    kind: ClassVar[str] = "emulator.reply"

    def said(self) -> ScriptedResponse:
        """What is left of it once it was said."""
        return self if self.left is None else replace(self, left=self.left - 1)

    def index(self) -> tuple[IndexKey, ...]:
        return (("for", self.operation),) if self.left is None or self.left > 0 else ()


def _measure(planned: TimelineEvent) -> timedelta:
    return planned.at - planned.since


def _happen(view: View, planned: TimelineEvent) -> Iterable[Any]:
    return planned.happen(view)


TIMELINE = Machine(
    kind=TimelineEvent.kind,
    states=("planned",),
    commands=(),
    timers=(Timer("timeline", None, "the scenario", measure=_measure),),
    rows=(Row("planned", After("timeline"), ABSENT, None, _happen, "the scenario"),),
    entry=("planned",),
)
