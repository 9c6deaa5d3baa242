"""The carriers of one server: what posts notifications itself, and what those claim who hold the receivers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from itertools import islice
from operator import contains

from emulator.delivery.alarm import Alarm
from emulator.delivery.carrier import BUSY_SECONDS, FULL_SECONDS, HttpCarrier, LogAttempt, is_lost, is_refused
from emulator.delivery.claims import Claims, Key
from emulator.delivery.hosts import Hosts
from emulator.delivery.outgoing import Report, record
from emulator.kernel.advance import TURN_LIMIT, catch_up
from emulator.kernel.clock import FROZEN
from emulator.kernel.errors import TooMany
from emulator.kernel.limits import ASGI, HTTP
from emulator.kernel.world import World
from emulator.sdk.deliveries import NO_ANSWER, Outbox
from emulator.sdk.delivery import SENDING, Delivery
from emulator.sdk.vendor import Vendors

PATIENCE = 60.0
"""Seconds of real time for which a request waits for deliveries."""

LOOKED_AT = 1_000
"""Deliveries, at most, that are looked at to see whether one is to be handed out."""

WANTED = 100
"""Deliveries that are wanted of those who hold receivers, for one request at a time."""


class Carriers:
    """Carriers of notifications to their receivers: `http` sends them itself, `claims` are held by others.

    `base_url` returns the URL at which receivers reach the server.
    """

    def __init__(self, vendors: Vendors, hosts: Hosts, base_url: Callable[[], str], log: LogAttempt) -> None:
        self.http = HttpCarrier(vendors, hosts, base_url, log)
        self.claims = Claims()
        self._alarm = Alarm(self._look)
        self._outboxes: dict[str, Outbox] = {it.of.kind: it for vendor in vendors.values() for it in vendor.outboxes}

    def expect(self, world: World, keys: Iterable[Key], base_url: str) -> list[Future[None]]:
        """See that deliveries that are due go out, some at a time, and return what is done when those are back.

        Nothing is returned when all are back. The caller holds the world.
        """
        world.settle()
        sent, due = self.http.carry(world, base_url), [*_under_way(world, keys)]
        held = [key for key, it in due if world.rules.carrier != HTTP or it.url in world.receivers]
        wanted = [self.claims.want(world, key) for key in held[:WANTED]]
        return [*wanted, *sent] if len(held) < len(due) else wanted

    def give_up(self, world: World, keys: Iterable[Key]) -> None:
        """Take those deliveries that are still outside for unanswered. The caller holds the world."""
        for (kind, id), _ in _under_way(world, keys):
            record(world, self._outboxes[kind], id, Report(error=NO_ANSWER))
        self.review(world)

    def review(self, world: World, gone: bool = False) -> None:
        """See to a world in which something may have changed, or that is gone. The caller holds its lock.

        Where its clock runs and others hold its receivers, it is looked at soon.
        """
        self.http.review(world)
        self.claims.review(world)
        if gone:
            self.claims.forget(world)
        elif goes_to_holders(world):
            self._alarm.set(world, 0)

    def _look(self, world: World) -> None:
        """See to a running world, and set when to look again."""
        if not world.lock.acquire(blocking=False):
            self._alarm.set(world, BUSY_SECONDS)
            return
        try:
            self._alarm.set(world, self._keep_up(world))
        finally:
            world.lock.release()

    def _keep_up(self, world: World) -> float | None:
        """Let a world catch up with its clock a little, and those know of what is due who hold its receivers.

        Return the seconds until there is more to do.
        """
        if self.claims.closed or not goes_to_holders(world) or is_lost(world):
            return None
        if is_refused(world):
            return FULL_SECONDS
        try:
            catch_up(world, TURN_LIMIT)
        except TooMany:
            return FULL_SECONDS
        if _is_to_be_handed_out(world):
            self.claims.tell(world)
        if world.clock.is_behind:
            return FULL_SECONDS if world.clock.because else BUSY_SECONDS
        due = world.store.next_due
        return None if due is None else world.clock.seconds_until(due)

    def close(self) -> None:
        """Send nothing any more, and let nobody wait for what is outside."""
        self.http.close()
        self.claims.close()
        self._alarm.clear()


def goes_to_holders(world: World) -> bool:
    """Tell whether what a world owes goes by itself to those who hold its receivers: there are some, and its clock runs."""
    return world.clock.rate != FROZEN and (bool(world.receivers) or world.rules.carrier == ASGI)


def _is_to_be_handed_out(world: World) -> bool:
    """Tell whether something is due that whoever holds its receiver does not have yet."""
    is_held = partial(contains, world.receivers) if world.rules.carrier != ASGI else bool
    return any(not it.attempts[-1].headers and is_held(it.url) for it in islice(world.outside(), LOOKED_AT))


def _under_way(world: World, keys: Iterable[Key]) -> Iterator[tuple[Key, Delivery]]:
    for key in keys:
        delivery = world.store.find(*key)
        if delivery is not None and delivery.status == SENDING:
            yield key, delivery
