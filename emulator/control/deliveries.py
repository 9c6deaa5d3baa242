"""Control routes over what vendors owe to receivers: deliveries, their attempts, and who makes them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from emulator.control import delivery_models as models
from emulator.control.delivery_models import Claimed, Deliveries, OutgoingDelivery, Receivers
from emulator.control.entries import hits
from emulator.control.record import TEXT
from emulator.control.route import ControlRequest, Outside, Steps, route
from emulator.delivery.carriers import PATIENCE, goes_to_holders
from emulator.delivery.outgoing import Report, hand_out, record, signing_second
from emulator.kernel.errors import BadInput, Conflict, NotFound
from emulator.kernel.limits import HTTP
from emulator.kernel.resource import structs
from emulator.kernel.revision import Revision
from emulator.kernel.time import parse_duration_at, parse_instant
from emulator.kernel.timers import due
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.scenario.schema import DURATION, INSTANT
from emulator.scenario.state_schema import closed
from emulator.sdk.deliveries import RESEND, Outbox
from emulator.sdk.delivery import SENDING, STATUSES, Delivery
from emulator.sdk.vendor import Vendors
from emulator.text.redact import redact_text

HTTP_STATUS = {"type": "integer", "minimum": 100, "maximum": 599}
REPORTED = closed({"status": HTTP_STATUS, "body": TEXT, "error": TEXT}, minProperties=1, examples=[{"status": 200}])
RECEIVERS = closed({"receivers": {"type": "array", "items": TEXT, "maxItems": 1_000}}, "receivers")
CLAIM = closed({"wait": DURATION}, "wait", examples=[{"wait": "20s"}])
FILTERS = {"event": TEXT, "destination": TEXT, "status": {"enum": list(STATUSES)}, "since": INSTANT}


@route("GET", "/worlds/{world}/deliveries", "The notifications owed to receivers", query=FILTERS, takes_long=True)
def deliveries(world: World, request: ControlRequest) -> Deliveries:
    query = request.http.query_params
    wanted = {name: query[name] for name in ("event", "destination", "status") if name in query}
    since = world.clock.vendor_time(parse_instant(query["since"])) if "since" in query else None
    with world.transaction("look") as tx:
        chosen = [
            _shown(tx, request, world, outbox, it)
            for outbox, it in every_delivery(tx, request.context.vendors)
            if all(getattr(it, name) == value for name, value in wanted.items()) and (since is None or it.since >= since)
        ]
    return Deliveries(tuple(chosen))


@route("GET", "/worlds/{world}/deliveries/{delivery}", "A notification, and what came of it", takes_long=True)
def delivery(world: World, request: ControlRequest) -> models.Delivery:
    with world.transaction("look") as tx:
        return _shown(tx, request, world, *_find(tx, request))


@route("POST", "/worlds/{world}/deliveries/{delivery}/resend", "Make a new attempt now, signed afresh", takes_long=True)
def resend(world: World, request: ControlRequest) -> Steps[models.Delivery]:
    with world.transaction("resend") as tx:
        outbox, found = _find(tx, request)
        answer = tx.ask(outbox.machine, found.id, RESEND).name
        if answer == "sending":
            raise Conflict(f"{found.id} is under way to its receiver")
        if answer == "kept_back":
            raise Conflict(f"{found.id} cannot be sent by hand: {outbox.kept_back(tx, found)}")
        world.journal.extend(tx.changes)
    world.settle()
    yield from carried(world, request)
    with world.transaction("look") as tx:
        return _shown(tx, request, world, *_find(tx, request))


def carried(world: World, request: ControlRequest) -> Generator[Outside, None, bool]:
    """Wait until the server has sent what is under way by HTTP; return whether the world still knows of it."""
    carrier, revision = request.context.carriers.http, Revision.of(world)
    while outside := carrier.carry(world, request.own_url):
        yield Outside(outside)
        if not revision.is_kept(world):
            return False
    return True


@route("POST", "/worlds/{world}/receivers/claim", "Wait for what is to be delivered without an advance", body=CLAIM)
def claim(world: World, request: ControlRequest) -> Steps[Claimed]:
    """Hand out what a vendor's client waits for, or what is due by a running clock, to whoever holds its receiver.

    There is nothing in it where none of these comes in time.
    """
    claims, seconds = request.context.carriers.claims, parse_duration_at(request.body["wait"], "wait").total_seconds()
    if claims.closed:
        raise Conflict("the server ends, and nothing is delivered any more")
    if not (wanted := _claimed(world, request)):
        with claims.call(world) as called:
            yield Outside([called], min(seconds, PATIENCE))
        wanted = _claimed(world, request) if request.context.is_current(world) else ()
    return Claimed(wanted)


def _claimed(world: World, request: ControlRequest) -> tuple[OutgoingDelivery, ...]:
    wanted, all_of_it = request.context.carriers.claims.wanted(world), goes_to_holders(world)
    if not wanted and not all_of_it:
        return ()
    return hand_to_holder(world, request, lambda it: all_of_it or (it.kind, it.id) in wanted)


@route("POST", "/worlds/{world}/deliveries/{delivery}/attempts", "Report what a receiver answered", body=REPORTED)
def report(world: World, request: ControlRequest) -> models.Delivery:
    """Report what came of a delivery that an advance handed out."""
    body = request.body
    if ("status" in body) == ("error" in body):
        raise BadInput.at("a receiver answered with a status, or an error says why not: give one of the two")
    with world.transaction("look") as tx:
        outbox, found = _find(tx, request)
    if found.status != SENDING:
        raise Conflict(f"{found.id} is {found.status}: nothing is under way")
    record(world, outbox, found.id, Report(body.get("status"), body.get("body", ""), body.get("error")))
    with world.transaction("look") as tx:
        return _shown(tx, request, world, *_find(tx, request))


@route("GET", "/worlds/{world}/receivers", "The URLs for which somebody makes the deliveries")
def receivers(world: World, _: ControlRequest) -> Receivers:
    return Receivers(tuple(sorted(world.receivers)))


@route("PUT", "/worlds/{world}/receivers", "Make the deliveries to these URLs from now on, and to no others", body=RECEIVERS)
def set_receivers(world: World, request: ControlRequest) -> Receivers:
    world.set_receivers(frozenset(request.body["receivers"]))
    return Receivers(tuple(sorted(world.receivers)))


def every_delivery(tx: Transaction, vendors: Vendors) -> Iterator[tuple[Outbox, Delivery]]:
    """Yield the deliveries of a world with their outboxes, by vendor, in the order in which they arose."""
    for vendor in vendors.values():
        for outbox in vendor.outboxes:
            yield from ((outbox, it) for it in tx.group(outbox.of))


def hand_to_holder(
    world: World, request: ControlRequest, is_wanted: Callable[[Delivery], bool] = lambda _: True
) -> tuple[OutgoingDelivery, ...]:
    """Return what whoever holds the receivers is to send now, signed now; what was handed out before is under way."""

    def is_new(tx: Transaction, delivery: Delivery) -> bool:
        return not delivery.attempts[-1].headers and tx.carrier(delivery.url) != HTTP and is_wanted(delivery)

    return tuple(map(OutgoingDelivery.of, hand_out(world, request.context.vendors, request.url_of_links, is_new)))


def _find(tx: Transaction, request: ControlRequest) -> tuple[Outbox, Delivery]:
    id, vendors = request.path_param("delivery"), request.context.vendors
    found = ((outbox, tx.find(outbox.of, id)) for vendor in vendors.values() for outbox in vendor.outboxes)
    for outbox, it in found:
        if it is not None:
            return outbox, it
    raise NotFound("delivery", id, [it.id for _, it in every_delivery(tx, vendors)][:1000])


def _shown(tx: Transaction, request: ControlRequest, world: World, outbox: Outbox, delivery: Delivery) -> models.Delivery:
    client_time = world.clock.client_time
    upcoming = due(outbox.machine, delivery, world.rules.timing, upkeep=False)
    return models.Delivery.of(
        delivery,
        vendor=delivery.vendor,
        url=delivery.url and redact_text(delivery.url),
        since=client_time(delivery.since),
        due=upcoming and client_time(upcoming[0]),
        headers=outbox.headers(tx, delivery, signing_second(tx, world)),
        body=delivery.body_at(request.url_of_links, world.id),
        attempts=tuple(
            models.Attempt(**structs.asdict(it) | {"at": client_time(it.at), "faults": hits(it.faults)})
            for it in delivery.attempts
        ),
        faults=hits(delivery.faults),
    )
