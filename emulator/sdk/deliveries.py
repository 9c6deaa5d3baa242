"""Deliveries: notifications that a vendor owes to receivers, the machine that they all have, and what a vendor adds to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from emulator.kernel.assumption import Assumption
from emulator.kernel.consequences import Consequence
from emulator.kernel.delivery_faults import (
    ATTEMPT,
    EFFECTS,
    LOSE_RESPONSE,
    NOTIFICATION,
    STALE_TIMESTAMP,
    WRONG_SECRET,
    DeliveryFault,
)
from emulator.kernel.limits import COLLECT
from emulator.kernel.machine import ABSENT, SAME, Effect, Ladder, Machine, Row, Timer, View
from emulator.kernel.resource import replace
from emulator.kernel.transaction import Transaction
from emulator.sdk.delivery import (
    ANSWERING,
    COLLECTED,
    DELIVERED,
    DROPPED,
    EXHAUSTED,
    OVER,
    PENDING,
    SENDING,
    STATUSES,
    WAITING,
    Attempt,
    Delivery,
    Headers,
    other_secret,
    with_last,
)
from emulator.sdk.delivery_facts import Facts
from emulator.sdk.delivery_faults import STALE, owe, strike_at

NO_ANSWER = "no answer in time"
"""The error of an attempt that took more time than its receiver has."""

REPORT, RESEND, REFUSE = "report", "resend", "refuse"
COMMANDS = (REPORT, RESEND, REFUSE)


Changes = Iterable[Any]


class Outbox:
    """The notifications of a vendor: their `name` in scenarios, their type, the `events` there are, and their machine.

    `timeout` is the time that a receiver has, and `ladders` are the times before further attempts, by the choice of the
    assumption `retries`, where the scenario sets none. Every attempt has the `constant` headers, and those that `sign` returns
    of the receiver's `secrets`, a second of Unix time and the body. Events that are `recorded` are sent to nobody; those that
    are done `at_once` are over when they are made, so that no fault strikes them. `unwanted` returns the reason why a delivery
    is not sent any more, None where it is, and `kept_back` why it cannot be sent by hand. `address` is the URL to which it is
    sent now. `given_up` is what follows when the last attempt has failed.
    """

    def __init__(
        self,
        name: str,
        of: type[Delivery],
        facts: Facts,
        *,
        events: Sequence[str],
        timeout: timedelta,
        retries: Assumption,
        ladders: Mapping[str, Ladder],
        constant: Headers,
        secrets: Callable[[View, Any], tuple[str, ...]] = lambda _view, _delivery: (),
        sign: Callable[[tuple[str, ...], int, str], Headers] | None = None,
        recorded: Sequence[str] = (),
        at_once: Sequence[str] = (),
        unwanted: Callable[[View, Any], str | None] = lambda _view, _delivery: None,
        kept_back: Callable[[View, Any], str | None] = lambda _view, _delivery: None,
        address: Callable[[View, Any], str | None] = lambda _view, delivery: delivery.url,
        given_up: Effect | None = None,
    ) -> None:
        self.name, self.of, self.facts, self.events = name, of, facts, tuple(events)
        self.retries, self.ladders, self.given_up = retries, ladders, given_up
        self.unwanted, self.kept_back, self.address = unwanted, kept_back, address
        self.constant, self.secrets, self.sign = constant, secrets, sign
        self.recorded, self.at_once = tuple(recorded), tuple(at_once)
        self.ladder = f"{name}.retries"
        self.delay = Timer(f"{name}.delay", timedelta(seconds=1), "invented")
        self.retry = Timer(f"{name}.retry", None, facts.retried, of.until_next, settable=False)
        self.failed = Timer(f"{name}.failed", timedelta(), "invented", applies=is_failed_by_fault, settable=False)
        self.timeout = Timer(f"{name}.timeout", timeout, facts.timeout)
        self.duration = Timer(f"{name}.duration", timedelta(), "invented")
        self.kept = Timer(f"{name}.kept", timedelta(days=30), "invented", upkeep=True)
        self.machine = Machine(
            of=of,
            states=STATUSES,
            commands=COMMANDS,
            timers=(self.delay, self.retry, self.failed, self.timeout, self.duration, self.kept),
            rows=tuple(self._rows()),
            entry=STATUSES,
        )

    def _rows(self) -> Iterable[Row]:
        facts = self.facts
        for state, timer in ((PENDING, self.delay), (WAITING, self.retry)):
            yield Row(state, timer, DROPPED, None, facts.unwanted, self.drop, self.is_unwanted)
            yield Row(state, timer, ANSWERING, None, facts.timeout, self.begin_attempt, self.meets_a_fault)
            yield Row(state, timer, ANSWERING, None, facts.timeout, self.begin_attempt, self.is_collected_too_late)
            yield Row(state, timer, COLLECTED, None, facts.sent, self.collect, self.is_collected)
            yield Row(state, timer, SENDING, None, facts.sent, self.begin_attempt)
        yield Row(SENDING, REPORT, ANSWERING, "reported", facts.sent, begin_answer, self.takes_time)
        yield from self._outcomes(SENDING, REPORT, "reported")
        yield Row(ANSWERING, self.failed, WAITING, None, facts.timeout, self.fail_and_retry, self.is_retried)
        yield Row(ANSWERING, self.failed, EXHAUSTED, None, facts.timeout, self.fail_and_give_up)
        yield Row(ANSWERING, self.timeout, WAITING, None, facts.timeout, self.time_out_and_retry, self.is_retried)
        yield Row(ANSWERING, self.timeout, EXHAUSTED, None, facts.timeout, self.time_out_and_give_up)
        yield from self._outcomes(ANSWERING, self.duration, None)
        yield Row(SENDING, REFUSE, DROPPED, "refused", facts.unwanted)
        for state in (*STATUSES, ABSENT):
            if state != SENDING:
                yield Row(state, REPORT, SAME, "not_sending", facts.sent)
                yield Row(state, REFUSE, SAME, "not_sending", facts.sent)
        for state in STATUSES:
            yield from self._by_hand(state)
        yield Row(ABSENT, RESEND, SAME, "unknown", facts.resent)
        yield from (Row(state, self.kept, ABSENT, None, facts.forgotten or facts.sent) for state in OVER)

    def _by_hand(self, state: str) -> Iterable[Row]:
        """Yield the rows of sending a delivery of that status by hand."""
        facts = self.facts
        if state in (SENDING, ANSWERING):
            yield Row(state, RESEND, SAME, "sending", facts.resent)
            return
        if facts.kept_back is not None:
            yield Row(state, RESEND, SAME, "kept_back", facts.kept_back, None, self.is_kept_back)
        yield Row(state, RESEND, PENDING, "resent", facts.resent, self._sending(state))

    def _outcomes(self, state: str, cause: str | Timer, answer: str | None) -> Iterable[Row]:
        """Yield the rows after an answer: it was taken, it is tried again, or not."""
        if self.facts.resumed is not None:
            yield Row(state, cause, WAITING, answer, self.facts.resumed, self.plan_retry, is_resumed)
        yield Row(state, cause, DELIVERED, answer, self.facts.accepted, None, has_succeeded)
        yield Row(state, cause, WAITING, answer, self.facts.retried, self.plan_retry, self.is_retried)
        yield Row(state, cause, EXHAUSTED, answer, self.facts.exhausted, self.given_up)

    def _sending(self, state: str) -> Effect:
        """Return the effect of sending a delivery of that status by hand."""
        if state in OVER:
            return self.send_again
        return self.send_between if state == WAITING and self.facts.resumed is not None else self.send_now

    def owe(self, delivery: Delivery) -> Notify:
        """Return the consequence that a delivery is owed."""
        return Notify(self, delivery)

    def headers(self, view: View, delivery: Delivery, second: int) -> Headers:
        """Return the headers of an attempt at a second of Unix time, as faults would have them; none where it is to no URL."""
        secrets, effects = self.secrets(view, delivery), [it.do for it in delivery.striking]
        if delivery.url is None or self.sign is None or not secrets:
            return self.constant if delivery.url is not None else ()
        signed_with = (other_secret(delivery),) if WRONG_SECRET in effects else secrets
        signed_at = second - int(STALE.total_seconds()) if STALE_TIMESTAMP in effects else second
        return (*self.constant, *self.sign(signed_with, signed_at, delivery.body))

    def meets_a_fault(self, view: View, delivery: Delivery) -> bool:
        """Return whether a fault lets an attempt fail that is made now, with nobody's doing."""
        return self._error(view, delivery, strike_at(view, self, delivery, ATTEMPT).fault) is not None

    def _error(self, view: View, delivery: Delivery, fault: DeliveryFault | None) -> str | None:
        is_answered = fault is not None and fault.do == LOSE_RESPONSE and not self.is_collected(view, delivery)
        return None if fault is None or is_answered else EFFECTS[fault.do].error

    def begin_attempt(self, view: View, delivery: Delivery) -> Changes:
        strike = strike_at(view, self, delivery, ATTEMPT)
        yield from strike.counted
        hits, error = (strike.fault.hit(),) if strike.fault else (), self._error(view, delivery, strike.fault)
        attempts = (*delivery.attempts, Attempt(view.now, error=error, faults=hits))
        extras, url = delivery.extras + is_resumed(view, delivery), self.address(view, delivery)
        yield replace(delivery, attempts=attempts, extras=extras, url=url)

    def collect(self, view: View, delivery: Delivery) -> Changes:
        strike = strike_at(view, self, delivery, ATTEMPT)
        yield from strike.counted
        made = [it for it in delivery.faults if it.where == NOTIFICATION]
        faults = (*made, strike.fault.hit()) if strike.fault else (*made,)
        if (collected := replace(delivery, faults=faults, url=self.address(view, delivery))) != delivery:
            yield collected

    def is_unwanted(self, view: View, delivery: Delivery) -> bool:
        return self.unwanted(view, delivery) is not None

    def is_kept_back(self, view: View, delivery: Delivery) -> bool:
        return self.kept_back(view, delivery) is not None

    def is_collected(self, view: View, delivery: Delivery) -> bool:
        url = self.address(view, delivery)
        return url is None or view.carrier(url) == COLLECT

    def is_collected_too_late(self, view: View, delivery: Delivery) -> bool:
        if delivery.url is None or not self.is_collected(view, delivery):
            return False
        duration, timeout = view.length(self.duration, delivery), view.length(self.timeout, delivery)
        return timeout is not None and (duration is None or duration >= timeout)

    def takes_time(self, view: View, delivery: Delivery) -> bool:
        return view.length(self.duration, delivery) != timedelta()

    def is_retried(self, view: View, delivery: Delivery) -> bool:
        return is_resumed(view, delivery) or (not delivery.by_hand and delivery.tries <= len(self.ladder_of(view)))

    def ladder_of(self, view: View) -> Ladder:
        """Return the times before further attempts in this world."""
        ladder = view.ladder(self.ladder)
        return self.ladders[view.choice(self.retries)] if ladder is None else ladder

    def drop(self, view: View, delivery: Delivery) -> Changes:
        yield replace(delivery, because=self.unwanted(view, delivery))

    def plan_retry(self, view: View, delivery: Delivery) -> Changes:
        yield self.retried_after(view, delivery, self.duration)

    def retried_after(self, view: View, delivery: Delivery, timer: Timer) -> Delivery:
        """Return a delivery with its next attempt, planned from when the last one ended, however late that is known.

        One that was sent by hand meanwhile has it when it would have had it anyhow.
        """
        if delivery.resumes_at is not None:
            return replace(delivery, next_at=delivery.resumes_at, resumes_at=None)
        took = view.length(timer, delivery) or timedelta()
        return replace(delivery, next_at=delivery.attempts[-1].at + took + self.ladder_of(view)[delivery.tries - 1])

    def fail_and_retry(self, view: View, delivery: Delivery) -> Changes:
        yield self.retried_after(view, delivery, self.failed)
        yield Attempted(self, delivery.id)

    def fail_and_give_up(self, view: View, delivery: Delivery) -> Changes:
        yield from () if self.given_up is None else self.given_up(view, delivery)
        yield Attempted(self, delivery.id)

    def time_out_and_retry(self, view: View, delivery: Delivery) -> Changes:
        yield from (self.retried_after(view, late, self.timeout) for late in time_out(view, delivery))

    def time_out_and_give_up(self, view: View, delivery: Delivery) -> Changes:
        for late in time_out(view, delivery):
            yield late
            yield from () if self.given_up is None else self.given_up(view, late)

    def send_now(self, _: View, delivery: Delivery) -> Changes:
        yield replace(delivery, timing=((self.delay.name, timedelta()),), next_at=None, held=False)

    def send_between(self, view: View, delivery: Delivery) -> Changes:
        yield from self.send_now(view, replace(delivery, resumes_at=delivery.next_at))

    def send_again(self, view: View, delivery: Delivery) -> Changes:
        yield from self.send_now(view, replace(delivery, because=None, by_hand=True, resumes_at=None))


def is_resumed(_: View, delivery: Delivery) -> bool:
    return delivery.resumes_at is not None


def has_succeeded(_: View, delivery: Delivery) -> bool:
    return delivery.attempts[-1].succeeded


def is_failed_by_fault(delivery: Delivery) -> bool:
    return bool(delivery.attempts) and delivery.attempts[-1].is_failed_by_fault


def begin_answer(_: View, delivery: Delivery) -> Changes:
    """Count the time that an answer takes from the instant of the attempt."""
    yield replace(delivery, since=delivery.attempts[-1].at)


def time_out(_: View, delivery: Delivery) -> Changes:
    yield with_last(delivery, status=None, body="", error=NO_ANSWER)


class Notify(Consequence, frozen=True):
    """A notification is owed from now on, as faults leave it."""

    outbox: Outbox
    delivery: Delivery

    def take_place(self, transaction: Transaction) -> None:
        for it in owe(transaction, self.outbox, self.delivery):
            transaction.put(it)


class Attempted(Consequence, frozen=True):
    """An attempt was made without anybody outside, and the journal has it as such."""

    outbox: Outbox
    id: str

    def take_place(self, transaction: Transaction) -> None:
        transaction.attempt = self.outbox.name, transaction.find(self.outbox.of, self.id)
