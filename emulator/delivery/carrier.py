"""The carrier http: it posts what the worlds of one server owe, to the hosts that the server may send to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial

from emulator.delivery.alarm import Alarm
from emulator.delivery.claims import end
from emulator.delivery.crew import Crew
from emulator.delivery.hosts import Hosts, Refused, Target
from emulator.delivery.outgoing import Outgoing, Report, hand_out, record, refuse
from emulator.kernel.advance import TURN_LIMIT, catch_up
from emulator.kernel.clock import FROZEN, MONOTONIC
from emulator.kernel.limits import HTTP
from emulator.kernel.resource import Struct
from emulator.kernel.revision import Revision
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.sdk.deliveries import NO_ANSWER
from emulator.sdk.delivery import SENDING, Delivery
from emulator.sdk.vendor import Vendors

MOST_SECONDS = 30.0
"""Seconds of real time that an attempt takes at most, whatever time its receiver has in the world."""

BUSY_SECONDS = 0.05
"""Seconds after which a world is looked at again that somebody else uses, or that has not caught up with its clock."""

log = logging.getLogger("emulator")

LogAttempt = Callable[[World, Outgoing, str, str], object]
"""Takes the world of an attempt, what was sent, what came of it, and the status of the delivery since then."""


class Flight(Struct, eq=False):
    """An attempt that is outside: `over` is done when it was recorded, or is not wanted any more."""

    world: World
    outgoing: Outgoing
    target: Target
    revision: Revision
    over: Future[None]

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
    is posted lead to. It holds no world while something is outside.
    """

    def __init__(self, vendors: Vendors, hosts: Hosts, base_url: Callable[[], str], log: LogAttempt) -> None:
        self._vendors = vendors
        self._hosts = hosts
        self._base_url = base_url
        self._log = log
        self._flights: dict[World, dict[str, Flight]] = {}
        self._crew = Crew()
        self._alarm = Alarm(self._look)
        self._closed = False

    def flights(self, world: World) -> Mapping[str, Flight]:
        """Return what is outside in a world, by delivery. The caller holds the world's lock."""
        return {id: it for id, it in self._flights.get(world, {}).items() if it.is_wanted()}

    def carry(self, world: World, base_url: str = "") -> list[Future[None]]:
        """Send what is under way in a world and not outside yet; return what is outside then.

        The caller holds the world's lock. Links in what is posted lead to the base URL, where one is given.
        """
        if world.rules.carrier != HTTP or self._closed or not world.outside():
            return []
        flights = self.flights(world)

        def is_wanted(tx: Transaction, delivery: Delivery) -> bool:
            return delivery.id not in flights and tx.carrier(delivery.url) == HTTP

        for outgoing in hand_out(world, self._vendors, base_url or self._base_url(), is_wanted):
            self._launch(world, outgoing)
        return [it.over for it in self.flights(world).values()]

    def review(self, world: World) -> None:
        """See to a world in which something may have changed: nobody waits any more for what is not wanted there.

        Where its clock runs, send what is under way, and look again when something is due. The caller holds its lock.
        """
        if world.rules.carrier != HTTP or self._closed:
            return
        for flight in [*self._flights.get(world, {}).values()]:
            if not flight.is_wanted():
                self._forget(flight)
        if world.clock.rate == FROZEN:
            self._alarm.set(world, None)
            return
        self.carry(world)
        due = world.store.next_due
        seconds = None if due is None else world.clock.seconds_until(due)
        self._alarm.set(world, BUSY_SECONDS if seconds == 0 else seconds)

    def close(self) -> None:
        """Send nothing any more, and let nobody wait for what is outside."""
        self._closed = True
        self._alarm.clear()
        for flights in [*self._flights.values()]:
            for flight in [*flights.values()]:
                end(flight.over)

    def _look(self, world: World) -> None:
        """Let a world catch up with its clock a little, and see to it."""
        if not world.lock.acquire(blocking=False):
            self._alarm.set(world, BUSY_SECONDS)
            return
        try:
            catch_up(world, TURN_LIMIT)
            self.review(world)
        finally:
            world.lock.release()

    def _launch(self, world: World, outgoing: Outgoing) -> None:
        try:
            target = self._hosts.target(outgoing.url)
        except Refused as error:
            self._drop(world, outgoing, str(error))
            return
        flight = Flight(world, outgoing, target, Revision.of(world), Future())
        self._flights.setdefault(world, {})[outgoing.id] = flight
        self._crew.add(world, partial(self._fly, flight))

    def _fly(self, flight: Flight) -> None:
        try:
            with flight.world.lock:
                is_wanted = flight.is_wanted()
            if is_wanted:
                outcome = self._outcome(flight)
                with flight.world.lock:
                    self._land(flight, outcome)
        except Exception:
            log.exception("an attempt to deliver %s failed", flight.outgoing.id)
        finally:
            end(flight.over)

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
        return post(flight.target, places, outgoing.headers, outgoing.body.encode(), end)

    def _land(self, flight: Flight, outcome: Report | Refused) -> None:
        """Record what came of an attempt, unless its world does not wait for it any more."""
        world, outgoing = flight.world, flight.outgoing
        is_wanted = flight.is_wanted()
        self._forget(flight)
        if not is_wanted:
            return
        if isinstance(outcome, Refused):
            self._drop(world, outgoing, str(outcome))
        else:
            status = record(world, outgoing.outbox, outgoing.id, outcome)
            self._log(world, outgoing, outcome.error or str(outcome.status), status)
        self.review(world)

    def _forget(self, flight: Flight) -> None:
        flights = self._flights.get(flight.world, {})
        if flights.get(flight.outgoing.id) is flight:
            del flights[flight.outgoing.id]
            if not flights:
                del self._flights[flight.world]
        end(flight.over)

    def _drop(self, world: World, outgoing: Outgoing, because: str) -> None:
        refuse(world, outgoing.outbox, outgoing.id, because)
        self._log(world, outgoing, because, "dropped")
