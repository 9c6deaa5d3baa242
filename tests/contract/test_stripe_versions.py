"""What events, destinations and metadata may hold: by version, by payload, and by the limits that pages print."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.vendors.stripe.destinations.model import FORMER_SOURCES, SOURCES, is_source, load_sources, sources_to_json
from emulator.vendors.stripe.model.versions import (
    GENERAL,
    PREVIEWS,
    has_event_filters,
    has_event_grid,
    has_new_sources,
    is_well_formed,
    lacks_jobs,
)
from emulator.vendors.stripe.requests.fields import LONGEST_KEY, LONGEST_VALUE, MOST_PAIRS, metadata_mistakes
from emulator.web.guard import PREFIX
from tests.support.server import Live

FORMER_VERSION, VERSION = "2024-09-30.acacia", "2026-03-25.preview"
NEW: dict[str, Any] = {
    "name": "Mine",
    "type": "webhook_endpoint",
    "event_payload": "thin",
    "enabled_events": ["v2.core.batch_job.completed"],
    "webhook_endpoint": {"url": "https://example.com/hook"},
}
GRID = {
    "type": "azure_event_grid",
    "azure_event_grid": {"azure_region": "r", "azure_resource_group_name": "g", "azure_subscription_id": "s"},
}


def ask(live: Live, method: str, path: str, version: str = VERSION, **request: Any) -> httpx.Response:
    headers = {"authorization": "Bearer sk_test_1", "stripe-version": version}
    return httpx.request(method, f"{live.url}/v2/core/{path}", headers=headers, **request)


@pytest.mark.parametrize(
    ("version", "filters", "sources", "grid"),
    [
        ("2024-09-30.acacia", False, False, False),
        ("2025-09-30.clover", False, False, False),
        ("2025-10-29.clover", True, False, False),
        ("2025-10-29.preview", True, False, False),
        ("2024-12-03.preview-v2", False, False, False),
        ("2026-03-25.dahlia", True, True, False),
        ("2026-03-25.preview", True, True, True),
        ("2026-04-22.dahlia", True, True, True),
        ("2026-10-28.endive", True, True, True),
        ("2027-01-27.fern", True, True, True),
        ("newest", True, True, True),
    ],
)
def test_each_version_has_what_its_changelog_says(version: str, filters: bool, sources: bool, grid: bool) -> None:
    assert (has_event_filters(version), has_new_sources(version), has_event_grid(version)) == (filters, sources, grid)


@pytest.mark.parametrize("version", PREVIEWS)
def test_every_preview_that_has_batch_jobs_has_all_of_it(version: str) -> None:
    assert has_event_filters(version)
    assert has_new_sources(version)
    assert has_event_grid(version)


@pytest.mark.parametrize(
    ("version", "lacking"),
    [
        *((version, False) for version in (*PREVIEWS, "preview", "2027-01-27.preview", "2026-03-26.preview-v2", "newest", "")),
        *((version, True) for version in (*sorted(GENERAL), "2027-01-27.fern", "2026-03-24.preview", "2024-12-03.preview-v2")),
    ],
)
def test_previews_since_their_first_are_the_versions_that_may_have_batch_jobs(version: str, lacking: bool) -> None:
    assert lacks_jobs(version) == lacking


@pytest.mark.parametrize("version", [*sorted(GENERAL), "2024-12-03.preview-v2", "preview"])
def test_a_version_of_each_published_form_is_one(version: str) -> None:
    assert is_well_formed(version)


@pytest.mark.parametrize(
    "version", ["2026-03-25.", "2026-03-25.preview-", "2026-03-25.-v2", "2026-03-25.Preview", "2026-13-25.a"]
)
def test_a_version_is_a_date_and_a_name(version: str) -> None:
    assert not is_well_formed(version)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "Some fields in the request were invalid: 'object_id: Missing field.'"),
        ("limit=1", "Some fields in the request were invalid: 'object_id: Missing field.'"),
        ("object_id=x&types=v2.core.batch_job.created", "Some fields in the request were invalid: 'types: Unknown field.'"),
        (
            "object_id=x&types[1]=v2.core.batch_job.created",
            "Some fields in the request were invalid: 'types[1]: Unknown field.'",
        ),
        ("types[0]=v2.core.batch_job.created", "Some fields in the request were invalid: 'types[0]: Unknown field.'"),
        (
            "object_id=x&created[lte]=2026-03-09T20:55:31Z",
            "Some fields in the request were invalid: 'created[lte]: Unknown field.'",
        ),
    ],
)
def test_a_former_version_lists_events_by_their_object_alone(live: Live, query: str, field: str) -> None:
    response = ask(live, "GET", f"events?{query}", FORMER_VERSION)
    assert (response.status_code, response.json()["error"]["message"]) == (400, field)
    if "object_id" not in query or "types" in query or "created" in query:
        assert ask(live, "GET", f"events?{query}").status_code == 200


def test_the_pages_of_a_former_version_keep_the_object(live: Live) -> None:
    endpoint = {"http_method": "post", "path": "/v1/customers/:customer"}
    id = ask(live, "POST", "batch_jobs", json={"endpoint": endpoint, "metadata": {}}).json()["id"]
    first = ask(live, "GET", f"events?object_id={id}&limit=1", FORMER_VERSION).json()
    second = ask(live, "GET", first["next_page_url"].removeprefix("/v2/core/"), FORMER_VERSION).json()
    assert [item["type"] for item in second["data"]] == ["v2.core.batch_job.created"]


@given(st.lists(st.sampled_from(SOURCES), min_size=1), st.sampled_from([VERSION, FORMER_VERSION]))
def test_sources_of_an_answer_can_be_sent_back(sources: list[str], version: str) -> None:
    assert load_sources(sources_to_json(sources, version)) == tuple(sources)


@pytest.mark.parametrize("version", [VERSION, FORMER_VERSION])
@pytest.mark.parametrize("source", [*SOURCES, *FORMER_SOURCES, "@nobody", "", "@Self"])
def test_a_source_is_accepted_in_its_own_version_and_a_former_one_always(live: Live, source: str, version: str) -> None:
    response = ask(live, "POST", "event_destinations", version, json=NEW | {"events_from": [source]})
    assert response.status_code == (200 if is_source(source, version) else 400)
    if response.status_code == 200:
        body = ask(live, "GET", f"event_destinations/{response.json()['id']}").json()["events_from"]
        assert body == [FORMER_SOURCES.get(source, source)]


def test_a_cloud_that_a_version_does_not_have_is_refused_by_its_field_too(live: Live) -> None:
    for fields in (NEW | GRID, NEW | {"azure_event_grid": GRID["azure_event_grid"]}, NEW | {"type": GRID["type"]}):
        assert ask(live, "POST", "event_destinations", FORMER_VERSION, json=fields).status_code == 400


@pytest.mark.parametrize(
    "type", ["v2.core.batch_job.completed", "v2.core.event_destination.ping", "v1.billing.meter.no_meter_found"]
)
def test_a_destination_of_snapshots_accepts_no_thin_event(live: Live, type: str) -> None:
    fields = NEW | {"event_payload": "snapshot", "enabled_events": ["customer.created", type]}
    response = ask(live, "POST", "event_destinations", json=fields)
    assert (response.status_code, response.headers["emulator-basis"]) == (400, "inferred")
    assert type in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        ({"event_payload": "snapshot", "enabled_events": ["v2.core.batch_job.completed"]}, "has snapshots"),
        ({"snapshot_api_version": "2026-03-25.dahlia"}, "no snapshot_api_version"),
        ({"events_from": ["@nobody"]}, "@nobody"),
        ({"metadata": {"a[b]": "v"}}, "metadata"),
        ({"metadata": {"k": "v" * 501}}, "metadata"),
        ({"metadata": {"k" * 41: "v"}}, "metadata"),
        ({"metadata": {f"k{n}": "v" for n in range(51)}}, "metadata"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_scenario_cannot_load_a_destination_that_no_request_makes(live: Live, state: dict[str, Any], problem: str) -> None:
    response = live.control.post(
        f"{PREFIX}/worlds", json={"scenario": {"title": "x", "given": {"stripe": {"event_destinations": [state]}}}}
    )
    assert response.status_code == 422
    assert problem in response.text


KEYS = st.text(st.characters(exclude_characters="[]", exclude_categories=["Cs"]), max_size=LONGEST_KEY)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=LONGEST_VALUE)


@given(st.dictionaries(KEYS, VALUES, max_size=MOST_PAIRS))
def test_metadata_within_the_limits_is_valid(metadata: dict[str, str]) -> None:
    assert not [*metadata_mistakes(metadata)]


@pytest.mark.parametrize("value", [None, 1, True, [], {}])
def test_a_value_of_metadata_is_a_text_and_null_only_removes(value: object) -> None:
    assert [*metadata_mistakes({"k": value})]
    assert (not [*metadata_mistakes({"k": value}, removes=True)]) == (value is None)


def test_an_update_that_would_leave_too_many_pairs_changes_nothing(live: Live) -> None:
    full = {f"k{n}": "v" for n in range(MOST_PAIRS)}
    id = ask(live, "POST", "event_destinations", json=NEW | {"metadata": full}).json()["id"]
    response = ask(live, "POST", f"event_destinations/{id}", json={"name": "Other", "metadata": {"more": "v"}})
    assert response.status_code == 400
    body = ask(live, "GET", f"event_destinations/{id}").json()
    assert (body["metadata"], body["name"]) == (full, "Mine")
    accepted_response = ask(live, "POST", f"event_destinations/{id}", json={"metadata": {"more": "v", "k0": None}})
    assert len(accepted_response.json()["metadata"]) == MOST_PAIRS


@pytest.mark.parametrize(("made", "basis"), [("2026-09-30.preview", "inferred"), ("2026-03-25.preview", "documented")])
def test_the_maximum_rps_of_a_job_is_documented_if_it_was_made_with_one(live: Live, made: str, basis: str) -> None:
    endpoint = {"http_method": "post", "path": "/v1/customers/:customer"}
    body = {"endpoint": endpoint, "skip_validation": True, "metadata": {"k": "v"}}
    job = ask(live, "POST", "batch_jobs", made, json=body).json()["id"]
    shown = ask(live, "POST", f"batch_jobs/{job}/cancel", "2026-03-25.preview")
    assert (shown.json()["maximum_rps"], shown.json()["status"]) == (10, "cancelling")
    assert ask(live, "GET", f"batch_jobs/{job}", "2026-03-25.preview").headers["emulator-basis"] == basis


@pytest.mark.parametrize(
    ("version", "assume", "told"),
    [
        ("2026-08-26.preview", "null", {}),
        ("2026-09-30.preview", "omit", {}),
        ("2026-09-30.preview", "null", {"snapshot_event": None}),
        ("2026-10-28.endive", "null", {"snapshot_event": None}),
    ],
)
@pytest.mark.parametrize("call", ["GET events", "POST event_destinations/ed_1/ping"])
def test_an_event_without_a_snapshot_tells_none_as_in_the_samples(
    live: Live, version: str, assume: str, told: dict[str, None], call: str
) -> None:
    given = {"stripe": {"event_destinations": [{"id": "ed_1"}]}}
    world = live.load({"given": given, "assume": {"stripe.event-without-snapshot": assume}})
    headers = {"authorization": "Bearer sk_test_1", "stripe-version": version, "emulator-world": world.id}
    httpx.post(f"{live.url}/v2/core/event_destinations/ed_1/ping", headers=headers).raise_for_status()
    method, path = call.split()
    body = httpx.request(method, f"{live.url}/v2/core/{path}", headers=headers).raise_for_status().json()
    event = body["data"][0] if "data" in body and isinstance(body["data"], list) else body
    assert {name: value for name, value in event.items() if name == "snapshot_event"} == told
