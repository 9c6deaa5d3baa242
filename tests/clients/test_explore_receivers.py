"""Exploring a receiver: whatever can happen to a notification is tried, and what breaks an invariant is found without a hint."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import Emulator, EmulatorServer
from emulator.cli.main import main
from tests.support.commands import invoke
from tests.support.receiving import Receiver, receiving

JOB, HOOKS = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz", "https://example.test/hooks"
CANCELED, UPDATED = "v2.core.batch_job.canceled", "v2.core.batch_job.updated"
STORY: dict[str, Any] = {
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


def ask_for_the_job(emulator: Emulator) -> None:
    url = f"{emulator.stripe.url}/v2/core/batch_jobs/{JOB}"
    httpx.get(url, headers={"Authorization": f"Bearer {emulator.stripe.api_key}", "Stripe-Version": "2026-05-27.preview"})


def run(take: Take, expected: int, last: str | None = None) -> Callable[[Emulator], None]:
    """A client that cancels a job, and whose receiver is to have counted so many notifications in the end."""

    def client(emulator: Emulator) -> None:
        counted: list[str] = []

        async def hook(request: Request) -> Response:
            take(await request.json(), counted)
            return Response()

        emulator.receiver(HOOKS, Starlette(routes=[Route("/hooks", hook, methods=["POST"])]))
        emulator.state.change({"stripe": {"batch_jobs": [{"id": JOB, "status": "cancelling"}]}})
        ask_for_the_job(emulator)
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


def test_what_was_found_is_titled_by_what_happens(emulator: Emulator) -> None:
    ending = emulator.explore({**STORY, "title": "A job is canceled"}, run(each, 2)).broken[0]
    assert yaml.safe_load(ending.scenario)["title"] == f"{UPDATED} #1 comes twice"


def test_a_notification_is_not_struck_twice_when_it_is_made(emulator: Emulator) -> None:
    tried: list[str] = []
    emulator.explore(STORY, run(each_once, 2), progress=lambda _, what: tried.append(what))
    assert f"{UPDATED} #1 comes twice, and {CANCELED} #1 comes twice" in tried
    assert f"{UPDATED} #1 comes twice, and {UPDATED} #1 comes again, since its answer is lost" in tried
    assert f"{UPDATED} #1 comes twice, and {UPDATED} #1 comes an hour late" not in tried


def test_the_pairs_of_many_notifications_are_tried_as_far_as_there_may_be(emulator: Emulator) -> None:
    whole = emulator.explore(STORY, run(each_once, 2))
    explored = emulator.explore(STORY, run(each_once, 2), most=whole.endings - 3)
    assert (explored.tried, explored.endings, explored.beyond) == (whole.endings - 3, whole.endings, 3)
    assert explored.summary()[0].endswith(f"; of {whole.endings} in all, not tried: 3 since no more may be (most, --max-runs)")


def test_the_log_says_what_is_tried(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "emulator.explore")
    explored = emulator.explore(STORY, run(each_once, 2))
    said = [it.getMessage() for it in caplog.records if it.name == "emulator.explore"]
    assert said[0] == "1 of ?: nothing comes in its way"
    assert said[1].startswith(f"2 of {explored.endings}: ")
    assert len(said) == explored.tried


BY_HTTP = {**STORY, "deliveries": {"carrier": "http"}}


def posted_to(url: str) -> dict[str, Any]:
    """The story with its receiver at a URL."""
    given = STORY["given"]["stripe"]
    return {**BY_HTTP, "given": {"stripe": {**given, "event_destinations": [{**given["event_destinations"][0], "url": url}]}}}


def test_a_receiver_at_a_url_that_counts_twice_is_found() -> None:
    def client(emulator: Emulator) -> None:
        receiver.requests.clear()
        emulator.state.change({"stripe": {"batch_jobs": [{"id": JOB, "status": "cancelling"}]}})
        ask_for_the_job(emulator)
        emulator.clock.advance("3d")
        assert [json.loads(it.body)["type"] for it in receiver.requests].count(CANCELED) == 1

    receiver = Receiver()
    with receiving(receiver), EmulatorServer(deliver_to=[receiver.host]) as server, Emulator(server=server) as emulator:
        explored = emulator.explore(posted_to(receiver.url), client)
    assert [it.intrusions[0].says for it in explored.broken] == [
        f"{CANCELED} #1 comes twice",
        f"{CANCELED} #1 comes again, since its answer is lost",
    ]


PROGRAM = """
import json, os, urllib.request

def ask(method, path, body=None):
    headers = {"Authorization": "Bearer " + os.environ["STRIPE_API_KEY"], "Stripe-Version": "2026-05-27.preview"}
    data = None if body is None else json.dumps(body).encode()
    url = os.environ["EMULATOR_URL"] + path
    return json.load(urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)))

world = [it["id"] for it in ask("GET", "/_emulator/worlds")["worlds"] if "explored" in it["id"]][0]
ask("POST", "/v2/core/batch_jobs/JOB/cancel", {})
ask("POST", f"/_emulator/worlds/{world}/clock/advance", {"by": "3d"})
"""


def test_a_command_is_explored_with_the_receiver_that_it_names(tmp_path: Path) -> None:
    scenario = tmp_path / "story.yaml"
    with receiving(Receiver()) as receiver:
        scenario.write_text(json.dumps({"title": "A job is canceled", **posted_to(receiver.url)}))
        program = [sys.executable, "-c", PROGRAM.replace("JOB", JOB)]
        result = invoke(main, ["explore", "--deliver-to", receiver.host, str(scenario), "--", *program])
    assert f"{CANCELED} #1 comes twice" in result.stderr
    assert len(receiver.requests) > 20
