"""The cost of an operation does not grow with a world, or it runs beside the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from emulator.client.in_process import InProcessClient
from emulator.kernel.errors import TakesLong
from emulator.kernel.limits import MOST_READ
from emulator.kernel.world import World
from emulator.scenario.player import play
from emulator.scenario.scenario import Scenario
from emulator.sdk.request import Request
from emulator.vendors import VENDORS
from emulator.web.pipeline import Pipeline
from emulator.web.response import OutgoingResponse
from emulator.web.vendor_plane import takes_long
from tests.support.loading import LIBRARY, load_value
from tests.support.work import calls_of

FEW, MANY = 10, MOST_READ + 100
BYSTANDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "serpwow": ("batches", {"status": "idle", "searches": 1, "name": "bystander"}),
    "stripe": ("batch_jobs", {"status": "complete"}),
    "6dot50": ("batches", {"name": "bystander", "payments": []}),
}
"""For each vendor, the list of its `given` that is made long, and what stands there."""

EXAMPLES = {
    "serpwow": (
        *("create-and-get", "run-to-its-end", "stop-queued-refunds-its-credits", "stopall-one", "update-an-idle-batch"),
        *("delete-a-batch", "destinations", "results-of-two-runs", "searches-exported", "searches-changed-and-deleted"),
        *("account-adds-up", "error-logs-for-three-days", "results-resend-the-webhook", "searches-added-and-listed"),
    ),
    "stripe": (
        *("upload-to-results", "cancel-in-progress", "destination-lives-its-life", "events-by-arrays-of-types"),
        *("idempotency-keys-live-30-days", "ping-as-its-sample-has-it", "download-links-expire", "unknown-path-or-verb"),
    ),
    "6dot50": (
        *("a-payout-lives-from-draft-to-closed", "cancel-of-the-documented-batch", "members-are-found-by-their-number"),
        *("a-batch-is-updated", "a-draft-payment-is-deleted", "payments-are-added-or-take-the-place-of-others"),
        *("accounts-and-status-codes-are-listed", "a-new-batch-needs-a-name-and-an-external-id-of-its-own"),
    ),
}
NAMES = [f"{vendor}/{name}" for vendor, names in EXAMPLES.items() for name in names]
MORE = 2_000
"""Calls that a search in an ordered index may add, or a check of an answer with other numbers; to touch each bystander adds at least two for every one of them."""


AT_ONCE = Pipeline.at_once


SERPWOW, STRIPE, TOKEN = (
    "api_key={serpwow.api_key}",
    {"Authorization": "Bearer {stripe.api_key}"},
    {"Authorization": "Bearer t"},
)
KEY = {"key": "11111111-1111-1111-1111-111111111111", "secret": "s"}
DAY, BATCH = "2025-12-31T00:00:00Z", "7c2c1a0a-f462-42c3-b13c-30da2e4ad216"
VERSION = {"Stripe-Version": "2026-03-25.preview"}
RECEIVER = {
    "name": "n",
    "type": "webhook_endpoint",
    "event_payload": "thin",
    "webhook_endpoint": {"url": "https://example.com/"},
}

Crowd = Callable[[int], dict[str, Any]]
"""Returns what a vendor is given where so many of something are there."""

CROWDS: dict[str, tuple[str, Crowd, tuple[tuple[Any, ...], ...]]] = {
    "destinations": (
        "serpwow",
        lambda n: {"destinations": [{"id": "D"}, {"repeat": n, "name": "N"}], "batches": [{"id": "B"}]},
        (
            ("GET /live/destinations?", {}),
            ("GET /live/account?", {}),
            ("PUT /live/destinations/D?", {}, {"name": "M"}),
            ("PUT /live/batches/B?", {}, {"destination_ids": ["D"]}),
            ("DELETE /live/destinations/D?", {}),
        ),
    ),
    "batches of one destination": (
        "serpwow",
        lambda n: {"destinations": [{"id": "D"}], "batches": [{"repeat": n, "destination_ids": ["D"]}]},
        (
            ("GET /live/destinations?", {}),
            ("PUT /live/destinations/D?", {}, {"name": "M"}),
            ("DELETE /live/destinations/D?", {}),
        ),
    ),
    "error logs": (
        "serpwow",
        lambda n: {"error_logs": [{"repeat": n, "message": "M", "date": DAY}]},
        (("GET /live/errorlogs?", {}), ("GET /live/account?", {})),
    ),
    "result sets of one batch": (
        "serpwow",
        lambda n: {"batches": [{"id": "B", "searches": 1, "result_sets": [result_set(it) for it in range(1, n)]}]},
        (
            *(("GET /live/batches/B/results?", {}), ("GET /live/batches/B/results/1?", {}), ("GET /live/batches/B?", {})),
            *(("GET /live/batches?", {}), ("GET /live/batches/B/start?", {}), ("GET /live/batches/B/stop?", {})),
        ),
    ),
    "searches of one batch": (
        "serpwow",
        lambda n: {"batches": [{"id": "B", "searches": n, "failing": n}]},
        (
            *(("GET /live/batches/B?", {}), ("GET /live/batches/B/searches/1?", {}), ("GET /live/batches/B/start?", {})),
            *(("GET /live/batches/B/stop?", {}), ("GET /live/batches/B/searches/csv?", {}), ("GET /live/batches?", {})),
            ("DELETE /live/batches/B/clear?", {}),
        ),
    ),
    "event destinations": (
        "stripe",
        lambda n: {"event_destinations": [{"id": "ed"}, *({"owner": f"acct_{it}"} for it in range(n))]},
        (
            ("GET /v2/core/event_destinations", STRIPE),
            ("POST /v2/core/event_destinations", STRIPE, {**RECEIVER, "enabled_events": ["v2.core.batch_job.completed"]}),
            ("POST /v2/core/event_destinations/ed/ping", STRIPE),
            ("POST /v2/core/event_destinations/ed/disable", STRIPE),
            ("DELETE /v2/core/event_destinations/ed", STRIPE),
        ),
    ),
    "events": (
        "stripe",
        lambda n: {
            "event_destinations": [{"id": "ed"}],
            "batch_jobs": [{"id": "job", "status": "in_progress"}],
            "events": [{"type": "v2.core.batch_job.completed", "object_id": "job"}] * n,
        },
        (
            ("GET /v2/core/events", STRIPE),
            ("GET /v2/core/events?object_id=job", STRIPE),
            ("POST /v2/core/event_destinations/ed/ping", STRIPE),
            ("POST /v2/core/batch_jobs/job/cancel", {**STRIPE, "Idempotency-Key": "one"}),
        ),
    ),
    "accounts": (
        "6dot50",
        lambda n: {
            "accounts": [{"repeat": n, "balance": 9}],
            "tokens": [{"token": "t"}],
            "batches": [{"id": BATCH, "name": "N", "payments": [{"msisdn": "27821231234", "amount": 1}]}],
        },
        (
            ("GET /za/pay/accounts", TOKEN),
            (f"POST /za/pay/batches/{BATCH}/submit", TOKEN),
        ),
    ),
    "members": (
        "6dot50",
        lambda n: {"members": [f"2782{it:07}" for it in range(n)], "tokens": [{"token": "t"}]},
        (("GET /za/pay/members/27820000001/exists", TOKEN),),
    ),
    "tokens of one key": (
        "6dot50",
        lambda n: {"tokens": [{"token": f"{it}" if it else "t", "key": KEY["key"]} for it in range(n)]},
        (
            ("POST /za/pay/authentication/getToken", {}, KEY),
            ("GET /za/pay/payments/statusCodes", TOKEN),
            ("GET /za/pay/batches", TOKEN),
        ),
    ),
    "payments of one batch": (
        "6dot50",
        lambda n: {
            "tokens": [{"token": "t"}],
            "batches": [{"id": BATCH, "name": "N", "payments": [{"repeat": n, "msisdn": "27821231234", "amount": 1}]}],
        },
        (
            (f"GET /za/pay/batches/{BATCH}", TOKEN),
            ("GET /za/pay/batches", TOKEN),
            (f"PUT /za/pay/batches/{BATCH}", TOKEN, {"name": "M"}),
            (f"GET /za/pay/batches/{BATCH}/payments", TOKEN),
        ),
    ),
}
"""What is there in crowds, by its name: its vendor, what that is given, and requests that may look at it."""


CROWD = "crowd"
"""The name of a scenario whose steps succeed."""


class Cost(NamedTuple):
    """The calls of functions that one request took, and whether it runs beside the event loop."""

    operation: str
    calls: int
    is_beside: bool


@pytest.mark.parametrize("name", NAMES)
def test_a_request_costs_as_much_in_a_large_world_unless_it_runs_beside_the_loop(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare(lambda bystanders: crowded(name, bystanders), monkeypatch)


@pytest.mark.parametrize("crowd", CROWDS)
def test_a_request_costs_as_much_beside_a_crowd_unless_it_runs_beside_the_loop(
    crowd: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor, given, requests = CROWDS[crowd]
    steps = [step_of(vendor, *request) for request in requests]

    def scenario(size: int) -> Scenario:
        return load_value({"title": "A crowd", "given": {vendor: given(size)}, "steps": steps}, VENDORS, CROWD)

    compare(scenario, monkeypatch)


def compare(scenario: Callable[[int], Scenario], monkeypatch: pytest.MonkeyPatch) -> None:
    """Play a scenario with few bystanders and with many, and look what the requests cost that run on the event loop."""
    few, many = costs_of(scenario(FEW), monkeypatch), costs_of(scenario(MANY), monkeypatch)
    assert few
    assert [cost.operation for cost in few] == [cost.operation for cost in many]
    grown = {one.operation: (one.calls, other.calls) for one, other in zip(few, many, strict=True) if not other.is_beside}
    assert {name: calls for name, calls in grown.items() if calls[1] > calls[0] + MORE} == {}


def costs_of(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> list[Cost]:
    """Play a scenario, each request as on the event loop, unless it is known to take long or turns out to do so."""
    costs: list[Cost] = []

    def counting(pipeline: Pipeline, world: World, request: Request) -> OutgoingResponse:
        outgoing: list[OutgoingResponse] = []
        request.is_on_loop = not takes_long(world, request)
        try:
            calls = calls_of(lambda: outgoing.append(AT_ONCE(pipeline, world, request)))
        except TakesLong:
            request.is_on_loop, calls = False, 0
            outgoing.append(AT_ONCE(pipeline, world, request))
        costs.append(Cost(request.operation_name, calls, not request.is_on_loop))
        return outgoing[0]

    monkeypatch.setattr(Pipeline, "at_once", counting)
    differences = play(scenario, InProcessClient()).differences
    assert not differences or scenario.name != CROWD, differences
    return costs


def step_of(vendor: str, line: str, headers: dict[str, str], json: Any = None) -> dict[str, Any]:
    """Return the step that sends a request which succeeds."""
    sent = {"send": line + (SERPWOW if line.endswith("?") else ""), "get": {"status": 200}}
    headers = {**VERSION, **headers} if vendor == "stripe" else headers
    return {**sent, **({"headers": headers} if headers else {}), **({} if json is None else {"json": json})}


def result_set(id: int) -> dict[str, Any]:
    """Return a result set as a state has it."""
    return {"id": id, "started_at": DAY, "ended_at": DAY}


def crowded(name: str, bystanders: int) -> Scenario:
    """Return a shipped scenario whose world has so many bystanders besides."""
    scenario = LIBRARY.get(name)
    vendor = name.partition("/")[0]
    key, bystander = BYSTANDERS[vendor]
    given = scenario.content.get("given", {})
    mine = given.get(vendor, {})
    crowd = [*mine.get(key, ()), {"repeat": bystanders, **bystander}]
    return Scenario(scenario.name, "", {**scenario.content, "given": {**given, vendor: {**mine, key: crowd}}})
