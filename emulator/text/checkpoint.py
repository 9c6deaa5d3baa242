"""Checkpoints of long works: between two pieces of a work, whoever runs it lets others have a turn, or ends it."""

from __future__ import annotations

from collections.abc import Callable
from threading import local
from typing import Any


class Unwanted(Exception):
    """Ends a work whose result nobody waits for any more, and which has had no effect yet."""


class _Work(local):
    """The work of a thread: `pause` is called at each of its checkpoints, and the `client` is the one for whom alone it is."""

    pause: Callable[[], None] | None = None
    client: Any = None


WORK = _Work()


def checkpoint() -> None:
    """Let others have a turn.

    Raises:
        Unwanted: the work is to end here.
    """
    if WORK.pause is not None:
        WORK.pause()
