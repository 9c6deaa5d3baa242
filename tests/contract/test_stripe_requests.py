"""Stripe's requests are taken or refused by their keys, their contexts, their labels and their number."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import stripe

from emulator.vendors.stripe.model.accounts import OWN_ACCOUNT
from emulator.vendors.stripe.requests.admission import REQUESTS_PER_SECOND
from emulator.web.guard import PREFIX
from tests.support.server import Live, World

ID = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
JOB = f"/v2/core/batch_jobs/{ID}"
NEW = b'{"metadata": {}, "endpoint": {"http_method": "post", "path": "/v1/customers/:customer"}}'


def world_with_a_job(live: Live, **more: Any) -> World:
    return live.load({"given": {"stripe": {"batch_jobs": [{"id": ID, "status": "in_progress"}]}}} | more)


def send(live: Live, world: World, method: str, path: str, key: str = "sk_test_1", **request: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {key}", "stripe-version": "2026-03-25.preview", "emulator-world": world.id}
    return httpx.request(method, f"{live.url}{path}", headers=headers | request.pop("headers", {}), **request)


def facts_of(world: World) -> set[str]:
    """Return the ids of the facts that the answer to the newest request rests on."""
    newest = [entry for entry in world.journal() if entry["type"] == "exchange"][-1]
    return {newest["evidence"], *newest["also"]}


@pytest.mark.parametrize(
    ("key", "assume", "status", "code"),
    [
        ("pk_test_1", {}, 403, "secret_key_required"),
        ("pk_live_1", {"stripe.publishable-key": "401"}, 401, "secret_key_required"),
        ("rk_test_1", {"stripe.restricted-key": "refuse"}, 403, "forbidden"),
        ("demo", {"stripe.other-key": "401"}, 401, "invalid_api_key"),
    ],
)
def test_a_key_that_is_refused_cancels_nothing(live: Live, key: str, assume: dict[str, str], status: int, code: str) -> None:
    world = world_with_a_job(live, assume=assume)
    response = send(live, world, "POST", f"{JOB}/cancel", key)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert send(live, world, "GET", JOB).json()["status"] == "in_progress"


@pytest.mark.parametrize(
    ("key", "fact", "basis"), [("rk_test_1", "stripe-auth-5", "documented"), ("demo", "stripe-auth-6", "inferred")]
)
def test_an_answer_to_a_key_that_is_not_secret_says_what_it_rests_on(live: Live, key: str, fact: str, basis: str) -> None:
    world = live.load({"given": {"stripe": {"batch_jobs": [{"id": ID, "status": "cancelling"}]}}})
    assert send(live, world, "GET", JOB, key).headers["emulator-basis"] == basis
    assert fact in facts_of(world)


@pytest.mark.parametrize("key", ["pk_test_1", "rk_test_1", "demo"])
def test_a_key_that_the_scenario_lists_is_good_in_any_form(live: Live, key: str) -> None:
    world = world_with_a_job(live, credentials={"stripe": [key]}, assume={"stripe.other-key": "401"})
    assert send(live, world, "GET", JOB, key).status_code == 200
    assert not facts_of(world) & {"stripe-auth-5", "stripe-auth-6"}


def test_the_client_raises_a_permission_error_for_a_publishable_key(live: Live) -> None:
    client = stripe.StripeClient("pk_test_1", base_addresses={"api": live.url})
    with pytest.raises(stripe.PermissionError) as excinfo:
        client.v2.core.batch_jobs.retrieve(ID)
    assert excinfo.value.error is not None
    assert excinfo.value.error.code == "secret_key_required"


@pytest.mark.parametrize("header", ["stripe-context", "stripe-account"])
@pytest.mark.parametrize("context", ["nonsense", "acct_", "acct_1/", "/acct_1", "acct_1//acct_2", "org_1/acct_1", "acct_1 2"])
def test_a_context_that_is_no_path_of_accounts_is_refused_whole(live: Live, header: str, context: str) -> None:
    world = world_with_a_job(live)
    response = send(live, world, "POST", f"{JOB}/cancel", headers={header: context})
    assert (response.status_code, response.json()["error"]["code"]) == (403, "account_invalid")
    assert send(live, world, "GET", JOB).json()["status"] == "in_progress"


@pytest.mark.parametrize("header", ["stripe-context", "stripe-account"])
@pytest.mark.parametrize("context", [OWN_ACCOUNT, f"acct_platform/{OWN_ACCOUNT}", "", "my own account"])
def test_a_context_of_the_own_account_finds_what_the_account_has(live: Live, header: str, context: str) -> None:
    state = {"account": {"id": context}} if " " in context else {}
    world = live.load({"given": {"stripe": state | {"batch_jobs": [{"id": ID, "status": "in_progress"}]}}})
    assert send(live, world, "GET", JOB, headers={header: context}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "facts"),
    [
        ({"stripe-context": "acct_other"}, {"stripe-context-2"}),
        ({"stripe-account": "acct_other"}, {"stripe-context-2", "stripe-context-3"}),
        ({"stripe-context": OWN_ACCOUNT}, set()),
        ({"stripe-account": OWN_ACCOUNT}, {"stripe-context-3"}),
    ],
)
def test_an_answer_says_what_the_account_that_it_acts_for_rests_on(
    live: Live, headers: dict[str, str], facts: set[str]
) -> None:
    world = world_with_a_job(live)
    send(live, world, "GET", JOB, headers=headers)
    assert {fact for fact in facts_of(world) if fact.startswith("stripe-context")} == facts


@pytest.mark.parametrize(
    ("label", "fact", "strict"),
    [
        ("application/json", False, 200),
        ("Application/JSON; charset=utf-8", False, 200),
        ("application/x-www-form-urlencoded", False, 200),
        ("text/plain", True, 400),
        ("", True, 400),
        ("application/xml", True, 400),
    ],
)
def test_json_is_read_under_any_label_and_refused_where_that_is_assumed(
    live: Live, label: str, fact: bool, strict: int
) -> None:
    world, strictly = live.load({}), live.load({"assume": {"stripe.body-content-type": "refuse"}})
    request: dict[str, Any] = {"content": NEW, "headers": {"content-type": label}}
    assert send(live, world, "POST", "/v2/core/batch_jobs", **request).status_code == 200
    assert ("stripe-body-2" in facts_of(world)) is fact
    assert send(live, strictly, "POST", "/v2/core/batch_jobs", **request).status_code == strict


def test_the_limit_of_a_sandbox_begins_anew_with_each_second_of_the_clock(live: Live) -> None:
    world = world_with_a_job(live, assume={"stripe.rate-limits": "sandbox"})
    for _ in range(2):
        assert {send(live, world, "GET", JOB).status_code for _ in range(REQUESTS_PER_SECOND)} == {200}
        responses = [send(live, world, "GET", JOB) for _ in range(2)]
        assert [response.headers["stripe-rate-limited-reason"] for response in responses] == ["global-rate", "global-rate"]
        world.advance("999ms")
        assert send(live, world, "GET", JOB).status_code == 429
        world.advance("1ms")


def test_no_request_is_limited_where_nothing_is_assumed(live: Live) -> None:
    world = world_with_a_job(live)
    assert {send(live, world, "GET", JOB).status_code for _ in range(2 * REQUESTS_PER_SECOND)} == {200}


def test_a_refused_update_of_a_destination_leaves_it_as_it_was(live: Live) -> None:
    destination = {"id": "ed_1", "metadata": {f"k{n}": "v" for n in range(50)}}
    world = live.load({"given": {"stripe": {"event_destinations": [destination]}}})
    before = send(live, world, "GET", "/v2/core/event_destinations/ed_1").json()
    world.advance("1h")
    update = {"metadata": {"more": "v"}}
    assert send(live, world, "POST", "/v2/core/event_destinations/ed_1", json=update).status_code == 400
    assert send(live, world, "GET", "/v2/core/event_destinations/ed_1").json() == before


def test_the_events_of_one_request_name_it_by_one_id(live: Live) -> None:
    world = live.load({})
    job = {"endpoint": {"http_method": "post", "path": "/v1/customers/:customer"}, "skip_validation": True, "metadata": {}}
    response = send(live, world, "POST", "/v2/core/batch_jobs", json=job)
    events = send(live, world, "GET", "/v2/core/events").json()["data"]
    reasons = [event["reason"]["request"] for event in events]
    assert len(reasons) == 2
    assert [reason["id"] for reason in reasons] == [response.headers["request-id"]] * 2
    assert len({reason["idempotency_key"] for reason in reasons}) == 1


DESTINATION: dict[str, Any] = {
    "name": "Mine",
    "description": "All mine",
    "type": "webhook_endpoint",
    "event_payload": "thin",
    "enabled_events": ["v2.core.batch_job.completed"],
    "webhook_endpoint": {"url": "https://example.com/hook"},
}
CREATE: dict[str, Any] = {
    "endpoint": {"http_method": "post", "path": "/v1/customers/:customer"},
    "skip_validation": False,
    "metadata": {},
}


@pytest.mark.parametrize(
    ("choice", "path", "body"),
    [
        ("stripe.job-without-metadata: omit", "batch_jobs", CREATE),
        ("stripe.cancel-with-parameters: ignore", f"batch_jobs/{ID}/cancel", {"why": "so"}),
        ("stripe.thin-with-snapshot-version: accept", "event_destinations", {"snapshot_api_version": "2026-03-25.preview"}),
        ("stripe.snapshot-of-v2-events: accept", "event_destinations", {"event_payload": "snapshot"}),
        ("stripe.too-many-destinations: allow", "event_destinations", {"name": "One more"}),
    ],
)
def test_an_answer_that_a_switched_assumption_gives_is_inferred_and_names_it(
    live: Live, choice: str, path: str, body: dict[str, Any]
) -> None:
    name, chosen = choice.split(": ")
    job, full = {"id": ID, "status": "in_progress"}, [{"repeat": 16}] if "many" in name else []
    world = live.load({"assume": {name: chosen}, "given": {"stripe": {"batch_jobs": [job], "event_destinations": full}}})
    sent = DESTINATION | body if path == "event_destinations" else body
    answer = send(live, world, "POST", f"/v2/core/{path}", json=sent)
    assert (answer.status_code, answer.headers["emulator-basis"]) == (200, "inferred")
    assert [it for it in world.journal() if it["type"] == "exchange"][-1]["assumption"] == name


@pytest.mark.parametrize(
    ("more", "basis"),
    [
        ({}, "documented"),
        ({"name": " "}, "inferred"),
        ({"name": "n" * 5_000}, "inferred"),
        ({"webhook_endpoint": {"url": "https://user:pass@example.com/hook"}}, "inferred"),
    ],
    ids=lambda it: str(it)[:30],
)
def test_a_destination_that_no_page_speaks_of_is_inferred(live: Live, more: dict[str, Any], basis: str) -> None:
    made = send(live, live.load({}), "POST", "/v2/core/event_destinations", json=DESTINATION | more)
    assert (made.status_code, made.headers["emulator-basis"]) == (200, basis)


@pytest.mark.parametrize(
    ("state", "basis"),
    [
        ({"status": "in_progress"}, "inferred"),
        ({"status": "complete", "rows": 0}, "inferred"),
        ({}, "inferred"),
        ({"status": "validating"}, "documented"),
    ],
)
def test_counts_that_rest_on_a_pace_or_an_empty_file_and_links_are_inferred(
    live: Live, state: dict[str, Any], basis: str
) -> None:
    world = live.load({"given": {"stripe": {"batch_jobs": [{"id": ID, **state}]}}})
    assert send(live, world, "GET", JOB).headers["emulator-basis"] == basis


def test_a_job_of_another_account_is_not_looked_for_under_another_name(live: Live) -> None:
    world = world_with_a_job(live)
    assert send(live, world, "GET", JOB, headers={"stripe-context": "acct_other"}).status_code == 404
    explained = live.control.get(f"{PREFIX}/worlds/{world.id}/journal/last/explain").text
    assert "\\u0000" not in explained
    assert "absent" not in explained


def test_the_error_of_a_failed_validation_is_shown_where_that_is_assumed(live: Live) -> None:
    given = {"stripe": {"batch_jobs": [{"id": ID, "status": "validation_failed"}]}}
    shown = [
        send(live, live.load({"given": given, "assume": assume}), "GET", JOB).json()["status_details"]["validation_failed"]
        for assume in ({}, {"stripe.validation-failed-error": "error"})
    ]
    assert "error" not in shown[0]
    assert "path_params" in shown[1]["error"]
