"""Deliveries in a failure report: each attempt, and what became of those that no receiver took, with what to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from emulator.client.deliveries import Delivery
from emulator.client.emulator import Emulator
from emulator.client.journal import Attempt
from emulator.kernel.delivery_faults import BEFORE_RESPONSE
from emulator.kernel.time import format_instant
from emulator.sdk.deliveries import Outbox
from emulator.sdk.delivery import ANSWERING, COLLECTED, EXHAUSTED, PENDING, SENDING, WAITING
from emulator.text.redact import redact_text
from emulator.vendors import VENDORS

NEWEST = 10
"""Deliveries, at most, of which it is told what became of them."""

LONGEST_ANSWER = 200
"""Characters of a receiver's answer, at most, that are shown."""


def attempt_lines(attempt: Attempt, delivery: Delivery | None) -> Iterator[str]:
    """Yield what was sent where, which faults had a part in it, and what the receiver answered."""
    event = f"{attempt.event} {attempt.event_id}" if attempt.event_id else attempt.event
    yield f"  {attempt.n:>3} {attempt.at:%H:%M:%S}  {event} -> {attempt.url}, attempt {attempt.number}"
    for fault in delivery.faults if delivery else ():
        early = ": what caused it was not answered yet" if fault.do == BEFORE_RESPONSE else ""
        yield f"      fault: {fault}{early}"
    yield from (f"      fault: {fault}" for fault in attempt.faults)
    if attempt.status is not None:
        yield f"      the receiver answered {attempt.status}{_said(attempt)}"
    if attempt.error is not None:
        yield f"      {attempt.error}"


def _said(attempt: Attempt) -> str:
    """Return what a receiver said that did not take a notification."""
    if attempt.reply in (None, "") or attempt.changes[-1].to == "delivered":
        return ""
    text = attempt.reply if isinstance(attempt.reply, str) else json.dumps(attempt.reply, default=str)
    return f": {text[:LONGEST_ANSWER]}{'…' if len(text) > LONGEST_ANSWER else ''}"


def deliveries_left(emulator: Emulator, deliveries: Sequence[Delivery]) -> Iterator[str]:
    """Yield a line for each delivery that its receiver does not have, with what to do about it."""
    urls = [redact_text(url) for url in emulator.receivers.urls]
    told = [lines for it in deliveries if (lines := [*_left(it, urls)])]
    if len(told) > NEWEST:
        yield f"({len(told) - NEWEST} deliveries more that no receiver has)"
    for lines in told[-NEWEST:]:
        yield from lines


def _left(delivery: Delivery, urls: Sequence[str]) -> Iterator[str]:
    advise = _ADVICE.get(delivery.status)
    advice = advise(delivery, urls) if advise else ""
    if advice or delivery.because or (delivery.faults and not delivery.attempts):
        yield f"{delivery}{''.join(f'; fault: {fault}' for fault in delivery.faults)}"
    if advice:
        yield f"  {advice}"


def _outbox_of(delivery: Delivery) -> Outbox:
    outboxes = VENDORS[delivery.vendor].outboxes
    return next(it for it in outboxes if delivery.event in it.events)


def _in_time(delivery: Delivery, _: Sequence[str]) -> str:
    what = "its next attempt" if delivery.status == WAITING else "it"
    if delivery.due is None:
        return f"{what} never is: {_outbox_of(delivery).delay.name} has no end"
    return f"{what} is due at {format_instant(delivery.due)}: let time pass until then"


def _nobody(delivery: Delivery, urls: Sequence[str]) -> str:
    if not urls or delivery.url is None or delivery.url in urls:
        return ""
    return f"no receiver is at its URL: those of this test are at {' and '.join(urls)}"


def _no_more(delivery: Delivery, _: Sequence[str]) -> str:
    outbox = _outbox_of(delivery)
    longer = f"assume: {{{outbox.retries.id}: {' or '.join(outbox.retries.choices)}}} or timing: {{{outbox.ladder}: [10m, 1d]}}"
    return f"{delivery.vendor} sends it no more: {longer} say when it tries again, and .resend() sends it once more"


def _outside(_: Delivery, __: Sequence[str]) -> str:
    return "its receiver has not answered yet"


_ADVICE: Mapping[str, Callable[[Delivery, Sequence[str]], str]] = {
    PENDING: _in_time,
    WAITING: _in_time,
    COLLECTED: _nobody,
    EXHAUSTED: _no_more,
    SENDING: _outside,
    ANSWERING: _outside,
}
"""Advice about a delivery, by its status."""
