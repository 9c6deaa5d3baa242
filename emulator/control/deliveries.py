"""Control routes over what vendors owe to receivers: deliveries, their attempts, and who makes them."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.control import delivery_models as models
from emulator.control.delivery_models import Deliveries, OutgoingDelivery, Receivers
from emulator.control.entries import hits
from emulator.control.record import TEXT
from emulator.control.route import ControlRequest, route
from emulator.kernel.clock import wall_now
from emulator.kernel.errors import BadInput, Conflict, NotFound
from emulator.kernel.journal import DeliveryAttempt
from emulator.kernel.limits import VIRTUAL
from emulator.kernel.resource import structs
from emulator.kernel.time import parse_instant
from emulator.kernel.transaction import Transaction, due
from emulator.kernel.world import World
from emulator.scenario.schema import INSTANT, closed
from emulator.sdk.deliveries import REPORT, RESEND, Outbox
from emulator.sdk.delivery import SENDING, STATUSES, Delivery, with_answer, with_last
from emulator.sdk.vendor import Vendors
from emulator.text.redact import redact_text

KEPT = 16_384
"""Characters of a receiver's answer that are kept."""

HTTP_STATUS = {"type": "integer", "minimum": 100, "maximum": 599}
REPORTED = closed({"status": HTTP_STATUS, "body": TEXT, "error": TEXT}, minProperties=1, examples=[{"status": 200}])
RECEIVERS = closed({"receivers": {"type": "array", "items": TEXT, "maxItems": 1_000}}, "receivers")
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


@route("POST", "/worlds/{world}/deliveries/{delivery}/resend", "Make a new attempt now, signed afresh")
def resend(world: World, request: ControlRequest) -> models.Delivery:
    with world.transaction("resend") as tx:
        outbox, found = _find(tx, request)
        if tx.ask(outbox.machine, found.id, RESEND).name == "sending":
            raise Conflict(f"{found.id} is under way to its receiver")
        world.journal.extend(tx.changes)
    with world.transaction("look") as tx:
        return _shown(tx, request, world, *_find(tx, request))


@route("POST", "/worlds/{world}/deliveries/{delivery}/attempts", "Report what a receiver answered", body=REPORTED)
def report(world: World, request: ControlRequest) -> models.Delivery:
    """Report what came of a delivery that an advance handed out."""
    body = request.body
    if ("status" in body) == ("error" in body):
        raise BadInput.at("a receiver answered with a status, or an error says why not: give one of the two")
    with world.transaction("report") as tx:
        outbox, found = _find(tx, request)
        if found.status != SENDING:
            raise Conflict(f"{found.id} is {found.status}: nothing is under way")
        tx.put(with_answer(found, body.get("status"), body.get("body", "")[:KEPT], body.get("error")))
        left = tx.ask(outbox.machine, found.id, REPORT).subject
        world.journal.add(DeliveryAttempt(tx.now, outbox.name, left, tuple(tx.changes)))
    with world.transaction("look") as tx:
        return _shown(tx, request, world, *_find(tx, request))


@route("GET", "/worlds/{world}/receivers", "The URLs for which somebody makes the deliveries")
def receivers(world: World, _: ControlRequest) -> Receivers:
    return Receivers(tuple(sorted(world.receivers)))


@route("PUT", "/worlds/{world}/receivers", "Make the deliveries to these URLs from now on, and to no others", body=RECEIVERS)
def set_receivers(world: World, request: ControlRequest) -> Receivers:
    world.receivers = frozenset(request.body["receivers"])
    return Receivers(tuple(sorted(world.receivers)))


def every_delivery(tx: Transaction, vendors: Vendors) -> Iterator[tuple[Outbox, Delivery]]:
    """Yield the deliveries of a world with their outboxes, by vendor, in the order in which they arose."""
    for vendor in vendors.values():
        for outbox in vendor.outboxes:
            yield from ((outbox, it) for it in tx.group(outbox.of))


def hand_out(world: World, vendors: Vendors, base_url: str) -> tuple[OutgoingDelivery, ...]:
    """Return what is to be sent now in a world, signed now; what was handed out before is under way."""
    if all(it.attempts[-1].headers for it in world.outside()):
        return ()
    with world.transaction("send") as tx:
        under_way = [it for it in every_delivery(tx, vendors) if it[1].status == SENDING and not it[1].attempts[-1].headers]
        return tuple(_handed_out(tx, world, base_url, outbox, it) for outbox, it in under_way)


def _handed_out(tx: Transaction, world: World, base_url: str, outbox: Outbox, delivery: Delivery) -> OutgoingDelivery:
    headers = outbox.headers(tx, delivery, signing_second(tx, world))
    tx.put(with_last(delivery, headers=headers))
    vendor, body = delivery.vendor, delivery.body_at(base_url, world.id)
    return OutgoingDelivery(delivery.id, vendor, delivery.event, delivery.url or "", headers, body)


def signing_second(tx: Transaction, world: World) -> int:
    """Return the second of Unix time at which an attempt is signed."""
    return int((tx.now if world.rules.sign == VIRTUAL else wall_now()).timestamp())


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
        body=delivery.body_at(request.base_url, world.id),
        attempts=tuple(
            models.Attempt(**structs.asdict(it) | {"at": client_time(it.at), "faults": hits(it.faults)})
            for it in delivery.attempts
        ),
        faults=hits(delivery.faults),
    )
