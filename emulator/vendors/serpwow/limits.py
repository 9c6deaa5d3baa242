"""How often one key may call: sixty times a minute, on the world's clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from emulator.sdk import Answer, Handler, Request, Transaction
from emulator.vendors.serpwow.assumptions_of_calls import RATE_WINDOW
from emulator.vendors.serpwow.model import Meter

PER_MINUTE = 60
MINUTE = timedelta(minutes=1)


def limited(name: str, evidence: str, act: Handler) -> Handler:
    """The same, but refused once its key has used up the minute."""

    def limit(tx: Transaction, request: Request) -> Answer:
        if not _count(tx, f"{name}/{request.query.get('api_key', '')}"):
            return Answer("too_often", evidence, assumption=RATE_WINDOW.id)
        return act(tx, request)

    return limit


def _count(tx: Transaction, id: str) -> bool:
    """Counts a call, if there is room for it."""
    meter = tx.find(Meter.kind, id) or Meter(id, tx.now)
    calls = meter.calls
    if tx.choice(RATE_WINDOW.id) == "sliding":
        calls = tuple(at for at in calls if tx.now - at < MINUTE)
    elif calls and tx.now - calls[0] >= MINUTE:
        calls = ()
    if len(calls) >= PER_MINUTE:
        return False
    tx.put(replace(meter, calls=(*calls, tx.now)))
    return True
