"""An answer is no surer than the facts by which its request was understood, and names them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.web.guard import PREFIX
from tests.support.server import Live

BATCH, OTHER = "7c2c1a0a-f462-42c3-b13c-30da2e4ad216", "8c2c1a0a-f462-42c3-b13c-30da2e4ad216"
WHEN = "2026-03-09T20:55:31.473Z"
"""An instant that is the same once it is rounded, so that nothing else lowers the basis."""

GIVEN = {
    "serpwow": {
        "batches": [{"id": "A", "searches": [{"id": "S1", "q": "a", "custom_id": "c1"}]}],
        "destinations": [
            {"id": "MINE", "type": "s3", "name": "Mine", "settings": {"s3_bucket_name": "B", "s3_path_prefix": "p"}}
        ],
    },
    "stripe": {
        "batch_jobs": [
            {"id": "batchv2_1", "status": "validating"},
            {"id": "batchv2_2", "status": "validating", "rows": 100, "validated_count": 40},
        ],
        "event_destinations": [{"id": "ed_1", "events_from": ["@self"], "description": "Mine", "name": "Mine"}],
    },
    "6dot50": {
        "tokens": [{"token": "open-sesame"}],
        "batches": [
            {"id": BATCH, "name": "March", "externalId": "Ext1", "createdAt": WHEN},
            {"id": OTHER, "name": "April", "externalId": "e0", "createdAt": "2026-03-09T20:55:32.473Z"},
        ],
    },
}
PREVIEW = "2026-03-25.preview"
JOB, DESTINATION = "/v2/core/batch_jobs/batchv2_1", "/v2/core/event_destinations/ed_1"
INCLUDE = "include[0]=webhook_endpoint.url"
HALF_VALID, COMPLETED = "/v2/core/batch_jobs/batchv2_2", "v2.core.batch_job.completed"
KEYS = {"s3_access_key_id": "a", "s3_secret_access_key": "b"}
BUCKET = {"name": "Mine", "type": "s3", "enabled": True, "s3_bucket_name": "c", **KEYS}
NEW = {"metadata": {}, "endpoint": {"http_method": "post", "path": "/v1/customers/:customer"}, "skip_validation": True}
KEY = "api_key={serpwow}"
TO_AMAZON = {
    "name": "Other",
    "description": "Mine",
    "type": "amazon_eventbridge",
    "event_payload": "thin",
    "enabled_events": [COMPLETED],
    "events_from": ["@self"],
    "amazon_eventbridge": {"aws_account_id": "123456789012", "aws_region": "us-gov-east-1"},
}
AMISS = {"aws_account_id": "12", "aws_region": "nowhere"}


def told_of(live: Live, method: str, path: str, headers: dict[str, str], body: Any) -> dict[str, Any]:
    """Send a request to a new world and return what its journal tells of it."""
    world = live.load({"clock": {"start": "2026-03-10T00:00:00Z"}, "given": GIVEN})
    usual = {"authorization": "Bearer sk_test_1" if path.startswith("/v2") else "Bearer open-sesame"}
    if path.startswith("/v2"):
        usual["stripe-version"] = PREVIEW
    sent_headers = {"emulator-world": world.id, **usual, **headers}
    content = {"json": body} if body is not None else {}
    httpx.request(method, live.url + path.replace("{serpwow}", world.serpwow["api_key"]), headers=sent_headers, **content)
    entries = httpx.get(f"{live.url}{PREFIX}/worlds/{world.id}/journal").json()["entries"]
    exchange: dict[str, Any] = next(entry for entry in reversed(entries) if entry["type"] == "exchange")
    return exchange


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "basis"),
    [
        ("GET", f"/za/pay/batches/{BATCH}", {}, None, "documented"),
        ("GET", f"/za/pay/batches/{BATCH}", {"authorization": "bearer open-sesame"}, None, "documented"),
        ("GET", "/za/pay/batches?externalId=e0", {}, None, "documented"),
        ("GET", "/za/pay/batches/statusCodes", {}, None, "documented"),
        ("GET", f"/live/batches/A/searches/1?{KEY}", {}, None, "documented"),
        ("PUT", f"/live/batches/A/S1?{KEY}", {}, {"include_html": "true"}, "documented"),
        ("PUT", f"/live/batches/A?{KEY}", {}, {"searches": [{"q": "b"}]}, "documented"),
        ("PUT", f"/live/batches/A?{KEY}", {}, {"searches": [{"search_type": "place_details", "data_id": "1"}]}, "documented"),
        ("PUT", f"/live/batches/A?{KEY}", {}, {"searches": [{"q": "b", "mobile_type": "iphone"}]}, "documented"),
        ("POST", f"/live/destinations?{KEY}", {}, BUCKET, "documented"),
        ("GET", f"/live/destinations?{KEY}", {}, None, "documented"),
        ("GET", JOB, {}, None, "documented"),
        ("GET", f"{DESTINATION}?include[0]=webhook_endpoint.url", {}, None, "documented"),
        ("POST", "/v2/core/batch_jobs", {}, {**NEW, "metadata": {"k": "v"}}, "inferred"),  # for the link alone: stripe-link-2
        ("POST", "/v2/core/event_destinations", {}, TO_AMAZON, "documented"),
    ],
)  # fmt: skip
def test_a_request_as_the_pages_print_it_gets_an_answer_as_sure_as_they_are(
    live: Live, method: str, path: str, headers: dict[str, str], body: Any, basis: str
) -> None:
    assert told_of(live, method, path, headers, body)["basis"] == basis


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "basis", "fact"),
    [
        ("GET", f"/za/pay/batches/{BATCH.upper()}", {}, None, "inferred", "6dot50-id-1"),
        ("GET", f"/za/pay/BATCHES/{BATCH}", {}, None, "inferred", "6dot50-input-1"),
        ("GET", f"/za/pay/batches/{BATCH}/", {}, None, "inferred", "6dot50-path-3"),
        ("GET", "/za/pay/batches?Take=1", {}, None, "inferred", "6dot50-input-1"),
        ("GET", "/za/pay/batches?externalId=", {}, None, "inferred", "6dot50-list-12"),
        ("PUT", f"/za/pay/batches/{BATCH}", {}, {"NAME": "May"}, "inferred", "6dot50-input-1"),
        ("PUT", f"/za/pay/batches/{BATCH}", {}, {"name": "May"}, "inferred", "6dot50-instant-6"),
        ("GET", f"/za/pay/batches/{BATCH}", {"authorization": "BEARER open-sesame"}, None, "inferred", "6dot50-auth-7"),
        ("POST", f"/za/pay/batches/{BATCH}/cancel", {}, {"a": 1}, "inferred", "6dot50-cancel-13"),
        ("GET", f"/LIVE/Batches/A/Searches/1/?{KEY}", {}, None, "inferred", "serpwow-path-2"),
        ("PUT", f"/live/batches/A/S1?{KEY}", {}, {"q": "b", "source": "python"}, "observed", "serpwow-body-2"),
        ("GET", f"/live/batches/A/searches/1?{KEY}&source=python", {}, None, "observed", "serpwow-body-2"),
        ("DELETE", f"/live/batches/A?{KEY}&force=false", {}, None, "inferred", "serpwow-list-18"),
        ("DELETE", f"/live/batches/A?{KEY}&force=true", {}, None, "inferred", "serpwow-delete-5"),
        ("PUT", f"/live/batches/A/S1?{KEY}", {}, {"id": "X", "q": "b"}, "inferred", "serpwow-searches-17"),
        ("GET", f"/live/batches/A/searches/1?{KEY}&force=true", {}, None, "observed", "serpwow-body-2"),
        ("GET", f"/live/batches?only_with_results=false&{KEY}", {}, None, "inferred", "serpwow-list-18"),
        ("GET", f"/live/batches?created_after=2026-03-01&{KEY}", {}, None, "inferred", "serpwow-list-18"),
        ("GET", f"/live/batches?search_term=%21&{KEY}", {}, None, "inferred", "serpwow-list-20"),
        ("GET", f"/live/destinations?status=idle&{KEY}", {}, None, "observed", "serpwow-body-2"),
        ("GET", f"/live/batches/A/searches/1?page=1&{KEY}", {}, None, "observed", "serpwow-body-2"),
        ("GET", f"/live/batches/A/searches/json?{KEY}", {}, None, "inferred", "serpwow-link-3"),
        ("PUT", f"/live/batches/A/S1?{KEY}", {}, {}, "inferred", "serpwow-searches-15"),
        ("PUT", f"/live/batches/A/S1?{KEY}", {}, {"id": "X"}, "inferred", "serpwow-searches-15"),
        ("PUT", f"/live/batches/A?{KEY}", {}, {"searches": []}, "inferred", "serpwow-searches-17"),
        ("PUT", f"/live/batches/A?{KEY}", {}, {"searches": [{"id": "MINE", "q": "b"}]}, "inferred", "serpwow-searches-17"),
        ("PUT", f"/live/batches/A?{KEY}", {}, {"searches": [{"q": "b"}], "name": "B"}, "inferred", "serpwow-searches-17"),
        ("GET", f"/live/batches/A/searches/1?q=a&custom_id=c1&{KEY}", {}, None, "inferred", "serpwow-searches-5"),
        ("POST", f"/live/destinations?{KEY}", {}, {**BUCKET, "gcs_bucket_name": "c"}, "inferred", "serpwow-destinations-18"),
        ("POST", f"/live/destinations?{KEY}", {}, {**BUCKET, "colour": "red"}, "inferred", "serpwow-destinations-18"),
        ("PUT", f"/live/destinations/MINE?{KEY}", {}, {"colour": "red"}, "inferred", "serpwow-destinations-18"),
        ("POST", f"/live/batches?{KEY}", {}, {"name": "B", "shedule_type": "daily"}, "inferred", "serpwow-body-2"),
        ("PUT", f"/live/batches/A?{KEY}", {}, {"q": "b"}, "inferred", "serpwow-body-2"),
        ("GET", HALF_VALID, {}, None, "inferred", "stripe-validation-6"),
        ("DELETE", DESTINATION, {}, {}, "inferred", "stripe-body-3"),
        ("GET", f"{DESTINATION}?{INCLUDE}&{INCLUDE}", {}, None, "inferred", "stripe-list-9"),
        ("POST", DESTINATION, {}, {"enabled_events": [COMPLETED] * 2}, "inferred", "stripe-destination-24"),
        ("POST", "/v2/core/event_destinations", {}, TO_AMAZON | {"name": "Mine"}, "inferred", "stripe-destination-24"),
        ("POST", "/v2/core/event_destinations", {}, TO_AMAZON | {"events_from": ["@self", "self"]}, "inferred", "stripe-destination-24"),
        ("POST", "/v2/core/event_destinations", {}, TO_AMAZON | {"amazon_eventbridge": AMISS}, "inferred", "stripe-destination-24"),
        ("GET", JOB, {"stripe-version": "2026-04-01.preview"}, None, "observed", "stripe-version-3"),
        ("GET", JOB, {"stripe-version": "2026-10-14.preview"}, None, "observed", "stripe-version-3"),
        ("GET", JOB, {"stripe-version": f"{PREVIEW}; a_feature=v1"}, None, "observed", "stripe-version-8"),
        ("GET", DESTINATION, {"stripe-version": "2026-10-28.endive"}, None, "observed", "stripe-version-6"),
        ("GET", DESTINATION, {"stripe-version": "2024-09-30.acacia"}, None, "inferred", "stripe-destination-17"),
        ("GET", f"{DESTINATION}?include=webhook_endpoint.url", {}, None, "observed", "stripe-list-5"),
        ("GET", f"{DESTINATION}?include[]=webhook_endpoint.url", {}, None, "inferred", "stripe-list-8"),
        ("POST", "/v2/core/batch_jobs", {}, {**NEW, "metadata": {"k": ""}}, "inferred", "stripe-metadata-5"),
        ("GET", "/v2/core/events?limit=1", {"stripe-version": "2026-09-30.preview"}, None, "inferred", "stripe-event-18"),
        ("POST", "/v2/core/batch_jobs", {"idempotency-key": ""}, {**NEW, "metadata": {}}, "inferred", "stripe-idempotency-10"),
        ("POST", "/v2/core/batch_jobs", {}, {**NEW, "metadata": {"": "v"}}, "inferred", "stripe-metadata-2"),
        ("POST", DESTINATION, {}, {"enabled_events": ["v2.zzz.created"]}, "inferred", "stripe-event-19"),
    ],
)  # fmt: skip
def test_what_no_page_prints_of_a_request_lowers_the_basis(
    live: Live, method: str, path: str, headers: dict[str, str], body: Any, basis: str, fact: str
) -> None:
    exchange = told_of(live, method, path, headers, body)
    assert (exchange["status"], exchange["basis"]) == (200, basis)
    assert fact in exchange["also"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "assumption"),
    [
        ("PUT", f"/za/pay/batches/{BATCH}", {"externalId": "E0"}, 200, "6dot50.external-id-case"),
        ("PUT", f"/za/pay/batches/{BATCH}", {"externalId": ""}, 400, "6dot50.empty-external-id"),
        ("POST", "/za/pay/batches", {"name": "May", "externalId": "E0"}, 200, "6dot50.external-id-case"),
        ("GET", "/za/pay/batches?externalId=ext1", None, 200, "6dot50.external-id-case"),
        ("GET", "/za/pay/batches?take=5&TAKE=1", None, 400, "6dot50.repeated-parameter"),
        ("GET", f"/live/destinations?page=2&{KEY}", None, 200, "serpwow.list-beyond-end"),
        ("GET", f"/live/errorlogs?page=2&{KEY}", None, 200, "serpwow.list-beyond-end"),
        ("GET", f"/live/account?api_key=demo&{KEY}", None, 400, "serpwow.repeated-parameter"),
        ("GET", f"/live/batches/A/Searches/1?{KEY}", None, 200, "serpwow.path-spelling"),
        ("DELETE", f"/live/batches/A/clear?{KEY}&{KEY}", None, 200, "serpwow.repeated-parameter"),
        ("GET", f"/live/destinations?page=1&page=1&{KEY}", None, 200, "serpwow.repeated-parameter"),
        ("GET", f"/live/batches/A/searches/1?q=a&q=a&{KEY}", None, 200, "serpwow.repeated-parameter"),
        ("DELETE", f"/live/batches/A?force=true&force=true&{KEY}", None, 200, "serpwow.repeated-parameter"),
        ("GET", f"/live/batches/A/searches/1?{KEY}", {}, 200, "serpwow.unread-body"),
        ("DELETE", f"/live/batches/A?{KEY}", {}, 200, "serpwow.unread-body"),
        ("GET", JOB, {}, 200, "stripe.body-of-get"),
        ("GET", f"{DESTINATION}?{INCLUDE}", {}, 200, "stripe.body-of-get"),
        ("PUT", f"/live/batches/A?{KEY}", {"searches": [{"q": "b", "custom_id": "c1"}]}, 200, "serpwow.repeated-custom-id"),
        ("PUT", f"/live/batches/A?{KEY}", {"searches": [{"q": "b", "custom_id": "c2"}] * 2}, 200, "serpwow.repeated-custom-id"),
        ("GET", f"/live/batches?search_term=%20-&{KEY}", None, 200, "serpwow.term-without-words"),
        ("POST", f"/live/destinations?{KEY}", BUCKET | {"s3_path_prefix": ""}, 200, "serpwow.empty-text"),
        ("GET", f"/live/destinations?page_size=5&{KEY}", None, 200, "serpwow.fixed-page-size"),
        ("PUT", f"/live/batches/A/S1?{KEY}", {"include_html": "True"}, 200, "serpwow.flag-words"),
        ("PUT", f"/live/batches/A?{KEY}", {"searches": [{"location": "London"}]}, 200, "serpwow.search-without-q"),
        ("PUT", f"/live/batches/A/S1?{KEY}", {"q": " "}, 200, "serpwow.search-without-q"),
        *(
            ("PUT", f"/live/batches/A?{KEY}", {"searches": [{"q": "b"} | odd]}, 200, "serpwow.unknown-parameter")
            for odd in ({"foo": 1}, {"q": ["a", "b"]}, {"num": "abc"}, {"location": 7}, {"page": -1}, {"location": ""}, {"max_page": "02"})
        ),
        ("PUT", f"/live/batches/A/S1?{KEY}", {"num": []}, 200, "serpwow.unknown-parameter"),
        ("GET", f"/live/batches/A/searches/1?q=&{KEY}", None, 200, "serpwow.unprinted-values"),
        ("GET", f"/live/batches/A/searches/1?custom_id=&{KEY}", None, 200, "serpwow.unprinted-values"),
        ("GET", f"/live/batches/A/searches/01?{KEY}", None, 200, "serpwow.unprinted-values"),
        ("GET", f"/live/batches?page=01&{KEY}", None, 200, "serpwow.unprinted-values"),
        ("GET", f"/live/batches?page_size=007&{KEY}", None, 200, "serpwow.unprinted-values"),
        ("GET", f"/live/batches?created_before=2026-03-08T24:00:00Z&{KEY}", None, 200, "serpwow.unprinted-values"),
        ("GET", f"/live/destinations?page=01&{KEY}", None, 200, "serpwow.unprinted-values"),
        ("GET", f"/live/destinations?search_term=&{KEY}", None, 200, "serpwow.unprinted-values"),
        ("GET", f"/live/errorlogs?page=01&{KEY}", None, 200, "serpwow.unprinted-values"),
        ("POST", f"/live/destinations?{KEY}", BUCKET | {"enabled": "true"}, 200, "serpwow.flag-words"),
        ("POST", DESTINATION, {"metadata": {}}, 200, "stripe.empty-metadata"),
    ],
)  # fmt: skip
def test_what_had_to_be_assumed_of_a_request_is_named(
    live: Live, method: str, path: str, body: Any, status: int, assumption: str
) -> None:
    exchange = told_of(live, method, path, {}, body)
    assert (exchange["status"], exchange["basis"], exchange["assumption"]) == (status, "inferred", assumption)


@pytest.mark.parametrize("version", [f"{PREVIEW};garbage", f"{PREVIEW}; a", f"{PREVIEW};", "2026-03-25.PREVIEW"])
def test_what_is_no_version_is_refused(live: Live, version: str) -> None:
    exchange = told_of(live, "GET", JOB, {"stripe-version": version}, None)
    assert (exchange["status"], exchange["answer"]) == (400, "unknown_version")


@pytest.mark.parametrize(
    "path", ["/V2/core/batch_jobs/batchv2_1", "/v2/CORE/batch_jobs/batchv2_1", "/v2/core/Batch_jobs/batchv2_1"]
)
def test_a_path_of_stripe_in_other_capitals_leads_nowhere(live: Live, path: str) -> None:
    world = live.load({"clock": {"start": "2026-03-10T00:00:00Z"}, "given": GIVEN})
    headers = {"authorization": "Bearer sk_test_1", "stripe-version": PREVIEW, "emulator-world": world.id}
    assert httpx.get(live.url + path, headers=headers).status_code == 404
