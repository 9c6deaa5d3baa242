"""Worlds with a keeper whose receipts a test ends, or a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import RLock, Thread
from typing import Any, cast

from emulator.kernel.world import World
from emulator.store.receipt import Receipt


class Keeper:
    """Has a receipt for all that happens in a world until it is ended; the next begins with what happens then."""

    def __init__(self) -> None:
        self.receipt: Receipt | None = None
        self.refusal: str | None = None
        self.receipts: list[Receipt] = []
        self._new: SimpleQueue[Receipt] = SimpleQueue()

    def note(self, world: World, deed: Any) -> None:
        """Note nothing."""

    def keep(self) -> None:
        """Have a receipt for what happened."""
        if self.receipt is None or self.receipt.is_over:
            self.receipt = Receipt()
            self.receipts.append(self.receipt)
            self.on_receipt(self.receipt)

    def on_receipt(self, receipt: Receipt) -> None:
        """Leave a new receipt to the test."""
        self._new.put(receipt)

    def next_receipt(self) -> Receipt:
        """Wait for the next receipt, and return it."""
        return self._new.get()

    def end(self, error: str | None = None) -> None:
        """End the present receipt."""
        assert self.receipt is not None
        self.receipt.end(error)


class KeptLock:
    """The lock of a world that has a keeper, which hears of what happened at its last release."""

    def __init__(self, world: World, keeper: Keeper) -> None:
        self._world, self._keeper, self._lock = world, keeper, RLock()
        self._depth = 0
        self._mark = _mark(world)

    def acquire(self, blocking: bool = True) -> bool:
        is_held = self._lock.acquire(blocking)
        self._depth += is_held
        return is_held

    def release(self) -> None:
        if self._depth == 1 and (mark := _mark(self._world)) != self._mark:
            self._mark = mark
            self._keeper.keep()
        self._depth -= 1
        self._lock.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def keep(world: World, keeper: Keeper | None = None) -> Keeper:
    """Give a world a keeper."""
    world.keeper = keeper = keeper or Keeper()
    world.lock = cast(RLock, KeptLock(world, keeper))
    return keeper


class PromptKeeper(Keeper):
    """Has its receipts ended by a thread as soon as it can."""

    def __init__(self, waiting: SimpleQueue[Receipt | None]) -> None:
        super().__init__()
        self._waiting = waiting

    def on_receipt(self, receipt: Receipt) -> None:
        self._waiting.put(receipt)


@contextmanager
def writing() -> Iterator[SimpleQueue[Receipt | None]]:
    """A thread that ends the receipts in a queue for as long as this lasts."""
    waiting: SimpleQueue[Receipt | None] = SimpleQueue()

    def end_all() -> None:
        while (receipt := waiting.get()) is not None:
            receipt.end()

    thread = Thread(target=end_all)
    thread.start()
    try:
        yield waiting
    finally:
        waiting.put(None)
        thread.join()


def _mark(world: World) -> object:
    """Return what changes with a world."""
    journal, clock = world.journal, world.clock
    return journal.serial, journal.truncations, journal.last, *world.store.versions, clock.base, clock.rate, [*world.snapshots]
