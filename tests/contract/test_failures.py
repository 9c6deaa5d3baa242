"""`do: status`: a failure is worded as its vendor words failures, and the vendor's own client takes it for one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import httpx
import pytest
import stripe
from serpwow.google_search_results import GoogleSearchResults

from emulator import Emulator
from emulator.vendors import VENDORS

pytestmark = pytest.mark.scenario("first-run")

JOB = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
STATUSES = [status.value for status in HTTPStatus if status >= 400]
PATHS = {"serpwow": "/live/batches/2A6F94BB/stop", "stripe": f"/v2/core/batch_jobs/{JOB}", "6dot50": "/za/pay/batches"}


def keys_of(vendor: str, body: Any) -> set[str]:
    """The keys of the envelope's part that describes the error."""
    part = {"serpwow": "request_info", "stripe": "error"}.get(vendor)
    return set(body[part] if part else body)


ENVELOPES = {
    "serpwow": {"success", "message"},
    "stripe": {"code", "message"},
    "6dot50": {"statusCode", "errorCode", "message"},
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("vendor", VENDORS)
def test_every_failure_is_in_the_envelope_of_its_vendor(emulator: Emulator, vendor: str, status: int) -> None:
    emulator.faults.add(at=vendor, where="before-auth", do="status", status=status)
    with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        reply = client.get(PATHS[vendor], headers={"Emulator-World": emulator.id})
    assert reply.status_code == status
    if (vendor, status) == ("6dot50", 401):
        assert (reply.content, reply.headers["www-authenticate"]) == (b"", 'Bearer error="invalid_token"')
    elif (vendor, status) == ("serpwow", 503):
        assert reply.json().keys() == {"message", "retry_after"}
    else:
        assert keys_of(vendor, reply.json()) - {"type"} == ENVELOPES[vendor]
        assert reply.json().get("statusCode", status) == status


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, stripe.InvalidRequestError),
        (401, stripe.AuthenticationError),
        (403, stripe.PermissionError),
        (404, stripe.InvalidRequestError),
        (429, stripe.RateLimitError),
        (500, stripe.APIError),
        (503, stripe.APIError),
    ],
)
def test_stripes_client_raises_what_belongs_to_the_status(
    emulator: Emulator, status: int, error: type[stripe.StripeError]
) -> None:
    emulator.faults.add(at="stripe.batch_jobs.cancel", where="before-commit", do="status", status=status, times=1)
    client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url}, max_network_retries=0)
    with pytest.raises(error) as excinfo:
        client.v2.core.batch_jobs.cancel(JOB)
    assert excinfo.value.http_status == status
    assert excinfo.value.request_id
    assert excinfo.value.error is not None
    assert excinfo.value.error.message
    assert client.v2.core.batch_jobs.cancel(JOB).status == "cancelling"


def test_stripe_names_the_limiter_and_its_client_does_not_try_again(emulator: Emulator) -> None:
    emulator.faults.add(at="stripe", where="before-commit", do="status", status=429, retry_after="2s", times=1)
    client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url}, max_network_retries=2)
    with pytest.raises(stripe.RateLimitError) as excinfo:
        client.v2.core.batch_jobs.cancel(JOB)
    headers = excinfo.value.headers
    assert headers is not None
    assert (headers["stripe-rate-limited-reason"], headers["retry-after"]) == ("endpoint-rate", "2")
    assert len(emulator.journal.exchanges()) == 1


def test_serpwows_client_hands_on_the_message(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GoogleSearchResults, "ENDPOINT_BATCHES", f"{emulator.serpwow.url}/batches")
    emulator.faults.add(at="serpwow", where="after-commit", do="status", status=500, times=1)
    answer = GoogleSearchResults(emulator.serpwow.api_key).stop_batch("2A6F94BB")
    assert answer == {"request_info": {"success": False, "message": "Internal error"}}
    assert emulator.serpwow.batch("2A6F94BB").status == "idle"
