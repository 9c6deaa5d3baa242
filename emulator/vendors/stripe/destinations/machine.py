"""The machine of event destinations: what each command does."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.sdk import ABSENT, EVERY, SAME, Machine, Row, View, replace
from emulator.vendors.stripe.assumptions.jobs import PING_REASON
from emulator.vendors.stripe.destinations.model import LOG, Destination
from emulator.vendors.stripe.events.model import PING, SequenceLog, emit, log_of

CREATE, RETRIEVE, UPDATE, DELETE = "create", "retrieve", "update", "delete"
ENABLE, DISABLE, SEND_PING = "enable", "disable", "ping"


def set_updated(view: View, destination: Destination) -> Iterable[Destination]:
    yield replace(destination, updated=view.now)


def keep_number(view: View, destination: Destination) -> Iterable[SequenceLog]:
    """Yield the log by which the number of a deleted destination is not given to a newer one."""
    log = log_of(view, LOG + destination.owner)
    yield replace(log, next=max(log.next, destination.n + 1))


def emit_ping(view: View, destination: Destination) -> Iterable[object]:
    yield from emit(view, PING, destination, with_reason=view.choice(PING_REASON) == "request")


DESTINATION = Machine(
    of=Destination,
    states=("enabled", "disabled"),
    commands=(CREATE, RETRIEVE, UPDATE, DELETE, ENABLE, DISABLE, SEND_PING),
    timers=(),
    rows=(
        # in    cause         go to  answer         evidence           effect
        Row(ABSENT, CREATE, "enabled", "destination", "stripe-destination-1"),
        Row(EVERY, CREATE, SAME, "destination", "stripe-idempotency-2"),
        Row(EVERY, RETRIEVE, SAME, "destination", "stripe-destination-2"),
        Row(EVERY, UPDATE, SAME, "destination", "stripe-destination-3", set_updated),
        Row(EVERY, DELETE, ABSENT, "deleted", "stripe-destination-4", keep_number),
        Row("disabled", ENABLE, "enabled", "destination", "stripe-destination-5", set_updated),
        Row("enabled", ENABLE, SAME, "destination", "stripe-destination-6"),
        Row("enabled", DISABLE, "disabled", "destination", "stripe-destination-5", set_updated),
        Row("disabled", DISABLE, SAME, "destination", "stripe-destination-6"),
        Row(EVERY, SEND_PING, SAME, "pinged", "stripe-destination-7", emit_ping),
        *(
            Row(ABSENT, command, SAME, "nothing_found", "stripe-destination-8")
            for command in (RETRIEVE, UPDATE, DELETE, ENABLE, DISABLE, SEND_PING)
        ),
    ),
    entry=(),
)
