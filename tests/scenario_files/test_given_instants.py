"""What is given is so when the world begins: no instant moves a thing before anybody looks, or is dropped unread."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.kernel.errors import BadInput
from emulator.kernel.world import World
from emulator.scenario.document import Document
from emulator.scenario.loader import load_document
from emulator.vendors import VENDORS

NOW, YESTERDAY, LONG_AGO, TOMORROW = (
    "2026-01-01T00:00:00Z",
    "2025-12-31T00:00:00Z",
    "2020-01-01T00:00:00Z",
    "2026-01-02T00:00:00Z",
)
JOB = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
PAYMENT = {"msisdn": "27821231234", "amount": 1}
EVENT = {"type": "v2.core.batch_job.completed", "object_id": JOB}


def world_of(vendor: str, part: str, *items: dict[str, Any], **more: Any) -> World:
    content = {"title": "A beginning", "given": {vendor: {part: [*items]}}, **more}
    return load_document(Document(content), VENDORS).world(VENDORS, "w")


def items_of(world: World, vendor: str, part: str) -> list[dict[str, Any]]:
    with world.transaction("look") as tx:
        return list(VENDORS[vendor].state.dump(tx)[part])


@pytest.mark.parametrize(
    ("vendor", "part", "item", "place", "message"),
    [
        ("serpwow", "batches", {"status": "queued", "since": YESTERDAY}, "since", "after 2025-12-31T23:59:58Z"),
        ("serpwow", "batches", {"status": "running", "since": YESTERDAY}, "since", "after 2025-12-31T23:59:50Z"),
        ("serpwow", "batches", {"status": "queued", "called_at": YESTERDAY}, "called_at", "running since then"),
        ("serpwow", "batches", {"status": "idle", "active_at": LONG_AGO}, "active_at", "deleted"),
        ("serpwow", "batches", {"status": "idle", "started_at": YESTERDAY}, "started_at", "leave it out"),
        ("serpwow", "batches", {"status": "queued", "started_at": YESTERDAY}, "started_at", "leave it out"),
        ("serpwow", "batches", {"status": "running", "called_at": YESTERDAY}, "called_at", "leave it out"),
        ("serpwow", "batches", {"created_at": TOMORROW}, "created_at", "not come yet"),
        ("stripe", "batch_jobs", {"status": "validating", "since": YESTERDAY}, "since", "2025-12-31T23:59:"),
        ("stripe", "batch_jobs", {"status": "in_progress", "fails_at": YESTERDAY}, "fails_at", "a later fails_at"),
        ("stripe", "batch_jobs", {"status": "complete", "created": TOMORROW}, "created", "not come yet"),
        ("stripe", "event_destinations", {"created": TOMORROW}, "created", "not come yet"),
        ("stripe", "event_destinations", {"created": NOW, "updated": YESTERDAY}, "updated", "before it was created"),
        ("stripe", "events", {**EVENT, "since": LONG_AGO}, "since", "after 2025-12-02T00:00:00Z"),
        ("stripe", "events", {**EVENT, "since": TOMORROW}, "since", "none of the future"),
        ("6dot50", "accounts", {"createdAt": TOMORROW}, "createdAt", "not come yet"),
        ("6dot50", "batches", {"createdAt": NOW, "since": YESTERDAY}, "since", f"before it was created, {NOW}"),
        (
            "6dot50",
            "batches",
            {"payments": [{**PAYMENT, "createdAt": NOW, "since": YESTERDAY}]},
            "payments/0/since",
            f"before it was created, {NOW}",
        ),
        (
            "6dot50",
            "batches",
            {"payments": [{**PAYMENT, "status": "SETTLED", "createdAt": NOW, "settledAt": YESTERDAY}]},
            "payments/0/settledAt",
            f"not paid before it was created, {NOW}",
        ),
        (
            "6dot50",
            "batches",
            {"status": "OPEN", "since": LONG_AGO, "payments": [PAYMENT]},
            "payments/0/since",
            "after 2025-11-02T00:00:00Z",
        ),
    ],
)
def test_an_instant_that_cannot_be_when_the_world_begins_is_refused_where_it_stands(
    vendor: str, part: str, item: dict[str, Any], place: str, message: str
) -> None:
    with pytest.raises(BadInput) as excinfo:
        world_of(vendor, part, {"id": "B", "searches": 1, **item} if vendor == "serpwow" else item)
    (problem,) = excinfo.value.problems
    assert (problem.pointer, message in problem.message) == (f"/given/{vendor}/{part}/0/{place}", True), problem.message


@pytest.mark.parametrize(
    ("status", "since", "holds"),
    [
        ("queued", "2025-12-31T23:59:58Z", False),
        ("queued", "2025-12-31T23:59:58.001Z", True),
        ("running", "2025-12-31T23:59:50Z", False),
        ("running", "2025-12-31T23:59:50.001Z", True),
        ("queued", NOW, True),
    ],
)
def test_what_is_given_is_so_when_the_world_begins(status: str, since: str, holds: bool) -> None:
    item = {"id": "B", "searches": 1, "status": status, "since": since}
    if not holds:
        with pytest.raises(BadInput):
            world_of("serpwow", "batches", item)
        return
    world = world_of("serpwow", "batches", item)
    assert [batch["status"] for batch in items_of(world, "serpwow", "batches")] == [status]
    assert world.journal.last == 0


@pytest.mark.parametrize(
    ("written", "created_at", "since"),
    [
        ({}, YESTERDAY, YESTERDAY),
        ({"createdAt": NOW}, NOW, NOW),
        ({"since": LONG_AGO}, LONG_AGO, LONG_AGO),
        ({"status": "SETTLED", "settledAt": LONG_AGO}, LONG_AGO, YESTERDAY),
    ],
)
def test_the_instants_of_a_payment_that_are_not_written_fit_those_that_are(
    written: dict[str, Any], created_at: str, since: str
) -> None:
    batch = {"createdAt": YESTERDAY, "since": YESTERDAY, "payments": [{**PAYMENT, **written}]}
    (item,) = items_of(world_of("6dot50", "batches", batch), "6dot50", "batches")
    (payment,) = item["payments"]
    assert (payment["createdAt"], payment["since"]) == (created_at, since)


def test_a_queued_batch_that_has_no_slot_may_have_waited_long() -> None:
    running = {"repeat": 5, "searches": 1, "status": "running"}
    world = world_of("serpwow", "batches", running, {"id": "B", "searches": 1, "status": "queued", "since": YESTERDAY})
    assert [batch["status"] for batch in items_of(world, "serpwow", "batches")][-1] == "queued"
