"""Deliveries in a vendor's state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from emulator.kernel.delivery_faults import EFFECTS, POINTS
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.exchange import FaultHit
from emulator.kernel.machine import View
from emulator.kernel.resource import replace
from emulator.kernel.transaction import Transaction
from emulator.sdk.deliveries import Outbox
from emulator.sdk.delivery import ANSWERING, DELIVERED, EXHAUSTED, SENDING, STATUSES, WAITING, Attempt, Delivery
from emulator.sdk.durations import timing_of
from emulator.sdk.exact_json import JsonDict, JsonObject
from emulator.sdk.fields import (
    COUNT,
    FLAG,
    INSTANT,
    NAME,
    PAST,
    TEXT,
    Field,
    Fields,
    dump_fields,
    load_fields,
    one_of,
    schema_of,
)

HEADERS = Field({"type": "object", "additionalProperties": {"type": "string"}}, lambda it: tuple(it.items()), dict)
HIT: Fields = {"id": NAME, "where": one_of(*POINTS), "do": one_of(*EFFECTS), "place": TEXT}
HITS = Field(
    {"type": "array", "items": {**schema_of(HIT), "required": ["id", "where", "do"]}},
    lambda items: tuple(FaultHit(it["id"], it["where"], it["do"], it.get("place")) for it in items),
    lambda hits: [dump_fields(HIT, it) for it in hits],
)
ATTEMPT: Fields = {
    "at": PAST,
    "headers": HEADERS,
    "status": Field({"type": "integer", "minimum": 100, "maximum": 599}),
    "body": TEXT,
    "error": TEXT,
    "faults": HITS,
}
ATTEMPTS = Field(
    {"type": "array", "items": {**schema_of(ATTEMPT), "required": ["at"]}},
    lambda items: tuple(Attempt(**load_fields(ATTEMPT, item)) for item in items),
    lambda attempts: [_shown(dump_fields(ATTEMPT, it)) for it in attempts],
)
TRIED = (SENDING, ANSWERING, DELIVERED, WAITING, EXHAUSTED)
"""The statuses of deliveries of which an attempt was begun."""


def delivery_fields(outbox: Outbox) -> Fields:
    """Return the fields of a vendor's deliveries in its state."""
    return {
        "id": NAME,
        "since": PAST,
        "event": one_of(*outbox.events),
        "subject": NAME,
        "url": NAME,
        "event_id": NAME,
        "destination": NAME,
        "body": TEXT,
        "status": one_of(*STATUSES),
        "attempts": ATTEMPTS,
        "next_at": INSTANT,
        "resumes_at": INSTANT,
        "extras": COUNT,
        "by_hand": FLAG,
        "because": TEXT,
        "faults": HITS,
        "held": FLAG,
        "duplicate": FLAG,
        "timing": timing_of(outbox.machine),
    }


def delivery_schema(outbox: Outbox) -> JsonDict:
    """Return the JSON Schema of a list of a vendor's deliveries."""
    return {"type": "array", "items": {**schema_of(delivery_fields(outbox)), "required": ["id"]}}


def delivery_problems(item: JsonObject, *path: str | int) -> Iterator[Problem]:
    """Yield the problems of a delivery that the schema cannot see."""
    if item.get("status") in TRIED and item.get("attempts") == []:
        yield Problem(f"a delivery that is {item['status']} had an attempt", (*path, "attempts"))


def load_deliveries(view: View, outbox: Outbox, items: Iterable[JsonObject]) -> Iterator[Delivery]:
    """Yield the deliveries of the items, new or changed.

    Raises:
        BadInput: one lacks a part, or contradicts the state.
    """
    for place, item in enumerate(items):
        path = ("deliveries", place)
        values = load_fields(delivery_fields(outbox), item, view.now, *path)
        old = view.find(outbox.of, values["id"])
        for name in ("event", "subject", "body") if old is None else ():
            if name not in values:
                raise BadInput.at(f"a new delivery needs its {name}", *path)
        moved: JsonDict = {"since": view.now} if old is None or values.get("status", old.status) != old.status else {}
        delivery = outbox.of(**moved | values) if old is None else replace(old, **moved | values)
        if delivery.status in TRIED and not delivery.attempts:
            raise BadInput.at(f"a delivery that is {delivery.status} had an attempt: write attempts", *path, "status")
        if delivery.status == WAITING and delivery.next_at is None:
            raise BadInput.at("a delivery that waits has an instant of its next attempt: write next_at", *path, "status")
        yield delivery


def dump_deliveries(view: Transaction, outbox: Outbox) -> dict[str, Any]:
    """Return the vendor's deliveries as a part of its state, none where there are none."""
    fields = delivery_fields(outbox)
    shown = [_shown(dump_fields(fields, it)) for it in view.group(outbox.of)]
    return {"deliveries": shown} if shown else {}


def _shown(item: JsonDict) -> JsonDict:
    """Return a delivery, or an attempt, without what every new one has."""
    return {name: value for name, value in item.items() if value not in ([], False)}
