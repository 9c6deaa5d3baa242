"""The alarm clock of running worlds: it wakes up when something is due in one of them, and sleeps until then."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Condition, Thread

from emulator.kernel.clock import MONOTONIC
from emulator.kernel.world import World

LONGEST = 86_400.0
"""Seconds of one sleep, after which it is computed anew."""


log = logging.getLogger("emulator")


class Alarm:
    """Calls back for each world when its seconds have passed. There is a thread for as long as one is set."""

    def __init__(self, ring: Callable[[World], None]) -> None:
        self._ring = ring
        self._ends: dict[World, float] = {}
        self._changed = Condition()
        self._is_awake = False

    def set(self, world: World, seconds: float | None) -> None:
        """Set when to call back for a world, in place of what was set before; None for never."""
        with self._changed:
            if seconds is None:
                self._ends.pop(world, None)
            else:
                self._ends[world] = MONOTONIC() + min(seconds, LONGEST)
                if not self._is_awake:
                    self._is_awake = True
                    Thread(target=self._watch, name="batch-emulator-alarm", daemon=True).start()
            self._changed.notify()

    def clear(self) -> None:
        """Set nothing any more."""
        with self._changed:
            self._ends.clear()
            self._changed.notify()

    def _watch(self) -> None:
        while (world := self._next()) is not None:
            try:
                self._ring(world)
            except Exception:
                log.exception("what is due in the world %s could not be seen to", world.id)

    def _next(self) -> World | None:
        """Wait for the next world whose seconds have passed, and return it; None where nothing is set any more."""
        with self._changed:
            while self._ends:
                world = min(self._ends, key=self._ends.__getitem__)
                left = self._ends[world] - MONOTONIC()
                if left <= 0:
                    del self._ends[world]
                    return world
                self._changed.wait(left)
            self._is_awake = False
            return None
