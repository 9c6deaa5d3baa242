"""curl, with the command lines of the vendors' own documentation; only the host is ours."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.support.server import Live, World

STRIPE_JOB = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
PAY_BATCH = "f945d71c-b00f-4e77-8175-253093157a2f"


@pytest.fixture
def world(live: Live) -> World:
    return live.load("first-run")


def curl(world: World, *arguments: str) -> tuple[int, Any]:
    """The status and the JSON body. The header stands for having a server to oneself."""
    command = ["curl", "-sS", "-w", "\n%{http_code}", "-H", f"Emulator-World: {world.id}", *arguments]
    body, _, status = subprocess.run(command, capture_output=True, text=True, check=True).stdout.rpartition("\n")
    return int(status), json.loads(body)


def test_curl_stops_a_batch_of_serpwow(live: Live, world: World) -> None:
    status, body = curl(world, f"{live.url}/live/batches/2A6F94BB/stop?api_key=demo")
    assert (status, body["request_info"]["success"]) == (200, True)


def test_curl_stops_all_batches_of_serpwow(live: Live, world: World) -> None:
    status, body = curl(world, f"{live.url}/live/batches/stopall?api_key=demo")
    assert (status, body["batches_stopped"], body["batches_failed_to_stop"]) == (200, 2, 0)


def test_curl_cancels_a_batch_job_of_stripe(live: Live, world: World) -> None:
    status, body = curl(
        world,
        *("-X", "POST", f"{live.url}/v2/core/batch_jobs/{STRIPE_JOB}/cancel"),
        *("-H", "Authorization: Bearer sk_test_123", "-H", "Stripe-Version: 2026-03-25.preview"),
    )
    assert (status, body["status"], body["status_details"]) == (200, "cancelling", {})


def test_curl_cancels_a_batch_of_sixdot50_with_a_token(live: Live, world: World) -> None:
    credentials = json.dumps({"key": "00000000-0000-0000-0000-000000000000", "secret": "supersecretpassword"})
    status, token = curl(
        world,
        "-X",
        "POST",
        f"{live.url}/za/pay/authentication/getToken",
        "-H",
        "Content-Type: application/json",
        "-d",
        credentials,
    )
    assert (status, token["success"]) == (200, True)
    cancel = ["-X", "POST", f"{live.url}/za/pay/batches/{PAY_BATCH}/cancel", "-H", f"Authorization: Bearer {token['token']}"]
    status, body = curl(world, *cancel)
    assert (status, body["statusCode"], body["summary"]["cancelledCount"]) == (200, "CANCELLED", 185)
