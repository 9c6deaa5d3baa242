"""SerpWow's destinations: what each type requires, when they are tried, and what an update answers."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.kernel.world import World
from tests.support.serpwow import send, world_of

TYPES = {
    "s3": ["s3_access_key_id", "s3_secret_access_key", "s3_bucket_name"],
    "s3compatible": ["s3_access_key_id", "s3_secret_access_key", "s3_bucket_name", "s3_endpoint"],
    "gcs": ["gcs_access_key", "gcs_secret_key", "gcs_bucket_name"],
    "azure": ["azure_account_name", "azure_account_key", "azure_container_name"],
    "oss": ["oss_access_key", "oss_secret_key", "oss_bucket_name", "oss_region_id"],
}
REQUIRED = [(type, name) for type, names in TYPES.items() for name in ("name", "type", "enabled", *names)]
S3 = {"s3_access_key_id": "key", "s3_secret_access_key": "secret", "s3_bucket_name": "away"}


def complete_body(type: str) -> dict[str, Any]:
    values = dict.fromkeys(TYPES[type], "value")
    region = {"oss_region_id": "oss-eu-central-1"} if type == "oss" else {}
    return {"name": "A", "type": type, "enabled": True, **values, **region}


def world(**destination: Any) -> World:
    destination_state = {"id": "D", "name": "A", "type": "s3", "settings": S3, **destination}
    return world_of({"platform": {"unreachable": ["away"]}, "destinations": [destination_state]})


def update(world: World, **body: Any) -> int:
    return send(world, "PUT", "/live/destinations/D", body)[0].status


@pytest.mark.parametrize("type", TYPES)
def test_a_destination_with_all_that_its_type_requires_is_made(type: str) -> None:
    reply, _ = send(world_of({}), "POST", "/live/destinations", complete_body(type))
    assert (reply.status, list(reply.body["destination"])) == (200, ["id"])


@pytest.mark.parametrize("region", ["nonsense", "eu-central-1", "OSS-EU-CENTRAL-1", ""])
def test_a_region_that_is_not_printed_is_refused(region: str) -> None:
    reply, _ = send(world_of({}), "POST", "/live/destinations", complete_body("oss") | {"oss_region_id": region})
    assert reply.status == 400
    assert reply.body["request_info"]["message"].startswith("oss_region_id must be one of oss-cn-hangzhou, ")


@pytest.mark.parametrize(("type", "name"), REQUIRED)
def test_a_destination_that_lacks_what_its_type_requires_is_refused(type: str, name: str) -> None:
    body = {key: value for key, value in complete_body(type).items() if key != name}
    reply, _ = send(world_of({}), "POST", "/live/destinations", body)
    assert (reply.status, reply.body["request_info"]["message"]) == (400, f"{name} is required")


def test_parameters_of_another_type_are_ignored_and_path_prefixes_are_optional() -> None:
    empty_world = world_of({})
    send(
        empty_world,
        "POST",
        "/live/destinations",
        complete_body("gcs") | {"s3_bucket_name": "b", "foo": 1, "gcs_path_prefix": "%DATE%"},
    )
    (destination,) = send(empty_world, "GET", "/live/destinations")[0].body["destinations"]
    del destination["id"]
    assert destination == {
        "name": "A",
        "type": "gcs",
        "enabled": True,
        "used_by": 0,
        "gcs_bucket_name": "value",
        "gcs_path_prefix": "%DATE%",
    }


def test_a_destination_is_shown_in_the_order_of_the_printed_sample() -> None:
    destinations = send(world(settings=S3 | {"s3_path_prefix": "p"}), "GET", "/live/destinations")[0].body["destinations"]
    assert [*destinations[0]] == ["id", "name", "type", "enabled", "used_by", "s3_bucket_name", "s3_path_prefix"]


def test_another_type_requires_what_it_is_made_with() -> None:
    assert update(world(), type="gcs") == 400
    assert update(world(), **complete_body("gcs")) == 200
    assert update(world(enabled=False), type="s3compatible", s3_endpoint="https://example.com") == 200


@pytest.mark.parametrize(
    ("before", "body", "status"),
    [
        (True, {"enabled": True}, 200),
        (True, {"name": "B", "s3_path_prefix": "p"}, 200),
        (True, {"s3_bucket_name": "away"}, 200),
        (True, {"s3_access_key_id": "key"}, 200),
        (True, {"s3_access_key_id": "another"}, 400),
        (True, {"enabled": False}, 200),
        (False, {"name": "B"}, 200),
        (False, {"enabled": False}, 200),
        (False, {"enabled": True}, 400),
        (False, {"s3_secret_access_key": "another"}, 400),
    ],
)
def test_a_destination_is_tried_when_it_is_enabled_or_its_credentials_change(
    before: bool, body: dict[str, Any], status: int
) -> None:
    out_of_reach = world(enabled=before)
    answer = send(out_of_reach, "GET", "/live/destinations")[0].body
    assert update(out_of_reach, **body) == status
    if status == 400:
        assert send(out_of_reach, "GET", "/live/destinations")[0].body == answer


@pytest.mark.parametrize(("is_enabled", "status"), [(True, 400), (False, 200)])
def test_a_new_destination_is_tried_if_it_is_enabled(is_enabled: bool, status: int) -> None:
    body = complete_body("s3") | {"enabled": is_enabled, "s3_bucket_name": "away"}
    assert send(world(), "POST", "/live/destinations", body)[0].status == status


def test_an_update_answers_with_the_destination_as_the_list_has_it() -> None:
    world_then = world(settings={"s3_bucket_name": "b"})
    reply, _ = send(world_then, "PUT", "/live/destinations/D", {"name": "B"})
    assert [reply.body["destination"]] == send(world_then, "GET", "/live/destinations")[0].body["destinations"]


def test_a_destination_can_be_unreachable_by_its_id() -> None:
    given = {"id": "D", "enabled": False, "settings": {**S3, "s3_bucket_name": "near"}}
    statuses = [
        update(world_of({"platform": {"unreachable": [name]}, "destinations": [given]}), enabled=True)
        for name in ("D", "other")
    ]
    assert statuses == [400, 200]
