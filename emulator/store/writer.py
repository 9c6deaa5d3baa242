"""The one thread that calls an engine: what waits while a write is under way goes together in the next one.

Who appends waits for nothing but the receipt, and who gives up waiting takes nothing back.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from threading import Condition, Lock, Thread
from typing import TypeVar

from emulator.kernel.clock import MONOTONIC
from emulator.store.port import Append, Engine, Misnumbered, StoreUnavailable
from emulator.store.receipt import Receipt

MOST_WAITING = 64_000_000
"""Bytes of records that wait, beyond which nothing else is to happen in any world."""

MOST_TOGETHER = 8_000_000
"""Bytes of a group of records, beyond which the next one begins: so that one write is short."""

BETWEEN_PROBES = 0.2
"""Seconds from the end of a probe that failed to the next one."""

CLOSED = "the store is closed: the server ends"

T = TypeVar("T")

log = logging.getLogger("emulator")


class _Group:
    """Records that are written together, and the receipt that they share."""

    __slots__ = ("appends", "receipt", "size")

    def __init__(self) -> None:
        self.appends: list[Append] = []
        self.size = 0
        self.receipt = Receipt()


class Writer:
    """Writes to an engine in the order of the calls, by a thread of its own. Any thread may call it, and none is held up.

    After a write that failed, nothing is written until a probe succeeds: a record must not be kept without the one before.
    `on_failure` is called then, by the thread that writes.
    """

    def __init__(self, engine: Engine, most_waiting: int = MOST_WAITING, on_failure: Callable[[], None] = lambda: None) -> None:
        self._engine, self._most_waiting, self._on_failure = engine, most_waiting, on_failure
        self._changed = Condition(Lock())
        self._queue: deque[_Group | Callable[[], None]] = deque([self._tidy])
        self._open: _Group | None = None
        self._waiting = 0
        self._is_idle = False
        self._is_closed = False
        self._failure: str | None = None
        self._probe: Receipt | None = None
        self._next_probe = 0.0
        self._thread = Thread(target=self._run, name="batch-emulator-store", daemon=True)
        self._thread.start()

    @property
    def refusal(self) -> str | None:
        """Why nothing can be kept at present, and so nothing is to happen; None where it can."""
        if self._failure is None and self._waiting > self._most_waiting:
            return f"{self._waiting} bytes wait to be kept, and at most {self._most_waiting} may: ask again when they are"
        return self._failure

    @property
    def is_closed(self) -> bool:
        """True once nothing will be written any more."""
        return self._is_closed

    def append(self, append: Append) -> Receipt:
        """Have a record kept, and return the receipt of the group that it goes with: over already, in error, after a failure.

        The record is taken however much waits, since what it tells has happened: `refusal` is asked before.
        """
        with self._changed:
            group = self._open
            if group is None or group.size > MOST_TOGETHER:
                if self._failure is not None:
                    return _ended(self._failure)
                group = self._open = _Group()
                self._add(group)
            group.appends.append(append)
            size = len(append.body)
            group.size += size
            self._waiting += size
        return group.receipt

    def call(self, function: Callable[[Engine], T]) -> Future[T]:
        """Have the engine asked something, after all that was appended before; it should take a short time."""
        future: Future[T] = Future()
        self._begin(future, partial(self._answer, function, future))
        return future

    def keep_image(self, world: str, n: int, pieces: Iterable[bytes]) -> Future[None]:
        """Have an image of a world kept after record `n`, a piece at a time between the records of others."""
        future: Future[None] = Future()
        self._begin(future, partial(self._go_on, self._engine.keep_image(world, n, pieces), future))
        return future

    def drop(self, world: str) -> Future[None]:
        """Have a world forgotten, after all that was appended before."""

        def drop(engine: Engine) -> None:
            engine.drop(world)
            self._put(self._tidy)

        return self.call(drop)

    def probe(self) -> Receipt:
        """Have it tried whether the engine can write again, where that is not known and was not tried just now.

        Return the receipt of the attempt: once it is over without an error, records are taken again.
        """
        with self._changed:
            if self._failure is None or self._is_closed:
                return _ended(self._failure)
            if self._probe is None or (self._probe.is_over and MONOTONIC() >= self._next_probe):
                self._probe = Receipt()
                self._add(partial(self._try, self._probe))
            return self._probe

    def close(self) -> None:
        """Write what waits, and close the engine; images that are not whole by then come to nothing."""
        with self._changed:
            self._is_closed, self._failure, self._open = True, CLOSED, None
            self._changed.notify()
        self._thread.join()

    def _begin(self, future: Future[T], work: Callable[[], None]) -> None:
        future.set_running_or_notify_cancel()  # who waits for it and gives up does not cancel it
        if not self._put(work):
            future.set_exception(StoreUnavailable(CLOSED))

    def _put(self, work: Callable[[], None]) -> bool:
        """Add a work after all that waits, and return True; False where the writer is closed."""
        with self._changed:
            if not self._is_closed:
                self._add(work)
                self._open = None  # records that come later are written after it
            return not self._is_closed

    def _add(self, item: _Group | Callable[[], None]) -> None:
        """Add something, and wake the thread where it has nothing to do. The caller holds the lock."""
        self._queue.append(item)
        if self._is_idle:
            self._is_idle = False
            self._changed.notify()

    def _run(self) -> None:
        while (item := self._next()) is not None:
            if isinstance(item, _Group):
                self._write(item)
            else:
                item()
        self._engine.close()

    def _next(self) -> _Group | Callable[[], None] | None:
        """Wait for the next thing to do, and return it; None where there will be nothing more."""
        with self._changed:
            while not self._queue:
                if self._is_closed:
                    return None
                self._is_idle = True
                self._changed.wait()
            item = self._queue.popleft()
            if item is self._open:
                self._open = None
            return item

    def _write(self, group: _Group) -> None:
        try:
            lost = self._append_all_but_lost(group.appends)
        except Exception as error:
            self._fail(group, _reason(error))
            return
        with self._changed:
            self._waiting -= group.size
        group.receipt.end(lost=lost)
        if lost:
            self._on_failure()

    def _append_all_but_lost(self, appends: list[Append]) -> dict[str, Misnumbered]:
        """Keep records but those of worlds that are not where these records are, and return why of each."""
        lost: dict[str, Misnumbered] = {}
        while rest := [append for append in appends if append.world not in lost]:
            try:
                self._engine.append(rest)
                break
            except Misnumbered as error:
                if error.world in lost:
                    raise
                lost[error.world] = error
        return lost

    def _fail(self, group: _Group, reason: str) -> None:
        """End a group that could not be written, and all that waited behind it."""
        with self._changed:
            failed = [group, *(item for item in self._queue if isinstance(item, _Group))]
            self._queue = deque(item for item in self._queue if not isinstance(item, _Group))
            self._open, self._waiting, self._failure = None, 0, self._failure if self._is_closed else reason
            self._probe = None  # what it found was before this
        for each in failed:
            each.receipt.end(reason)
        self._on_failure()

    def _try(self, probe: Receipt) -> None:
        reason = None
        try:
            self._engine.probe()
        except Exception as error:
            reason = _reason(error)
        with self._changed:
            self._next_probe = MONOTONIC() + BETWEEN_PROBES
            self._failure = CLOSED if self._is_closed else reason
        probe.end(reason)

    def _answer(self, function: Callable[[Engine], T], future: Future[T]) -> None:
        try:
            future.set_result(function(self._engine))
        except BaseException as error:
            future.set_exception(error)

    def _go_on(self, steps: Iterator[None], future: Future[None]) -> None:
        """Take one step, and have the next one taken after all that waits by then."""
        try:
            next(steps)
        except StopIteration:
            future.set_result(None)
            self._put(self._tidy)
        except BaseException as error:
            future.set_exception(error)
            self._put(self._tidy)
        else:
            if not self._put(partial(self._go_on, steps, future)):
                future.set_exception(StoreUnavailable(CLOSED))

    def _tidy(self) -> None:
        try:
            if self._engine.tidy():
                self._put(self._tidy)
        except StoreUnavailable as error:  # it is tried again after the next image
            log.warning("what is forgotten still takes room: %s", error)


def _ended(error: str | None) -> Receipt:
    receipt = Receipt()
    receipt.end(error)
    return receipt


def _reason(error: Exception) -> str:
    if not isinstance(error, StoreUnavailable):
        log.error("the store failed", exc_info=error)
    return str(error) or type(error).__name__
