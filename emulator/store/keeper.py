"""The keeper of one world: each time that its lock is released, what happened is written and handed on to be kept."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

from msgspec import Raw

from emulator.kernel.clock import REALTIME
from emulator.kernel.history import HistoryMark
from emulator.kernel.journal import CLEARED, Journal
from emulator.kernel.keeping import Deed
from emulator.kernel.world import World
from emulator.store.image import ImageWriter
from emulator.store.port import Append
from emulator.store.receipt import Receipt
from emulator.store.records import Claims, Step, StepWriter, digest, record_of, step_of
from emulator.store.values import Values
from emulator.text.checkpoint import TurnLock

UNWRITTEN = "it cannot be written as a record, which is a mistake of the emulator; its log says more"

log = logging.getLogger("emulator")


class Sink(Protocol):
    """Takes records that are to be kept, in order."""

    def append(self, keeper: WorldKeeper, append: Append) -> Receipt: ...

    def take_back(self) -> None:
        """Have the worlds taken back of which something could not be kept."""

    @property
    def refusal(self) -> str | None: ...


class KeptLock(TurnLock):
    """A lock that tells when its holder is about to release it for good."""

    def __init__(self, on_release: Callable[[], None]) -> None:
        super().__init__()
        self._take, self._give_back = self.acquire, self.release
        self.acquire, self.release = self._acquire, self._release
        self._depth = 0
        self._on_release = on_release

    def _acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not self._take(blocking, timeout):
            return False
        self._depth += 1
        return True

    def _release(self) -> None:
        try:
            if self._depth == 1:
                self._on_release()
        finally:
            self._depth -= 1
            self._give_back()


class WorldKeeper:
    """Writes the records of a world from its record `n` on, whose digest is `newest`, as a writer of this name.

    It `is_at_rest` where every answer before was sent, and its newest record says so. Once it `is_ended`, as its world was
    replaced or dropped, it writes nothing any more.
    """

    def __init__(self, world: World, sink: Sink, values: Values, by: str, n: int = 0, newest: str = "") -> None:
        self.world = world
        self.n, self.newest = n, newest
        self.claims: Claims | None = None
        self.is_ended = False
        self._sink = sink
        self._values = values
        self._by = by
        self.is_at_rest = False
        self._writer = StepWriter(values, world)
        self._receipt: Receipt | None = None
        self._steps: list[Step] = []
        self._mark()

    @property
    def receipt(self) -> Receipt | None:
        """The receipt of the newest records; None where all are kept."""
        receipt = self._receipt
        return None if receipt is None or (receipt.is_over and not self.is_lost) else receipt

    @property
    def refusal(self) -> str | None:
        """Why nothing can be kept at present; None where it can."""
        return self._sink.refusal

    def watch(self) -> None:
        """Keep what happens from now on, whenever the world's lock is released."""
        self.world.keeper, self.world.lock = self, KeptLock(self.keep)

    def begin(self, claims: Claims) -> None:
        """Keep the whole world, as it is, and the credentials that pick it."""
        self.claims = claims
        self._steps = [Step(image=tuple(map(Raw, ImageWriter(self.world, self._values).lines())))]
        self._mark()
        self.keep()

    def handed_on(self) -> Receipt | None:
        """Record what happened until now, and return the receipt of that, as `Keeper` says."""
        self.keep()
        return self.receipt

    def note(self, world: World, deed: Deed | None) -> None:  # noqa: ARG002  it keeps one alone
        """Note a deed that was done with the world; None before one is done."""
        if deed is None:
            self._steps += self._new_steps()
        else:
            self._steps.append(step_of(deed))
        self._mark()

    def rest(self) -> None:
        """Note that every answer was sent, once nothing happens any more. The caller holds the world's lock."""
        self.keep()
        if not (self.is_at_rest or self.is_lost or self.is_ended):
            self._steps.append(Step(rest=True))
            self.keep()
            self.is_at_rest = True

    @property
    def is_lost(self) -> bool:
        """True where records could not be kept: the world is to be taken back to those that are."""
        receipt = self._receipt
        return receipt is not None and receipt.is_over and (receipt.error is not None or self.world.id in receipt.lost)

    def keep(self) -> None:
        """Hand on what happened since the last time, if anything did. The caller holds the world's lock."""
        if self.is_lost or self.is_ended:
            return
        try:
            self._keep()
        except Exception:  # a value that nobody can write would be in the way of all that comes after it
            log.exception("what happened in the world %r cannot be recorded", self.world.id)
            self._receipt = Receipt()
            self._receipt.end(UNWRITTEN)
            self._sink.take_back()

    def _keep(self) -> None:
        steps = [*self._steps, *self._new_steps()]
        if self.claims is not None:
            steps.append(Step(claims=self.claims))
            if self.world.ttl is not None:
                steps.append(Step(ttl=self.world.ttl))
        if not steps:
            return
        self._receipt = self._hand_on(steps)

    def _hand_on(self, steps: list[Step]) -> Receipt:
        world = self.world
        body = record_of(world, self._by, self.newest, REALTIME(), steps)
        self.n, self.newest, self._steps, self.claims = self.n + 1, digest(body), [], None
        self.is_at_rest = False
        self._mark()
        return self._sink.append(self, Append(world.id, self.n, body))

    def _mark(self) -> None:
        """Note how far the world has come."""
        world = self.world
        self._history: HistoryMark = world.history.mark()
        self._last, self._clock = world.journal.last, _pace(world)
        self._journal: Journal = world.journal
        world.journal.altered = set()

    def _new_steps(self) -> list[Step]:
        """Return what happened in the world since it was marked."""
        world, journal = self.world, self.world.journal
        history, altered = world.history, journal.altered
        if history.count == self._history[0] and journal.last == self._last and not altered and _pace(world) == self._clock:
            return []
        commits = history.since(self._history)
        if commits is None or journal is not self._journal or journal.last < self._last:
            return [Step(image=tuple(map(Raw, ImageWriter(world, self._values).lines())))]
        steps = [*self._writer.commits(world, commits)] if commits else []
        altered = altered or set()
        if CLEARED in altered:
            steps.append(Step(cleared=journal.cleared))
        if (new := journal.last - self._last) > 0:
            steps.append(self._writer.entries([it for it in journal.newest(new) if it.n > self._last]))
        if older := {n for n in altered if 0 < n <= self._last}:
            steps.append(self._writer.altered(world, older))
        if (pace := _pace(world)) != self._clock:
            steps.append(Step(clock=pace[:2]))
        return steps


def _pace(world: World) -> tuple[float, timedelta, Any]:
    clock = world.clock
    return clock.rate, clock.skew, clock.base
