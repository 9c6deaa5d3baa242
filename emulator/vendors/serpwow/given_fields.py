"""The fields of SerpWow's `given`: which attributes of each resource are written, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from emulator.sdk import (
    AMOUNT,
    COUNT,
    FLAG,
    INSTANT,
    ORDINAL,
    PAST,
    TEXT,
    TEXTS,
    BadInput,
    Field,
    Fields,
    dump_fields,
    list_of,
    load_fields,
    one_of,
    schema_of,
)
from emulator.vendors.serpwow.delivery_status import WEBHOOK_TEXTS
from emulator.vendors.serpwow.destinations import TYPES as DESTINATION_TYPES
from emulator.vendors.serpwow.engines import TYPE
from emulator.vendors.serpwow.listing import STATUSES
from emulator.vendors.serpwow.model import Batch, Component, ResultSet
from emulator.vendors.serpwow.schedules import EVERY, TYPES
from emulator.vendors.serpwow.searches import Search, Searches, numbered, show_search
from emulator.vendors.serpwow.slots import PRIORITIES

DAYS = Field(
    {
        "type": "object",
        "propertyNames": {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "additionalProperties": {"type": "integer", "minimum": 1},
    },
    dict,
    dict,
)
PAIRS = Field(
    {"type": "object", "additionalProperties": {"type": "string"}},
    lambda value: tuple(sorted(value.items())),
    dict,
)
COMPONENT: Fields = {"component": TEXT, "status": TEXT}
PLATFORM: Fields = {"status": one_of("operational", "down"), "unreachable": TEXTS}
DESTINATION: Fields = {
    "id": TEXT,
    "name": TEXT,
    "type": one_of(*DESTINATION_TYPES),
    "enabled": FLAG,
    "settings": PAIRS,
}
ERROR_LOG: Fields = {
    "id": TEXT,
    "date": PAST,
    "count": ORDINAL,
    "message": TEXT,
    "parameters": PAIRS,
    "engine_url": TEXT,
    "api_url": TEXT,
    "result": Field({"type": "object"}, dict, dict),
}
ACCOUNT: Fields = {
    "credits_limit": COUNT,
    "credits_used": COUNT,
    "credits_returned": COUNT,
    "name": TEXT,
    "email": TEXT,
    "plan": TEXT,
    "timezone": TEXT,
    "account_balance_usd": AMOUNT,
    "credits_reset_at": INSTANT,
    "overage_allowed": FLAG,
    "overage_enabled": FLAG,
    "overage_limit": COUNT,
    "notification_webhook": TEXT,
    "components": list_of(COMPONENT, Component),
    "usage": DAYS,
}


def _numbers(least: int, most: int) -> Field:
    items = {"type": "integer", "minimum": least, "maximum": most}
    return Field({"type": "array", "items": items, "uniqueItems": True}, lambda value: tuple(sorted(value)), list)


SCHEDULE: Fields = {
    "type": one_of(*TYPES),
    "days_of_month": _numbers(1, 31),
    "days_of_week": _numbers(0, 6),
    "hours": _numbers(0, 23),
    "minutes": one_of(*EVERY),
}
NOTIFICATIONS: Fields = {
    "email": TEXT,
    "webhook": TEXT,
    "as_json": FLAG,
    "as_jsonlines": FLAG,
    "as_csv": FLAG,
    "csv_fields": TEXT,
}
PARTS = {"schedule": SCHEDULE, "notifications": NOTIFICATIONS}
PREFIXES = {"schedule": "schedule_", "notifications": "notification_"}
"""The parts of a batch that are written flat, as the API writes them."""

OWN: Fields = {
    "id": TEXT,
    "name": TEXT,
    "status": one_of(*STATUSES),
    "since": PAST,
    "created_at": PAST,
    "active_at": PAST,
    "last_run": PAST,
    "allocated": COUNT,
    "allocated_at": PAST,
    "started_at": PAST,
    "called_at": PAST,
    "priority": one_of(*PRIORITIES),
    "enabled": FLAG,
    "next_result_set_id": ORDINAL,
    "destination_ids": TEXTS,
    "locked_type": Field({"type": "string", "pattern": f"^{TYPE}$", "description": "google_web"}, str, str),
    "owner": TEXT,
    "fails_to_stop": FLAG,
    "failing": COUNT,
}
RESULT_SET: Fields = {
    "id": ORDINAL,
    "started_at": INSTANT,
    "ended_at": INSTANT,
    "searches_completed": COUNT,
    "searches_failed": COUNT,
    "destination_ids": TEXTS,
    "failed_destination_ids": TEXTS,
    "webhook": TEXT,
    "webhook_status": one_of(*WEBHOOK_TEXTS),
}
SEARCHES: Mapping[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": 15_000},
        {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}, "maxItems": 15_000},
    ]
}
RESULT_SETS: Mapping[str, Any] = {
    "type": "array",
    "items": {**schema_of(RESULT_SET, searches=SEARCHES), "required": ["id", "started_at", "ended_at"]},
}
FLAT: Fields = {PREFIXES[part] + name: field for part, fields in PARTS.items() for name, field in fields.items()}


def read_batch(old: Batch, written: Mapping[str, Any]) -> Batch:
    """A batch with what is written of it."""
    own = load_fields({name: field for name, field in OWN.items() if name != "id"}, written)
    for part, fields in PARTS.items():
        named = {name: written[PREFIXES[part] + name] for name in fields if PREFIXES[part] + name in written}
        own[part] = replace(getattr(old, part), **load_fields(fields, named))
    if "searches" in written:
        own["searches"] = _read_searches(old.id, written["searches"])
    changed = replace(old, **own)
    if "result_sets" in written:
        changed = replace(changed, result_sets=tuple(_read_result_sets(changed, written["result_sets"])))
    return changed


def show_batch(batch: Batch) -> dict[str, Any]:
    """All that is to be written of a batch."""
    shown = dump_fields(OWN, batch)
    for part, fields in PARTS.items():
        shown |= {
            PREFIXES[part] + name: value for name, value in dump_fields(fields, getattr(batch, part)).items() if value != []
        }
    shown["searches"] = _show_searches(batch.searches)
    shown["result_sets"] = [_show_result_set(batch, it) for it in batch.result_sets]
    return shown


def _read_searches(batch: str, written: int | list[Mapping[str, Any]]) -> Searches:
    if isinstance(written, int):
        return Searches(batch, written)
    return Searches(
        batch,
        [
            Search(item.get("id", numbered(batch, n).id), {name: value for name, value in item.items() if name != "id"})
            for n, item in enumerate(written)
        ],
    )


def _show_searches(searches: Searches) -> int | list[dict[str, Any]]:
    return len(searches) if searches.written is None else [show_search(search) for search in searches]


def _read_result_sets(batch: Batch, written: Iterable[Mapping[str, Any]]) -> Iterable[ResultSet]:
    """Where nothing is said of its searches, a result set is of the batch's own, as many as were completed and failed."""
    for place, item in sorted(enumerate(written), key=lambda numbered: INSTANT.read(numbered[1]["ended_at"])):
        fields = load_fields({name: field for name, field in RESULT_SET.items() if name != "searches_completed"}, item)
        if "searches" in item:
            searches = _read_searches(batch.id, item["searches"])
        elif "searches_completed" in item:
            searches = batch.searches.first(item["searches_completed"] + item.get("searches_failed", 0))
            if len(searches) < item["searches_completed"] + item.get("searches_failed", 0):
                searches = Searches(batch.id, item["searches_completed"] + item.get("searches_failed", 0))
        else:
            searches = batch.searches
        if fields.get("searches_failed", 0) > len(searches):
            message = f"{fields['searches_failed']} searches failed of {len(searches)}"
            raise BadInput.at(message, "result_sets", place, "searches_failed")
        if "webhook_status" in fields and "webhook" not in fields:
            raise BadInput.at("webhook_status is that of a webhook: give its URL, too", "result_sets", place, "webhook_status")
        yield ResultSet(searches=searches, **fields)


def _show_result_set(batch: Batch, result_set: ResultSet) -> dict[str, Any]:
    shown = dump_fields(RESULT_SET, result_set)
    if result_set.searches != batch.searches:
        shown["searches"] = _show_searches(result_set.searches)
    return shown
