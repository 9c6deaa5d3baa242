"""Virtual time: it stands still, runs at a rate, or jumps, never back. Only this module asks the machine for the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from math import inf

from emulator.kernel.errors import TimeRunsForward
from emulator.kernel.instants import instant_of
from emulator.kernel.resource import Struct
from emulator.kernel.time import END_OF_TIME, format_instant

FROZEN = 0.0
REAL = 1.0
DEFAULT_START = instant_of(2026, 1, 1)
MAX_RATE = 1_000_000.0
EPOCH = instant_of(1970, 1, 1)

# Taken at import, in a form that freezegun does not find; it leaves clock_gettime alone, and time-machine CLOCK_MONOTONIC.
if hasattr(time, "clock_gettime"):
    MONOTONIC: Callable[[], float] = partial(time.clock_gettime, time.CLOCK_MONOTONIC)
    REALTIME: Callable[[], float] = partial(time.clock_gettime, time.CLOCK_REALTIME)
else:
    MONOTONIC, REALTIME = partial(time.monotonic), partial(time.time)


def wall_now() -> datetime:
    """Return the machine's own date and time, in UTC, for a world that begins at the present."""
    return EPOCH + timedelta(seconds=REALTIME())


class Clock(Struct):
    """An instant, and how many virtual seconds pass in a real one: 0 is frozen, 1 is real.

    It is the clock of the vendors, by which everything happens. The one that clients look at is apart from it by `skew`, which
    is negative where the vendors are behind: whatever is said of the clock itself is said in the clients' time.

    A clock that runs faster than its world can follow shows the instant that the world has reached, and how far it is behind;
    `because` says why where there is no room for what is due.
    """

    base: datetime = DEFAULT_START
    rate: float = FROZEN
    wall: Callable[[], float] = MONOTONIC
    because: str = ""
    skew: timedelta = timedelta(0)
    _since: float = 0.0
    _reached: datetime | None = None
    _is_behind: bool = False

    def __post_init__(self) -> None:
        self._since = self.wall()

    def now(self) -> datetime:
        """Return the present instant of this clock, in UTC."""
        return self.reached if self._is_behind else self.target()

    def client_time(self, instant: datetime) -> datetime:
        """Return what clients' clocks show at an instant of the vendors."""
        return instant - self.skew

    def vendor_time(self, instant: datetime) -> datetime:
        """Return the instant of the vendors at which clients' clocks show this one."""
        return instant + self.skew

    @property
    def reached(self) -> datetime:
        """The latest instant that the world was brought to."""
        return self.base if self._reached is None else self._reached

    @property
    def is_behind(self) -> bool:
        """True if more was due than the latest look could bring about."""
        return self._is_behind

    @property
    def behind(self) -> timedelta:
        """The virtual time that the world still has to go through."""
        return self.target() - self.now()

    def reach(self, instant: datetime, is_behind: bool = False, because: str = "") -> None:
        """Note how far the world has come, whether more was due, and why it had no room; the present never goes back."""
        self._reached = max(instant, self.reached)
        self._is_behind, self.because = is_behind, because

    def target(self) -> datetime:
        """Return the instant that the clock shows once its world has kept up with it."""
        if self.rate == FROZEN:
            return self.base
        passed, left = (self.wall() - self._since) * self.rate, END_OF_TIME - self.base
        return END_OF_TIME if passed >= left.total_seconds() else self.base + timedelta(seconds=passed)

    def advance_to(self, instant: datetime) -> datetime:
        """Jump to `instant`, go on from there at the same rate, and return it.

        Raises:
            TimeRunsForward: `instant` has already passed, or lies beyond END_OF_TIME.
        """
        now = self.now()
        if instant < now:
            raise TimeRunsForward(
                f"it is {format_instant(self.client_time(now))} already, and a clock never goes back to"
                f" {format_instant(self.client_time(instant))}"
            )
        self._start_from(instant)
        return instant

    def advance_by(self, duration: timedelta) -> datetime:
        """Jump ahead by a duration, and return the present.

        Raises:
            TimeRunsForward: that lies beyond END_OF_TIME.
        """
        self._start_from(self.now() + duration)
        return self.base

    def catch_up_with(self, instant: datetime) -> datetime:
        """Jump to `instant` unless it has passed, and return the present.

        Raises:
            TimeRunsForward: that lies beyond END_OF_TIME.
        """
        self._start_from(max(instant, self.now()))
        return self.base

    def stop_at(self, instant: datetime) -> None:
        """Go on from an instant on the way of a jump."""
        self._start_from(instant)

    def seconds_until(self, instant: datetime) -> float:
        """Return the real seconds until this clock shows an instant: 0 if it does already, infinite if it stands still."""
        left = (instant - self.now()).total_seconds()
        if left <= 0:
            return 0.0
        return inf if self.rate == FROZEN else left / self.rate

    def ran_for(self, seconds: float) -> None:
        """Note that it has run for so many real seconds already since its instant."""
        self._since = self.wall() - seconds

    def set_rate(self, rate: float) -> None:
        """Go on from the present instant at another rate; a world that is behind gives up the rest."""
        self._start_from(self.now())
        self.rate = rate

    def copy(self) -> Clock:
        """Return a clock of its own that shows the same instant and runs at the same rate."""
        return self.starting_at(self.now())

    def starting_at(self, instant: datetime) -> Clock:
        """Return a clock of its own that goes on from an instant as this one does."""
        return Clock(instant, self.rate, self.wall, skew=self.skew)

    def _start_from(self, instant: datetime) -> None:
        if instant > END_OF_TIME:
            raise TimeRunsForward(
                f"{format_instant(self.client_time(instant))} is beyond the end of time, {format_instant(END_OF_TIME)}"
            )
        self.base, self._since = instant, self.wall()
        self._reached, self._is_behind, self.because = None, False, ""
