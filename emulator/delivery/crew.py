"""Threads for what is outside: so many at a time, few of them for one world, so that none waits for a receiver of another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from threading import Lock, Thread

from emulator.kernel.world import World

AT_A_TIME, OF_A_WORLD = 128, 4
"""Threads of one server at a time, and those that work for one world."""

Work = Callable[[], None]


class Crew:
    """Works that are done in threads of their own, those of one world in order. No thread outlasts the process."""

    def __init__(self) -> None:
        self._waiting: dict[World, dict[Hashable, Work]] = {}
        self._working: Counter[World] = Counter()
        self._lock = Lock()

    def add(self, world: World, key: Hashable, work: Work) -> None:
        """Have a work done as soon as there is a thread for it."""
        with self._lock:
            self._waiting.setdefault(world, {})[key] = work
            self._begin_some()

    def discard(self, world: World, key: Hashable) -> None:
        """Leave a work undone that has not begun."""
        with self._lock:
            if works := self._waiting.get(world):
                works.pop(key, None)
                if not works:
                    del self._waiting[world]

    def _begin_some(self) -> None:
        """Begin what may begin. The caller holds the lock."""
        free = AT_A_TIME - self._working.total()
        for world in [*self._waiting] if free > 0 else ():
            works = self._waiting[world]
            while works and free > 0 and self._working[world] < OF_A_WORLD:
                self._working[world] += 1
                free -= 1
                work = works.pop(next(iter(works)))
                Thread(target=self._work, args=(world, work), name="batch-emulator-delivery", daemon=True).start()
            if not works:
                del self._waiting[world]
            if free <= 0:
                break

    def _work(self, world: World, work: Work) -> None:
        try:
            work()
        finally:
            with self._lock:
                self._working[world] -= 1
                if not self._working[world]:
                    del self._working[world]
                self._begin_some()
