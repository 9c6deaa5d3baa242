"""The objects of a batch and of its result sets, and the fields that samples leave out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from itertools import chain

from emulator.sdk import Answer, JsonDict, JsonObject, View, instant
from emulator.vendors.serpwow.assumptions.answers import ABSENT_STATUS, GET_COUNTS, RESULT_EXPIRY, SEARCHES_COMPLETED
from emulator.vendors.serpwow.assumptions.lifecycle import STOP_SCHEDULE
from emulator.vendors.serpwow.assumptions.requests import FAILED_STATUS, LIST_FIELDS, WEBHOOK_UNSENT
from emulator.vendors.serpwow.model.batches import NO_NOTIFICATIONS, UNSCHEDULED, Batch, Notifications, ResultSet
from emulator.vendors.serpwow.model.schedules import PARTS_BY_TYPE, Schedule
from emulator.vendors.serpwow.responses.files import result_pages
from emulator.vendors.serpwow.webhooks import webhook_of

NOT_IN_LIST = ("credits_required", "searches_type", "searches_type_locked")
NOT_BESIDE_OTHERS = (*NOT_IN_LIST, "last_run", "priority", "destination_ids", "next_result_set_id")
"""Fields of a batch without a place in samples: that of List Batches, and those of List Result Sets and Create Searches.

Evidence: serpwow-list-12 and serpwow-list-13.
"""

WEBHOOK_TEXTS = {"ok": "Webhook POST completed successfully.", "failed": "Webhook POST failed."}
UPLOAD_TEXTS = {"ok": "Destination upload completed successfully.", "failed": "Destination upload failed."}
UNSENT = "Webhook POST has not been sent."

REMEMBERED = 500
"""Characters of texts up to which their rendering is remembered."""


def with_unprinted_fields(view: View, answer: Answer, fact: str) -> Answer:
    """Return an answer with the fact and the assumption behind fields that its sample leaves out, if it shows them."""
    if view.choice(LIST_FIELDS) == "printed":
        return answer
    return answer.resting_on((fact,), LIST_FIELDS)


def with_grounds(answer: Answer, batches: Sequence[Batch]) -> Answer:
    """Return an answer that shows batches with the facts behind fields that no sample prints, and behind what a stop left."""
    schedules = {it.schedule for it in batches if it.schedule is not UNSCHEDULED}
    notifications = {it.notifications for it in batches if it.notifications is not NO_NOTIFICATIONS}
    shown = {*chain(*map(_render_schedule, schedules), *map(_notifications, notifications))}
    if shown & {"schedule_minutes", "schedule_days_of_month", "notification_webhook"}:
        answer = answer.resting_on(("serpwow-get-7",))
    if "notification_csv_fields" in shown:
        answer = answer.resting_on(("serpwow-get-10",))
    if all(batch.stopped_at is None for batch in batches):
        return answer
    return answer.resting_on(("serpwow-stop-9", "serpwow-stop-10"), STOP_SCHEDULE)


def render_batch(view: View, batch: Batch, unprinted: Sequence[str] = ()) -> JsonDict:
    """Return the batch object, in the order of the samples, without unprinted fields where that is assumed.

    Evidence: serpwow-get-2 and serpwow-get-8.
    """
    fields: JsonDict = {
        "id": batch.id,
        "created_at": instant(batch.created_at),
        **({} if batch.last_run is None else {"last_run": instant(batch.last_run)}),
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
        "results_count": batch.results_count(view.now),
        **_render_schedule(batch.schedule),
        **_notifications(batch.notifications),
        "searches_type": batch.searches_type,
        "searches_type_locked": batch.locked_type is not None,
    }
    for name in unprinted if unprinted and view.choice(LIST_FIELDS) == "printed" else ():
        fields.pop(name, None)
    return fields


def render_own_batch(view: View, batch: Batch) -> JsonDict:
    """Return the batch object as Get has it. Evidence: serpwow-get-4."""
    fields = render_batch(view, batch)
    if view.choice(GET_COUNTS) == "searches":
        return fields
    names = {"searches_total_count": "search_total_count", "searches_page_count": "search_page_count"}
    return {names.get(name, name): value for name, value in fields.items()}


@lru_cache(maxsize=500)
def _render_schedule(schedule: Schedule) -> JsonObject:
    """Return the parts that apply to its type. Evidence: serpwow-get-7 and serpwow-schedule-6."""
    parts = {name: getattr(schedule, name) for name in PARTS_BY_TYPE.get(schedule.type, ())}
    return {f"schedule_{name}": list(part) if isinstance(part, tuple) else part for name, part in parts.items() if part}


def _notifications(notifications: Notifications) -> JsonObject:
    texts = notifications.email, notifications.webhook, notifications.csv_fields
    is_short = sum(map(len, filter(None, texts))) <= REMEMBERED
    return (_render_notifications if is_short else _render_notifications.__wrapped__)(notifications)


@lru_cache(maxsize=500)
def _render_notifications(notifications: Notifications) -> JsonObject:
    """Return the notifications that are set, and their formats. Evidence: serpwow-get-2, serpwow-get-7 and serpwow-get-10."""
    names = ("webhook", "email", "as_json", "as_jsonlines", "as_csv", "csv_fields")
    fields = {f"notification_{name}": getattr(notifications, name) for name in names}
    return {name: value for name, value in fields.items() if value is not None}


def render_result_set(view: View, batch: Batch, result_set: ResultSet, links: JsonObject | None = None) -> JsonDict:
    """Return the result set object, with links to its files where it stands alone. Evidence: serpwow-results-16 and -12."""
    total = len(result_set.searches)
    fields: JsonDict = {
        "id": result_set.id,
        "started_at": instant(result_set.started_at),
        "ended_at": instant(result_set.ended_at),
        "expires_at": instant(result_set.ended_at + timedelta(days=int(view.choice(RESULT_EXPIRY)))),
        "results_page_count": result_pages(view, result_set),
        "searches_completed": total if view.choice(SEARCHES_COMPLETED) == "yes" else result_set.searches_completed,
        "searches_failed": result_set.searches_failed,
        "searches_total": total,
    }
    if links is not None:
        fields["download_links"] = links
    fields["webhook_status"] = _webhook_status(view, batch, result_set)
    fields["destination_status"] = _destination_status(view, result_set) or None
    keeps_null = view.choice(ABSENT_STATUS) == "null"
    return {name: value for name, value in fields.items() if keeps_null or value is not None}


def _destination_status(view: View, result_set: ResultSet) -> JsonDict:
    """Return the status of each upload, by its destination's id. Evidence: serpwow-results-10 and -13."""
    done = {id: _status(result_set, "ok", UPLOAD_TEXTS["ok"]) for id in result_set.destination_ids}
    failed = result_set.failed_destination_ids
    return done | {id: _status(result_set, view.choice(FAILED_STATUS), UPLOAD_TEXTS["failed"]) for id in failed}


def _webhook_status(view: View, batch: Batch, result_set: ResultSet) -> JsonDict | None:
    """Return the status of its webhook, and how each POST ended. Evidence: serpwow-results-14 and serpwow-results-21."""
    if result_set.webhook is None:
        return None
    status, log = webhook_of(view, batch, result_set)
    texts = [{"date_time": at, "text": WEBHOOK_TEXTS["ok" if succeeded else "failed"]} for at, succeeded in log]
    if status is not None or texts:
        return {"status": status or "pending", "log": texts}
    return _status(result_set, "pending", UNSENT) if view.choice(WEBHOOK_UNSENT) == "pending" else None


def _status(result_set: ResultSet, status: str, text: str) -> JsonDict:
    return {"status": status, "log": [{"date_time": instant(result_set.ended_at), "text": text}]}
