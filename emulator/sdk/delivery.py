"""One delivery of a notification: a value of a world, its attempts, and how faults spoil what is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, ClassVar
from urllib.parse import quote

from emulator.kernel.budget import Metered
from emulator.kernel.delivery_faults import CORRUPT, EFFECTS, LOSE_RESPONSE
from emulator.kernel.exchange import FaultHit
from emulator.kernel.machine import OUTSIDE
from emulator.kernel.resource import Struct, replace, structs
from emulator.kernel.sorted_pages import IndexKey

STATUSES = PENDING, COLLECTED, SENDING, ANSWERING, DELIVERED, WAITING, EXHAUSTED, DROPPED = (
    "pending",
    "collected",
    "sending",
    "answering",
    "delivered",
    "waiting",
    "exhausted",
    "dropped",
)
OVER = (COLLECTED, DELIVERED, EXHAUSTED, DROPPED)
"""The statuses of deliveries that nothing happens to by itself."""

BASE_URL, WORLD = "http://emulator.invalid", "emulator-world"
"""In a body, these stand for the address at which the server is reached, and for the id of the world."""

Headers = tuple[tuple[str, str], ...]


class Attempt(Struct, frozen=True, gc=False):
    """One attempt to deliver: when, with which headers, and what the receiver answered, or why it did not.

    `status` is None where no answer came. `body` is the answer's, as far as it is kept. `faults` are those that struck it.
    """

    at: datetime
    headers: Headers = ()
    status: int | None = None
    body: str = ""
    error: str | None = None
    faults: tuple[FaultHit, ...] = ()

    @property
    def is_failed_by_fault(self) -> bool:
        """True if it failed without any answer, as a fault would have it."""
        return self.status is None and any(self.error == EFFECTS[it.do].error for it in self.faults)

    @property
    def succeeded(self) -> bool:
        """True if the receiver took it: it answered 2xx."""
        return self.error is None and self.status is not None and 200 <= self.status < 300


class Delivery(Metered, frozen=True, gc=False, kw_only=True):
    """A notification of an `event` about the resource `subject` that is owed to the receiver at `url`, None for a cloud's.

    `event_id` is the id of the event, where events have one, and `destination` that of the receiver, where receivers do.
    `body` is sent as it is. `next_at` is the instant of the next attempt of one that waits, and `resumes_at` that of one
    that waited when it was sent by hand, and waits again after that attempt, one of its `extras`. One sent `by_hand` when it
    was over is not tried again; `because` says why one was dropped. `faults` are those that struck it when it was made, or
    collected; one is `held` until the next one for its receiver is made, and one is the `duplicate` of another.
    """

    id: str
    since: datetime
    event: str
    subject: str
    body: str
    url: str | None = None
    event_id: str | None = None
    destination: str | None = None
    attempts: tuple[Attempt, ...] = ()
    next_at: datetime | None = None
    resumes_at: datetime | None = None
    extras: int = 0
    by_hand: bool = False
    because: str | None = None
    faults: tuple[FaultHit, ...] = ()
    held: bool = False
    duplicate: bool = False
    status: str = PENDING
    kind: ClassVar[str] = "delivery"
    outside: ClassVar[tuple[str, ...]] = (SENDING,)

    @property
    def tries(self) -> int:
        """The number of attempts that the vendor made by itself."""
        return len(self.attempts) - self.extras

    @property
    def vendor(self) -> str:
        """The first half of the kind."""
        return self.kind.partition(".")[0]

    @property
    def held_until(self) -> IndexKey:
        """The group of the deliveries that wait until the next one for this receiver is made."""
        return "held", self.destination or self.url or ""

    @property
    def striking(self) -> tuple[FaultHit, ...]:
        """The faults of the attempt that is under way, or of what was collected."""
        if self.status == COLLECTED:
            return self.faults
        return self.attempts[-1].faults if self.status in (SENDING, ANSWERING) else ()

    def index(self) -> tuple[IndexKey, ...]:
        about = ("about", self.subject)
        if self.held and self.status == PENDING:
            return about, self.held_until
        return (about, OUTSIDE) if self.status in self.outside else (about,)

    def body_with(self, faults: Iterable[FaultHit]) -> str:
        """Return the body as it is sent where these faults strike, but for what stands for the server."""
        end = self.body.find(BASE_URL)
        is_corrupt = any(it.do == CORRUPT for it in faults)
        return corrupted(self, len(self.body) if end < 0 else end) if is_corrupt else self.body

    def body_at(self, base_url: Callable[[], str], world: str) -> str:
        """Return the body that a world sends. `base_url`, asked where it has links, returns the URL of the world's server."""
        body = self.body_with(self.striking)
        return body.replace(BASE_URL, base_url()).replace(WORLD, quote(world)) if BASE_URL in body else body

    def until_next(self) -> timedelta | None:
        return None if self.next_at is None else max(self.next_at - self.since, timedelta())


def with_answer(delivery: Delivery, status: int | None, body: str, error: str | None) -> Delivery:
    """Return a delivery whose receiver answered its last attempt, or not; a fault may lose the answer."""
    is_lost = error is None and any(it.do == LOSE_RESPONSE for it in delivery.attempts[-1].faults)
    return with_last(delivery, status=status, body=body, error=EFFECTS[LOSE_RESPONSE].error if is_lost else error)


def with_last(delivery: Delivery, **changes: Any) -> Delivery:
    """Return a delivery with another last attempt."""
    *earlier, last = delivery.attempts
    return replace(delivery, attempts=(*earlier, structs.replace(last, **changes)))


def other_secret(delivery: Delivery) -> str:
    """Return a secret that is not the receiver's."""
    return f"whsec_{_digest(delivery, 'secret').hex()}"


def corrupted(delivery: Delivery, end: int) -> str:
    """Return the body of a delivery with one letter or digit changed, which stands before an index."""
    places = [place for place, it in enumerate(delivery.body[:end]) if it.isascii() and it.isalnum()]
    if not places:
        return delivery.body
    place = places[int.from_bytes(_digest(delivery, "corrupt"), "big") % len(places)]
    was = delivery.body[place]
    other = ("1" if was == "0" else "0") if was.isdigit() else "y" if was == "x" else "x"
    return f"{delivery.body[:place]}{other}{delivery.body[place + 1 :]}"


def _digest(delivery: Delivery, purpose: str) -> bytes:
    """Return bytes that the delivery, the number of its attempts and the purpose decide."""
    return blake2b(f"{delivery.id}/{len(delivery.attempts)}/{purpose}".encode(), digest_size=16).digest()
