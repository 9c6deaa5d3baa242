"""The memory of idempotency keys: what succeeded under a key within 30 days is shown again, and never done again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import ClassVar

import orjson

from emulator.sdk import Answer, Handler, IndexKey, Machine, Metered, Request, Transaction
from emulator.vendors.stripe.assumptions.jobs import IDEMPOTENT_ID
from emulator.vendors.stripe.destinations.model import DESTINATION
from emulator.vendors.stripe.machine import CREATE, JOB
from emulator.vendors.stripe.model.ledger import DROPPED_AT_ONCE, Ledger, ledger_of
from emulator.vendors.stripe.requests.contexts import acting

LIFETIME = timedelta(days=30)
"""How long a key is remembered. Evidence: stripe-idempotency-1."""

LONGEST = 255
"""Evidence: stripe-idempotency-5."""

RENDERED_ANEW = ("stripe-replay-1",)
"""What an answer rests on that is given again, beside the fact that it is."""

SUCCESSES = frozenset(("job", "destination", "deleted", "pinged"))
MACHINES: Mapping[str, Machine] = {machine.kind: machine for machine in (JOB, DESTINATION)}


@dataclass(frozen=True, slots=True)
class Remembered(Metered):
    """What a key was used for, and what came of it. `n` is its place in the order in which keys came.

    Of the parameters and the body, digests are kept.

    The id holds the operation and the account too, since the same key elsewhere is another one. Evidence:
    stripe-idempotency-7.
    """

    id: str
    since: datetime
    n: int
    parameters: bytes
    body: bytes
    answer: str
    subject_kind: str
    subject_id: str
    status: str = "remembered"
    kind: ClassVar[str] = "stripe.idempotency_key"

    def index(self) -> tuple[IndexKey, ...]:
        return (("n", self.n),)


def once(operation: str, act: Handler) -> Handler:
    """The same operation, but one that knows its keys again. Evidence: stripe-idempotency-2."""

    def act_once(tx: Transaction, request: Request) -> Answer:
        key = request.headers.get("idempotency-key")
        if not key:
            return act(tx, request)
        if len(key) > LONGEST:
            return Answer("key_too_long", "stripe-idempotency-5")
        id = f"{operation} {acting(tx, request)} {key}"
        earlier: Remembered | None = tx.find(Remembered.kind, id)
        if earlier is None or tx.now >= earlier.since + LIFETIME:
            return _remembering(tx, request, act(tx, request), id)
        return _again(tx, request, earlier, operation)

    return act_once


def _again(tx: Transaction, request: Request, earlier: Remembered, operation: str) -> Answer:
    if earlier.body != _body(request):
        return Answer("key_reused", "stripe-idempotency-4")
    if earlier.parameters == _parameters(request):
        return _shown_again(tx, earlier, operation)._replace(also=RENDERED_ANEW)
    if tx.choice(IDEMPOTENT_ID.id) == "ignored":
        return _shown_again(tx, earlier, operation)._replace(evidence="stripe-idempotency-6", assumption=IDEMPOTENT_ID.id)
    return Answer("key_reused", "stripe-idempotency-6")


def _shown_again(tx: Transaction, earlier: Remembered, operation: str) -> Answer:
    """The same answer, of the thing as it is by now."""
    if operation.endswith(CREATE) and tx.find(earlier.subject_kind, earlier.subject_id) is not None:
        return Answer.of(tx.ask(MACHINES[earlier.subject_kind], earlier.subject_id, CREATE))
    subject = tx.find(earlier.subject_kind, earlier.subject_id)
    if earlier.answer == "deleted":
        return Answer("deleted", "stripe-idempotency-2", subject)
    if subject is None:
        return Answer("replay_impossible", "stripe-idempotency-8")
    return Answer(earlier.answer, "stripe-idempotency-2", subject)


def _remembering(tx: Transaction, request: Request, answer: Answer, id: str) -> Answer:
    """The answer, once the key is remembered; a call that was refused may be tried again. Evidence: stripe-idempotency-3."""
    if answer.name in SUCCESSES:
        ledger, subject = ledger_of(tx, Remembered.kind), answer.subject
        kind, name = (subject.kind, subject.id) if subject is not None else (DESTINATION.kind, request.parameters["id"])
        tx.put(Remembered(id, tx.now, ledger.next, _parameters(request), _body(request), answer.name, kind, name))
        tx.put(ledger.entered(_forget(tx, ledger)))
    return answer


def _forget(tx: Transaction, ledger: Ledger) -> int:
    """Drops a few keys that are out of date, and returns how many numbers that makes free."""
    forgotten = 0
    for n in range(ledger.oldest, min(ledger.next, ledger.oldest + DROPPED_AT_ONCE)):
        for used in tx.group(Remembered.kind, "n", n):
            if tx.now < used.since + LIFETIME:
                return forgotten
            tx.remove(Remembered.kind, used.id)
        forgotten += 1
    return forgotten


def _parameters(request: Request) -> bytes:
    return _digest(orjson.dumps(dict(request.parameters), option=orjson.OPT_SORT_KEYS))


def _body(request: Request) -> bytes:
    """A digest of the body, however its keys are ordered; as it is, where it is nested more deeply than can be written."""
    try:
        return _digest(orjson.dumps(request.json or {}, option=orjson.OPT_SORT_KEYS))
    except orjson.JSONEncodeError:
        return _digest(request.body)


def _digest(content: bytes) -> bytes:
    """16 bytes that stand for the content: all that is remembered of it is whether another is the same."""
    return blake2b(content, digest_size=16).digest()
