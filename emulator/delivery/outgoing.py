"""Notifications under way to receivers: signed and handed out, and recorded when their outcome is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice

from emulator.kernel.clock import wall_now
from emulator.kernel.exchange import DeliveryAttempt
from emulator.kernel.limits import VIRTUAL
from emulator.kernel.machine import OUTSIDE
from emulator.kernel.resource import Struct, replace
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.sdk.deliveries import REFUSE, REPORT, Outbox
from emulator.sdk.delivery import Delivery, Headers, with_answer, with_last
from emulator.sdk.vendor import Vendors

KEPT = 16_384
"""Characters of a receiver's answer that are kept."""


class Report(Struct, frozen=True):
    """The outcome of an attempt: the receiver's status and body, or an error in their place."""

    status: int | None = None
    body: str = ""
    error: str | None = None


class Outgoing(Struct, frozen=True):
    """A delivery that is under way, signed: a POST of the `body` to the `url`.

    `number` is that of its attempt, counted from 1, and `timeout` the time that its receiver has, None for any.
    """

    outbox: Outbox
    id: str
    event: str
    url: str
    headers: Headers
    body: str
    number: int
    timeout: timedelta | None

    @property
    def vendor(self) -> str:
        """The vendor that sends it."""
        return self.outbox.of.kind.partition(".")[0]


def under_way(tx: Transaction, vendors: Vendors) -> Iterator[tuple[Outbox, Delivery]]:
    """Yield the deliveries of a world that are with their receivers, each with its outbox."""
    for vendor in vendors.values():
        for outbox in vendor.outboxes:
            yield from ((outbox, it) for it in tx.sorted_group(outbox.of, *OUTSIDE).ascending())


def hand_out(
    world: World,
    vendors: Vendors,
    base_url: Callable[[], str],
    is_wanted: Callable[[Transaction, Delivery], bool],
    most: int | None = None,
) -> tuple[Outgoing, ...]:
    """Return what is under way in a world and wanted, `most` of it at most, signed now.

    Raises:
        TooMany: there is no room for the signatures; nothing is handed out.
    """
    if not any(world.store.size(kind, *OUTSIDE) for kind in world.rules.machines):
        return ()
    with world.transaction("send") as tx:
        wanted = [*islice((it for it in under_way(tx, vendors) if is_wanted(tx, it[1])), most)]
        return tuple(_signed(tx, world, base_url, *it) for it in wanted)


def _signed(tx: Transaction, world: World, base_url: Callable[[], str], outbox: Outbox, delivery: Delivery) -> Outgoing:
    headers = outbox.headers(tx, delivery, signing_second(tx, world))
    tx.put(with_last(delivery, headers=headers))
    number, timeout = len(delivery.attempts), tx.length(outbox.timeout, delivery)
    body = delivery.body_at(base_url, world.id)
    return Outgoing(outbox, delivery.id, delivery.event, delivery.url or "", headers, body, number, timeout)


def signing_second(tx: Transaction, world: World) -> int:
    """Return the second of Unix time at which an attempt is signed."""
    return int((tx.now if world.rules.sign == VIRTUAL else wall_now()).timestamp())


def record(world: World, outbox: Outbox, id: str, report: Report) -> str:
    """Record what came of a delivery that is under way, and return its status."""
    with world.transaction("report") as tx:
        delivery = _found(tx, outbox, id)
        tx.put(with_answer(delivery, report.status, report.body[:KEPT], report.error))
        left = tx.ask(outbox.machine, id, REPORT).subject
        world.journal.add(DeliveryAttempt(tx.now, outbox.name, left, tuple(tx.changes)))
    status: str = left.status
    return status


def refuse(world: World, outbox: Outbox, id: str, because: str) -> None:
    """Drop a delivery that is under way and goes nowhere; no attempt was made."""
    with world.transaction("refuse") as tx:
        delivery = _found(tx, outbox, id)
        tx.put(replace(delivery, attempts=delivery.attempts[:-1], because=because))
        tx.ask(outbox.machine, id, REFUSE)
        world.journal.extend(tx.changes)


def _found(tx: Transaction, outbox: Outbox, id: str) -> Delivery:
    delivery = tx.find(outbox.of, id)
    assert delivery is not None  # noqa: S101  the caller looked, and holds the world
    return delivery
