"""Receipts: what those wait for whose answers go out once what happened is kept."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping
from threading import Event, Lock

from emulator.store.port import Misnumbered


class Receipt:
    """One write, which several records share: it is over when they are kept, or could not be, and then `error` says why.

    `lost` are worlds whose records alone are not kept, because another writer was there first or has dropped them.

    It is ended by the thread that writes, and waited for from any other, and from event loops. A loop is woken once for all
    that wait there.
    """

    __slots__ = ("_by_loop", "_lock", "_over", "error", "is_over", "lost")

    def __init__(self) -> None:
        self.error: str | None = None
        self.lost: Mapping[str, Misnumbered] = {}
        self.is_over = False
        self._lock = Lock()
        self._over: Event | None = None
        self._by_loop: dict[AbstractEventLoop, list[Callable[[], object]]] = {}

    def then(self, loop: AbstractEventLoop, callback: Callable[[], object]) -> None:
        """Have a loop call something once this is over; at once, from here, where it is over already."""
        with self._lock:
            if not self.is_over:
                self._by_loop.setdefault(loop, []).append(callback)
                return
        callback()

    def wait(self) -> None:
        """Block this thread until it is over."""
        with self._lock:
            if self.is_over:
                return
            over = self._over = self._over or Event()
        over.wait()

    def error_of(self, world: str) -> str | None:
        """Return why the records of a world could not be kept, None where they are, or this is not over."""
        return self.error or (str(self.lost[world]) if world in self.lost else None)

    def end(self, error: str | None = None, lost: Mapping[str, Misnumbered] | None = None) -> None:
        """Tell everybody that it is over, and why the records could not be kept, if they could not."""
        with self._lock:
            self.error, self.lost, self.is_over = error, lost or {}, True
            over, by_loop = self._over, self._by_loop
            self._by_loop = {}
        if over is not None:
            over.set()
        for loop, callbacks in by_loop.items():
            _wake(loop, callbacks)


def _wake(loop: AbstractEventLoop, callbacks: list[Callable[[], object]]) -> None:
    def call_all() -> None:
        for callback in callbacks:
            loop.call_soon(callback)  # apart from each other: one that raises takes no other with it

    try:
        loop.call_soon_threadsafe(call_all)
    except RuntimeError:  # the loop is closed, and nobody waits there any more
        return
