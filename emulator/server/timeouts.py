"""Time bounds of a connection: how long it may be idle, how slowly it may send, how long it may read nothing."""

from __future__ import annotations

import selectors
from collections.abc import Callable
from itertools import count
from typing import Any

from emulator.kernel.limits import Limits

GRACE = 1
"""Seconds for which a connection is kept beyond what its client was told, while a last request is on its way."""

IDLE_NUMBERS = count()
"""Numbers of idle times of connections, in order of their beginnings, for which the clocks of loops are too coarse."""


def keep_alive_headers(seconds: float) -> bytes:
    """Return the header lines that tell a client how long an idle connection is kept; none where that has no end."""
    if seconds == float("inf"):
        return b""
    return b"connection: keep-alive\r\nkeep-alive: timeout=%d\r\n" % int(seconds)


def has_unread_bytes(transport: Any) -> bool:
    """Tell whether bytes, or the client's FIN, wait in the socket; they are read in the loop's next round."""
    held = transport.get_extra_info("socket")
    if held is None:  # TLS has closed it
        return False
    with selectors.DefaultSelector() as selector:
        try:
            selector.register(held.fileno(), selectors.EVENT_READ)
        except (OSError, ValueError):  # it is closed
            return False
        return bool(selector.select(0))


class Pace:
    """Tells by looks at a growing count of bytes whether too few of them come.

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


class WriteStallTimer:
    """Measures how long a client has taken nothing of what is sent to it; `size` returns the bytes that are not sent yet."""

    def __init__(self, size: Callable[[], int]) -> None:
        self._size = size
        self._seen, self._since = 0, 0.0

    def seconds(self, now: float) -> float:
        """Return the seconds since the last call at which the size had changed."""
        size = self._size()
        if size == 0 or size != self._seen:
            self._seen, self._since = size, now
        return now - self._since

    def restart(self) -> None:
        """Note that the client has taken something, however much there is now."""
        self._seen = 0
