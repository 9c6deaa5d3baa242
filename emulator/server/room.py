"""The room for connections: the one that is idle for longest is closed for a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.server.timeouts import longest_idle

if TYPE_CHECKING:
    from emulator.server.connection import HttpConnection


def make_room(connection: HttpConnection) -> None:
    """Close the longest idle of the others where too many are open; refuse this one where none is idle."""
    most = connection.limits.connections
    others: list[HttpConnection] = [
        each
        for each in connection.connections
        if isinstance(each, type(connection)) and each is not connection and not each.transport.is_closing()
    ]
    if len(others) < most:
        return
    if idle := longest_idle(others):
        idle.transport.close()
    else:
        connection.refuse(503, "connections", f"more than {most} connections are open, and none is idle: see --max-connections")
        connection.transport.close()  # it has sent nothing that would have to be read first
