"""Deliveries of thin events: which destinations get one, what is sent, how it is signed, and when it is tried again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from hashlib import sha256
from hmac import new as hmac
from typing import TYPE_CHECKING, ClassVar

from emulator.sdk import SELF, Delivery, Facts, Headers, Ladder, Notify, Outbox, View, base62, dump, mint_id
from emulator.vendors.stripe.assumptions.events import PING_OF_DISABLED, RETRIES, RETRY_URL
from emulator.vendors.stripe.destinations.model import EVENTBRIDGE, Destination
from emulator.vendors.stripe.events.notification import notification_to_json
from emulator.vendors.stripe.events.types import PING, TYPES
from emulator.vendors.stripe.model.accounts import Account

if TYPE_CHECKING:
    from emulator.vendors.stripe.events.model import Event

_MINUTE = timedelta(minutes=1)
LADDERS: dict[str, Ladder] = {
    "sandbox": (10 * _MINUTE, 40 * _MINUTE, 160 * _MINUTE),
    "live": (*(5 * 2**n * _MINUTE for n in range(9)), timedelta(hours=72) - 5 * (2**9 - 1) * _MINUTE),
    "none": (),
}
"""The times before further attempts, by the choice of RETRIES. Those of live mode end after three days."""

SENT_BY_HAND = timedelta(days=30)
"""Time after an event in which it can be sent by hand. Evidence: stripe-webhook-15."""

_CONSTANT_HEADERS: Headers = (
    ("Content-Type", "application/json; charset=utf-8"),
    ("Cache-Control", "no-cache"),
    ("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)"),
    ("Accept", "*/*; q=0.5, application/xml"),
)
"""Evidence: stripe-webhook-12 and stripe-webhook-13."""


class EventDelivery(Delivery, frozen=True, gc=False, kw_only=True):
    """A thin event that is owed to a destination."""

    kind: ClassVar[str] = "stripe.delivery"


def notify(view: View, event: Event) -> Iterator[Notify]:
    """Yield what is owed to the destinations of an event. Evidence: stripe-webhook-1 and stripe-webhook-6."""
    for destination in _destinations_of(view, event):
        id = mint_id(view, EventDelivery, lambda digest: f"dlv_{base62(digest, 16)}")
        body = dump(notification_to_json(view, event, _context_of(view, event, destination))).decode()
        delivery = EventDelivery(
            id=id, since=view.now, event=event.type, subject=event.object_id, body=body, url=destination.url,
            event_id=event.id, destination=destination.id,
        )  # fmt: skip
        yield OUTBOX.owe(delivery)


def _destinations_of(view: View, event: Event) -> Iterator[Destination]:
    """Yield the destinations that get an event: a ping its own, any other those that want it, in their order."""
    if event.type == PING:
        destination = view.find(Destination, event.object_id)
        yield from () if destination is None or not _is_open(view, destination, PING) else (destination,)
        return
    sources = [(event.owner, "@self"), *((it, "@accounts") for it in _platforms_of(view, event.owner))]
    for owner, source in sources:
        for it in sorted(view.group(Destination, "owner", owner), key=lambda destination: destination.n):
            if _is_open(view, it, event.type) and event.type in it.enabled_events and source in it.events_from:
                yield it


def _is_open(view: View, destination: Destination, type: str) -> bool:
    """Return whether events of a type are sent to a destination at present."""
    return _obstacle(view, destination, type) is None


def _obstacle(view: View, destination: Destination, type: str) -> str | None:
    """Return why events of a type are not sent to a destination at present.

    Evidence: stripe-webhook-6, stripe-ping-6 and stripe-destination-37.
    """
    if destination.status != "enabled" and (type != PING or view.choice(PING_OF_DISABLED) == "no"):
        return "its destination is disabled"
    return destination.lack


def _platforms_of(view: View, owner: str) -> Sequence[str]:
    """Return the platform that an account is connected to, if it is."""
    if not view.accounts("stripe").ids:
        return () if owner == SELF else (SELF,)
    account = view.find(Account, owner)
    return () if account is None or account.platform is None else (account.platform,)


def _context_of(view: View, event: Event, destination: Destination) -> str | None:
    """Return the account that an event comes from, where its destination is another's. Evidence: stripe-context-5."""
    if event.owner == destination.owner:
        return None
    account = view.find(Account, event.owner)
    return event.owner if account is None else account.name


def unwanted(view: View, delivery: EventDelivery) -> str | None:
    """Return why a delivery is not sent any more. Evidence: stripe-webhook-5."""
    destination = view.find(Destination, delivery.destination or "")
    if destination is None:
        return "its destination was deleted"
    return _obstacle(view, destination, delivery.event)


def kept_back(view: View, delivery: EventDelivery) -> str | None:
    """Return why a delivery cannot be sent by hand. Evidence: stripe-webhook-15."""
    destination = view.find(Destination, delivery.destination or "")
    if destination is not None and destination.type == EVENTBRIDGE:
        return "Stripe does not send events to Amazon EventBridge by hand"
    began = delivery.attempts[0].at if delivery.attempts else delivery.since
    return "its event is more than 30 days old" if view.now - began > SENT_BY_HAND else None


def address(view: View, delivery: EventDelivery) -> str | None:
    """Return the URL to which a delivery is sent now. Evidence: stripe-webhook-16."""
    destination = view.find(Destination, delivery.destination or "")
    if destination is None or destination.url == delivery.url or view.choice(RETRY_URL) == "original":
        return delivery.url
    return destination.url


def secrets(view: View, delivery: EventDelivery) -> tuple[str, ...]:
    """Return the secrets of a delivery's destination that are good now, none of a cloud's."""
    destination = view.find(Destination, delivery.destination or "")
    return () if destination is None else destination.secrets(view.now)


def sign(secrets: tuple[str, ...], second: int, body: str) -> Headers:
    """Return the header that signs a body: with a signature for each secret, and one of the fake scheme of test events.

    Evidence: stripe-webhook-2, stripe-webhook-10 and stripe-webhook-11.
    """
    signatures = [f"v1={signature(secret, second, body)}" for secret in secrets]
    fake = f"v0={signature(f'v0.{secrets[0]}', second, body)}"
    return (("Stripe-Signature", ",".join((f"t={second}", *signatures, fake))),)


def signature(secret: str, second: int, body: str) -> str:
    """Return the signature of a body that is sent at a second of Unix time."""
    return hmac(secret.encode(), f"{second}.{body}".encode(), sha256).hexdigest()


OUTBOX = Outbox(
    "stripe.webhook",
    EventDelivery,
    Facts(
        sent="stripe-webhook-1",
        timeout="stripe-webhook-7",
        accepted="stripe-webhook-3",
        retried="stripe-webhook-4",
        exhausted="stripe-webhook-4",
        unwanted="stripe-webhook-5",
        resent="stripe-webhook-8",
        resumed="stripe-webhook-14",
        kept_back="stripe-webhook-15",
        forgotten="stripe-webhook-17",
    ),
    events=TYPES,
    timeout=timedelta(seconds=10),
    retries=RETRIES,
    ladders=LADDERS,
    constant=_CONSTANT_HEADERS,
    secrets=secrets,
    sign=sign,
    unwanted=unwanted,
    kept_back=kept_back,
    address=address,
)
