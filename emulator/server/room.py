"""The room for connections: the one that is idle for longest is closed for a new one."""

from __future__ import annotations

from collections import deque
from operator import itemgetter
from typing import TYPE_CHECKING
from weakref import WeakSet, ref

if TYPE_CHECKING:
    from emulator.server.connection import HttpConnection


class Room:
    """The room of one server. It sorts the idle connections only when it has closed all that it sorted last."""

    def __init__(self) -> None:
        self._oldest: deque[tuple[int, ref[HttpConnection]]] = deque()
        self._leaving: WeakSet[HttpConnection] = WeakSet()

    def make(self, connection: HttpConnection) -> None:
        """Close the longest idle of the others where too many are open; refuse this one where none is idle."""
        most, there = connection.limits.connections, connection.connections
        self._leaving &= there
        if len(there) - len(self._leaving) <= most:
            return
        leaving = self._next_oldest() or self._sort(connection) or connection
        self._leaving.add(leaving)
        if leaving is connection:
            connection.refuse(
                503, "connections", f"more than {most} connections are open, and none is idle: see --max-connections"
            )
        leaving.transport.close()  # one that is refused has sent nothing that would have to be read first

    def _next_oldest(self) -> HttpConnection | None:
        """Return the next of those sorted that has been idle ever since, and from which no request has just come."""
        while self._oldest:
            number, reference = self._oldest.popleft()
            oldest = reference()
            if oldest is not None and oldest.idle_since() == number and not oldest.has_unread_bytes():
                return oldest
        return None

    def _sort(self, newest: HttpConnection) -> HttpConnection | None:
        """Sort those that are idle now, and return the one that has been so for longest."""
        others = (each for each in newest.connections if isinstance(each, type(newest)) and each is not newest)
        idle = [(number, ref(each)) for each in others if (number := each.idle_since()) is not None]
        self._oldest.extend(sorted(idle, key=itemgetter(0)))
        return self._next_oldest()
