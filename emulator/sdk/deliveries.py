"""Deliveries: notifications that a vendor owes to receivers, the machine that they all have, and what a vendor adds to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from emulator.kernel.budget import Metered
from emulator.kernel.consequences import Consequence
from emulator.kernel.limits import COLLECT
from emulator.kernel.machine import ABSENT, OUTSIDE, SAME, Effect, Ladder, Machine, Row, Timer, View
from emulator.kernel.resource import Struct, replace, structs
from emulator.kernel.sorted_pages import IndexKey
from emulator.kernel.transaction import Transaction

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

REPORT, RESEND, REFUSE = "report", "resend", "refuse"
COMMANDS = (REPORT, RESEND, REFUSE)

Headers = tuple[tuple[str, str], ...]


class Attempt(Struct, frozen=True, gc=False):
    """One attempt to deliver: when, with which headers, and what the receiver answered, or why it did not.

    `status` is None where no answer came. `body` is the answer's, as far as it is kept.
    """

    at: datetime
    headers: Headers = ()
    status: int | None = None
    body: str = ""
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        """True if the receiver took it: it answered 2xx."""
        return self.error is None and self.status is not None and 200 <= self.status < 300


class Delivery(Metered, frozen=True, gc=False, kw_only=True):
    """A notification of an `event` about the resource `subject` that is owed to the receiver at `url`, None for a cloud's.

    `event_id` is the id of the event, where events have one, and `destination` that of the receiver, where receivers do.
    `body` is sent as it is. `next_at` is the instant of the next attempt of one that waits. One sent `by_hand` is not tried
    again; `because` says why one was dropped.
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
    by_hand: bool = False
    because: str | None = None
    status: str = PENDING
    kind: ClassVar[str] = "delivery"

    def index(self) -> tuple[IndexKey, ...]:
        about = ("about", self.subject)
        return (about, OUTSIDE) if self.status == SENDING else (about,)

    def body_at(self, base_url: str, world: str) -> str:
        """Return the body that a world sends whose server is reached at a URL."""
        return self.body.replace(BASE_URL, base_url).replace(WORLD, quote(world)) if BASE_URL in self.body else self.body

    def until_next(self) -> timedelta | None:
        return None if self.next_at is None else max(self.next_at - self.since, timedelta())


class Facts(Struct, frozen=True):
    """The evidence behind the rows of a vendor's deliveries."""

    sent: str
    timeout: str
    accepted: str
    retried: str
    exhausted: str
    unwanted: str
    resent: str


Changes = Iterable[Any]


class Outbox:
    """The notifications of a vendor: their `name` in scenarios, their type, the `events` there are, and their machine.

    `timeout` is the time that a receiver has, and `retries` returns the times before further attempts where the scenario sets
    none. `headers` returns those of an attempt that is signed at a second of Unix time; `unwanted` the reason why a delivery is
    not sent any more, None where it is. `given_up` is what follows when the last attempt has failed.
    """

    def __init__(
        self,
        name: str,
        of: type[Delivery],
        facts: Facts,
        *,
        events: Sequence[str],
        timeout: timedelta,
        retries: Callable[[View], Ladder],
        headers: Callable[[View, Any, int], Headers],
        unwanted: Callable[[View, Any], str | None] = lambda _view, _delivery: None,
        given_up: Effect | None = None,
    ) -> None:
        self.name, self.of, self.facts, self.events = name, of, facts, tuple(events)
        self.retries, self.headers, self.unwanted, self.given_up = retries, headers, unwanted, given_up
        self.ladder = f"{name}.retries"
        self.delay = Timer(f"{name}.delay", timedelta(seconds=1), "invented")
        self.retry = Timer(f"{name}.retry", None, facts.retried, of.until_next, settable=False)
        self.timeout = Timer(f"{name}.timeout", timeout, facts.timeout)
        self.duration = Timer(f"{name}.duration", timedelta(), "invented")
        self.kept = Timer(f"{name}.kept", timedelta(days=30), "invented", upkeep=True)
        self.machine = Machine(
            of=of,
            states=STATUSES,
            commands=COMMANDS,
            timers=(self.delay, self.retry, self.timeout, self.duration, self.kept),
            rows=tuple(self._rows()),
            entry=STATUSES,
        )

    def _rows(self) -> Iterable[Row]:
        facts = self.facts
        for state, timer in ((PENDING, self.delay), (WAITING, self.retry)):
            yield Row(state, timer, DROPPED, None, facts.unwanted, self.drop, self.is_unwanted)
            yield Row(state, timer, ANSWERING, None, facts.timeout, begin_attempt, self.is_collected_too_late)
            yield Row(state, timer, COLLECTED, None, facts.sent, None, is_collected)
            yield Row(state, timer, SENDING, None, facts.sent, begin_attempt)
        yield Row(SENDING, REPORT, ANSWERING, "reported", facts.sent, None, self.takes_time)
        yield from self._outcomes(SENDING, REPORT, "reported")
        yield Row(ANSWERING, self.timeout, WAITING, None, facts.timeout, self.time_out_and_retry, self.is_retried)
        yield Row(ANSWERING, self.timeout, EXHAUSTED, None, facts.timeout, self.time_out_and_give_up)
        yield from self._outcomes(ANSWERING, self.duration, None)
        yield Row(SENDING, REFUSE, DROPPED, "refused", facts.unwanted)
        for state in (*STATUSES, ABSENT):
            if state != SENDING:
                yield Row(state, REPORT, SAME, "not_sending", facts.sent)
                yield Row(state, REFUSE, SAME, "not_sending", facts.sent)
        for state in STATUSES:
            if state in (SENDING, ANSWERING):
                yield Row(state, RESEND, SAME, "sending", facts.resent)
            else:
                yield Row(state, RESEND, PENDING, "resent", facts.resent, self.send_again if state in OVER else self.send_now)
        yield Row(ABSENT, RESEND, SAME, "unknown", facts.resent)
        yield from (Row(state, self.kept, ABSENT, None, facts.sent) for state in OVER)

    def _outcomes(self, state: str, cause: str | Timer, answer: str | None) -> Iterable[Row]:
        """Yield the rows after an answer: it was taken, it is tried again, or not."""
        yield Row(state, cause, DELIVERED, answer, self.facts.accepted, None, has_succeeded)
        yield Row(state, cause, WAITING, answer, self.facts.retried, self.plan_retry, self.is_retried)
        yield Row(state, cause, EXHAUSTED, answer, self.facts.exhausted, self.given_up)

    def is_unwanted(self, view: View, delivery: Delivery) -> bool:
        return self.unwanted(view, delivery) is not None

    def is_collected_too_late(self, view: View, delivery: Delivery) -> bool:
        if delivery.url is None or not is_collected(view, delivery):
            return False
        duration, timeout = view.length(self.duration, delivery), view.length(self.timeout, delivery)
        return timeout is not None and (duration is None or duration >= timeout)

    def takes_time(self, view: View, delivery: Delivery) -> bool:
        return view.length(self.duration, delivery) != timedelta()

    def is_retried(self, view: View, delivery: Delivery) -> bool:
        return not delivery.by_hand and len(delivery.attempts) <= len(self.ladder_of(view))

    def ladder_of(self, view: View) -> Ladder:
        """Return the times before further attempts in this world."""
        ladder = view.ladder(self.ladder)
        return self.retries(view) if ladder is None else ladder

    def drop(self, view: View, delivery: Delivery) -> Changes:
        yield replace(delivery, because=self.unwanted(view, delivery))

    def plan_retry(self, view: View, delivery: Delivery) -> Changes:
        yield replace(delivery, next_at=view.now + self.ladder_of(view)[len(delivery.attempts) - 1])

    def time_out_and_retry(self, view: View, delivery: Delivery) -> Changes:
        for late in time_out(view, delivery):
            yield from self.plan_retry(view, late)

    def time_out_and_give_up(self, view: View, delivery: Delivery) -> Changes:
        for late in time_out(view, delivery):
            yield late
            yield from () if self.given_up is None else self.given_up(view, late)

    def send_now(self, _: View, delivery: Delivery) -> Changes:
        yield replace(delivery, timing=((self.delay.name, timedelta()),), next_at=None)

    def send_again(self, view: View, delivery: Delivery) -> Changes:
        yield from self.send_now(view, replace(delivery, because=None, by_hand=True))


def is_collected(view: View, delivery: Delivery) -> bool:
    return delivery.url is None or view.carrier(delivery.url) == COLLECT


def has_succeeded(_: View, delivery: Delivery) -> bool:
    return delivery.attempts[-1].succeeded


def begin_attempt(view: View, delivery: Delivery) -> Changes:
    yield replace(delivery, attempts=(*delivery.attempts, Attempt(view.now)))


def time_out(_: View, delivery: Delivery) -> Changes:
    yield with_last(delivery, status=None, body="", error="no answer in time")


class Notify(Consequence, frozen=True):
    """A notification is owed from now on."""

    delivery: Delivery

    def take_place(self, transaction: Transaction) -> None:
        transaction.put(self.delivery)


def with_last(delivery: Delivery, **changes: Any) -> Delivery:
    """Return a delivery with another last attempt."""
    *earlier, last = delivery.attempts
    return replace(delivery, attempts=(*earlier, structs.replace(last, **changes)))
