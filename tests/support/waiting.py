"""Waits for something to happen on a server. Each ends, and fails, when it can happen no more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

MOST = 500_000
"""Looks at a server, each of which gives it a turn: far more than it needs to notice anything."""


def wait_until(look: Callable[[], T], is_possible: Callable[[], bool] = lambda: True) -> T:
    """Look until something is there, and return it. `is_possible` says whether it may still come."""
    for _ in range(MOST):
        was_possible = is_possible()  # before the look: what comes last is still seen
        if found := look():
            return found
        assert was_possible, "it can happen no more"
    raise AssertionError(f"it has not happened after {MOST} looks")


async def wait_in_loop(look: Callable[[], T], is_possible: Callable[[], bool] = lambda: True) -> T:
    """Look in each round of the event loop until something is there, and return it."""
    for _ in range(MOST):
        was_possible = is_possible()
        if found := look():
            return found
        assert was_possible, "it can happen no more"
        await asyncio.sleep(0)
    raise AssertionError("it has not happened")
