"""Worlds with a keeper whose receipts a test ends, or a thread of its own."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

import pytest

from emulator.kernel.world import World
from emulator.store.keeper import KeptLock
from emulator.store.receipt import Receipt


class AwaitedReceipt(Receipt):
    """A receipt that tells when somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_awaited = Event()

    def then(self, loop: AbstractEventLoop, callback: Callable[[], object]) -> None:
        super().then(loop, callback)
        self.is_awaited.set()

    def wait(self) -> None:
        self.is_awaited.set()
        super().wait()


class Keeper:
    """Has a receipt for all that happens in a world until it is ended; the next begins with what happens then."""

    def __init__(self) -> None:
        self.receipt: AwaitedReceipt | None = None
        self.refusal: str | None = None
        self.receipts: list[AwaitedReceipt] = []
        self.look: Callable[[], None] = lambda: None
        self._new: SimpleQueue[AwaitedReceipt] = SimpleQueue()

    def handed_on(self) -> AwaitedReceipt | None:
        """Have a receipt for what happened until now, if anything did, and return the newest."""
        self.look()
        return self.receipt

    def note(self, world: World, deed: Any) -> None:
        """Note nothing."""

    def keep(self) -> None:
        """Have a receipt for what happened."""
        if self.receipt is None or self.receipt.is_over:
            self.receipt = AwaitedReceipt()
            self.receipts.append(self.receipt)
            self.on_receipt(self.receipt)

    def on_receipt(self, receipt: AwaitedReceipt) -> None:
        """Leave a new receipt to the test."""
        self._new.put(receipt)

    def next_receipt(self) -> AwaitedReceipt:
        """Wait for the next receipt, and return it."""
        return self._new.get()

    def end(self, error: str | None = None) -> None:
        """End the present receipt."""
        assert self.receipt is not None
        self.receipt.end(error)


def let_another_in(world: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have another client do something in a world right after it is let go for the first time; that is the second receipt."""
    release = world.lock.release

    def release_to_another() -> None:
        release()
        if len(keeper.receipts) == 1:
            keeper.receipt = AwaitedReceipt()
            keeper.receipts.append(keeper.receipt)

    monkeypatch.setattr(world.lock, "release", release_to_another)


class KeeperOfWorlds(Keeper):
    """Has the receipts that a test makes, whichever worlds there are."""

    def added(self, world: World, claims: Sequence[tuple[str, str]]) -> None:
        """Note nothing."""

    def dropped(self, world: World) -> None:
        """Note nothing."""


def keep(world: World, keeper: Keeper | None = None) -> Keeper:
    """Give a world a keeper, which has a receipt for all that changes before the lock is released."""
    mark, given = _mark(world), keeper or Keeper()

    def note() -> None:
        nonlocal mark
        if (new := _mark(world)) != mark:
            mark = new
            given.keep()

    world.keeper, world.lock, given.look = given, KeptLock(note), note
    return given


class PromptKeeper(Keeper):
    """Has its receipts ended by a thread as soon as it can."""

    def __init__(self, waiting: SimpleQueue[Receipt | None]) -> None:
        super().__init__()
        self._waiting = waiting

    def on_receipt(self, receipt: AwaitedReceipt) -> None:
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
