"""Checkpoints of long works: between two pieces of a work, or while it waits, whoever runs it lets others have a turn."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock, local
from typing import Any


class Unwanted(Exception):
    """Ends a work whose result nobody waits for any more, and which has had no effect yet."""


class _Work(local):
    """The work of a thread: `pause` is called at each of its checkpoints, and `aside` with what it waits for.

    The `client` is the one for whom alone it is.
    """

    pause: Callable[[], None] | None = None
    aside: Callable[[Callable[[], object]], None] | None = None
    client: Any = None


WORK = _Work()


def checkpoint() -> None:
    """Let others have a turn.

    Raises:
        Unwanted: the work is to end here.
    """
    if WORK.pause is not None:
        WORK.pause()


class TurnLock:
    """A lock that a thread may hold several times, and that a work waits for without its turn: its holder may need that."""

    def __init__(self) -> None:
        lock = RLock()
        self.acquire, self.release = lock.acquire, lock.release

    def __enter__(self) -> None:
        if self.acquire(blocking=False):
            return
        if WORK.aside is None:
            self.acquire()
        else:
            WORK.aside(self.acquire)

    def __exit__(self, *_: object) -> None:
        self.release()
