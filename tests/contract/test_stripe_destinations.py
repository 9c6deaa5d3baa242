"""Event destinations as a scenario writes them, and what a client hears of a type of event that is none."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.kernel.errors import BadInput
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.sdk.request import read_request
from emulator.vendors.stripe import STRIPE
from emulator.vendors.stripe.destinations.model import AWAITED
from emulator.vendors.stripe.events.types import JOB_EVENT, TYPES
from tests.support.loading import load_value
from tests.support.server import Live

GRID = {"azure_region": "westeurope", "azure_resource_group_name": "ours", "azure_subscription_id": "1"}


def world_of(*destinations: Any, **more: Any) -> World:
    state = {"stripe": {"event_destinations": list(destinations)}}
    return load_value({"title": "A test", "given": state, **more}, {"stripe": STRIPE}).world({"stripe": STRIPE}, "test")


def destinations_of(world: World) -> list[dict[str, Any]]:
    with world.transaction("look") as tx:
        dump: list[dict[str, Any]] = STRIPE.state.dump(tx)["event_destinations"]
        return dump


def change(world: World, **destination: Any) -> None:
    with world.transaction("change") as tx:
        for resource in STRIPE.state.load(tx, {"event_destinations": [destination]}):
            tx.put(resource)


@pytest.mark.parametrize(
    "state",
    [
        {"id": "ed_1"},
        {"id": "ed_1", "url": "http://localhost/hook", "signing_secret": "whsec_1", "enabled_events": [TYPES[0]]},
        {"id": "ed_1", "event_payload": "snapshot"},
        {"id": "ed_1", "type": "amazon_eventbridge"},
        {"id": "ed_1", "type": "amazon_eventbridge", "amazon_eventbridge": {"aws_event_source_status": "active"}},
        {"id": "ed_1", "type": "azure_event_grid", "azure_event_grid": GRID | {"azure_partner_topic_status": "deleted"}},
    ],
)
def test_a_dumped_destination_can_be_loaded(state: dict[str, Any]) -> None:
    (destination,) = destinations_of(world_of(state))
    assert destinations_of(world_of(destination)) == [destination]
    assert destination["enabled_events"] == state.get("enabled_events") or [
        "*" if destination["event_payload"] == "snapshot" else type for type in TYPES if type.startswith(JOB_EVENT)
    ]
    for field in ("url", "signing_secret"):
        assert (field in destination) == (destination["type"] == "webhook_endpoint")


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"enabled_events": ["*"]}, "'*' is no type of thin event"),
        ({"enabled_events": ["v2.core.batch_job.cancelled"]}, "did you mean 'v2.core.batch_job.canceled'?"),
        ({"type": "amazon_eventbridge", "url": "https://example.com"}, "of the type amazon_eventbridge has no url"),
        ({"type": "azure_event_grid", "signing_secret": "whsec_1"}, "of the type azure_event_grid has no signing_secret"),
        ({"type": "webhook_endpoint", "azure_event_grid": GRID}, "of the type webhook_endpoint has no azure_event_grid"),
        ({"azure_event_grid": GRID}, "write type: azure_event_grid beside it"),
        (
            {"type": "amazon_eventbridge", "status": "enabled", "amazon_eventbridge": {"aws_event_source_status": "deleted"}},
            "was deleted",
        ),
        (
            {"event_payload": "snapshot", "enabled_events": [AWAITED], "events_from": ["@organization_members"]},
            "of an account alone",
        ),
        ({"repeat": 17}, "an account has 16 event destinations at most"),
    ],
)
def test_an_impossible_destination_is_refused(state: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput) as excinfo:
        world_of(state)
    assert message in str(excinfo.value)


def test_more_destinations_than_an_account_may_have_are_loaded_where_that_is_assumed() -> None:
    assert len(destinations_of(world_of({"repeat": 17}, assume={"stripe.too-many-destinations": "allow"}))) == 17


@pytest.mark.parametrize(
    "change_",
    [{"type": "webhook_endpoint"}, {"url": "https://example.com"}, {"amazon_eventbridge": {}}, {"enabled_events": ["*"]}],
)
def test_the_type_of_a_destination_never_changes_by_hand(change_: dict[str, Any]) -> None:
    world = world_of({"id": "ed_1", "type": "azure_event_grid"})
    before = destinations_of(world)
    with pytest.raises(BadInput):
        change(world, id="ed_1", **change_)
    assert destinations_of(world) == before


def test_a_topic_may_be_activated_by_hand() -> None:
    world = world_of({"id": "ed_1", "type": "azure_event_grid", "azure_event_grid": GRID})
    change(world, id="ed_1", azure_event_grid=GRID | {"azure_partner_topic_status": "activated"}, status="disabled")
    (destination,) = destinations_of(world)
    assert (destination["azure_event_grid"]["azure_partner_topic_status"], destination["status"]) == ("activated", "disabled")


@pytest.mark.parametrize(
    ("query", "body", "hints"),
    [
        ("types[0]=v2.core.batch_job.cancelled", b"", ["v2.core.batch_job.canceled"]),
        ("types=v2.core.account.created", b"", []),
        ("", b'{"enabled_events": ["v2.core.batch_job.complete"]}', ["v2.core.batch_job.completed"]),
        ("", b'{"enabled_events": [1]}', []),
        ("", b'{"enabled_events": 1}', []),
    ],
)
def test_a_client_hears_the_nearest_type_of_event(query: str, body: bytes, hints: list[str]) -> None:
    def advice(tx: Transaction) -> list[str]:
        return [*STRIPE.advise(tx, read_request("GET", "/v2/core/events", query, body=body), "invalid_fields")]

    with world_of().transaction("look") as tx:
        assert [hint.rpartition(" ")[2] for hint in advice(tx)] == hints


NEW = {
    "name": "N",
    "type": "webhook_endpoint",
    "event_payload": "thin",
    "enabled_events": [TYPES[0]],
    "webhook_endpoint": {"url": "https://example.com"},
}


@pytest.mark.parametrize("deleted", [[0], [1], [2], [0, 2], [1, 2], [0, 1, 2]])
def test_the_id_of_a_deleted_destination_is_not_given_again_where_the_state_is_loaded(live: Live, deleted: list[int]) -> None:
    given: dict[str, Any] = {}
    ids: list[str] = []
    for _ in range(3):
        world = live.load({"given": given})
        headers = {"authorization": "Bearer sk_test_1", "stripe-version": "2026-09-30.preview", "emulator-world": world.id}
        with httpx.Client(base_url=f"{live.url}/v2/core", headers=headers) as client:
            made = [client.post("/event_destinations", json=NEW).json()["id"] for _ in range(3)]
            statuses = [client.delete(f"/event_destinations/{made[index]}").status_code for index in deleted]
        assert statuses == [200] * len(deleted)
        ids, given = ids + made, world.state()
    assert len({*ids}) == len(ids) == 9


CLOUDS = {"amazon_eventbridge": {"aws_account_id": "123456789012", "aws_region": "eu-west-1"}, "azure_event_grid": GRID}


@pytest.mark.parametrize("type_", ["webhook_endpoint", *CLOUDS])
def test_the_keys_of_a_destination_follow_the_alphabet_as_pages_print_them(live: Live, type_: str) -> None:
    world = live.load({})
    headers = {"authorization": "Bearer sk_test_1", "stripe-version": "2026-09-30.preview", "emulator-world": world.id}
    fields = {name: value for name, value in NEW.items() if name != "webhook_endpoint"}
    receiver = CLOUDS.get(type_, NEW["webhook_endpoint"])
    body = httpx.post(
        f"{live.url}/v2/core/event_destinations", json={**fields, "type": type_, type_: receiver}, headers=headers
    )
    keys = [*body.json()]
    assert keys[:2] == ["id", "object"]
    assert keys[2:] == sorted(keys[2:])
    assert type_ in keys
