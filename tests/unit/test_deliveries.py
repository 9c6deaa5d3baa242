"""The machine of deliveries: each row is taken where it applies, and leads where it says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from emulator.kernel.errors import Conflict
from emulator.kernel.machine import ABSENT
from emulator.kernel.world import World
from emulator.sdk.deliveries import COMMANDS, REFUSE, REPORT, RESEND
from emulator.sdk.delivery import SENDING, STATUSES, with_last
from emulator.vendors import VENDORS
from emulator.vendors.stripe.webhooks.model import OUTBOX, EventDelivery
from tests.support.loading import load_value

NOW, HOOK, DAY = "2026-01-01T00:00:00Z", "https://example.test/hook", timedelta(days=1)
TAKEN, FAILED = [{"at": NOW, "status": 200}], [{"at": NOW, "status": 500}]
ONE_TRY: dict[str, Any] = {"stripe.webhook.retries": []}
SLOW = {"stripe.webhook.duration": "1m"}


def world_with(item: dict[str, Any], timing: dict[str, Any], *, is_held: bool, is_wanted: bool = True) -> World:
    """A world in which the delivery D is owed to the destination ed_1; it is held where somebody has its receiver."""
    owed = {"id": "D", "event": "v2.core.batch_job.canceled", "subject": "J", "body": "{}", "url": HOOK, "destination": "ed_1"}
    destinations = [{"id": "ed_1", "url": HOOK}] if is_wanted else []
    stripe = {"event_destinations": destinations, "deliveries": [{**owed, **item}] if item else []}
    scenario = {"title": "A test", "timing": timing, "given": {"stripe": stripe}}
    world = load_value(scenario, VENDORS).world(VENDORS, "w")
    world.set_receivers(frozenset({HOOK}) if is_held else frozenset())
    return world


def delivery_in(world: World) -> EventDelivery | None:
    found: EventDelivery | None = world.store.find(EventDelivery.kind, "D")
    return found


def status_in(world: World) -> str:
    found = delivery_in(world)
    return ABSENT if found is None else found.status


DUE = [("pending", {}), ("waiting", {"attempts": FAILED, "next_at": "2026-01-01T00:00:01Z"})]
BY_TIME: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, bool], str]] = [
    *((state, more, {}, {"is_held": False, "is_wanted": False}, "dropped") for state, more in DUE),
    *((state, more, SLOW, {"is_held": False}, "answering") for state, more in DUE),
    *((state, more, {}, {"is_held": False}, "collected") for state, more in DUE),
    *((state, more, {}, {"is_held": True}, "sending") for state, more in DUE),
    ("answering", {"attempts": TAKEN}, SLOW, {"is_held": True}, "waiting"),
    ("answering", {"attempts": TAKEN}, {**SLOW, **ONE_TRY}, {"is_held": True}, "exhausted"),
    ("answering", {"attempts": TAKEN}, {"stripe.webhook.duration": "3s"}, {"is_held": True}, "delivered"),
    ("answering", {"attempts": FAILED}, {"stripe.webhook.duration": "3s"}, {"is_held": True}, "waiting"),
    ("answering", {"attempts": FAILED}, {"stripe.webhook.duration": "3s", **ONE_TRY}, {"is_held": True}, "exhausted"),
]


OVER = ["collected", "delivered", "exhausted", "dropped"]


@pytest.mark.parametrize(("state", "more", "timing", "where", "to"), BY_TIME, ids=str)
def test_time_leads_a_delivery_on(
    state: str, more: dict[str, Any], timing: dict[str, Any], where: dict[str, bool], to: str
) -> None:
    world = world_with({"status": state, **more}, timing, **where)
    changes = world.advance_to_next()
    assert [(it.source, it.to) for it in changes] == [(state, to)]
    assert status_in(world) == to


@pytest.mark.parametrize("state", OVER)
def test_what_is_over_is_kept_for_thirty_days(state: str) -> None:
    world = world_with({"status": state, "attempts": TAKEN}, {}, is_held=False)
    world.advance_by(30 * DAY - timedelta(seconds=1))
    assert status_in(world) == state
    world.advance_by(timedelta(seconds=1))
    assert status_in(world) == ABSENT


ANSWERS: dict[tuple[str, str], tuple[str, str]] = {
    **{(state, command): (state, "not_sending") for state in (*STATUSES, ABSENT) for command in (REPORT, REFUSE)},
    **{(state, RESEND): ("pending", "resent") for state in STATUSES},
    **{(state, RESEND): (state, "sending") for state in ("sending", "answering")},
    (ABSENT, RESEND): (ABSENT, "unknown"),
    (SENDING, REFUSE): ("dropped", "refused"),
    (SENDING, REPORT): ("answering", "reported"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("state", [*STATUSES, ABSENT])
def test_a_command_does_in_each_state_what_it_may(state: str, command: str) -> None:
    item = {} if state == ABSENT else {"status": state, "attempts": TAKEN, "next_at": "2026-02-01T00:00:00Z"}
    world = world_with(item, SLOW, is_held=True)
    with world.transaction("test") as tx:
        answer = tx.ask(OUTBOX.machine, "D", command)
    assert (status_in(world), answer.name) == ANSWERS[state, command]


REPORTS: list[tuple[list[dict[str, Any]], dict[str, Any], str]] = [
    (TAKEN, {"stripe.webhook.duration": "3s"}, "answering"),
    (TAKEN, {}, "delivered"),
    (FAILED, {}, "waiting"),
    (FAILED, ONE_TRY, "exhausted"),
    ([{"at": NOW, "error": "cut off"}], {}, "waiting"),
    ([{"at": NOW, "status": 302}], {}, "waiting"),
    ([{"at": NOW, "status": 299}], {}, "delivered"),
]


@pytest.mark.parametrize(("attempts", "timing", "to"), REPORTS, ids=str)
def test_a_report_leads_where_the_answer_says(attempts: list[Any], timing: dict[str, Any], to: str) -> None:
    world = world_with({"status": SENDING, "attempts": attempts}, timing, is_held=True)
    with world.transaction("test") as tx:
        assert tx.ask(OUTBOX.machine, "D", REPORT).subject.status == to


def test_these_tables_have_every_row() -> None:
    tried = {(state, to) for state, *_, to in BY_TIME} | {(state, ABSENT) for state in OVER}
    tried |= {(SENDING, to) for *_, to in REPORTS} | {(state, to) for (state, _), (to, _) in ANSWERS.items()}
    assert {(row.state, row.to) for row in OUTBOX.machine.rows} - tried == set()


def test_time_stands_while_a_delivery_is_with_its_receiver() -> None:
    world = world_with({"status": "pending"}, {}, is_held=True)
    changes = world.advance_by(DAY)
    assert [(it.source, it.to) for it in changes] == [("pending", "sending")]
    assert world.settle().isoformat() == "2026-01-01T00:00:01+00:00"
    with pytest.raises(Conflict, match="under way to its receiver"):
        world.advance_by(DAY)
    with pytest.raises(Conflict, match="under way to its receiver"):
        world.advance_until_idle()
    with world.transaction("report") as tx:
        under_way = delivery_in(world)
        assert under_way is not None
        tx.put(with_last(under_way, status=200))
        tx.ask(OUTBOX.machine, "D", REPORT)
    world.advance_by(DAY)
    assert world.settle().isoformat() == "2026-01-02T00:00:01+00:00"
