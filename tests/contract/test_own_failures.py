"""A failure of the emulator's own is a failure to every vendor's client, and none of the vendor's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

import emulator
from emulator.kernel.limits import Limits
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.web.connection import Receive, Scope, Send, connection_of
from emulator.web.response import emulator_error, send_response
from tests.support.installed import from_npm, run_node
from tests.support.stripe_clients import release

ROOMS = ("control", "server", "web")
SOURCE = "\n".join(
    path.read_text("utf-8") for room in ROOMS for path in sorted((Path(emulator.__file__).parent / room).rglob("*.py"))
)
KINDS = sorted(
    {
        (int(status), error)
        for status, error in re.findall(r'(?:emulator_error|refuse|_stop|Rejection|refusal)\((\d{3}), "([a-z-]+)"', SOURCE)
        if error != "control-token"  # the control plane's alone
    }
)
"""Status and name of each failure that the source can answer with."""

NODE_CALLS = """
import Stripe from 'stripe';

const [url, calls] = process.argv.slice(2);
const at = new URL(url);
const told = [];
for (const [key, id] of JSON.parse(calls)) {
  const stripe = new Stripe(key, { protocol: 'http', host: at.hostname, port: at.port, maxNetworkRetries: 0 });
  for (const call of [() => stripe.v2.core.batchJobs.cancel(id), () => stripe.customers.retrieve(id)]) {
    try { told.push(['resolved', await call()]); } catch (e) { told.push([e.statusCode, e.rawType, e.code, typeof e.message]); }
  }
}
console.log(JSON.stringify(told));
"""


async def every_failure(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer every request with the failure that its path names, such as `/v1/customers/404.no-such-path`."""
    status, error = next(part for part in scope["path"].split("/") if part[:3].isdecimal()).split(".")
    await send_response(emulator_error(int(status), error, "a reason"), send, connection_of(scope))


@pytest.fixture(scope="module")
def failing() -> Iterator[str]:
    with ThreadedServer(every_failure) as server:
        yield server.url


@pytest.fixture(scope="module")
def strict() -> Iterator[str]:
    with ThreadedServer(
        create_app(worlds_of([]), limits=Limits(body=100, url=200)), limits=Limits(body=100, url=200)
    ) as server:
        yield server.url


def python_client(url: str, key: str = "sk_test_1") -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": url}, max_network_retries=0)


def code_in(error: stripe.StripeError) -> tuple[int | None, str]:
    """Status and code; the client itself keeps the code of some statuses only."""
    body: Any = error.json_body
    assert body["error"]["type"] == "emulator_error"
    return error.http_status, body["error"]["code"]


def test_the_kinds_are_found_in_the_source() -> None:
    assert {"live-key", "no-such-world", "world-gone", "no-such-path", "too-slow", "host-not-allowed"} <= {
        kind for _, kind in KINDS
    }


@pytest.mark.parametrize(("status", "error"), KINDS)
def test_every_failure_is_an_exception_of_stripes_python_client(failing: str, status: int, error: str) -> None:
    client = python_client(failing)
    for call in (client.v2.core.batch_jobs.cancel, client.v1.customers.retrieve):
        with pytest.raises(stripe.StripeError) as excinfo:
            call(f"{status}.{error}")
        assert code_in(excinfo.value) == (status, error)
        assert excinfo.value.user_message == "a reason"


@pytest.mark.parametrize("which", ["pinned", "newest"])
def test_every_failure_is_an_exception_of_stripes_client_for_node(
    failing: str, strict: str, which: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = from_npm(f"stripe@{release('node', which)}", tmp_path_factory)
    calls = json.dumps([("sk_test_1", f"{status}.{error}") for status, error in KINDS])
    assert run_node(home, NODE_CALLS, failing, calls) == [
        [status, "emulator_error", error, "string"] for status, error in KINDS for _ in range(2)
    ]
    calls = json.dumps([("sk_live_123456", "x"), ("sk_test_1", "x" * 300)])
    assert [failure[:3] for failure in run_node(home, NODE_CALLS, strict, calls)] == [
        *[[403, "emulator_error", "live-key"]] * 2,
        *[[414, "emulator_error", "url-too-long"]] * 2,
    ]
