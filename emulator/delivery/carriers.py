"""The carriers of one server: what posts notifications itself, and what those claim who hold the receivers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future

from emulator.delivery.carrier import HttpCarrier, LogAttempt
from emulator.delivery.claims import Claims, Key
from emulator.delivery.hosts import Hosts
from emulator.delivery.outgoing import Report, record
from emulator.kernel.limits import HTTP
from emulator.kernel.world import World
from emulator.sdk.deliveries import NO_ANSWER, Outbox
from emulator.sdk.delivery import SENDING, Delivery
from emulator.sdk.vendor import Vendors

PATIENCE = 60.0
"""Seconds of real time for which a request waits for deliveries."""

WANTED = 100
"""Deliveries that are wanted of those who hold receivers, for one request at a time."""


class Carriers:
    """Carriers of notifications to their receivers: `http` sends them itself, `claims` are held by others.

    `base_url` returns the URL at which receivers reach the server.
    """

    def __init__(self, vendors: Vendors, hosts: Hosts, base_url: Callable[[], str], log: LogAttempt) -> None:
        self.http = HttpCarrier(vendors, hosts, base_url, log)
        self.claims = Claims()
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
        """See to a world in which something may have changed, or that is gone. The caller holds its lock."""
        self.http.review(world)
        self.claims.review(world)
        if gone:
            self.claims.forget(world)

    def close(self) -> None:
        """Send nothing any more, and let nobody wait for what is outside."""
        self.http.close()
        self.claims.close()


def _under_way(world: World, keys: Iterable[Key]) -> Iterator[tuple[Key, Delivery]]:
    for key in keys:
        delivery = world.store.find(*key)
        if delivery is not None and delivery.status == SENDING:
            yield key, delivery
