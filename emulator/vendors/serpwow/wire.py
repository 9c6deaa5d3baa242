"""How SerpWow writes what it tells: headers, instants, and each thing that it keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from emulator.sdk import Request, Transaction, View, instant
from emulator.vendors.serpwow.assumptions_of_calls import LIST_FIELDS
from emulator.vendors.serpwow.delivery_status import show_deliveries
from emulator.vendors.serpwow.destinations import DESTINATIONS_LIMIT
from emulator.vendors.serpwow.effects import BATCHES_LIMIT
from emulator.vendors.serpwow.model import SELF, Account, Batch, Destination, Platform, ResultSet
from emulator.vendors.serpwow.schedules import HEEDED, Schedule
from emulator.vendors.serpwow.usage import history

NOT_PRINTED_IN_A_LIST = ("credits_required", "searches_type", "searches_type_locked")
NOT_PRINTED_WITH_OTHERS = (*NOT_PRINTED_IN_A_LIST, "priority", "destination_ids", "next_result_set_id")
"""Fields of a batch that samples leave out: that of List Batches, and those of List Result Sets and Create Searches.

Evidence: serpwow-list-12 and serpwow-list-13.
"""

HEADERS = {  # those seen on the live service, serpwow-headers-1, but for what would let the pages of a browser in
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "vary": "Origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}


def response_headers(tx: Transaction, _call: Request, n: int) -> Mapping[str, str]:
    """A trace id of its own for every reply, in the form of a UUID. Evidence: serpwow-headers-1."""
    it = tx.digest(f"trace/{n}").hex()
    return {"x-trace-id": f"{it[:8]}-{it[8:12]}-4{it[13:16]}-a{it[17:20]}-{it[20:32]}"}


def show_batch(batch: Batch, now: datetime) -> dict[str, Any]:
    """The batch object, its keys in the order of the printed samples. Evidence: serpwow-get-2 and serpwow-get-8."""
    body: dict[str, Any] = {"id": batch.id, "created_at": instant(batch.created_at)}
    if batch.last_run is not None:
        body["last_run"] = instant(batch.last_run)
    return body | {
        "name": batch.name,
        "schedule_type": batch.schedule.type,
        "priority": batch.priority,
        "destination_ids": list(batch.destination_ids),
        "enabled": batch.enabled,
        "status": batch.status,
        "searches_total_count": len(batch.searches),
        "searches_page_count": batch.searches.pages,
        "credits_required": batch.credits_required,
        "next_result_set_id": batch.next_result_set_id,
        "results_count": batch.results_count(now),
        **_show_schedule(batch.schedule),
        **_show_notifications(batch),
        "searches_type": batch.searches_type,
        "searches_type_locked": batch.locked_type is not None,
    }


def show_batch_but_for(view: View, batch: Batch, not_printed: Sequence[str]) -> dict[str, Any]:
    """Return the batch object, without the fields that a sample leaves out where that is assumed."""
    omitted = () if view.choice(LIST_FIELDS.id) == "all" else not_printed
    return {name: value for name, value in show_batch(batch, view.now).items() if name not in omitted}


def _show_schedule(schedule: Schedule) -> dict[str, Any]:
    """Only what its type heeds. Evidence: serpwow-get-7 and serpwow-schedule-6."""
    heeded = {name: getattr(schedule, name) for name in HEEDED.get(schedule.type, ())}
    return {f"schedule_{name}": list(it) if isinstance(it, tuple) else it for name, it in heeded.items() if it}


def _show_notifications(batch: Batch) -> dict[str, Any]:
    told = batch.notifications
    texts = {
        "notification_email": told.email,
        "notification_webhook": told.webhook,
        "notification_csv_fields": told.csv_fields,
    }
    flags = {
        "notification_as_json": told.as_json,
        "notification_as_jsonlines": told.as_jsonlines,
        "notification_as_csv": told.as_csv,
    }
    return {name: text for name, text in texts.items() if text is not None} | flags


def show_result_set(view: View, result_set: ResultSet, links: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A result set as it is listed, or, with the links to its files, as it is had by itself."""
    shown: dict[str, Any] = {
        "id": result_set.id,
        "started_at": instant(result_set.started_at),
        "ended_at": instant(result_set.ended_at),
        "expires_at": instant(result_set.expires_at),
        "results_page_count": result_set.searches.pages,
        "searches_completed": result_set.searches_completed,
        "searches_failed": result_set.searches_failed,
        "searches_total": len(result_set.searches),
    }
    if links is not None:
        shown["download_links"] = links
    return shown | show_deliveries(view, result_set)


def show_account(tx: Transaction, request: Request, account: Account) -> dict[str, Any]:
    """The account's own part of the Account answer."""
    batches, destinations = tx.size(Batch.kind, "owner", SELF), tx.size(Destination.kind)
    return {
        "api_key": request.query["api_key"],
        "name": account.name,
        "email": account.email,
        "plan": account.plan,
        "timezone": account.timezone,
        "credits_used": account.credits_used,
        "credits_limit": account.credits_limit,
        "credits_remaining": account.credits_remaining,
        "credits_reset_at": instant(account.reset_after(tx.now)),
        "batches_used": batches,
        "batches_limit": BATCHES_LIMIT,
        "batches_available": max(BATCHES_LIMIT - batches, 0),
        "destinations_used": destinations,
        "destinations_limit": DESTINATIONS_LIMIT,
        "destinations_available": max(DESTINATIONS_LIMIT - destinations, 0),
        "account_balance_usd": account.account_balance_usd,
        "overage_allowed": account.overage_allowed,
        "overage_enabled": account.overage_enabled,
        "overage_limit": account.overage_limit,
        "status": _show_platform(tx, account),
        "usage_history": list(history(account.usage, tx.now)),
    }


def _show_platform(tx: Transaction, account: Account) -> list[dict[str, str]]:
    """The parts that are given, and the API as a whole while it is down."""
    platform = tx.find(Platform.kind, SELF)
    parts = [{"component": it.component, "status": it.status} for it in account.components]
    if platform is not None and platform.status == "down":
        parts.append({"component": "API", "status": "major_outage"})
    return parts
