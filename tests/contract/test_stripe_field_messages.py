"""The messages about fields of a body name the whole path of the field, and the values that there are."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.server import Live, World

URL = {"url": "https://example.com/hook"}
DESTINATION = {
    "name": "Ours",
    "type": "webhook_endpoint",
    "event_payload": "thin",
    "enabled_events": ["v2.core.batch_job.completed"],
    "webhook_endpoint": URL,
}
CLOUD = {name: value for name, value in DESTINATION.items() if name != "webhook_endpoint"} | {"type": "amazon_eventbridge"}
ENDPOINT = {"path": "/v1/customers/:customer", "http_method": "post"}
JOB = {"endpoint": ENDPOINT, "skip_validation": False}
TYPES = "amazon_eventbridge, azure_event_grid, webhook_endpoint"


def message_of(live: Live, world: World, path: str, body: Any, version: str = "2026-04-22.preview") -> str:
    headers = {"authorization": "Bearer sk_test_1", "stripe-version": version, "emulator-world": world.id}
    error = httpx.post(f"{live.url}/v2/core/{path}", headers=headers, json=body).json()["error"]
    assert error["code"] == "invalid_fields"
    return str(error["message"].removeprefix("Some fields in the request were invalid: "))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"endpoint": None}, "'endpoint: Missing field.'"),
        ({"endpoint": "post"}, "'endpoint: Must be an object.'"),
        ({"endpoint": ENDPOINT | {"verb": 1}}, "'endpoint.verb: Unknown field.'"),
        ({"endpoint": {"path": "/v1/coupons"}}, "'endpoint.http_method: Missing field.'"),
        (
            {"endpoint": ENDPOINT | {"http_method": "put"}},
            "'endpoint.http_method: Unrecognized enum value 'put', valid values are: delete, post.'",
        ),
        ({"endpoint": ENDPOINT | {"http_method": 1}}, "'endpoint.http_method: Must be a string.'"),
        ({"endpoint": ENDPOINT | {"path": 1}}, "'endpoint.path: Must be a string.'"),
        ({"notification_suppression": "all"}, "'notification_suppression: Must be an object.'"),
        ({"notification_suppression": {}}, "'notification_suppression.scope: Missing field.'"),
        ({"notification_suppression": {"scope": "all", "x": 1}}, "'notification_suppression.x: Unknown field.'"),
        (
            {"notification_suppression": {"scope": "some"}},
            "'notification_suppression.scope: Unrecognized enum value 'some', valid values are: all, none.'",
        ),
    ],
)
def test_a_wrong_field_of_a_new_job_is_named(live: Live, changes: dict[str, Any], message: str) -> None:
    assert message_of(live, live.load({}), "batch_jobs", JOB | changes) == message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (DESTINATION | {"type": "email"}, f"'type: Unrecognized enum value 'email', valid values are: {TYPES}.'"),
        (DESTINATION | {"type": 1}, "'type: Must be a string.'"),
        (
            DESTINATION | {"event_payload": "thick"},
            "'event_payload: Unrecognized enum value 'thick', valid values are: snapshot, thin.'",
        ),
        (DESTINATION | {"webhook_endpoint": "x"}, "'webhook_endpoint: Must be an object.'"),
        (DESTINATION | {"webhook_endpoint": {}}, "'webhook_endpoint.url: Missing field.'"),
        (DESTINATION | {"webhook_endpoint": URL | {"secret": "x"}}, "'webhook_endpoint.secret: Unknown field.'"),
        (DESTINATION | {"webhook_endpoint": {"url": "ftp://example.com"}}, "'webhook_endpoint.url: Invalid value.'"),
        (CLOUD | {"amazon_eventbridge": {"aws_account_id": "1"}}, "'amazon_eventbridge.aws_region: Missing field.'"),
        (
            CLOUD | {"amazon_eventbridge": {"aws_account_id": "", "aws_region": "us-west-2"}},
            "'amazon_eventbridge.aws_account_id: Invalid value.'",
        ),
        (
            DESTINATION | {"enabled_events": ["v2.core.batch_job.completed", "v2.core.batch_job.complete"]},
            "'enabled_events[1]: Invalid value 'v2.core.batch_job.complete'.'",
        ),
    ],
)
def test_a_wrong_field_of_a_new_destination_is_named(live: Live, body: dict[str, Any], message: str) -> None:
    assert message_of(live, live.load({}), "event_destinations", body) == message


def test_a_version_without_event_grid_does_not_list_it(live: Live) -> None:
    message = message_of(
        live, live.load({}), "event_destinations", DESTINATION | {"type": "azure_event_grid"}, "2025-09-30.clover"
    )
    assert (
        message == "'type: Unrecognized enum value 'azure_event_grid', valid values are: amazon_eventbridge, webhook_endpoint.'"
    )


def test_a_wrong_field_of_a_changed_destination_is_named(live: Live) -> None:
    world = live.load({"given": {"stripe": {"event_destinations": [{"id": "ed_1"}]}}})
    message = message_of(live, world, "event_destinations/ed_1", {"webhook_endpoint": {"uri": "https://example.com"}})
    assert message == "'webhook_endpoint.uri: Unknown field.'"


def test_a_wrong_type_among_those_of_a_list_is_named(live: Live) -> None:
    world = live.load({})
    headers = {"authorization": "Bearer sk_test_1", "stripe-version": "2026-04-22.preview", "emulator-world": world.id}
    query = "types[0]=v2.core.batch_job.created&types[1]=v2.core.batch_job.complete"
    reply = httpx.get(f"{live.url}/v2/core/events?{query}", headers=headers).json()
    assert "'types[1]: Invalid value 'v2.core.batch_job.complete'.'" in reply["error"]["message"]
