"""The cost of an operation does not grow with a world, or the operation says so and runs beside the event loop."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from emulator.client.in_process import InProcessClient
from emulator.kernel.world import World
from emulator.scenario.player import play
from emulator.scenario.scenario import Scenario
from emulator.sdk.request import Request
from emulator.web.pipeline import Pipeline
from emulator.web.response import OutgoingResponse
from tests.support.loading import LIBRARY
from tests.support.work import calls_of

FEW, MANY = 10, 500
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
MORE = 300
"""Calls that a search in an ordered index may add; to touch each bystander adds at least two for every one of them."""


AT_ONCE = Pipeline.at_once


class Cost(NamedTuple):
    """The calls of functions that one request took, and whether its operation says that it may take long."""

    operation: str
    calls: int
    says_so: bool


@pytest.mark.parametrize("name", NAMES)
def test_a_request_costs_as_much_in_a_large_world_unless_its_operation_may_run_beside_the_loop(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many = costs_of(name, FEW, monkeypatch), costs_of(name, MANY, monkeypatch)
    assert [cost.operation for cost in few] == [cost.operation for cost in many]
    grown = {one.operation: (one.calls, other.calls) for one, other in zip(few, many, strict=True) if not other.says_so}
    assert {name: calls for name, calls in grown.items() if calls[1] > calls[0] + MORE} == {}


def costs_of(name: str, bystanders: int, monkeypatch: pytest.MonkeyPatch) -> list[Cost]:
    """Play a scenario in a world with so many bystanders."""
    costs: list[Cost] = []

    def counting(pipeline: Pipeline, world: World, request: Request) -> OutgoingResponse:
        outgoing: list[OutgoingResponse] = []
        calls = calls_of(lambda: outgoing.append(AT_ONCE(pipeline, world, request)))
        operation = request.operation
        says_so = operation is not None and (operation.beside is not None or operation.holds_much is not None)
        costs.append(Cost(request.operation_name, calls, says_so))
        return outgoing[0]

    monkeypatch.setattr(Pipeline, "at_once", counting)
    play(crowded(name, bystanders), InProcessClient())
    return costs


def crowded(name: str, bystanders: int) -> Scenario:
    """Return a shipped scenario whose world has so many bystanders besides."""
    scenario = LIBRARY.get(name)
    vendor = name.partition("/")[0]
    key, bystander = BYSTANDERS[vendor]
    given = scenario.content.get("given", {})
    mine = given.get(vendor, {})
    crowd = [*mine.get(key, ()), {"repeat": bystanders, **bystander}]
    return Scenario(scenario.name, "", {**scenario.content, "given": {**given, vendor: {**mine, key: crowd}}})
