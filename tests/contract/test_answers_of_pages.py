"""An answer of which a page prints only part names the other facts that it rests on, and is no surer than they are."""

from __future__ import annotations

from typing import Any, NamedTuple

import httpx
import pytest

from emulator.web.guard import PREFIX
from tests.support.evidence import weakest
from tests.support.server import Live, World
from tests.support.sixdot50 import ID

JOBS, DESTINATIONS = "/v2/core/batch_jobs", "/v2/core/event_destinations"
EVENTBRIDGE = {
    "name": "Mine",
    "description": "All that is mine",
    "type": "amazon_eventbridge",
    "event_payload": "thin",
    "enabled_events": ["v2.core.batch_job.completed"],
    "amazon_eventbridge": {"aws_account_id": "123456789012", "aws_region": "us-east-1"},
}
EVENT_GRID = {name: value for name, value in EVENTBRIDGE.items() if name != "amazon_eventbridge"} | {
    "type": "azure_event_grid",
    "azure_event_grid": {"azure_region": "r", "azure_resource_group_name": "g", "azure_subscription_id": "s"},
}
WEBHOOK = {name: value for name, value in EVENTBRIDGE.items() if name != "amazon_eventbridge"} | {
    "type": "webhook_endpoint",
    "webhook_endpoint": {"url": "https://example.com"},
}
LATE, EARLY = "2026-09-30.preview", "2026-03-25.preview"
TWO_SEARCHES = {"given": {"serpwow": {"batches": [{"id": "A", "searches": [{"q": "a", "location": "b"}, {"q": "c"}]}]}}}
NOW = "2026-03-29T20:55:31Z"
ALL_FIELDS = {"assume": {"serpwow.list-fields": "all"}}
SAME_NAMES = {"given": {"serpwow": {"batches": [{"id": "A", "name": "N"}, {"id": "B", "name": "N"}]}}}


def ran(instant: str = "2026-03-28T20:55:31Z", searches: int = 1, **fields: Any) -> dict[str, Any]:
    result_set = {"id": 1, "started_at": instant, "ended_at": instant, **fields}
    batch = {"id": "A", "searches": searches, "last_run": instant, "result_sets": [result_set]}
    batch["notification_webhook"] = "https://example.com"
    return {"clock": {"start": NOW}, "given": {"serpwow": {"batches": [batch]}}}


RAN_LONG_AGO, RAN_ONCE = ran("2026-03-09T20:55:31Z"), ran()
RAN_AS_PRINTED = ran(webhook="https://example.com", webhook_status="ok", destination_ids=["D"])
APART = {
    "clock": {"start": NOW},
    "given": {
        "serpwow": {
            "batches": [
                {"id": "A", "name": "N", "created_at": "2026-03-28T00:00:00Z"},
                {"id": "B", "name": "M", "created_at": "2026-03-29T00:00:00Z"},
            ]
        }
    },
}


def printed_with(**fields: Any) -> dict[str, Any]:
    """Return a scenario with a batch that ran as the one of the sample, and has no webhook of its own."""
    state = RAN_AS_PRINTED["given"]["serpwow"]["batches"][0]
    own = {name: value for name, value in state.items() if name != "notification_webhook"}
    return {"clock": {"start": NOW}, "given": {"serpwow": {"batches": [own | fields]}}}


TWO_LOGS = {"given": {"serpwow": {"error_logs": [{"parameters": {"q": "a"}}, {"parameters": {"q": "b"}}]}}}
USED_BUCKET = {"given": {"serpwow": {"destinations": [{"id": "D"}], "batches": [{"destination_ids": ["D"]}]}}}
TWO_BUCKETS = {"given": {"serpwow": {"destinations": [{"type": "gcs", "name": "B"}, {"type": "s3", "name": "A"}]}}}
DRAFT = "11111111-1111-1111-1111-111111111111"


class Grounds(NamedTuple):
    """The basis of an answer, as the journal says it."""

    basis: str
    also: list[str]
    assumption: str | None


def grounds_of(live: Live, scenario: dict[str, Any], method: str, path: str, **request: Any) -> Grounds:
    world = live.load(scenario)
    token = {"authorization": f"Bearer {token_of(world)}"} if path.lower().startswith("/za/") else {}
    headers = {"emulator-world": world.id, **token, **request.pop("headers", {})}
    reply = httpx.request(method, f"{live.url}{path}", headers=headers, **request)
    assert reply.status_code < 300, reply.text
    entries = httpx.get(f"{live.url}{PREFIX}/worlds/{world.id}/journal").json()["entries"]
    exchange = next(entry for entry in reversed(entries) if entry["type"] == "exchange")
    return Grounds(exchange["basis"], exchange["also"], exchange["assumption"])


def token_of(world: World) -> str:
    key = {name: world.sixdot50[name] for name in ("key", "secret")}
    token: str = httpx.post(f"{world.sixdot50['url']}/authentication/getToken", json=key).json()["token"]
    return token


LINK = "stripe-link-2"
"""Where the link of a new job leads, which no page says."""


def stripe(live: Live, path: str, body: Any, version: str = LATE, scenario: dict[str, Any] | None = None) -> Grounds:
    headers = {"authorization": "Bearer sk_test_1", "stripe-version": version}
    return grounds_of(live, scenario or {}, "POST", path, json=body, headers=headers)


@pytest.mark.parametrize(
    ("path", "version", "basis", "facts"),
    [
        ("/v1/customers/:customer", LATE, "documented", []),
        ("/v1/subscriptions/:id/migrate", LATE, "documented", []),
        ("/v1/coupons", "2026-04-22.preview", None, None),
        ("/v1/customers/:id", LATE, "documented", []),
        ("/v1/subscriptions/:id", EARLY, "documented", []),
        ("/v1/promotion_codes/:id", EARLY, "documented", ["stripe-endpoint-8"]),
        ("/v1/promotion_codes", EARLY, "documented", ["stripe-endpoint-8"]),
        ("/v1/invoices/:invoice", EARLY, "observed", ["stripe-endpoint-7"]),
        ("/v1/promotion_codes", "2026-06-03.preview", "observed", ["stripe-version-3", "stripe-endpoint-8"]),
        ("/v1/coupons", LATE, "observed", ["stripe-endpoint-5"]),
        ("/v1/accounts/:account", LATE, "observed", ["stripe-endpoint-5"]),
        ("/v1/accounts/:zzz", LATE, "inferred", ["stripe-endpoint-5", "stripe-paths-1"]),
        ("/v1/customers/:zzz", LATE, "inferred", ["stripe-endpoint-5", "stripe-paths-1"]),
    ],
)
def test_a_job_rests_on_the_list_that_has_its_endpoint(
    live: Live, path: str, version: str, basis: str | None, facts: list[str] | None
) -> None:
    body = {"endpoint": {"path": path, "http_method": "post"}, "metadata": {}, "skip_validation": False}
    if facts is None:
        with pytest.raises(AssertionError, match="batch_api_unsupported_endpoint"):
            stripe(live, JOBS, body, version)
    else:
        assert stripe(live, JOBS, body, version)[:2] == ("inferred", [*facts, LINK])
        assert weakest(facts, None) == basis


@pytest.mark.parametrize(
    ("version", "basis", "fact", "assumption"),
    [
        (EARLY, "inferred", "stripe-create-7", "stripe.create-metadata"),
        (LATE, "documented", "stripe-create-6", None),
    ],
)
def test_a_job_without_metadata_rests_on_the_guide_until_the_changelog_allows_it(
    live: Live, version: str, basis: str, fact: str, assumption: str | None
) -> None:
    body = {"endpoint": {"path": "/v1/subscriptions/:id/migrate", "http_method": "post"}, "skip_validation": False}
    facts = [fact, "stripe-create-5"]
    assert stripe(live, JOBS, body, version) == ("inferred", [*facts, LINK], assumption)
    assert weakest(facts, assumption) == basis


def test_the_name_of_a_source_at_amazon_is_documented_and_that_of_a_topic_at_azure_is_ours(live: Live) -> None:
    assert stripe(live, DESTINATIONS, EVENTBRIDGE) == ("documented", ["stripe-destination-25"], None)
    assert stripe(live, DESTINATIONS, EVENT_GRID) == ("inferred", ["stripe-destination-12"], None)
    assert stripe(live, DESTINATIONS, WEBHOOK) == ("documented", [], None)


def test_a_destination_without_a_description_names_the_assumption_about_it(live: Live) -> None:
    undescribed = WEBHOOK | {"description": ""}
    told = ("inferred", ["stripe-destination-21"], "stripe.destination-without-description")
    assert stripe(live, DESTINATIONS, undescribed) == told


@pytest.mark.parametrize(
    ("status", "assumption"),
    [
        ("complete", "stripe.download-link-life"),
        ("validation_failed", "stripe.validation-failed-count"),
        ("upload_timeout", "stripe.upload-timeout-details"),
        ("in_progress", None),
    ],
)
def test_a_job_names_the_assumption_that_shapes_its_details(live: Live, status: str, assumption: str | None) -> None:
    scenario = {"given": {"stripe": {"batch_jobs": [{"id": "batchv2_1", "status": status}]}}}
    headers = {"authorization": "Bearer sk_test_1", "stripe-version": LATE}
    assert grounds_of(live, scenario, "GET", f"{JOBS}/batchv2_1", headers=headers).assumption == assumption


@pytest.mark.parametrize(
    ("choices", "assumption"),
    [
        ({}, "stripe.ping-reason"),
        ({"stripe.ping-form": "printed"}, "stripe.ping-form"),
        ({"stripe.ping-related-type": "event_destination"}, "stripe.ping-related-type"),
    ],
)
def test_a_ping_names_the_assumption_that_was_changed(live: Live, choices: dict[str, str], assumption: str) -> None:
    scenario = {"assume": choices, "given": {"stripe": {"event_destinations": [{"id": "ed_1"}]}}}
    assert stripe(live, f"{DESTINATIONS}/ed_1/ping", None, scenario=scenario).assumption == assumption


@pytest.mark.parametrize(
    ("scenario", "path", "basis", "assumption"),
    [
        (TWO_SEARCHES, "/live/batches/A/searches/1?q=a", "documented", None),
        (TWO_SEARCHES, "/live/batches/A/searches/1?q=b", "inferred", "serpwow.find-in"),
        (TWO_SEARCHES, "/live/batches/A/searches/1?q=x", "inferred", "serpwow.empty-pages"),
        (TWO_SEARCHES, "/live/batches/A/searches/1?q=A", "inferred", "serpwow.letter-case"),
        (TWO_SEARCHES | ALL_FIELDS, "/live/batches", "inferred", "serpwow.list-fields"),
        (TWO_SEARCHES, "/live/batches", "observed", None),
        (TWO_SEARCHES, "/live/batches?search_term=batch", "observed", None),
        (TWO_SEARCHES, "/live/batches?search_term=bat", "inferred", "serpwow.contains"),
        (TWO_SEARCHES | ALL_FIELDS, "/live/batches/A/results", "inferred", "serpwow.list-fields"),
        (TWO_SEARCHES, "/live/batches/A/results", "observed", None),
        (RAN_LONG_AGO, "/live/batches/A/results", "observed", None),
        (printed_with(schedule_type="daily", schedule_hours=[9]), "/live/batches/A/results", "documented", None),
        (printed_with(schedule_type="minutes", schedule_minutes="every_hour"), "/live/batches/A/results", "observed", None),
        (printed_with(schedule_type="monthly", schedule_days_of_month=[31]), "/live/batches/A/results", "observed", None),
        (printed_with(notification_csv_fields="search.q"), "/live/batches/A/results", "observed", None),
        (RAN_LONG_AGO, "/live/batches?only_without_results=true", "inferred", "serpwow.only-without-results"),
        (RAN_ONCE, "/live/batches?only_with_results=true", "inferred", "serpwow.last-run"),
        (SAME_NAMES, "/live/batches", "inferred", "serpwow.tied-batches"),
        (SAME_NAMES, "/live/batches?sort_by=created_at&page_size=1", "inferred", "serpwow.tied-batches"),
        (SAME_NAMES, "/live/batches?sort_by=created_at&page_size=1&page=2", "inferred", "serpwow.tied-batches"),
        (SAME_NAMES, "/live/batches?sort_by=status&page_size=1&page=2", "inferred", "serpwow.tied-batches"),
        (APART, "/live/batches?sort_by=created_at&page_size=1", "observed", None),
        (APART | {"assume": {"serpwow.list-order": "created_at"}}, "/live/batches", "inferred", "serpwow.list-order"),
        (RAN_ONCE, "/live/batches/A/results/1/csv", "inferred", "serpwow.absent-status"),
        (RAN_AS_PRINTED, "/live/batches/A/results/1/csv", "inferred", None),
        (RAN_AS_PRINTED, "/live/batches/A/results", "observed", None),
        (ran(searches=2), "/live/batches/A/results/1", "inferred", "serpwow.results-page"),
        (ran(searches=2, searches_failed=1), "/live/batches/A/results/1", "inferred", "serpwow.searches-completed"),
        (RAN_AS_PRINTED, "/live/batches/A/results/1/csv?csv_fields=search.q", "inferred", None),
        ({}, "/live/batches", "inferred", "serpwow.empty-pages"),
        ({}, "/live/errorlogs", "inferred", "serpwow.empty-pages"),
        (TWO_LOGS, "/live/errorlogs?sort_by=count", "inferred", "serpwow.tied-batches"),
        (TWO_LOGS, "/live/errorlogs", "inferred", "serpwow.tied-batches"),
        (TWO_LOGS, "/live/errorlogs?search_term=q", "inferred", "serpwow.tied-batches"),
        (TWO_SEARCHES, "/live/batches/A", "inferred", "serpwow.get-counts"),
        ({}, "/live/account", "inferred", "serpwow.account-status"),
        (TWO_SEARCHES, "/live/batches/A/searches/json", "inferred", None),
        (
            {"given": {"serpwow": {"batches": [{"id": "A"}]}}},
            "/live/batches/A/searches/json",
            "inferred",
            "serpwow.empty-pages",
        ),
        (TWO_BUCKETS, "/live/destinations?sort_by=name", "inferred", "serpwow.destination-fields"),
        (TWO_BUCKETS, "/live/destinations?search_term=a", "inferred", "serpwow.letter-case"),
        (
            {"given": {"serpwow": {"destinations": [{"settings": {"s3_path_prefix": "p"}}]}}},
            "/live/destinations",
            "documented",
            None,
        ),
        ({"given": {"serpwow": {"destinations": [{}]}}}, "/live/destinations", "inferred", None),
        ({"given": {"serpwow": {"destinations": [{}, {}]}}}, "/live/destinations", "inferred", "serpwow.default-order"),
        (USED_BUCKET, "/live/destinations", "inferred", "serpwow.used-by"),
        (
            {"given": {"serpwow": {"destinations": [{}, {}]}}},
            "/live/destinations?sort_by=type",
            "inferred",
            "serpwow.tied-batches",
        ),
    ],
)
def test_a_list_is_as_sure_as_what_it_shows(
    live: Live, scenario: dict[str, Any], path: str, basis: str, assumption: str | None
) -> None:
    grounds = grounds_of(live, scenario, "GET", path, params={"api_key": "k", **httpx.URL(path).params})
    assert (grounds.basis, grounds.assumption) == (basis, assumption)


@pytest.mark.parametrize(("profile", "is_told"), [({}, False), ({"notification_webhook": "https://example.com"}, True)])
def test_the_webhook_of_the_profile_is_told_where_it_was_called(live: Live, profile: dict[str, str], is_told: bool) -> None:
    scenario = printed_with()
    scenario["given"]["serpwow"]["account"] = profile
    grounds = grounds_of(live, scenario, "GET", "/live/batches/A/results", params={"api_key": "k"})
    assert ("serpwow-webhook-1" in grounds.also) == is_told


@pytest.mark.parametrize(
    ("instant", "facts"),
    [
        ("2026-03-09T20:55:31Z", ["6dot50-instant-2"]),
        ("2026-03-09T20:55:31.500Z", ["6dot50-instant-2"]),
        ("2026-03-09T20:55:31.127Z", []),
    ],
)
def test_an_instant_that_is_shown_with_fewer_than_three_decimals_is_ours(live: Live, instant: str, facts: list[str]) -> None:
    batch = {"id": DRAFT, "status": "DRAFT", "createdAt": instant, "externalId": "x"}
    scenario = {"clock": {"start": "2026-03-09T21:00:00Z"}, "given": {"6dot50": {"batches": [batch]}}}
    grounds = grounds_of(live, scenario, "GET", f"/za/pay/batches/{DRAFT}")
    assert grounds.also == facts
    assert grounds.basis == ("inferred" if facts else "documented")


@pytest.mark.parametrize(
    ("method", "path", "body", "assumption"),
    [
        ("POST", "/live/batches", {"name": "N", "searches": [{"q": "a", "engine": "altavista"}]}, "serpwow.unknown-engine"),
        ("POST", "/live/batches", {"name": "N", "searches_type": "altavista_web"}, "serpwow.unknown-engine"),
        ("POST", "/live/batches", {"name": "N", "searches": [{"engine": "menuhub", "q": "b"}]}, "serpwow.get-counts"),
        ("PUT", "/live/batches/A/AAAAAAAAAAAAAAAA", {"engine": "altavista"}, "serpwow.unknown-engine"),
        ("PUT", "/live/batches/A/AAAAAAAAAAAAAAAA", {"q": "b"}, None),
        ("PUT", "/live/batches/A/AAAAAAAAAAAAAAAA", {"q": "a"}, "serpwow.search-update-fields"),
        ("PUT", "/live/batches/A", {"searches": [{"q": "b"}]}, None),
        ("PUT", "/live/batches/A", {"searches": [{"q": "b", "engine": "bing", "search_type": ""}]}, None),
        ("PUT", "/live/batches/A", {"searches": [{"url": "https://www.google.com/search?q=b"}]}, None),
        (
            "PUT",
            "/live/batches/A",
            {"searches": [{"q": "b", "engine": "yahoo", "search_type": "images"}]},
            "serpwow.unknown-type",
        ),
        ("PUT", "/live/batches/A/AAAAAAAAAAAAAAAA", {"device": "watch"}, "serpwow.unknown-type"),
        ("PUT", "/live/batches/A", {"searches": [{"q": "b", "include_html": True, "max_page": 20}] * 6}, "serpwow.html-limit"),
    ],
)
def test_a_change_names_the_assumption_that_it_rests_on(
    live: Live, method: str, path: str, body: dict[str, Any], assumption: str | None
) -> None:
    scenario = {"given": {"serpwow": {"batches": [{"id": "A", "searches": [{"id": "AAAAAAAAAAAAAAAA", "q": "a"}]}]}}}
    grounds = grounds_of(live, scenario, method, path, params={"api_key": "k"}, json=body)
    assert grounds.assumption == assumption
    assert (grounds.basis == "inferred") == (assumption is not None)


def test_a_token_is_as_sure_as_what_it_holds(live: Live) -> None:
    """No page says that it is a JWT; its sample only looks like one."""
    world = live.load({})
    token_of(world)
    entries = httpx.get(f"{live.url}{PREFIX}/worlds/{world.id}/journal").json()["entries"]
    exchange = next(entry for entry in entries if entry["type"] == "exchange")
    assert (exchange["basis"], exchange["also"], exchange["assumption"]) == ("inferred", ["6dot50-token-6"], None)


@pytest.mark.parametrize(
    ("query", "scenario", "basis", "assumption"),
    [
        ("take=0", {}, "inferred", "6dot50.take-nothing"),
        ("take=00", {}, "inferred", "6dot50.take-nothing"),
        ("take=10", {}, "documented", None),
        ("", {"given": {"6dot50": {"batches": [{}, {}]}}}, "inferred", "6dot50.absent-values"),
    ],
)
def test_a_list_of_payouts_is_as_sure_as_its_query(
    live: Live, query: str, scenario: dict[str, Any], basis: str, assumption: str | None
) -> None:
    grounds = grounds_of(live, scenario, "GET", f"/za/pay/batches?{query}")
    assert (grounds.basis, grounds.assumption) == (basis, assumption)
    assert ("6dot50-list-10" in grounds.also) == bool(scenario)


@pytest.mark.parametrize(
    ("query", "facts"),
    [
        ("take=10", {"6dot50-list-2"}),
        ("skip=1&take=1", {"6dot50-list-2"}),
        ("statusCode=DRAFT", {"6dot50-list-3"}),
        ("externalId=none", {"6dot50-list-3", "6dot50-list-4"}),
        ("", set()),
    ],
)
def test_a_list_of_payouts_names_what_is_published_of_its_query(live: Live, query: str, facts: set[str]) -> None:
    scenario = {"given": {"6dot50": {"batches": [{"externalId": "b1"}]}}}
    also = grounds_of(live, scenario, "GET", f"/za/pay/batches?{query}").also
    assert {"6dot50-list-2", "6dot50-list-3", "6dot50-list-4"} & {*also} == facts


REFERRED = {"msisdn": "27829990000", "amount": 9, "referralAmount": 1, "status": "CANCELLED"}


@pytest.mark.parametrize(
    ("path", "state", "facts"),
    [
        ("/ZA/PAY/batches", {}, {"6dot50-input-1"}),
        ("/za/pay/batches", {"batches": [{"status": "CLOSED", "payments": [REFERRED]}], "organisation": {"referrals": True}},
         {"6dot50-summary-7", "6dot50-reversal-4"}),
        (f"/za/pay/payments/{ID}", {"batches": [{"status": "CLOSED", "payments": [
            {"id": ID, "msisdn": "27829990000", "amount": 9}]}]}, {"6dot50-instant-7"}),
    ],
)  # fmt: skip
def test_a_payout_names_what_no_page_says_of_it(live: Live, path: str, state: dict[str, Any], facts: set[str]) -> None:
    grounds = grounds_of(live, {"given": {"6dot50": state}}, "GET", path)
    assert (facts <= {*grounds.also}, grounds.basis) == (True, "inferred")
