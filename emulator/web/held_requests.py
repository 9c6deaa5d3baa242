"""Requests that faults hold up: their waits, and what releases them early."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from threading import Lock

from emulator.kernel.errors import Conflict, TimeRunsForward, TooMany
from emulator.kernel.exchange import Exchange
from emulator.kernel.faults import BEFORE_COMMIT, NEXT, Fault
from emulator.kernel.resource import Struct
from emulator.kernel.revision import Revision
from emulator.kernel.world import World
from emulator.sdk.request import Request
from emulator.web.waits import Wait

LIFTED, GONE = "lifted", "gone"
"""Reasons to release a request: its fault was removed; its world was reset, restored or dropped, or the server ends."""


class JournalEntry(Struct):
    """The entry of an exchange in the journal of its world, to be changed once the fate of the response is known."""

    world: World
    n: int
    exchange: Exchange

    def mark(self, delivered: bool | None) -> None:
        """Record whether the client got the whole response; None where nobody knows. The caller holds the world's lock."""
        self.exchange = self.world.journal.mark(self.n, self.exchange, delivered)


class HeldRequest(Wait, eq=False):
    """One request, for as long as one fault holds it up.

    `since` is the instant of the world at which that began, `revision` the world's then; `due` the instant at which a virtual
    delay ends, None for every other fault. `entry` is its entry in the journal, once it has one. `ended` is LIFTED or GONE
    once it is released. `clock_setting` are base and rate of the clock by which the end of a delay was computed.
    """

    request: Request
    fault: Fault
    since: datetime
    revision: Revision
    due: datetime | None = None
    entry: JournalEntry | None = None
    ended: str | None = None
    clock_setting: tuple[datetime, float] | None = None

    def release(self, why: str) -> None:
        """End the wait, for good."""
        self.ended = why
        self.wake()


class HeldRequests:
    """The requests of one server that faults hold up, by world. Any thread may use the list."""

    def __init__(self) -> None:
        self._of: dict[World, dict[HeldRequest, None]] = {}
        self._list = Lock()
        self._closed = False

    def of(self, world: World) -> list[HeldRequest]:
        """Return the requests that are held up in a world, in order of arrival."""
        with self._list:
            return [*self._of.get(world, ())]

    @contextmanager
    def hold(self, world: World, held: HeldRequest) -> Iterator[None]:
        """List a request for as long as this lasts."""
        with self._list:
            self._of.setdefault(world, {})[held] = None
        try:
            yield
        finally:
            with self._list:
                self._of[world].pop(held)
                if not self._of[world]:
                    del self._of[world]

    def in_flight(self, world: World) -> list[tuple[str, Request]]:
        """Return the requests to a world that are held up before they take effect, each with its operation."""
        return [(held.request.operation_name, held.request) for held in self.of(world) if held.fault.where == BEFORE_COMMIT]

    def jump(self, world: World, faults: Iterable[Fault]) -> None:
        """Let the time of these virtual delays pass at once. The caller holds the world's lock."""
        for fault in faults:
            with suppress(TimeRunsForward, Conflict, TooMany):  # beyond the end of time, or of what a world may go through
                if fault.delay == NEXT:
                    world.advance_to_next()
                elif isinstance(fault.delay, timedelta):
                    world.advance_by(fault.delay)
        self.review(world)

    def release_if_free(self, world: World, held: HeldRequest) -> None:
        """Release a request that nothing holds up any more. The caller holds the world's lock."""
        self._review(world, held, self._closed)

    def review(self, world: World, gone: bool = False) -> None:
        """Release the requests that nothing holds up any more, after a control request; all where the world is `gone`.

        The caller holds the world's lock.
        """
        for held in self.of(world):
            self._review(world, held, gone)

    def release_all(self) -> None:
        """Release all, and those that would be held up from now on: the server ends."""
        self._closed = True
        with self._list:
            all_held = [held for listed in self._of.values() for held in listed]
        for held in all_held:
            if held.ended is None:
                held.release(GONE)

    def _review(self, world: World, held: HeldRequest, gone: bool) -> None:
        if held.ended is not None:
            return
        undone = not held.revision.is_kept(world) or (
            held.entry is not None and world.journal.was_undone(held.entry.n, held.entry.exchange)
        )
        if gone or undone:
            held.release(GONE)
        elif world.store.find(Fault.kind, held.fault.id) is None:
            held.release(LIFTED)
        elif held.due is not None and held.clock_setting != (world.clock.base, world.clock.rate):
            held.wake()
