"""How many requests an account may send in a second, on the world's clock, where a scenario asks for that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from emulator.sdk import Answer, IndexKey, Metered, Transaction
from emulator.vendors.stripe.assumptions.requests import RATE_LIMITS

A_SECOND = 25
"""Requests of a second, in a sandbox as a whole and for each endpoint alike. Evidence: stripe-limit-4."""

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Traffic(Metered):
    """How many requests one account has sent since an instant; the id is that of the account."""

    id: str
    since: datetime
    requests: int = 0
    status: str = "open"
    kind: ClassVar[str] = "stripe.traffic"

    def index(self) -> tuple[IndexKey, ...]:
        return ()


def refusal_of_rate(tx: Transaction, account: str) -> Answer | None:
    """Count a request and return None; beyond the limit, return the refusal and count nothing."""
    if tx.choice(RATE_LIMITS.id) == "never":
        return None
    traffic = tx.find(Traffic.kind, account)
    if traffic is None or tx.now - traffic.since >= SECOND:
        traffic = Traffic(account, tx.now)
    if traffic.requests >= A_SECOND:
        return Answer("limited", "stripe-limit-5", "global-rate", RATE_LIMITS.id)
    tx.put(Traffic(account, traffic.since, traffic.requests + 1))
    return None
