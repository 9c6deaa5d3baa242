"""Laws that hold of a world at any instant, after any requests: each vendor's sums, and that its state can be given again."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

State = Any

MAY_HOLD = {
    "DRAFT": {"DRAFT"},
    "OPEN": {"PENDING", "SETTLED", "CANCELLED"},
    "CLOSED": {"SETTLED", "CANCELLED"},
    "CANCELLED": {"CANCELLED"},
}
"""The states that payments of a batch in each state may have."""


def broken_laws(state: State, deposit: Decimal) -> list[str]:
    """Return each law that a state breaks, in words; `deposit` is what 6DOT50's accounts began with."""
    return [*_serpwow(state["serpwow"]), *_stripe(state["stripe"]), *_pay(state["6dot50"], deposit)]


def _serpwow(state: State) -> Iterator[str]:
    account = state["account"]
    used, limit = account["credits_used"], account["credits_limit"]
    if account["credits_remaining"] != max(limit - used, 0):
        yield f"serpwow: {limit} credits less {used} used are not {account['credits_remaining']}"
    allocated = sum(batch["allocated"] for batch in state["batches"] if batch["status"] == "queued")
    if allocated > used:
        yield f"serpwow: queued batches hold {allocated} credits, but only {used} are used"
    for batch in state["batches"]:
        if batch["status"] == "idle" and batch["allocated"]:
            yield f"serpwow: batch {batch['id']} is idle and holds {batch['allocated']} credits"


def _stripe(state: State) -> Iterator[str]:
    for job in state["batch_jobs"]:
        count = job["success_count"] + job["failure_count"]
        if count > job["rows"]:
            yield f"stripe: job {job['id']} is done with {count} of {job['rows']} rows"
        if job["status"] == "complete" and count != job["rows"]:
            yield f"stripe: job {job['id']} is complete with {count} of {job['rows']} rows"
    ids = {job["id"] for job in state["batch_jobs"]}
    for event in state["events"]:
        if event["type"].startswith("v2.core.batch_job.") and event["object_id"] not in ids:
            yield f"stripe: event {event['id']} is about {event['object_id']}, which is not there"


def _pay(state: State, deposit: Decimal) -> Iterator[str]:
    available = sum((Decimal(str(account["availableBalance"])) for account in state["accounts"]), Decimal(0))
    paid_out = Decimal(0)
    for batch in state["batches"]:
        statuses = {payment["status"] for payment in batch["payments"]}
        if statuses - MAY_HOLD[batch["status"]] or ("PENDING" in statuses) != (batch["status"] == "OPEN"):
            yield f"6dot50: batch {batch['id']} is {batch['status']}, its payments are {sorted(statuses)}"
        paid_out += sum(
            (_cost(payment) for payment in batch["payments"] if payment["status"] in ("PENDING", "SETTLED")), Decimal(0)
        )
    if available + paid_out != deposit:
        yield f"6dot50: {available} available and {paid_out} taken are not the {deposit} that were deposited"


def _cost(payment: State) -> Decimal:
    return Decimal(str(payment["amount"])) + Decimal(str(payment.get("referralAmount") or 0))
