"""Stripe's own clients, pinned and newest, verify what is owed to a destination, and ask back about it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import stripe

from emulator import Emulator
from tests.support.installed import from_npm, run_node
from tests.support.newest_python import environment_of_newest
from tests.support.server import Live
from tests.support.stripe_clients import release

JOB = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
GIVEN = {
    "stripe": {
        "batch_jobs": [{"id": JOB, "status": "cancelling"}],
        "event_destinations": [{"id": "ed_1", "url": "https://example.com/hooks", "signing_secret": "whsec_test"}],
    }
}
TOLD = [["v2.core.batch_job.canceled", "v2.core.batch_job.canceled", JOB, "canceled"], "refused"]

NODE = """
import Stripe from 'stripe';

const [url, key, deliveries] = process.argv.slice(2);
const at = new URL(url);
const stripe = new Stripe(key, { protocol: 'http', host: at.hostname, port: at.port });
const { body, headers } = (await (await fetch(deliveries)).json()).deliveries[0];
const signature = Object.fromEntries(headers)['Stripe-Signature'];
const told = [];
const event = stripe.parseEventNotification(body, signature, 'whsec_test');
const related = await event.fetchRelatedObject();
told.push([event.type, (await event.fetchEvent()).type, related.id, related.status]);
try {
  stripe.parseEventNotification(body, signature, 'whsec_another');
} catch (error) {
  told.push(error instanceof Stripe.errors.StripeSignatureVerificationError ? 'refused' : String(error));
}
console.log(JSON.stringify(told));
"""

PYTHON = """
import json, sys, urllib.request
import stripe

url, key, deliveries = sys.argv[1:]
client = stripe.StripeClient(key, base_addresses={"api": url})
owed = json.load(urllib.request.urlopen(deliveries))["deliveries"][0]
body, signature = owed["body"].encode(), dict(owed["headers"])["Stripe-Signature"]
event = client.parse_event_notification(body, signature, "whsec_test")
related = event.fetch_related_object()
told = [[event.type, event.fetch_event().type, related.id, related.status]]
try:
    client.parse_event_notification(body, signature, "whsec_another")
except stripe.SignatureVerificationError:
    told.append("refused")
print(json.dumps(told))
"""

ASYNC_PYTHON = """
import asyncio, json, sys, urllib.request, warnings
import stripe

warnings.simplefilter("ignore")
url, key, deliveries = sys.argv[1:]
owed = json.load(urllib.request.urlopen(deliveries))["deliveries"][0]
body, signature = owed["body"].encode(), dict(owed["headers"])["Stripe-Signature"]

async def ask():
    http = stripe.HTTPXClient()
    client = stripe.StripeClient(key, base_addresses={"api": url}, http_client=http)
    event = client.parse_event_notification(body, signature, "whsec_test")
    related, fetched = await event.fetch_related_object_async(), await event.fetch_event_async()
    await http.close_async()
    return [event.type, fetched.type, related.id, related.status]

print(json.dumps([asyncio.run(ask())]))
"""


@pytest.fixture
def arguments(live: Live) -> tuple[str, str, str]:
    """The URL, a key, and where the deliveries are of a world in which a job was canceled."""
    world = live.load({"given": GIVEN})
    live.control.post(f"/_emulator/worlds/{world.id}/clock/advance", json={"by": "3s"}).raise_for_status()
    url = world.stripe["url"]
    return url, world.stripe["api_key"], f"{url}/_emulator/worlds/{world.id}/deliveries"


@pytest.mark.parametrize("which", ["pinned", "newest"])
def test_a_node_client_takes_what_is_owed(
    arguments: tuple[str, ...], which: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home: Path = from_npm(f"stripe@{release('node', which)}", tmp_path_factory)
    assert run_node(home, NODE, *arguments) == TOLD


@pytest.mark.parametrize(("program", "told"), [(PYTHON, TOLD), (ASYNC_PYTHON, TOLD[:1])], ids=["sync", "async"])
@pytest.mark.parametrize("which", ["pinned", "newest"])
def test_a_python_client_takes_what_is_owed(
    arguments: tuple[str, ...], which: str, program: str, told: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment: dict[str, Any] = {"env": environment_of_newest(tmp_path_factory)} if which == "newest" else {}
    command = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **environment)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == told


def test_a_client_verifies_by_either_secret_until_the_rolled_one_expires(emulator: Emulator) -> None:
    emulator.load({"given": {"stripe": GIVEN["stripe"] | {"batch_jobs": []}}})
    rolled = {"id": "ed_1", "signing_secret": "whsec_new", "former_signing_secret": "whsec_test"}
    emulator.state.change({"stripe": {"event_destinations": [rolled]}})
    client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url})

    def good_secrets() -> list[str]:
        client.v2.core.event_destinations.ping("ed_1")
        emulator.clock.advance("2s")
        body, headers = emulator.deliveries[-1].request
        return [it for it in ("whsec_new", "whsec_test") if verifies(client, body, headers["Stripe-Signature"], it)]

    assert good_secrets() == ["whsec_new", "whsec_test"]
    emulator.clock.advance("1d")
    assert good_secrets() == ["whsec_new"]


@pytest.mark.parametrize("former", [[], ["whsec_former"]], ids=["one secret", "a rolled one"])
def test_a_test_event_has_a_fake_signature_that_verifies_nothing(emulator: Emulator, former: list[str]) -> None:
    emulator.load({"given": GIVEN})
    if former:
        emulator.state.change({"stripe": {"event_destinations": [{"id": "ed_1", "former_signing_secret": former[0]}]}})
    emulator.clock.advance("5s")
    client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url})
    body, headers = emulator.deliveries[-1].request
    second, *signatures = headers["Stripe-Signature"].split(",")
    assert [it.partition("=")[0] for it in (second, *signatures)] == ["t", "v1", *("v1" for _ in former), "v0"]
    fake = signatures[-1].replace("v0=", "v1=")
    assert verifies(client, body, headers["Stripe-Signature"], "whsec_test")
    assert not any(verifies(client, body, f"{second},{fake}", it) for it in ("whsec_test", *former))


def test_an_event_comes_with_the_headers_of_stripe(emulator: Emulator) -> None:
    emulator.load({"given": GIVEN})
    emulator.clock.advance("5s")
    _, headers = emulator.deliveries[-1].request
    assert headers["User-Agent"] == "Stripe/1.0 (+https://stripe.com/docs/webhooks)"
    assert headers["Accept"].startswith("*/*; q=0.5, application/xml")


def verifies(client: stripe.StripeClient, body: bytes, signature: str, secret: str) -> bool:
    try:
        client.parse_event_notification(body, signature, secret)
    except stripe.SignatureVerificationError:
        return False
    return True
