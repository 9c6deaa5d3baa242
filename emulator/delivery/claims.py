"""Deliveries that somebody waits for while others hold their receivers: who holds one claims them, and reports."""

from __future__ import annotations

from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from threading import Lock

from emulator.kernel.world import World
from emulator.sdk.delivery import SENDING

Key = tuple[str, str]
"""(kind, id) of a delivery."""


class Claims:
    """The deliveries that are waited for, by world, and the calls of those who hold their receivers."""

    def __init__(self) -> None:
        self._wanted: dict[World, dict[Key, Future[None]]] = {}
        self._calls: dict[World, Future[None]] = {}
        self._lock = Lock()
        self.closed = False

    def want(self, world: World, key: Key) -> Future[None]:
        """Return what is done when a delivery is back, and tell those who hold receivers of it."""
        with self._lock:
            future = self._wanted.setdefault(world, {}).setdefault(key, Future())
            call = self._calls.pop(world, None)
        end(call)
        return future

    def wanted(self, world: World) -> set[Key]:
        """Return the deliveries of a world that are waited for."""
        with self._lock:
            return {*self._wanted.get(world, ())}

    def next_call(self, world: World) -> Future[None]:
        """Return what is done when a delivery of a world is waited for, or the world is gone."""
        with self._lock:
            return self._calls.setdefault(world, Future())

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
            futures = [self._calls.pop(world, None), *self._wanted.pop(world, {}).values()]
        for future in futures:
            end(future)

    def close(self) -> None:
        """Let nobody wait any more."""
        self.closed = True
        for world in {*self._calls, *self._wanted}:
            self.forget(world)


def end(future: Future[None] | None) -> None:
    """Let those go on who wait for something, if there is something."""
    if future is not None:
        with suppress(InvalidStateError):  # it has ended before
            future.set_result(None)
