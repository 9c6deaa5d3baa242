"""How SerpWow words its answers: one function for each answer that a row or an operation gives."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emulator.kernel.assumption import Assumption
from emulator.kernel.transaction import Transaction
from emulator.vendors.serpwow.assumptions import (
    STOP_FAILURE,
    STOPALL_SINGULAR,
    STOPALL_WITH_FAILURES,
    UNKNOWN_BATCH,
    WRONG_STATE,
)
from emulator.vendors.serpwow.listing import Page
from emulator.vendors.serpwow.model import SELF, Account, Batch
from emulator.vendors.serpwow.usage import history
from emulator.vendors.vendor import Call, Reply, Wording

BATCHES_LIMIT = 10_000
DESTINATIONS_LIMIT = 50

HEADERS = {  # those seen on the live service, serpwow-headers-1
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}


def finish(tx: Transaction, _call: Call, n: int) -> Mapping[str, str]:
    """A trace id of its own for every reply, in the form of a UUID. Evidence: serpwow-headers-1."""
    it = tx.digest(f"trace/{n}").hex()
    return {"x-trace-id": f"{it[:8]}-{it[8:12]}-4{it[13:16]}-a{it[17:20]}-{it[20:32]}"}


def instant(at: datetime) -> str:
    """An instant as SerpWow writes it: UTC with milliseconds. Evidence: serpwow-envelope-2."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def show_batch(batch: Batch, now: datetime) -> dict[str, Any]:
    """The batch object, its keys in the order in which consumers saw them."""
    body: dict[str, Any] = {"id": batch.id, "created_at": instant(batch.created_at)}
    if batch.last_run is not None:
        body["last_run"] = instant(batch.last_run)
    return body | {
        "name": batch.name,
        "schedule_type": batch.schedule_type,
        "enabled": batch.enabled,
        "status": batch.status,
        "searches_total_count": batch.searches,
        "searches_page_count": -(-batch.searches // 1000),
        "credits_required": batch.credits_required,
        "next_result_set_id": batch.next_result_set_id,
        "results_count": batch.results_count(now),
        "priority": batch.priority,
        "destination_ids": list(batch.destination_ids),
        "notification_as_json": False,
        "notification_as_jsonlines": False,
        "notification_as_csv": False,
        "searches_type": "mixed",
        "searches_type_locked": False,
    }


def show_account(account: Account, api_key: str, batches: int, now: datetime) -> dict[str, Any]:
    """The account's own part of the Account answer."""
    return {
        "api_key": api_key,
        "name": account.name,
        "email": account.email,
        "plan": account.plan,
        "timezone": account.timezone,
        "credits_used": account.credits_used,
        "credits_limit": account.credits_limit,
        "credits_remaining": account.credits_remaining,
        "credits_reset_at": instant(account.credits_reset_at),
        "batches_used": batches,
        "batches_limit": BATCHES_LIMIT,
        "batches_available": max(BATCHES_LIMIT - batches, 0),
        "destinations_used": 0,
        "destinations_limit": DESTINATIONS_LIMIT,
        "destinations_available": DESTINATIONS_LIMIT,
        "account_balance_usd": account.account_balance_usd,
        "overage_allowed": False,
        "overage_enabled": False,
        "overage_limit": 0,
        "status": [{"component": it.component, "status": it.status} for it in account.components],
        "usage_history": list(history(account.usage, now)),
    }


def _batch(tx: Transaction, _call: Call, batch: Batch) -> Reply:
    return Reply(200, {"request_info": {"success": True}, "batch": show_batch(batch, tx.now)})


def _page(tx: Transaction, _call: Call, page: Page) -> Reply:
    return Reply(
        200,
        {
            "request_info": {"success": True},
            "total_count": page.total,
            "total_pages": page.pages,
            "current_page": page.number,
            "count_this_page": len(page.batches),
            "batches": [show_batch(batch, tx.now) for batch in page.batches],
        },
    )


def _account(tx: Transaction, call: Call, account: Account) -> Reply:
    batches = tx.size(Batch.kind, "owner", SELF)
    info = show_account(account, call.query["api_key"], batches, tx.now)
    return Reply(200, {"request_info": {"success": True}, "account_info": info})


def _stopped_all(tx: Transaction, _call: Call, counts: tuple[int, int]) -> Reply:
    stopped, failed = counts
    singular = stopped == 1 and tx.choice(STOPALL_SINGULAR.id) == "Batch"
    message = f"{stopped} {'Batch' if singular else 'Batches'} stopped"
    success = not failed or tx.choice(STOPALL_WITH_FAILURES.id) == "success"
    info = {"success": success, "message": message}
    return Reply(200, {"request_info": info, "batches_stopped": stopped, "batches_failed_to_stop": failed})


def _refusal(status: int | Assumption, message: str) -> Wording:
    """Refuses with a message, in which {id} is the batch id that the client sent; an assumption may choose the status."""

    def word(tx: Transaction, call: Call, _subject: object) -> Reply:
        text = message.replace("{id}", call.parameters.get("id", ""))
        chosen = status if isinstance(status, int) else int(tx.choice(status.id))
        return Reply(chosen, {"request_info": {"success": False, "message": text}})

    return word


def _done(message: str) -> Wording:
    def word(_tx: Transaction, _call: Call, _subject: object) -> Reply:
        return Reply(200, {"request_info": {"success": True, "message": message}})

    return word


def _no_credits(tx: Transaction, _call: Call, batch: Batch) -> Reply:
    account = tx.find(Account.kind, SELF)
    left = account.credits_remaining if isinstance(account, Account) else 0
    text = f"Not enough credits: the Batch requires {batch.credits_required}, and {left} remain"
    return Reply(402, {"request_info": {"success": False, "message": text}})


def _bad_list_parameter(_tx: Transaction, _call: Call, message: str) -> Reply:
    return Reply(400, {"request_info": {"success": False, "message": message}})


WORDINGS: dict[str, Wording] = {
    "batch": _batch,
    "page": _page,
    "account": _account,
    "started": _done("batch started"),
    "stopped": _done("batch stopped"),
    "stopped_all": _stopped_all,
    "nothing_to_stop": _refusal(400, "No Batches are currently queued or running"),
    "not_stoppable": _refusal(WRONG_STATE, "Batch with ID '{id}' is not currently queued or running"),
    "not_startable": _refusal(WRONG_STATE, "Batch with ID '{id}' is already queued or running"),
    "nothing_to_run": _refusal(400, "Batch with ID '{id}' has no searches"),
    "disabled": _refusal(400, "Batch with ID '{id}' is not enabled"),
    "no_credits": _no_credits,
    "stop_failed": _refusal(STOP_FAILURE, "Batch with ID '{id}' could not be stopped"),
    "unknown_batch": _refusal(UNKNOWN_BATCH, "Batch with ID '{id}' was not found"),
    "bad_list_parameter": _bad_list_parameter,
    "bad_key": _refusal(401, "Supplied api_key is not valid"),
    "astray": _refusal(404, "Not found"),
}
