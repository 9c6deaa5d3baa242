"""A world that another thread keeps busy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from emulator.kernel.world import World


@contextmanager
def busy(world: World) -> Iterator[Callable[[], None]]:
    """Another thread holds the world's lock until the function is called, or this is over."""
    is_held, over = Event(), Event()

    def hold() -> None:
        with world.lock:
            is_held.set()
            over.wait()

    thread = Thread(target=hold)
    thread.start()
    is_held.wait()
    try:
        yield over.set
    finally:
        over.set()
        thread.join()
