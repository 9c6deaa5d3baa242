"""The TLS handshakes of one server that are under way: so many at once as there may be connections."""

from __future__ import annotations

from itertools import count

from emulator.kernel.clock import MONOTONIC
from emulator.kernel.limits import Limits


class Handshakes:
    """Counts each handshake until it ends, or is out of time: nobody tells of those that are cut off then."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._began: dict[int, float] = {}
        self._numbers = count()

    def begin(self) -> int | None:
        """Return the number of a new handshake; None where there are too many."""
        now = MONOTONIC()
        while self._began and next(iter(self._began.values())) < now - self._limits.head_seconds:
            self.end(next(iter(self._began)))
        if len(self._began) >= self._limits.connections:
            return None
        number = next(self._numbers)
        self._began[number] = now
        return number

    def end(self, number: int) -> None:
        """Count a handshake no longer: it is done, or has failed."""
        self._began.pop(number, None)
