"""The machine of event destinations: what each command does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from emulator.sdk import ABSENT, EVERY, SAME, Machine, On, Row, View
from emulator.vendors.stripe.assumptions.jobs import PING_REASON
from emulator.vendors.stripe.destinations.model import Destination
from emulator.vendors.stripe.events.model import PING, emit

CREATE, RETRIEVE, UPDATE, DELETE = "create", "retrieve", "update", "delete"
ENABLE, DISABLE, SEND_PING = "enable", "disable", "ping"


def set_updated(view: View, destination: Destination) -> Iterable[Destination]:
    yield replace(destination, updated=view.now)


def emit_ping(view: View, destination: Destination) -> Iterable[object]:
    yield from emit(view, PING, destination, with_reason=view.choice(PING_REASON) == "request")


DESTINATION = Machine(
    of=Destination,
    states=("enabled", "disabled"),
    commands=(CREATE, RETRIEVE, UPDATE, DELETE, ENABLE, DISABLE, SEND_PING),
    timers=(),
    rows=(
        # in    cause         go to  answer         effect           evidence
        Row(ABSENT, On(CREATE), "enabled", "destination", None, "stripe-destination-1"),
        Row(EVERY, On(CREATE), SAME, "destination", None, "stripe-idempotency-2"),
        Row(EVERY, On(RETRIEVE), SAME, "destination", None, "stripe-destination-2"),
        Row(EVERY, On(UPDATE), SAME, "destination", set_updated, "stripe-destination-3"),
        Row(EVERY, On(DELETE), ABSENT, "deleted", None, "stripe-destination-4"),
        Row("disabled", On(ENABLE), "enabled", "destination", set_updated, "stripe-destination-5"),
        Row("enabled", On(ENABLE), SAME, "destination", None, "stripe-destination-6"),
        Row("enabled", On(DISABLE), "disabled", "destination", set_updated, "stripe-destination-5"),
        Row("disabled", On(DISABLE), SAME, "destination", None, "stripe-destination-6"),
        Row(EVERY, On(SEND_PING), SAME, "pinged", emit_ping, "stripe-destination-7"),
        *(
            Row(ABSENT, On(command), SAME, "nothing_found", None, "stripe-destination-8")
            for command in (RETRIEVE, UPDATE, DELETE, ENABLE, DISABLE, SEND_PING)
        ),
    ),
    entry=(),
)
