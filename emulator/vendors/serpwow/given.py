"""How SerpWow's state is written: `account` and `batches`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.machine import View
from emulator.kernel.transaction import Transaction
from emulator.vendors.fields import (
    AMOUNT,
    COUNT,
    FLAG,
    INSTANT,
    ORDINAL,
    TEXT,
    TEXTS,
    Field,
    Fields,
    list_of,
    many_of,
    one_of,
    read_fields,
    schema_of,
    show_fields,
)
from emulator.vendors.serpwow.listing import PRIORITIES, STATUSES
from emulator.vendors.serpwow.machine import STOPPABLE
from emulator.vendors.serpwow.model import SELF, Account, Batch, Component, ResultSet
from emulator.vendors.serpwow.usage import day_of, give_back, spend

DAYS = Field(
    {
        "type": "object",
        "propertyNames": {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "additionalProperties": {"type": "integer", "minimum": 1},
    },
    dict,
    dict,
)
COMPONENT: Fields = {"component": TEXT, "status": TEXT}
ACCOUNT: Fields = {
    "credits_limit": COUNT,
    "credits_used": COUNT,
    "name": TEXT,
    "email": TEXT,
    "plan": TEXT,
    "timezone": TEXT,
    "account_balance_usd": AMOUNT,
    "credits_reset_at": INSTANT,
    "components": list_of(COMPONENT, Component),
    "usage": DAYS,
}
RESULT_SET: Fields = {
    "id": ORDINAL,
    "started_at": INSTANT,
    "ended_at": INSTANT,
    "searches_completed": COUNT,
    "searches_failed": COUNT,
}
BATCH: Fields = {
    "id": TEXT,
    "name": TEXT,
    "status": one_of(*STATUSES),
    "since": INSTANT,
    "created_at": INSTANT,
    "last_run": INSTANT,
    "searches": COUNT,
    "allocated": COUNT,
    "allocated_at": INSTANT,
    "started_at": INSTANT,
    "priority": one_of(*PRIORITIES),
    "schedule_type": one_of("manual", "minutes", "daily", "weekly", "monthly"),
    "enabled": FLAG,
    "result_sets": list_of(RESULT_SET, ResultSet),
    "next_result_set_id": ORDINAL,
    "destination_ids": TEXTS,
    "owner": TEXT,
    "fails_to_stop": FLAG,
}


SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "account": schema_of(ACCOUNT, credits_remaining={"type": "integer", "minimum": 0}),
        "batches": many_of(BATCH),
    },
    "additionalProperties": False,
}


class SerpwowGiven:
    """An account that says nothing of `credits_used` has used what its queued and running batches were allocated.

    What it has used it used today, unless `usage` says otherwise.
    """

    schema = SCHEMA

    def check(self, fragment: Mapping[str, Any]) -> Iterable[Problem]:
        account = fragment.get("account", {})
        if "credits_remaining" in account and not {"credits_limit", "credits_used"} <= set(account):
            yield Problem("credits_remaining follows from credits_limit and credits_used: give these two", ("account",))
        elif "credits_remaining" in account:
            left = account["credits_limit"] - account["credits_used"]
            if account["credits_remaining"] != left:
                yield Problem(f"credits_limit - credits_used is {left}", ("account", "credits_remaining"))

    def read(self, view: View, fragment: Mapping[str, Any]) -> list[Account | Batch]:
        written = fragment.get("account", {})
        old: Account = view.find(Account.kind, SELF) or Account(view.now)
        account = replace(old, **read_fields(ACCOUNT, written))
        batches = [_read_batch(view, item) for item in fragment.get("batches", ())]
        if "credits_used" not in written:
            charged = sum(_newly_allocated(view, batch) for batch in batches)
            account = replace(account, credits_used=account.credits_used + charged)
        if "usage" not in written:
            account = _with_usage(view, account, account.credits_used - old.credits_used)
        _refuse_impossible_credits(view, account, batches)
        return [account, *batches]

    def show(self, view: Transaction) -> dict[str, Any]:
        account = view.find(Account.kind, SELF)
        shown = show_fields(ACCOUNT, account) | {"credits_remaining": account.credits_remaining} if account else {}
        return {"account": shown, "batches": [show_fields(BATCH, batch) for batch in view.all(Batch.kind)]}


def _read_batch(view: View, item: Mapping[str, Any]) -> Batch:
    fields = read_fields(BATCH, item)
    id = fields.pop("id", None) or view.mint("serpwow.batch").hex()[:8].upper()
    old = view.find(Batch.kind, id)
    batch: Batch = replace(old or Batch(id, view.now, view.now, f"Batch {id}"), **fields)
    if old is not None and old.status != batch.status and "since" not in fields:
        batch = replace(batch, since=view.now)
    if "allocated" not in fields and (old is None or old.status != batch.status):
        batch = replace(batch, allocated=_allocation(batch, old))
    return _with_instants(batch)


def _with_instants(batch: Batch) -> Batch:
    """A batch that waits or runs has been doing so since a known instant, and one that runs has run."""
    if batch.status not in STOPPABLE:
        return replace(batch, allocated_at=None, started_at=None)
    batch = replace(batch, allocated_at=batch.allocated_at or batch.since)
    if batch.status == "queued":
        return replace(batch, started_at=None)
    return replace(batch, started_at=batch.started_at or batch.since, last_run=batch.last_run or batch.since)


def _with_usage(view: View, account: Account, more: int) -> Account:
    today = day_of(view.now)
    usage = spend(account.usage, today, more) if more >= 0 else give_back(account.usage, today, -more)
    return replace(account, usage=usage)


def _allocation(batch: Batch, old: Batch | None) -> int:
    if batch.status not in STOPPABLE:
        return 0
    return old.allocated if old and old.status in STOPPABLE else batch.credits_required


def _newly_allocated(view: View, batch: Batch) -> int:
    """What a batch costs that comes into the world queued or running, or is put into the queue.

    One that is set running was charged before, whenever that was, so that a `set` changes what it names and no more.
    """
    old = view.find(Batch.kind, batch.id)
    fresh = batch.status in STOPPABLE if old is None else batch.status == "queued" and old.status not in STOPPABLE
    return batch.allocated if fresh and batch.owner == SELF else 0


def _refuse_impossible_credits(view: View, account: Account, batches: list[Batch]) -> None:
    """Credits that a stop could give back must have been used, on some day, and none that the limit does not have."""
    changed = {batch.id for batch in batches}
    untouched: Iterator[Batch] = (batch for batch in view.group(Batch.kind, "owner", SELF, "queued") if batch.id not in changed)
    ours = (batch for batch in batches if batch.owner == SELF and batch.status == "queued")
    refundable = sum(batch.allocated for batch in (*untouched, *ours))
    if refundable > account.credits_used:
        message = f"credits_used is {account.credits_used}, but the queued batches were allocated {refundable}"
        raise BadInput([Problem(message, ("account", "credits_used"))])
    if sum(account.usage.values()) != account.credits_used:
        message = f"the days add up to {sum(account.usage.values())}, but credits_used is {account.credits_used}"
        raise BadInput([Problem(message, ("account", "usage"))])
    if account.credits_used > account.credits_limit:
        message = f"credits_limit is {account.credits_limit}, but {account.credits_used} credits are used"
        raise BadInput([Problem(message, ("account", "credits_limit"))])
