"""The clock of a world, as a test reads and moves it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

from emulator.handle.journal import Change
from emulator.handle.written import duration
from emulator.kernel.journal import show_instant
from emulator.kernel.quantities import parse_instant


class Clock:
    """The world's clock."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    @property
    def now(self) -> datetime:
        """The present instant, in UTC."""
        return parse_instant(self._ask("GET", "/clock")["now"])

    @property
    def next(self) -> datetime | None:
        """The instant of the next thing that happens by itself, or None."""
        upcoming = self._ask("GET", "/clock")["next"]
        return parse_instant(upcoming) if upcoming else None

    def advance(
        self,
        by: str | timedelta | None = None,
        *,
        to: datetime | str | None = None,
        until: Literal["next", "idle"] | None = None,
    ) -> list[Change]:
        """Lets time pass, in one of three ways, and returns what happened, in order.

        `by` is a duration such as `"30s"`, or a timedelta of whole milliseconds; `to` an instant with a zone, or one such as
        `"2026-03-10T00:00:00Z"`; `until` is `"next"` (the next thing that happens by itself) or `"idle"` (nothing more does).

        Raises:
            BadInput: `by` is not of whole milliseconds.
            Refused: time does not go back, never comes to rest, or more would happen than in one jump may.
        """
        wish = {
            "by": duration(by, "by") if isinstance(by, timedelta) else by,
            "to": show_instant(to) if isinstance(to, datetime) else to,
            "until": until,
        }
        told = {name: value for name, value in wish.items() if value is not None}
        return [Change.read(change) for change in self._ask("POST", "/clock/advance", told)["fired"]]

    def run(self, rate: float | str) -> None:
        """Lets time pass by itself from now on: `"real"`, `"frozen"`, or virtual seconds in a real one."""
        self._ask("PATCH", "/clock", {"rate": rate})
