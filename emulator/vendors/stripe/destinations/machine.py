"""The machine of event destinations: what each command does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from emulator.sdk import ABSENT, EVERY, SAME, Assume, Machine, Row, Timer, View, replace, structs
from emulator.vendors.stripe.assumptions.events import ENABLE_LOST
from emulator.vendors.stripe.assumptions.jobs import PING_REASON
from emulator.vendors.stripe.destinations.model import EVENTBRIDGE_STATUSES, LOG, Destination, EventBridge
from emulator.vendors.stripe.events.model import SequenceLog, emit, log_of
from emulator.vendors.stripe.events.types import PING

CREATE, RETRIEVE, UPDATE, DELETE = "create", "retrieve", "update", "delete"
ENABLE, DISABLE, SEND_PING = "enable", "disable", "ping"


def _waits(destination: Destination) -> bool:
    """Return whether nobody has associated the event source at Amazon yet."""
    cloud = destination.cloud
    return isinstance(cloud, EventBridge) and cloud.aws_event_source_status == EVENTBRIDGE_STATUSES[0]


ASSOCIATION = Timer(
    "stripe.association",
    None,
    "stripe-destination-26",
    measure=lambda destination: max(destination.created + timedelta(days=7) - destination.since, timedelta()),
    applies=_waits,
)


def has_lost_source(_: View, destination: Destination) -> bool:
    return destination.loss is not None


def lose_source(view: View, destination: Destination) -> Iterable[Destination]:
    if isinstance(destination.cloud, EventBridge):
        lost = structs.replace(destination.cloud, aws_event_source_status="deleted")
        yield replace(destination, cloud=lost, updated=view.now)


def set_updated(view: View, destination: Destination) -> Iterable[Destination]:
    yield replace(destination, updated=view.now)


def keep_number(view: View, destination: Destination) -> Iterable[SequenceLog]:
    """Yield the log by which the number of a deleted destination is not given to a newer one."""
    log = log_of(view, LOG + destination.owner)
    yield replace(log, next=max(log.next, destination.n + 1))


def emit_ping(view: View, destination: Destination) -> Iterable[object]:
    yield from emit(view, destination, PING, with_reason=view.choice(PING_REASON) == "request")


DESTINATION = Machine(
    of=Destination,
    states=("enabled", "disabled"),
    commands=(CREATE, RETRIEVE, UPDATE, DELETE, ENABLE, DISABLE, SEND_PING),
    timers=(ASSOCIATION,),
    rows=(
        # in    cause         go to  answer         evidence           effect
        Row(ABSENT, CREATE, "enabled", "destination", "stripe-destination-1"),
        Row(EVERY, CREATE, SAME, "destination", "stripe-idempotency-2"),
        Row(EVERY, RETRIEVE, SAME, "destination", "stripe-destination-2"),
        Row(EVERY, UPDATE, SAME, "destination", "stripe-destination-3", set_updated),
        Row(EVERY, DELETE, ABSENT, "deleted", "stripe-destination-4", keep_number),
        Row(
            "disabled",
            ENABLE,
            SAME,
            "lost_source",
            "stripe-destination-28",
            when=has_lost_source,
            assume=Assume(ENABLE_LOST, "400"),
        ),
        Row("disabled", ENABLE, "enabled", "destination", "stripe-destination-5", set_updated),
        Row("enabled", ENABLE, SAME, "destination", "stripe-destination-6"),
        Row("enabled", DISABLE, "disabled", "destination", "stripe-destination-5", set_updated),
        Row("disabled", DISABLE, SAME, "destination", "stripe-destination-6"),
        Row("enabled", ASSOCIATION, "disabled", None, "stripe-destination-26", lose_source),
        Row("disabled", ASSOCIATION, SAME, None, "stripe-destination-26", lose_source),
        Row("enabled", SEND_PING, SAME, "pinged", "stripe-destination-7", emit_ping),
        Row("disabled", SEND_PING, SAME, "pinged", "stripe-ping-6", emit_ping),
        *(
            Row(ABSENT, command, SAME, "nothing_found", "stripe-destination-8")
            for command in (RETRIEVE, UPDATE, DELETE, ENABLE, DISABLE, SEND_PING)
        ),
    ),
    entry=(),
)
