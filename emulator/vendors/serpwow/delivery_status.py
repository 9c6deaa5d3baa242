"""How a result set tells of its webhook and its uploads: a status and a log for each."""

from __future__ import annotations

from typing import Any

from emulator.kernel.machine import View
from emulator.vendors.fields import instant
from emulator.vendors.serpwow.assumptions_of_calls import FAILED_STATUS, WEBHOOK_UNSENT
from emulator.vendors.serpwow.model import ResultSet

OK, FAILED = "ok", "failed"
WEBHOOK_TEXTS = {OK: "Webhook POST completed successfully.", FAILED: "Webhook POST failed."}
UPLOAD_TEXTS = {OK: "Destination upload completed successfully.", FAILED: "Destination upload failed."}
UNSENT = "Webhook POST has not been sent."


def show_deliveries(view: View, result_set: ResultSet) -> dict[str, Any]:
    """`webhook_status` and `destination_status`, each where there is something to tell. Evidence: serpwow-results-12."""
    shown: dict[str, Any] = {}
    if (webhook := _webhook(view, result_set)) is not None:
        shown["webhook_status"] = webhook
    outcomes = dict.fromkeys(result_set.destination_ids, OK) | dict.fromkeys(result_set.failed_destination_ids, FAILED)
    if outcomes:
        shown["destination_status"] = {
            id: _told(result_set, _word(view, outcome), UPLOAD_TEXTS[outcome]) for id, outcome in outcomes.items()
        }
    return shown


def _webhook(view: View, result_set: ResultSet) -> dict[str, Any] | None:
    """No POST is made here, so that only a scenario knows of one. Evidence: serpwow-results-14."""
    if result_set.webhook is None:
        return None
    if (outcome := result_set.webhook_status) is not None:
        return _told(result_set, _word(view, outcome), WEBHOOK_TEXTS[outcome])
    return _told(result_set, "pending", UNSENT) if view.choice(WEBHOOK_UNSENT.id) == "pending" else None


def _word(view: View, outcome: str) -> str:
    return view.choice(FAILED_STATUS.id) if outcome == FAILED else outcome


def _told(result_set: ResultSet, status: str, text: str) -> dict[str, Any]:
    return {"status": status, "log": [{"date_time": instant(result_set.ended_at), "text": text}]}
