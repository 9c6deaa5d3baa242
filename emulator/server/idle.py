"""Idle connections: how long one is kept, how its client is told, and which goes first where there are too many."""

from __future__ import annotations

import selectors
from collections.abc import Iterable
from itertools import count
from operator import itemgetter
from typing import Any, Protocol, TypeVar

GRACE = 1
"""Seconds for which a connection is kept beyond what its client was told, while a last request is on its way."""


RESTS = count()
"""Numbers of the rests of connections, in the order of their beginnings: the loops' clocks are too coarse to tell."""


class Connection(Protocol):
    """One connection, as far as its rest is concerned."""

    def idle_since(self) -> int | None:
        """The number of its rest, which begins with an answer, or with the connection; None while a request is under way."""

    def has_unread_bytes(self) -> bool:
        """Tell whether the client has sent something that nobody has read yet."""


C = TypeVar("C", bound=Connection)


def hint(seconds: float) -> bytes:
    """The header lines that tell a client how long an idle connection is kept; none where that has no end."""
    if seconds == float("inf"):
        return b""
    return b"connection: keep-alive\r\nkeep-alive: timeout=%d\r\n" % int(seconds)


def has_unread_bytes(transport: Any) -> bool:
    """Tell whether bytes (or the client's goodbye) wait in the socket; they are read in the loop's next round."""
    held = transport.get_extra_info("socket")
    if held is None:  # TLS has closed it
        return False
    with selectors.DefaultSelector() as selector:
        try:
            selector.register(held.fileno(), selectors.EVENT_READ)
        except (OSError, ValueError):  # it is closed
            return False
        return bool(selector.select(0))


def longest_idle(connections: Iterable[C]) -> C | None:
    """Return the connection that has been idle for longest, leaving out those from which a request has just come."""
    idle = [(since, it) for it in connections if (since := it.idle_since()) is not None]
    return next((it for _, it in sorted(idle, key=itemgetter(0)) if not it.has_unread_bytes()), None)
