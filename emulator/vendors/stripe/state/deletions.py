"""The parts of Stripe's state that can vanish."""

from __future__ import annotations

from emulator.sdk import Deletable
from emulator.vendors.stripe.destinations.machine import keep_number
from emulator.vendors.stripe.destinations.model import Destination
from emulator.vendors.stripe.events.model import Event
from emulator.vendors.stripe.model.jobs import Job

DELETABLE = {
    "batch_jobs": Deletable(Job),
    "event_destinations": Deletable(Destination, {"id": "id", "name": "name"}, keep_number),
    "events": Deletable(Event),
}
