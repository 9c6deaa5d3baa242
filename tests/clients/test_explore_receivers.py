"""Exploring a receiver: whatever can happen to a notification is tried, and what breaks an invariant is found without a hint."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import Emulator

JOB, HOOKS = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz", "https://example.test/hooks"
CANCELED, UPDATED = "v2.core.batch_job.canceled", "v2.core.batch_job.updated"
STORY = {
    "given": {
        "stripe": {
            "batch_jobs": [{"id": JOB, "status": "in_progress", "rows": 1000}],
            "event_destinations": [
                {"id": "ed_1", "url": HOOKS, "enabled_events": [UPDATED, CANCELED], "signing_secret": "whsec_1"}
            ],
        }
    }
}
Take = Callable[[dict[str, str], list[str]], None]


def each(event: dict[str, str], counted: list[str]) -> None:
    counted.append(event["type"])


def each_once(event: dict[str, str], counted: list[str]) -> None:
    if event["id"] not in counted:
        counted.append(event["id"])


def trust_the_order(event: dict[str, str], counted: list[str]) -> None:
    counted[:] = [event["type"]]


def run(take: Take, expected: int, last: str | None = None) -> Callable[[Emulator], None]:
    """A client that cancels a job, and whose receiver is to have counted so many notifications in the end."""

    def client(emulator: Emulator) -> None:
        counted: list[str] = []

        async def hook(request: Request) -> Response:
            take(await request.json(), counted)
            return Response()

        emulator.receiver(HOOKS, Starlette(routes=[Route("/hooks", hook, methods=["POST"])]))
        emulator.state.change({"stripe": {"batch_jobs": [{"id": JOB, "status": "cancelling"}]}})
        url = f"{emulator.stripe.url}/v2/core/batch_jobs/{JOB}"
        httpx.get(url, headers={"Authorization": f"Bearer {emulator.stripe.api_key}", "Stripe-Version": "2026-05-27.preview"})
        emulator.clock.advance("3d")
        assert len(counted) == expected
        assert last is None or counted[-1] == last

    return client


def test_a_receiver_that_counts_twice_is_found_without_a_hint(emulator: Emulator) -> None:
    explored = emulator.explore(STORY, run(each, 2))
    ways = [ending.intrusions[0].says for ending in explored.broken]
    assert ways == [
        f"{UPDATED} #1 comes twice",
        f"{UPDATED} #1 comes again, since its answer is lost",
        f"{CANCELED} #1 comes twice",
        f"{CANCELED} #1 comes again, since its answer is lost",
    ]
    assert all(len(ending.intrusions) == 1 for ending in explored.broken), "the smallest of them"


def test_a_receiver_that_remembers_events_breaks_nothing(emulator: Emulator) -> None:
    explored = emulator.explore(STORY, run(each_once, 2))
    assert explored.broken == []
    assert explored.tried == explored.endings > 20


def test_a_receiver_that_trusts_the_order_is_found_by_what_comes_late(emulator: Emulator) -> None:
    explored = emulator.explore(STORY, run(trust_the_order, 1, CANCELED))
    assert f"{UPDATED} #1 comes an hour late" in [ending.intrusions[0].says for ending in explored.broken]


def test_what_was_found_is_a_scenario_that_has_it_again(emulator: Emulator) -> None:
    client = run(each, 2)
    ending = emulator.explore(STORY, client).broken[0]
    assert "the receiver answered 200" in ending.story
    emulator.load(yaml.safe_load(ending.scenario))
    with pytest.raises(AssertionError):
        client(emulator)
