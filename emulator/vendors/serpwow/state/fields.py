"""The fields of SerpWow's state, by resource, with their schemas."""

from __future__ import annotations

from operator import attrgetter

from emulator.sdk import (
    AMOUNT,
    COUNT,
    END_OF_TIME,
    FLAG,
    INSTANT,
    NAME,
    ORDINAL,
    PAST,
    TEXT,
    TEXTS,
    Field,
    Fields,
    JsonObject,
    Number,
    delivery_schema,
    list_of,
    many_of,
    one_of,
    schema_of,
    timing_of,
)
from emulator.vendors.serpwow.destinations.model import SETTINGS
from emulator.vendors.serpwow.machine.batches import BATCH as BATCH_MACHINE
from emulator.vendors.serpwow.model.account import MOST_DAYS, WORDS, Account, Component
from emulator.vendors.serpwow.model.batches import PARTS, PRIORITIES, STATUSES, Batch
from emulator.vendors.serpwow.model.schedules import EVERY, TYPES
from emulator.vendors.serpwow.requests.searches import TYPE
from emulator.vendors.serpwow.requests.validation import MOST_ITEMS
from emulator.vendors.serpwow.responses.batches import WEBHOOK_TEXTS
from emulator.vendors.serpwow.webhooks import OUTBOX

DAYS = Field(
    {
        "type": "object",
        "propertyNames": {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "additionalProperties": {"type": "integer", "minimum": 1},
        "maxProperties": MOST_DAYS,
    },
    dict,
    dict,
)
PAIRS = Field(
    {"type": "object", "additionalProperties": {"type": "string"}},
    lambda value: tuple(sorted(value.items())),
    dict,
)
PLATFORM: Fields = {"status": one_of("operational", "down"), "unreachable": TEXTS}
DESTINATION: Fields = {
    "id": TEXT,
    "name": TEXT,
    "type": one_of(*SETTINGS),
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
    "timezone_label": TEXT,
    "account_balance_usd": AMOUNT,
    "credits_reset_at": INSTANT,
    "overage_allowed": FLAG,
    "overage_enabled": FLAG,
    "overage_limit": COUNT,
    "notification_webhook": TEXT,
    "components": list_of({"component": TEXT, "status": TEXT}, Component),
    "usage": DAYS,
}


def _numbers(least: int, most: int) -> Field:
    items = {"type": "integer", "minimum": least, "maximum": most}
    return Field({"type": "array", "items": items, "uniqueItems": True}, tuple, list)


DESTINATION_IDS = Field({**TEXTS.schema, "maxItems": MOST_ITEMS}, tuple, list)

BATCH: Fields = {
    "id": TEXT,
    "name": TEXT,
    "status": one_of(*STATUSES),
    "since": PAST,
    "created_at": PAST,
    "active_at": PAST,
    "last_run": PAST,
    "stopped_at": PAST,
    "allocated": COUNT,
    "allocated_at": PAST,
    "started_at": PAST,
    "called_at": PAST,
    "priority": one_of(*PRIORITIES),
    "enabled": FLAG,
    "next_result_set_id": ORDINAL,
    "destination_ids": DESTINATION_IDS,
    "locked_type": Field({"type": "string", "pattern": f"^{TYPE}$", "description": "google_web"}, str, str),
    "owner": NAME,
    "fails_to_stop": FLAG,
    "failing": COUNT,
    "timing": timing_of(BATCH_MACHINE),
}
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
PART_FIELDS = {"schedule": SCHEDULE, "notifications": NOTIFICATIONS}
"""Attribute of a batch → the fields of this part."""

RESULT_SET: Fields = {
    "id": ORDINAL,
    "started_at": INSTANT,
    "ended_at": INSTANT,
    "searches_completed": COUNT,
    "searches_failed": COUNT,
    "destination_ids": DESTINATION_IDS,
    "failed_destination_ids": DESTINATION_IDS,
    "webhook": TEXT,
    "webhook_status": one_of(*WEBHOOK_TEXTS),
}
SEARCHES: JsonObject = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": 15_000},
        {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}, "maxItems": 15_000},
    ]
}
RESULT_SETS: JsonObject = {
    "type": "array",
    "items": {**schema_of(RESULT_SET, searches=SEARCHES), "required": ["id", "started_at", "ended_at"]},
}
FLAT: Fields = {PARTS[part] + name: field for part, fields in PART_FIELDS.items() for name, field in fields.items()}

_ACCOUNT = schema_of(ACCOUNT, credits_remaining={"type": "integer", "minimum": 0})

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "account": _ACCOUNT,
        "accounts": WORDS.schema(_ACCOUNT),
        "batches": WORDS.owned(many_of({**BATCH, **FLAT}, searches=SEARCHES, result_sets=RESULT_SETS)),
        "destinations": WORDS.owned(many_of(DESTINATION)),
        "error_logs": WORDS.owned(many_of(ERROR_LOG)),
        "deliveries": delivery_schema(OUTBOX),
        "platform": schema_of(PLATFORM),
    },
    "additionalProperties": False,
}

_OF_ACCOUNT = ("credits_used", "credits_remaining", "credits_returned", "account_balance_usd", "usage.*")

QUANTITIES = frozenset(
    (
        *(f"{part}.{name}" for part in (WORDS.one, WORDS.several) for name in _OF_ACCOUNT),
        *("batches.allocated", "batches.searches"),
        *("batches.result_sets.searches_completed", "batches.result_sets.searches_failed", "error_logs.count"),
    )
)

_NEW = Account(END_OF_TIME)
NUMBERS = (
    *(Number(it, Account, attrgetter(it), _NEW) for it in ("credits_limit", "credits_used", "credits_remaining")),
    Number("credits_allocated", Batch, attrgetter("allocated")),
)
