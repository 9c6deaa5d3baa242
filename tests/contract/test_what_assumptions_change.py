"""An answer that another choice of an assumption makes different is called inferred, by both choices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import httpx
import pytest

from emulator.server.app import worlds_of
from emulator.vendors import VENDORS
from tests.support.choices import Choices, Difference
from tests.support.loading import load_value
from tests.support.sixdot50 import PAYEE, STRANGER
from tests.support.walking import IN_PROCESS

AT = "2026-03-0{}T00:00:00.127Z"

BODIES: list[dict[str, Any]] = [{"name": "x"}, {"name": ""}, {}]
BODIES += [{"externalId": it} for it in ("", None, "e13", "E12", "e15", "new")]
ADDED: list[dict[str, Any]] = [{}, {"amount": 0}, {"amount": 1.005}, {"msisdn": f"+{PAYEE}"}, {"referralAmount": 1}]
ADDED += [{"externalId": "P6"}]


def guid(n: int) -> str:
    return f"{n:08x}-aaaa-4bbb-8ccc-dddddddddddd"


def payment(n: int, referral: bool, **more: Any) -> dict[str, Any]:
    given = {
        "id": guid(n),
        "msisdn": STRANGER,
        "amount": "100.25",
        "firstname": "F",
        "lastname": "L",
        "createdAt": AT.format(1),
    }
    referred = {"externalId": f"p{n}", "referralAmount": "5.50", "referralMsisdn": PAYEE} if referral else {}
    return given | referred | more


def batch(n: int, *payments: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    made = {"id": guid(n), "name": "N", "externalId": f"e{n}", "createdAt": AT.format(2), "payments": list(payments)}
    return made | more


def state_of_6dot50(referral: bool) -> dict[str, Any]:
    settled = {"status": "SETTLED", "settledAt": "2026-03-04T00:00:00.4774Z", "since": AT.format(4)}
    pending, cancelled = {"status": "PENDING", "since": AT.format(4)}, {"status": "CANCELLED", "since": AT.format(4)}
    return {
        "tokens": [{"token": "demo", "expiresAt": "2036-01-01T00:00:00Z"}],
        "organisation": {"referrals": referral},
        "accounts": [{"name": "A", "balance": 9000, "currencyCode": "DUSD"}, {"name": "B", "balance": 5000}],
        "members": [PAYEE],
        "batches": [
            batch(11, payment(1, referral), payment(2, referral, msisdn=PAYEE, isMember=False)),
            batch(12, payment(3, referral, **settled), payment(4, referral, **pending), payment(5, referral, **cancelled),
                  status="OPEN", since=AT.format(4), createdAt=AT.format(3)),
            batch(13, payment(6, referral, **cancelled), status="CANCELLED", createdAt=AT.format(5)),
            batch(14, payment(7, referral, **settled), status="CLOSED", createdAt=AT.format(6)),
            batch(15, owner="another", createdAt=AT.format(7)),
            batch(16, createdAt="2026-03-08T00:00:00.1254Z", externalId="odd"),
        ],
    }  # fmt: skip


def requests_of_6dot50() -> Iterator[tuple[str, str, Any]]:
    for n in range(11, 17):
        yield from (("GET", f"/batches/{guid(n)}{path}", None) for path in ("", "/payments"))
        yield from (("POST", f"/batches/{guid(n)}/{verb}", None) for verb in ("cancel", "submit"))
    for n in range(1, 8):
        yield from ((method, f"/payments/{guid(n)}", None) for method in ("GET", "DELETE"))
    for query in (
        "", "statusCode=OPEN", "statusCode=open", "statusCode=CANCELLED", "statusCode=", "statusCode=FOO", "externalId=e11",
        "externalId=E12", "externalId=", "skip=1", "take=1", "take=0", "skip=x", "statusCode=OPEN&statusCode=DRAFT",
    ):  # fmt: skip
        yield "GET", f"/batches?{query}", None
    for path in ("/accounts", "/batches/statusCodes", "/batch/statusCodes", f"/members/{PAYEE}/exists", "/members/x/exists"):
        yield "GET", path, None
    for body in BODIES:
        yield "PUT", f"/batches/{guid(11)}", body
        yield "POST", "/batches", {"name": "k", **body}
    for more in ADDED:
        added = {"clearExisting": False, "payments": [{"msisdn": PAYEE, "amount": 1, **more}]}
        yield "POST", f"/batches/{guid(11)}/payments", added


SERPWOW_BATCHES: list[dict[str, Any]] = [
    {"id": "A1", "name": "apple pie", "searches": [{"id": "S1", "q": "A", "custom_id": "C1"}, {"id": "S2", "q": "b", "location": "Aa"}]},
    {"id": "A2", "name": "Banana", "created_at": AT.format(1), "schedule_type": "daily", "schedule_hours": [9], "priority": "high"},
    {"id": "A3", "name": "cherry", "status": "queued", "searches": 3, "last_run": AT.format(2), "notification_webhook": "http://h/"},
    {"id": "A4", "name": "Date", "status": "running", "searches": 3, "last_run": AT.format(3), "enabled": False, "destination_ids": ["D1"]},
    {"id": "A5", "name": "egg", "searches": 2, "last_run": AT.format(4), "notification_csv_fields": "a,b", "result_sets": [
        {"id": 1, "started_at": AT.format(4), "ended_at": AT.format(5), "searches_failed": 1, "webhook": "http://h/"}]},
    {"id": "A6", "name": "Fig", "last_run": AT.format(1), "searches": 1, "destination_ids": ["D1", "D2"], "result_sets": [
        {"id": 2, "started_at": AT.format(1), "ended_at": AT.format(2), "webhook": "http://h/", "webhook_status": "failed",
         "destination_ids": ["D1"], "failed_destination_ids": ["D2"]}]},
    {"id": "A7", "name": "other", "owner": "another", "searches": 1},
    {"id": "A8", "name": "locked", "locked_type": "google_web", "searches": [{"q": "x", "include_html": True}]},
    {"id": "A9", "name": "disabled", "enabled": False, "searches": 1},
]  # fmt: skip
S3 = {"s3_access_key_id": "a", "s3_secret_access_key": "s", "s3_bucket_name": "b"}
SERPWOW = {
    "batches": SERPWOW_BATCHES,
    "destinations": [
        {"id": "D1", "name": "Mine", "settings": S3},
        {"id": "D2", "name": "also mine", "type": "gcs", "settings": {"gcs_bucket_name": "b"}},
        {"id": "D3", "name": "zoo", "settings": S3 | {"s3_path_prefix": "p"}, "enabled": False},
    ],
    "error_logs": [
        {"id": "L1", "date": AT.format(9), "parameters": {"q": "Pizza"}},
        {"id": "L2", "date": AT.format(9), "count": 3},
    ],
}
LIST_QUERIES = (
    "", "sort_by=name&sort_direction=descending", "sort_by=created_at", "sort_by=last_run", "sort_by=priority", "sort_by=status",
    "page_size=2", "page_size=2&page=2", "page=9", "page=0", "page_size=1001", "status=idle", "status=queued", "status=running",
    "status=gone", "only_with_results=true", "only_without_results=true", "only_with_results=false", "only_with_results=True",
    "search_term=a", "search_term=an&search_type=starts_with", "search_term=E&search_type=ends_with", "search_term=apple",
    "search_term=Fig&search_type=exact", "search_term=", "destination_id=D1", "created_before=2026-03-05T00:00:00.000Z",
    "created_after=2026-03-05", "last_run_before=2026-03-05T00:00:00.000Z", "last_run_after=2026-03-01T00:00:00.000Z",
    "status=idle&status=queued", "source=python",
)  # fmt: skip
FORM = {"content-type": "application/x-www-form-urlencoded"}


def requests_of_serpwow() -> Iterator[tuple[str, str, Any]]:
    yield from (("GET", f"/batches?{query}", None) for query in LIST_QUERIES)
    for id in (*(batch["id"] for batch in SERPWOW_BATCHES), "unknown"):
        for path in ("", "/start", "/stop", "/results", "/searches/1", "/searches/9", "/searches/1?q=a", "/searches/json"):
            yield "GET", f"/batches/{id}{path}", None
        yield "DELETE", f"/batches/{id}", None
        yield "DELETE", f"/batches/{id}/clear", None
        yield "DELETE", f"/batches/{id}/searches", ["S1", "S9"]
        for search in ({"q": "z"}, {"q": "z", "engine": "new"}, {"q": "z", "search_type": "zz"}, {"q": "z", "max_page": 30}):
            yield "PUT", f"/batches/{id}", {"searches": [search]}
    for number in (1, 2, 7):
        for path in ("", "/csv", "/csv?csv_fields=a", "/jsonlines", "/resendwebhook"):
            yield from (("GET", f"/batches/{id}/results/{number}{path}", None) for id in ("A5", "A6"))
    for body in ({}, {"name": "B"}, {"enabled": None}, {"schedule_type": "hourly"}, {"schedule_type": "weekly"}, {"priority": "low"},
                 {"destination_ids": ["D9"]}, {"searches_type": "google_images"}, {"searches_type": "zz_web"}):  # fmt: skip
        yield "PUT", "/batches/A1", body
        yield "POST", "/batches", {"name": "made", **body}
    yield "POST", "/batches", {"enabled": True}
    yield from (("PUT", "/batches/A1/S1", body) for body in ({"q": "A"}, {"q": "C"}, {"q": None}, {}, {"include_html": "1"}))
    yield from (("PUT", "/batches/A1", body) for body in ("name=x&enabled=0", "destination_ids[]=A", '{"name": "x"}', "name=x"))
    for query in ("", "search_term=m", "search_term=P", "sort_by=name", "sort_by=type", "sort_by=count", "page=3", "page=zz"):
        yield from (("GET", f"/{path}?{query}", None) for path in ("destinations", "errorlogs"))
    yield "PUT", "/destinations/D1", {"enabled": False}
    yield from (("DELETE", f"/destinations/{id}", None) for id in ("D1", "D9"))
    yield from (("GET", path, None) for path in ("/account", "/Batches", "/batches/stopall", "/nothing", "/batches/A1/"))


STRIPE_JOBS: list[dict[str, Any]] = [
    {"id": "batchv2_Ready", "status": "ready_for_upload"},
    {"id": "batchv2_Valid", "status": "validating", "rows": 9},
    {"id": "batchv2_Going", "status": "in_progress", "rows": 40, "success_count": 8},
    {"id": "batchv2_Going2", "status": "in_progress", "rows": 40, "metadata": {"k": "v"}},
    {"id": "batchv2_Ending", "status": "cancelling", "rows": 40, "success_count": 8},
    {"id": "batchv2_Done", "status": "complete", "rows": 4},
    {"id": "batchv2_Empty", "status": "complete", "rows": 0},
    {"id": "batchv2_Old", "status": "complete", "rows": 4, "since": "2026-02-01T00:00:00Z", "created": "2026-02-01T00:00:00Z"},
    {"id": "batchv2_Gone", "status": "canceled", "rows": 40, "success_count": 8},
    {"id": "batchv2_Gone0", "status": "canceled", "rows": 40},
    {"id": "batchv2_Bad", "status": "validation_failed", "rows": 4},
    {"id": "batchv2_Late", "status": "upload_timeout"},
    {"id": "batchv2_Slow", "status": "timeout", "rows": 40, "success_count": 8},
    {"id": "batchv2_Broken", "status": "batch_failed"},
    {"id": "batchv2_Other", "status": "complete", "owner": "acct_Other"},
]
ENDS = ["v2.core.batch_job.completed"]
STRIPE = {
    "batch_jobs": STRIPE_JOBS,
    "event_destinations": [
        {"id": "ed_1", "name": "One", "enabled_events": ENDS},
        {"id": "ed_2", "name": "Two", "enabled_events": ENDS, "description": "Two", "events_from": ["@self"]},
    ],
}
NEW_JOB = {"endpoint": {"http_method": "post", "path": "/v1/customers/:customer"}, "skip_validation": True, "metadata": {}}
NEW_DESTINATION = {
    "name": "N", "type": "webhook_endpoint", "event_payload": "thin", "enabled_events": ENDS, "webhook_endpoint": {"url": "https://h/"},
}  # fmt: skip


def requests_of_stripe() -> Iterator[tuple[str, str, Any]]:
    for job in (*(job["id"] for job in STRIPE_JOBS), "batchv2_Unknown"):
        yield "GET", f"/batch_jobs/{job}", None
        yield "POST", f"/batch_jobs/{job}/cancel", None
        yield "POST", f"/batch_jobs/{job}/cancel", {"field": 1}
    for endpoint in ("/v1/customers/:customer", "/v1/customers", "/v1/credit_notes", "/v1/nothing"):
        yield "POST", "/batch_jobs", NEW_JOB | {"metadata": {}, "endpoint": {"http_method": "post", "path": endpoint}}
    for name in NEW_JOB:
        yield "POST", "/batch_jobs", {field: value for field, value in NEW_JOB.items() if field != name}
    yield "POST", "/batch_jobs", "endpoint=1"
    for query in (
        "",
        "limit=1",
        "limit=200",
        "limit=1&page=x",
        "include[0]=webhook_endpoint.url",
        "include=webhook_endpoint.url",
    ):
        yield "GET", f"/event_destinations?{query}", None
    yield from (("GET", f"/event_destinations/{id}", None) for id in ("ed_1", "ed_2", "ed_9"))
    yield from (("POST", f"/event_destinations/ed_1/{verb}", {}) for verb in ("enable", "disable", "ping"))
    updates: list[dict[str, Any]] = [{"metadata": {}}, {"description": ""}, {"name": "x"}]
    yield from (("POST", "/event_destinations/ed_2", body) for body in updates)
    yield "DELETE", "/event_destinations/ed_1", None
    more: dict[str, Any]
    snapshot = {"event_payload": "snapshot", "snapshot_api_version": "2026-03-25.dahlia"}
    for more in ({}, snapshot, {"snapshot_api_version": "2026-03-25.dahlia"}, {"description": "d"}, {"events_from": []}):
        yield "POST", "/event_destinations", NEW_DESTINATION | more
    yield from (("GET", f"/events?{query}", None) for query in ("", "limit=5", "object_id=batchv2_Done", "types[0]=x.y"))


Requests = Iterable[tuple[str, str, Any]]
MADE: dict[str, tuple[str, dict[str, str], dict[str, Any], Requests]] = {
    "6dot50 with referrals": ("/za/pay", {"authorization": "Bearer demo"}, {"6dot50": state_of_6dot50(True)}, [*requests_of_6dot50()]),
    "6dot50 without": ("/za/pay", {"authorization": "Bearer demo"}, {"6dot50": state_of_6dot50(False)}, [*requests_of_6dot50()]),
    "serpwow": ("/live", {}, {"serpwow": SERPWOW}, [*requests_of_serpwow()]),
    **{
        f"stripe {version} {key[:2]}": ("/v2/core", {"authorization": f"Bearer {key}", "stripe-version": version}, {"stripe": STRIPE}, [*requests_of_stripe()])
        for version, key in (("2026-03-25.preview", "sk_test_1"), ("2026-09-30.preview", "rk_test_1"), ("2027-01-01.preview", "other"))
    },
}  # fmt: skip
"""Mount, headers, state and requests, by what the world is."""


@pytest.mark.parametrize("name", MADE)
def test_what_an_assumption_makes_different_is_inferred(name: str) -> None:
    mount, headers, given, requests = MADE[name]
    scenario = {"title": "Made", "clock": {"start": "2026-03-10T00:00:00.127Z"}, "given": given}
    worlds = worlds_of([load_value(scenario, VENDORS)])
    choices, wrong = Choices(worlds), list[Difference]()
    for method, path, body in requests:
        content = {"content": body} if isinstance(body, str) else {} if body is None else {"json": body}
        sent = {**headers, "emulator-world": worlds.default.id} | (FORM if isinstance(body, str) else {})
        key = f"{'&' if '?' in path else '?'}api_key=demo" if mount == "/live" else ""
        request = httpx.Request(method, f"{IN_PROCESS}{mount}{path}{key}", headers=sent, **content)
        wrong += choices.unjustified(request, set())
    assert wrong == []
