"""Requests with long heads: to read, judge and show one takes long, so it is done beside the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from emulator.web.fault_effects import InProcessConnection, connection_of
from emulator.web.response import Scope
from emulator.web.threads import in_turn

T = TypeVar("T")

LONG_TARGET = 1_000
"""Bytes of a path, or of a query, from which on a head is long; each byte takes up to 3 microseconds."""

LONG_HEADERS = 4_000
"""Bytes of all headers from which on a head is long."""


def has_long_head(scope: Scope) -> bool:
    """Tell whether a request with a socket has a long head. Without a socket there may be no event loop to hold up."""
    is_long = (
        len(scope.get("raw_path") or scope["path"]) > LONG_TARGET
        or len(scope["query_string"]) > LONG_TARGET
        or sum(len(name) + len(value) for name, value in scope["headers"]) > LONG_HEADERS
    )
    return is_long and not isinstance(connection_of(scope), InProcessConnection)


async def with_head(scope: Scope, function: Callable[..., T], *arguments: object) -> T:
    """Return what a function returns, or raise what it raises; it is called beside the event loop where the head is long."""
    return await in_turn(function, *arguments) if has_long_head(scope) else function(*arguments)
