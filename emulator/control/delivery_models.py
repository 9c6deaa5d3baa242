"""The records of notifications that vendors owe, and of their attempts."""

from __future__ import annotations

from datetime import datetime

from emulator.control.journal_models import FaultHit
from emulator.control.record import Record


class OutgoingDelivery(Record, component="outgoing-delivery"):
    """A notification that whoever holds its receiver has to deliver now: a POST of the `body` to the `url`."""

    id: str
    vendor: str
    event: str
    url: str
    headers: tuple[tuple[str, ...], ...]
    body: str


class Claimed(Record):
    """Notifications that are not to wait for an advance, which whoever holds their receivers has to deliver now."""

    deliveries: tuple[OutgoingDelivery, ...]


class Attempt(Record):
    """An attempt to deliver: when, the headers sent, the receiver's answer, or an error, and the faults that struck it."""

    at: datetime
    headers: tuple[tuple[str, ...], ...]
    status: int | None
    body: str
    error: str | None
    faults: tuple[FaultHit, ...]


class Delivery(Record, component="delivery"):
    """A notification that a vendor owes to a receiver.

    `due` is the instant of the next attempt, None where there is none. `headers` and `body` are those of a POST made now.
    `faults` are those that struck it when it was made, or collected.
    """

    id: str
    vendor: str
    event: str
    event_id: str | None
    subject: str
    destination: str | None
    url: str | None
    status: str
    since: datetime
    due: datetime | None
    because: str | None
    headers: tuple[tuple[str, ...], ...]
    body: str
    attempts: tuple[Attempt, ...]
    faults: tuple[FaultHit, ...]


class Deliveries(Record):
    """Notifications that vendors owe, in the order in which they arose."""

    deliveries: tuple[Delivery, ...]


class Receivers(Record):
    """The URLs for which somebody makes the deliveries."""

    receivers: tuple[str, ...]
