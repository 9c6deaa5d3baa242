"""The carrier http: it posts what the worlds of one server owe, to the hosts that the server may send to."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING

from emulator.delivery.alarm import Alarm
from emulator.delivery.claims import end
from emulator.delivery.crew import OF_A_WORLD, Crew
from emulator.delivery.hosts import Hosts, Refused, Target
from emulator.delivery.outgoing import Outgoing, Report, hand_out, record, refuse
from emulator.kernel.advance import TURN_LIMIT, catch_up
from emulator.kernel.clock import FROZEN, MONOTONIC
from emulator.kernel.errors import TooMany
from emulator.kernel.limits import HTTP
from emulator.kernel.resource import Struct, structs
from emulator.kernel.revision import Revision
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.sdk.deliveries import NO_ANSWER
from emulator.sdk.delivery import SENDING, Delivery
from emulator.sdk.vendor import Vendors

if TYPE_CHECKING:
    from ssl import SSLContext

MOST_SECONDS = 30.0
"""Seconds of real time that an attempt takes at most, whatever time its receiver has in the world."""

BUSY_SECONDS = 0.05
"""Seconds after which a world is looked at again that somebody else uses, or that has not caught up with its clock."""

FULL_SECONDS = 1.0
"""Seconds after which a world is looked at again in which there was no room, or for which there was no store."""

OUR_FAULT = "the attempt failed by a fault of the emulator, which its log has"

log = logging.getLogger("emulator")

LogAttempt = Callable[[World, Outgoing, str, str], object]
"""Takes the world of an attempt, what was sent, what came of it, and the status of the delivery since then."""


class Flight(Struct, eq=False):
    """An attempt that is outside: `over` is done when it was made, or is not wanted any more.

    `outcome` is what came of it, for as long as there is no room to record that.
    """

    world: World
    outgoing: Outgoing
    target: Target
    revision: Revision
    over: Future[None]
    outcome: Report | Refused | None = None

    @property
    def seconds(self) -> float:
        """The seconds of real time that the receiver has."""
        timeout = self.outgoing.timeout
        return MOST_SECONDS if timeout is None else min(timeout.total_seconds(), MOST_SECONDS)

    def is_wanted(self) -> bool:
        """Tell whether the world still waits for it: nothing was undone, and nobody else reported what came of it."""
        delivery = self.world.store.find(self.outgoing.outbox.of.kind, self.outgoing.id)
        is_under_way = delivery is not None and delivery.status == SENDING and len(delivery.attempts) == self.outgoing.number
        return is_under_way and self.revision.is_kept(self.world)


class HttpCarrier:
    """Posts what is under way in worlds whose carrier is http; what no host of these gets is dropped, and says why.

    Where a world's clock runs, it does so by itself, whenever something is due. `base_url` returns the URL that links in what
    is posted lead to. Where a world has a keeper, it posts what is kept. It holds no world while something is outside. What it
    does to worlds itself, it does to one at a time: its threads are many, and everybody waits for those that work.
    """

    def __init__(self, vendors: Vendors, hosts: Hosts, base_url: Callable[[], str], log: LogAttempt) -> None:
        self._vendors = vendors
        self._hosts = hosts
        self.base_url = base_url
        self._log = log
        self._flights: dict[World, dict[str, Flight]] = {}
        self._crew = Crew()
        self._alarm = Alarm(self._look)
        self._turn, self._making = Lock(), Lock()
        self._tls: SSLContext | None = None
        self._closed = False

    def outside(self, world: World) -> list[Future[None]]:
        """Return what is outside in a world, as what is done when it is back. The caller holds the world's lock."""
        return [it.over for it in self._wanted(world).values() if it.outcome is None]

    def carry(self, world: World, base_url: str = "") -> list[Future[None]]:
        """Send of what is under way in a world as much as may be outside at a time; return what is outside then.

        The caller holds the world's lock. Links in what is posted lead to the base URL, where one is given.

        Raises:
            TooMany: there is no room for a signature, or for what came of an attempt. All goes on from there.
        """
        if world.rules.carrier != HTTP or self._closed or is_lost(world) or is_refused(world):
            return []
        self._send(world, lambda: base_url or self.base_url())
        return self.outside(world)

    def review(self, world: World) -> None:
        """See to a world in which something may have changed: nobody waits any more for what is not wanted there.

        Where its clock runs, it is looked at soon. The caller holds its lock.
        """
        if world.rules.carrier != HTTP or self._closed:
            return
        for flight in [*self._flights.get(world, {}).values()]:
            if not flight.is_wanted():
                self._forget(flight)
        self._alarm.set(world, None if world.clock.rate == FROZEN else 0)

    def close(self) -> None:
        """Send nothing any more, and let nobody wait for what is outside."""
        self._closed = True
        self._alarm.clear()
        for flights in [*self._flights.values()]:
            for flight in [*flights.values()]:
                end(flight.over)

    def _wanted(self, world: World) -> dict[str, Flight]:
        """Return the attempts for which a world waits, by delivery."""
        return {id: it for id, it in self._flights.get(world, {}).items() if it.is_wanted()}

    def _look(self, world: World) -> None:
        """See to a running world, and set when to look again."""
        if not world.lock.acquire(blocking=False):
            self._alarm.set(world, BUSY_SECONDS)
            return
        try:
            with self._turn:
                self._alarm.set(world, self._keep_up(world))
        finally:
            world.lock.release()

    def _keep_up(self, world: World) -> float | None:
        """Let a world catch up with its clock a little, and send what is due; return the seconds until there is more to do."""
        if self._closed or world.clock.rate == FROZEN or is_lost(world):
            return None
        if is_refused(world):
            return FULL_SECONDS
        try:
            catch_up(world, TURN_LIMIT)
            has_sent = self._send(world, self.base_url, TURN_LIMIT)
        except TooMany:
            return FULL_SECONDS
        if not has_sent:
            return 0
        if world.clock.is_behind:
            return FULL_SECONDS if world.clock.because else BUSY_SECONDS
        due = world.store.next_due
        return None if due is None else world.clock.seconds_until(due)

    def _send(self, world: World, base_url: Callable[[], str], most: int | None = None) -> bool:
        """Record what had no room, and send what may be outside, in so many steps; return whether these were enough."""
        for flight in self._wanted(world).values():
            if flight.outcome is not None:
                self._record(flight)
        steps = count() if most is None else range(most)
        return not all(self._send_next(world, base_url) for _ in steps)

    def _send_next(self, world: World, base_url: Callable[[], str]) -> bool:
        """Send what is next under way in a world, or drop it; return whether there was anything that may be outside."""
        flights = self._wanted(world)

        def is_wanted(tx: Transaction, delivery: Delivery) -> bool:
            return delivery.id not in flights and tx.carrier(delivery.url) == HTTP

        handed = hand_out(world, self._vendors, base_url, is_wanted, 1) if len(flights) < OF_A_WORLD else ()
        for outgoing in handed:
            self._launch(world, outgoing)
        return bool(handed)

    def _launch(self, world: World, outgoing: Outgoing) -> None:
        try:
            target = self._hosts.target(outgoing.url)
        except Refused as error:
            self._drop(world, outgoing, str(error))
            return
        flight = Flight(world, outgoing, target, Revision.of(world), Future())
        self._flights.setdefault(world, {})[outgoing.id] = flight
        self._crew.add(world, flight, partial(self._fly, flight))

    def _fly(self, flight: Flight) -> None:
        try:
            if self._is_to_go_out(flight):
                outcome = self._outcome_whatever_comes(flight)
                with flight.world.lock, self._turn:
                    self._land(flight, outcome)
        except Exception:
            log.exception("an attempt to deliver %s failed", flight.outgoing.id)
        finally:
            end(flight.over)

    def _is_to_go_out(self, flight: Flight) -> bool:
        """Tell whether an attempt is wanted once it is kept that it goes out; forget it where that could not be kept."""
        world = flight.world
        with world.lock:
            is_wanted = flight.is_wanted()
        receipt = None if world.keeper is None else world.keeper.receipt
        if not is_wanted or receipt is None:
            return is_wanted
        receipt.wait()
        with world.lock:
            if receipt.error_of(world.id) is not None:
                self._forget(flight)
                return False
            return flight.is_wanted()

    def _outcome_whatever_comes(self, flight: Flight) -> Report | Refused:
        """Return what came of an attempt; where a fault of ours ended it, that, or it would be under way for good."""
        try:
            return self._outcome(flight)
        except Exception:
            log.exception("an attempt to deliver %s failed", flight.outgoing.id)
            return Report(error=OUR_FAULT)

    def _outcome(self, flight: Flight) -> Report | Refused:
        from emulator.delivery.addresses import look_up
        from emulator.delivery.posting import post, why

        outgoing, end = flight.outgoing, MONOTONIC() + flight.seconds
        try:
            places = look_up(flight.target, self._hosts, flight.seconds)
        except Refused as refused:
            return refused
        except TimeoutError:
            return Report(error=NO_ANSWER)
        except (OSError, ValueError) as error:
            return Report(error=f"no address of the receiver is known: {why(error)}")
        return post(flight.target, places, outgoing.headers, outgoing.body.encode(), end, self._context)

    def _context(self) -> SSLContext:
        """Return the context of TLS for every attempt, made for the first: it takes 20 ms and a megabyte."""
        from ssl import create_default_context

        with self._making:
            self._tls = self._tls or create_default_context()
            return self._tls

    def _land(self, flight: Flight, outcome: Report | Refused) -> None:
        """Record what came of an attempt; where there is no room, keep that until there is, without the answer's body."""
        flight.outcome = outcome
        try:
            self._record(flight)
        except TooMany:
            flight.outcome = structs.replace(outcome, body="") if isinstance(outcome, Report) else outcome
        self.review(flight.world)

    def _record(self, flight: Flight) -> None:
        """Record what came of an attempt, unless its world does not wait for it any more."""
        world, outgoing, outcome = flight.world, flight.outgoing, flight.outcome
        if not flight.is_wanted():
            pass
        elif isinstance(outcome, Report):
            status = record(world, outgoing.outbox, outgoing.id, outcome)
            self._log(world, outgoing, outcome.error or str(outcome.status), status)
        else:
            self._drop(world, outgoing, str(outcome))
        self._forget(flight)

    def _forget(self, flight: Flight) -> None:
        flights = self._flights.get(flight.world, {})
        if flights.get(flight.outgoing.id) is flight:
            del flights[flight.outgoing.id]
            if not flights:
                del self._flights[flight.world]
        self._crew.discard(flight.world, flight)
        end(flight.over)

    def _drop(self, world: World, outgoing: Outgoing, because: str) -> None:
        refuse(world, outgoing.outbox, outgoing.id, because)
        self._log(world, outgoing, because, "dropped")


def is_lost(world: World) -> bool:
    """Tell whether something that happened in a world could not be kept: one as it was kept is to come in its place."""
    receipt = None if world.keeper is None else world.keeper.receipt
    return receipt is not None and receipt.error_of(world.id) is not None


def is_refused(world: World) -> bool:
    """Tell whether nothing that happens in a world can be kept at present."""
    return world.keeper is not None and world.keeper.refusal is not None
