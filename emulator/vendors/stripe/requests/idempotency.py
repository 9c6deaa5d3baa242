"""Idempotency keys: a success is remembered under its key for 30 days, and shown again instead of being repeated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, ClassVar

import orjson

from emulator.sdk import Answer, IndexKey, Machine, Metered, Request, Transaction, structs
from emulator.vendors.stripe.assumptions.jobs import IDEMPOTENCY_TYPE, IDEMPOTENT_ID
from emulator.vendors.stripe.destinations.machine import DESTINATION
from emulator.vendors.stripe.destinations.model import Destination
from emulator.vendors.stripe.events.model import Event, log_of
from emulator.vendors.stripe.machine import CREATE, JOB
from emulator.vendors.stripe.model.jobs import Job
from emulator.vendors.stripe.requests.admission import acting_account

LIFETIME = timedelta(days=30)
"""Time for which a key is remembered. Evidence: stripe-idempotency-1."""

LONGEST = 255
"""Characters of the longest key. Evidence: stripe-idempotency-5."""

SUCCESSES = frozenset(("job", "destination", "deleted", "pinged"))
MACHINES: Mapping[str, Machine] = {machine.kind: machine for machine in (JOB, DESTINATION)}
SUBJECTS: Mapping[str, type[Any]] = {it.kind: it for it in (Job, Destination, Event)}


class IdempotencyRecord(Metered, frozen=True, gc=False):
    """The use of a key: digests of its request, and the answer. `n` is its place in the order in which keys came.

    The id has the operation and the account: the same key elsewhere is another one. Evidence: stripe-idempotency-7.
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
        """Return the group of its number."""
        return (("n", self.n),)

    def is_outdated(self, now: datetime) -> bool:
        """Return whether the key is forgotten."""
        return now >= self.since + LIFETIME


def replay(tx: Transaction, request: Request) -> Answer | None:
    """Answer as before where the key was used for the same request, and refuse it where it was used for another one.

    Evidence: stripe-idempotency-2.
    """
    key = request.headers.get("idempotency-key", "")
    if len(key) > LONGEST:
        return Answer("key_too_long", "stripe-idempotency-5")
    record = tx.find(IdempotencyRecord, _id_of(tx, request)) if key else None
    if record is None or record.is_outdated(tx.now):
        return None
    if record.body != _body(request):
        return Answer("key_reused", "stripe-idempotency-4", None, IDEMPOTENCY_TYPE)
    if record.parameters == _parameters(request):
        return structs.replace(_replayed(tx, request, record), also=("stripe-replay-1",))
    if tx.choice(IDEMPOTENT_ID) == "ignored":
        return structs.replace(_replayed(tx, request, record), evidence="stripe-idempotency-6", assumption=IDEMPOTENT_ID)
    return Answer("key_reused", "stripe-idempotency-6", None, IDEMPOTENT_ID)


def remember(tx: Transaction, request: Request, answer: Answer) -> Answer:
    """Remember a success under the key of its request, if it has one, and return the answer.

    A request that was refused may be tried again. Evidence: stripe-idempotency-3.
    """
    if answer.name in SUCCESSES and request.headers.get("idempotency-key"):
        log, subject = log_of(tx, IdempotencyRecord.kind), answer.subject
        kind, id = (subject.kind, subject.id) if subject is not None else (DESTINATION.kind, request.parameters["id"])
        digests = _parameters(request), _body(request)
        tx.put(IdempotencyRecord(_id_of(tx, request), tx.now, log.next, *digests, answer.name, kind, id))
        tx.put(log.without_outdated(tx, lambda n: tx.group(IdempotencyRecord, "n", n)).with_next(tx.now))
    return answer


def _id_of(tx: Transaction, request: Request) -> str:
    return f"{request.operation_name} {acting_account(tx, request)} {request.headers['idempotency-key']}"


def _replayed(tx: Transaction, request: Request, record: IdempotencyRecord) -> Answer:
    """Return the same answer, about the resource as it is by now."""
    subject = tx.find(SUBJECTS[record.subject_kind], record.subject_id)
    if request.operation_name.endswith(CREATE) and subject is not None:
        return tx.ask(MACHINES[record.subject_kind], record.subject_id, CREATE)
    if subject is None and record.answer != "deleted":
        return Answer("replay_impossible", "stripe-idempotency-8")
    return Answer(record.answer, "stripe-idempotency-2", subject)


def _parameters(request: Request) -> bytes:
    return _digest(orjson.dumps(dict(request.parameters), option=orjson.OPT_SORT_KEYS))


def _body(request: Request) -> bytes:
    """Return a digest of the JSON body, whatever the order of its keys; of its bytes where it is nested too deeply."""
    try:
        return _digest(orjson.dumps(request.json or {}, option=orjson.OPT_SORT_KEYS))
    except orjson.JSONEncodeError:
        return _digest(request.body)


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()
