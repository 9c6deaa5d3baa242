"""How fast the bytes of a client must come: a head in time, a body without a long pause and at a least rate on average."""

from __future__ import annotations

from emulator.kernel.limits import Limits


class Pace:
    """Judges from looks at a growing count of bytes whether too few of them come.

    Over each window of `idle_seconds`, `min_rate` bytes a second are enough on average, in whatever bursts.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._since, self._from = 0.0, 0

    def begin(self, now: float, count: int) -> None:
        """Begin a window."""
        self._since, self._from = now, count

    def is_too_slow(self, now: float, count: int) -> bool:
        """Tell whether a window has ended, and fewer bytes came in it than must; the next begins with its end."""
        passed = now - self._since
        if passed < self._limits.idle_seconds:
            return False
        came = count - self._from
        self.begin(now, count)
        return came < self._limits.min_rate * passed
