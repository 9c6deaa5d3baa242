"""An explanation lists the assumptions of which another choice makes a difference to this very exchange, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator.client.transport import InProcess
from emulator.contract.evidence import load_evidence
from emulator.kernel.budget import Quota
from emulator.server.app import create_app, worlds_of
from emulator.vendors import VENDORS
from tests.support.loading import load_value

DEFAULT = "/_emulator/worlds/default"
STRIPE = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview"}
PAY = {"Authorization": "Bearer demo"}
JOB, BATCH = "/v2/core/batch_jobs/batchv2_1", "/za/pay/batches/7c2c1a0a-f462-42c3-b13c-30da2e4ad216"
GIVEN = {
    "serpwow": {"batches": [{"id": "A", "status": "queued", "schedule_type": "daily", "schedule_hours": [9]}], "destinations": [{"id": "D"}]},
    "stripe": {"batch_jobs": [{"id": "batchv2_1", "status": "validating"}]},
    "6dot50": {"tokens": [{"token": "demo"}], "batches": [{"id": BATCH.rpartition("/")[2], "name": "N", "externalId": "e", "createdAt": "2026-03-09T20:55:31.473Z"}]},
}  # fmt: skip


def client_of(**more: Any) -> httpx.Client:
    scenario = {"title": "A", "clock": {"start": "2026-03-10T00:00:00Z"}, "given": GIVEN, **more}
    return httpx.Client(
        transport=InProcess(create_app(worlds_of([load_value(scenario, VENDORS)]))), base_url="http://127.0.0.1:8080"
    )


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with client_of() as client:
        yield client


def listed(client: httpx.Client, n: int | str = "last") -> list[str]:
    return [it["id"] for it in client.get(f"{DEFAULT}/journal/{n}/explain").json()["assumptions"]]


CASES: list[tuple[str, str, dict[str, str], list[str]]] = [
    ("GET", "/live/batches?api_key=demo", {}, ["serpwow.last-run", "serpwow.list-fields"]),
    ("GET", "/live/batches/A/stop?api_key=demo", {}, ["serpwow.stop-schedule"]),
    ("GET", "/live/batches/B?api_key=demo", {}, ["serpwow.unknown-batch"]),
    ("GET", "/live/destinations?api_key=demo", {}, []),
    ("GET", JOB, STRIPE, ["stripe.livemode", "stripe.job-without-metadata"]),
    ("POST", f"{JOB}/cancel", STRIPE, ["stripe.livemode", "stripe.job-without-metadata", "stripe.updated-events"]),
    ("GET", BATCH, PAY, []),
    ("POST", f"{BATCH}/cancel", PAY, ["6dot50.empty-cancel"]),
]


@pytest.mark.parametrize(("method", "path", "headers", "expected"), CASES)
def test_an_assumption_that_decided_nothing_is_not_listed(
    client: httpx.Client, method: str, path: str, headers: dict[str, str], expected: list[str]
) -> None:
    client.request(method, path, headers=headers)
    assert listed(client) == expected


def test_each_exchange_is_explained_by_the_world_as_it_was_before_it(client: httpx.Client) -> None:
    for method, path, headers, _ in CASES:
        client.request(method, path, headers=headers)
        client.post(f"{DEFAULT}/clock/advance", json={"by": "1ms"})
    exchanges = [it["n"] for it in client.get(f"{DEFAULT}/journal").json()["entries"] if it["type"] == "exchange"]
    state = client.get(f"{DEFAULT}/state").json()
    assert [listed(client, n) for n in exchanges] == [expected for *_, expected in CASES]
    assert client.get(f"{DEFAULT}/state").json() == state


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"faults": [{"at": "serpwow.batches.list", "where": "before-commit", "do": "status", "status": 500}]}, []),
        (
            {"faults": [{"at": "serpwow.batches.list", "where": "before-auth", "do": "status", "status": 503}]},
            ["serpwow.incident-body"],
        ),
        ({"replies": [{"at": "serpwow.batches.list", "status": 503}]}, []),
    ],
)
def test_of_an_answer_by_a_fault_an_assumption_decides_the_body_alone(more: Any, expected: list[str]) -> None:
    with client_of(**more) as client:
        assert client.get("/live/batches?api_key=demo").status_code >= 500
        assert listed(client) == expected


def test_where_an_exchange_cannot_be_tried_again_all_that_were_asked_about_are_listed() -> None:
    given = {"serpwow": {"batches": [{"repeat": 2_001}]}}
    with client_of(given=given) as client:
        client.get("/live/batches?page_size=1&api_key=demo")
        assert {"serpwow.list-fields", "serpwow.tied-batches", "serpwow.list-order"} <= {*listed(client)}


TWO = {"serpwow": {"batches": [{"repeat": 2, "name": "N"}]}}
EMPTY_JOB = {"stripe": {"batch_jobs": [{"id": "batchv2_1", "status": "canceled"}]}}
NEWER = STRIPE | {"Stripe-Version": "2026-09-30.preview"}
OVERRULED: list[tuple[str, str, dict[str, str], Any, str]] = [
    ("serpwow.get-counts: search", "GET /live/batches/A?api_key=demo", {}, GIVEN, "serpwow-get-4"),
    ("serpwow.empty-pages: 1", "GET /live/batches/A/searches/1?api_key=demo", {}, GIVEN, "serpwow-empty-2"),
    ("serpwow.tied-batches: newest", "GET /live/batches?api_key=demo", {}, TWO, "serpwow-list-15"),
    ("stripe.event-metadata: data", "GET /v2/core/events", STRIPE, GIVEN, "stripe-event-16"),
    ("stripe.event-changes: empty", "GET /v2/core/events", STRIPE, GIVEN, "stripe-wording-3"),
    ("stripe.event-without-snapshot: null", "GET /v2/core/events", NEWER, GIVEN, "stripe-event-20"),
    ("stripe.publishable-key: 401", f"GET {JOB}", STRIPE | {"Authorization": "Bearer pk_test_1"}, EMPTY_JOB, "stripe-auth-7"),
    ("6dot50.error-body: message", f"GET {BATCH}1", PAY, GIVEN, "6dot50-error-4"),
    ("6dot50.bodiless-refusals: envelope", f"GET {BATCH}", {}, GIVEN, "6dot50-auth-5"),
    ("6dot50.balance-type: string", "GET /za/pay/accounts", PAY, GIVEN, "6dot50-accounts-4"),
]


@pytest.mark.parametrize(("assume", "call", "headers", "given", "fact"), OVERRULED)
def test_what_a_switched_assumption_overrules_is_no_reason_of_an_answer(
    assume: str, call: str, headers: dict[str, str], given: Any, fact: str
) -> None:
    id, choice = assume.split(": ")
    method, path = call.split(" ")
    for assumed in ({}, {id: choice}):
        with client_of(given=given, assume=assumed) as client:
            client.request(method, path, headers=headers)
            told = client.get(f"{DEFAULT}/journal/last/explain").json()
        assert (fact in [it["evidence"] for it in told["also"]]) is not bool(assumed)
        assert (f"because     the scenario assumes {id} = {choice}\n" in told["text"]) is bool(assumed)


def test_each_fact_that_states_a_default_names_an_assumption_that_there_is() -> None:
    for vendor in VENDORS.values():
        named = {fact.assumption for fact in load_evidence(vendor).values()} - {None}
        assert named <= {it.id for it in vendor.assumptions}


def test_trying_again_takes_no_memory_from_what_worlds_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    worlds = worlds_of([load_value({"title": "A", "clock": {"start": "2026-03-10T00:00:00Z"}, "given": GIVEN}, VENDORS)])
    taken: list[int] = []
    take = Quota.take

    def noting(quota: Quota, size: int) -> None:
        taken.extend([size] * (quota.budget is worlds.budget))
        take(quota, size)

    with httpx.Client(transport=InProcess(create_app(worlds)), base_url="http://127.0.0.1:8080") as client:
        client.get("/live/batches/A/stop?api_key=demo").raise_for_status()
        monkeypatch.setattr(Quota, "take", noting)
        assert listed(client) == ["serpwow.stop-schedule"]
    assert taken == []
