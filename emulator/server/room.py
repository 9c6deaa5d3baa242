"""The room for connections: where too many are open, one that waits gives way to a new one."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Collection
from heapq import nsmallest
from typing import TYPE_CHECKING
from weakref import WeakSet, ref

from emulator.kernel.resource import Struct
from emulator.web.guard import Rejection

if TYPE_CHECKING:
    from emulator.kernel.limits import Limits
    from emulator.server.connection import HttpConnection

WAITS_IDLE, WAITS_FOR_CLIENT, HELD_UP = range(3)
"""Kinds of waits, in the order in which connections give way: for a request; for the rest of a request, or until an answer
is read; until a fault lets a request go on."""

SPARE = 100
"""Connections beyond the bound that stay open until their requests come, of which only `/health` and `/ready` are answered."""

log = logging.getLogger("emulator")


class Wait(Struct, frozen=True):
    """A wait of a connection since its client last sent or took a byte. `number` is that of the idle time before it."""

    kind: int
    since: float
    number: int


def crowded(limits: Limits) -> Rejection:
    """Return the refusal of a request on a connection for which there is no room."""
    why = f"more than {limits.connections} connections are open, and the others are answered first"
    return Rejection(503, "connections", f"{why}: see --max-connections")


class Room:
    """The room of one server: of the connections that wait, the first kind gives way first, and of one kind the longest wait.

    It sorts half of them, and sorts again when all of those are gone: whose client sends or reads at a good pace is not among
    them.
    """

    def __init__(self) -> None:
        self._longest: deque[tuple[Wait, ref[HttpConnection]]] = deque()
        self._leaving: WeakSet[HttpConnection] = WeakSet()

    def make(self, connection: HttpConnection) -> bool:
        """Close one of the other connections where too many are open; return whether this one is open beyond the bound."""
        most, there = connection.limits.connections, connection.connections
        self._leaving &= there
        if len(there) - len(self._leaving) <= most:
            return False
        if leaving := self._next_longest(there) or self._sort(connection):
            self._leaving.add(leaving)
            leaving.give_way(crowded(connection.limits))
        elif len(there) - len(self._leaving) > most + SPARE:
            self._leaving.add(connection)
            connection.refuse(*crowded(connection.limits))
            connection.transport.close()  # it has sent nothing that would have to be read first
        return len(there) - len(self._leaving) > most

    def _next_longest(self, there: Collection[object]) -> HttpConnection | None:
        """Return the next of those sorted that has been in the same wait ever since, and whose client has sent nothing new."""
        while self._longest:
            wait, reference = self._longest.popleft()
            longest = reference()
            now = longest and longest in there and longest.wait()
            if longest and now and (now.kind, now.number) == (wait.kind, wait.number) and not longest.has_unread_bytes():
                return longest
        return None

    def _sort(self, newest: HttpConnection) -> HttpConnection | None:
        """Sort the longer half of the waits, and return the connection that gives way first."""
        others = (each for each in newest.connections - {newest, *self._leaving} if isinstance(each, type(newest)))
        waits = [(wait, ref(each)) for each in others if (wait := each.wait()) is not None]
        self._longest.extend(nsmallest(len(waits) // 2 + 1, waits, key=lambda it: (it[0].kind, it[0].since, it[0].number)))
        if self._longest and self._longest[0][0].kind != WAITS_IDLE:
            log.warning("more than %d connections are open, and none is idle: others give way", newest.limits.connections)
        return self._next_longest(newest.connections)
