"""The status and the log of a result set's webhook and of each of its uploads, as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emulator.sdk import View, instant
from emulator.vendors.serpwow.assumptions_of_calls import FAILED_STATUS, WEBHOOK_UNSENT
from emulator.vendors.serpwow.model import ResultSet

OK, FAILED = "ok", "failed"
WEBHOOK_TEXTS = {OK: "Webhook POST completed successfully.", FAILED: "Webhook POST failed."}
UPLOAD_TEXTS = {OK: "Destination upload completed successfully.", FAILED: "Destination upload failed."}
UNSENT = "Webhook POST has not been sent."


def show_deliveries(view: View, result_set: ResultSet) -> dict[str, Any]:
    """Return `webhook_status` and `destination_status`, each if there is something to tell. Evidence: serpwow-results-12."""
    shown: dict[str, Any] = {}
    if (webhook := _webhook(view, result_set)) is not None:
        shown["webhook_status"] = webhook
    outcomes = dict.fromkeys(result_set.destination_ids, OK) | dict.fromkeys(result_set.failed_destination_ids, FAILED)
    if outcomes:
        shown["destination_status"] = {
            id: _told(result_set, _word(view, outcome), UPLOAD_TEXTS[outcome]) for id, outcome in outcomes.items()
        }
    return shown


def basis_of(result_sets: Sequence[ResultSet], published: str) -> tuple[str, str | None]:
    """Return the evidence for an answer that shows result sets, and the assumption behind it: none where all went well."""
    if any(it.webhook is not None and it.webhook_status is None for it in result_sets):
        return "serpwow-results-14", WEBHOOK_UNSENT.id
    if any(it.webhook_status == FAILED or it.failed_destination_ids for it in result_sets):
        return "serpwow-results-13", FAILED_STATUS.id
    return published, None


def _webhook(view: View, result_set: ResultSet) -> dict[str, Any] | None:
    """Return its status; only a scenario knows of a POST, since none is made here. Evidence: serpwow-results-14."""
    if result_set.webhook is None:
        return None
    if (outcome := result_set.webhook_status) is not None:
        return _told(result_set, _word(view, outcome), WEBHOOK_TEXTS[outcome])
    return _told(result_set, "pending", UNSENT) if view.choice(WEBHOOK_UNSENT.id) == "pending" else None


def _word(view: View, outcome: str) -> str:
    return view.choice(FAILED_STATUS.id) if outcome == FAILED else outcome


def _told(result_set: ResultSet, status: str, text: str) -> dict[str, Any]:
    return {"status": status, "log": [{"date_time": instant(result_set.ended_at), "text": text}]}
