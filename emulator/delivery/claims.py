"""Deliveries whose receivers others hold: who holds one claims what must not wait for an advance, and reports."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from threading import Lock

from emulator.kernel.world import World
from emulator.sdk.delivery import SENDING

Key = tuple[str, str]
"""(kind, id) of a delivery."""


class Claims:
    """The deliveries that are waited for, by world, and the calls of those who hold their receivers."""

    def __init__(self) -> None:
        self._wanted: dict[World, dict[Key, Future[None]]] = {}
        self._calls: dict[World, set[Future[None]]] = {}
        self._lock = Lock()
        self.closed = False

    def want(self, world: World, key: Key) -> Future[None]:
        """Return what is done when a delivery is back, and tell those who hold receivers of it."""
        with self._lock:
            future = self._wanted.setdefault(world, {}).setdefault(key, Future())
        self.tell(world)
        return future

    def tell(self, world: World) -> None:
        """Tell those who hold receivers of a world that there is something to deliver."""
        with self._lock:
            calls = self._calls.pop(world, ())
        for call in calls:
            end(call)

    def wanted(self, world: World) -> set[Key]:
        """Return the deliveries of a world that are waited for."""
        with self._lock:
            return {*self._wanted.get(world, ())}

    @contextmanager
    def call(self, world: World) -> Iterator[Future[None]]:
        """Return, for as long as this lasts, what is done when a delivery of a world is wanted, or the world is gone."""
        call: Future[None] = Future()
        with self._lock:
            self._calls.setdefault(world, set()).add(call)
        try:
            yield call
        finally:
            with self._lock:
                if calls := self._calls.get(world):
                    calls.discard(call)
                    if not calls:
                        del self._calls[world]

    def review(self, world: World) -> None:
        """Let nobody wait for what is not under way any more. The caller holds the world's lock."""
        for key in self.wanted(world):
            delivery = world.store.find(*key)
            if delivery is None or delivery.status != SENDING:
                with self._lock:
                    future = self._wanted[world].pop(key)
                    if not self._wanted[world]:
                        del self._wanted[world]
                end(future)

    def forget(self, world: World) -> None:
        """Let nobody wait for a world that is gone."""
        with self._lock:
            futures = [*self._calls.pop(world, ()), *self._wanted.pop(world, {}).values()]
        for future in futures:
            end(future)

    def close(self) -> None:
        """Let nobody wait any more."""
        self.closed = True
        for world in {*self._calls, *self._wanted}:
            self.forget(world)


def end(future: Future[None]) -> None:
    """Let those go on who wait for something."""
    with suppress(InvalidStateError):  # it has ended before
        future.set_result(None)
