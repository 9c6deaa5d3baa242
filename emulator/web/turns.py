"""Turns of works in threads: one works at a time, so that the event loop waits for no more than one of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Event, Lock
from typing import TypeVar

from emulator.kernel.clock import MONOTONIC
from emulator.text.checkpoint import WORK, Unwanted
from emulator.web.connection import Connection

T = TypeVar("T")

SLICE = 0.01
"""Seconds for which a work goes on before the next has its turn."""

NEW_SECONDS = 0.03
"""Seconds for which a work is new: those have their turns before others, and before them those that have not worked yet."""

LONGEST_TURN = 0.5
"""Seconds after which the next has its turn in any case: whoever works may wait for a lock that one of them holds."""


class Turns:
    """The turns of the works of one loop. Those that wait are in order, those that have not worked and the new ones apart."""

    def __init__(self) -> None:
        self.waiting = deque[Work](), deque[Work](), deque[Work]()
        self._lock = Lock()
        self._current: Work | None = None
        self._since = 0.0

    def take(self, work: Work) -> None:
        """Wait for a turn."""
        with self._lock:
            work.may_go_on.clear()
            self.waiting[work.age].append(work)
            if self._current is None:
                self._begin_next()
        while not work.may_go_on.wait(LONGEST_TURN):
            with self._lock:
                if MONOTONIC() - self._since >= LONGEST_TURN:
                    self._begin_next()

    def give_back(self, work: Work) -> None:
        """End the turn of a work, if it has it; the next begins."""
        with self._lock:
            if self._current is work:
                self._begin_next()

    def _begin_next(self) -> None:
        """Begin the turn of the one that is next, if there is one. The caller holds the lock."""
        queue = next(filter(None, self.waiting), None)
        self._current, self._since = queue.popleft() if queue else None, MONOTONIC()
        if self._current is not None:
            self._current.may_go_on.set()


class Work:
    """One work, from its first turn on; `on_last` is called in its thread once it is not new any more, or waits.

    Its `age` is 0 before it works, 1 while it is new, and then 2.
    """

    def __init__(self, turns: Turns, on_last: Callable[[], object] = lambda: None) -> None:
        self.may_go_on = Event()
        self.age = 0
        self._turns = turns
        self._on_last = on_last
        self._worked = 0.0
        turns.take(self)
        self._since = MONOTONIC()

    def pause(self) -> None:
        """Let others have their turns, where this one has lasted long enough.

        Raises:
            Unwanted: its client is gone.
        """
        seconds = MONOTONIC() - self._since
        if seconds < SLICE:
            return
        if WORK.client is not None and WORK.client.gone:
            raise Unwanted
        self._worked += seconds
        was_new, self.age = self.age < 2, 2 if self._worked >= NEW_SECONDS else 1
        if was_new and self.age == 2:
            self._on_last()
        self._turns.give_back(self)
        self._turns.take(self)
        self._since = MONOTONIC()

    def aside(self, wait: Callable[[], object]) -> None:
        """Wait for something without a turn, which whoever brings it about may need, and without a slot."""
        self._on_last()
        self._worked += MONOTONIC() - self._since
        self._turns.give_back(self)
        try:
            wait()
        finally:
            self._turns.take(self)
            self._since = MONOTONIC()

    def end(self) -> None:
        """Let the next have its turn."""
        self._turns.give_back(self)


def for_client(client: Connection, function: Callable[[], T]) -> T:
    """Call a function that has no effect, so that it ends at a checkpoint once the client is gone for whom alone it is.

    Raises:
        Unwanted: the client is gone.
    """
    if client.gone:
        raise Unwanted
    WORK.client = client
    try:
        return function()
    finally:
        WORK.client = None
