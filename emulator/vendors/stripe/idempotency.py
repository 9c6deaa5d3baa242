"""The memory of idempotency keys: what succeeded under a key within 30 days is shown again, and never done again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

import orjson

from emulator.kernel.store import IndexKey
from emulator.kernel.transaction import Transaction
from emulator.vendors.stripe.assumptions import IDEMPOTENT_ID
from emulator.vendors.stripe.model import SELF, Job
from emulator.vendors.vendor import Act, Answer, Call

LIFETIME = timedelta(days=30)
"""How long a key is remembered. Evidence: stripe-idempotency-1."""

LONGEST = 255
"""Evidence: stripe-idempotency-5."""

DROPPED_AT_ONCE = 2
"""How many outdated keys make room when one is added: more than one, so that the memory shrinks."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a key was used for, and the job that came of it. `n` is its place in the order in which keys came."""

    id: str
    since: datetime
    n: int
    operation: str
    parameters: bytes
    body: bytes
    job: str
    status: str = "remembered"
    kind: ClassVar[str] = "stripe.idempotency_key"

    def index(self) -> tuple[IndexKey, ...]:
        return (("n", self.n),)


@dataclass(frozen=True, slots=True)
class Memory:
    """The numbers of the oldest key and of the next, so that none has to be searched for; every world has one."""

    since: datetime
    oldest: int = 1
    next: int = 1
    id: str = SELF
    status: str = "kept"
    kind: ClassVar[str] = "stripe.idempotency_memory"

    def index(self) -> tuple[IndexKey, ...]:
        return ()


def once(operation: str, act: Act) -> Act:
    """The same operation, but one that knows its keys again. Evidence: stripe-idempotency-2."""

    def act_once(tx: Transaction, call: Call) -> Answer:
        key = call.headers.get("idempotency-key")
        if not key:
            return act(tx, call)
        if len(key) > LONGEST:
            return Answer("key_too_long", "stripe-idempotency-5")
        earlier: Remembered | None = tx.find(Remembered.kind, key)
        if earlier is None or tx.now >= earlier.since + LIFETIME:
            return _remembering(tx, act(tx, call), Remembered(key, tx.now, 0, operation, _parameters(call), _body(call), ""))
        return _again(tx, call, earlier, operation)

    return act_once


def _again(tx: Transaction, call: Call, earlier: Remembered, operation: str) -> Answer:
    same = (earlier.operation, earlier.body) == (operation, _body(call))
    if same and earlier.parameters == _parameters(call):
        return Answer("job", "stripe-idempotency-2", tx.find(Job.kind, earlier.job))
    if same and tx.choice(IDEMPOTENT_ID.id) == "ignored":
        return Answer("job", "stripe-idempotency-6", tx.find(Job.kind, earlier.job), IDEMPOTENT_ID.id)
    return Answer("key_reused", "stripe-idempotency-6" if same else "stripe-idempotency-4")


def _remembering(tx: Transaction, answer: Answer, used: Remembered) -> Answer:
    """The answer, once the key is remembered; a call that was refused may be tried again. Evidence: stripe-idempotency-3."""
    if answer.name == "job":
        memory: Memory | None = tx.find(Memory.kind, SELF)
        assert memory is not None  # noqa: S101  the given state always holds one
        tx.put(replace(used, n=memory.next, job=answer.subject.id))
        tx.put(replace(memory, oldest=_forget(tx, memory), next=memory.next + 1))
    return answer


def _forget(tx: Transaction, memory: Memory) -> int:
    """Drops a few keys that are out of date, and returns the number of the oldest that is left."""
    oldest = memory.oldest
    while oldest < min(memory.next, memory.oldest + DROPPED_AT_ONCE):
        for used in tx.group(Remembered.kind, "n", oldest):
            if tx.now < used.since + LIFETIME:
                return oldest
            tx.remove(Remembered.kind, used.id)
        oldest += 1
    return oldest


def _parameters(call: Call) -> bytes:
    return orjson.dumps(dict(call.parameters), option=orjson.OPT_SORT_KEYS)


def _body(call: Call) -> bytes:
    return orjson.dumps(call.json or {}, option=orjson.OPT_SORT_KEYS)
