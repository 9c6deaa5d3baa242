"""What a receiver did not take is tried again at the URL that is given for it by then, or at the first, as is assumed."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import Emulator

CANCELED = "v2.core.batch_job.canceled"
FORMER, LATTER = "https://example.test/former", "https://example.test/latter"


def stripe_with(choice: str) -> dict[str, Any]:
    destination = {"id": "ed_1", "url": FORMER, "enabled_events": [CANCELED]}
    jobs = [{"id": "batchv2_A", "status": "cancelling"}]
    return {
        "assume": {"stripe.retry-url": choice},
        "given": {"stripe": {"batch_jobs": jobs, "event_destinations": [destination]}},
    }


def serpwow_with(choice: str) -> dict[str, Any]:
    batch = {"id": "B1", "status": "running", "searches": 1, "notification_webhook": FORMER}
    return {"assume": {"serpwow.resend-url": choice}, "given": {"serpwow": {"batches": [batch]}}}


def receivers(emulator: Emulator) -> list[str]:
    """Receive at both URLs, and return the paths that are called, of which the former fails."""
    called: list[str] = []

    async def hook(request: Request) -> Response:
        called.append(request.url.path)
        return Response(status_code=500 if request.url.path == "/former" else 200)

    app = Starlette(routes=[Route("/{name}", hook, methods=["POST"])])
    emulator.receiver(FORMER, app)
    emulator.receiver(LATTER, app)
    return called


@pytest.mark.scenario({})
@pytest.mark.parametrize(("choice", "then"), [("current", ["/latter"]), ("original", ["/former"] * 3)])
def test_stripe_tries_again_where_its_destination_is_by_then(emulator: Emulator, choice: str, then: list[str]) -> None:
    emulator.load(stripe_with(choice))
    called = receivers(emulator)
    emulator.clock.advance("1m")
    emulator.state.change({"stripe": {"event_destinations": [{"id": "ed_1", "url": LATTER}]}})
    emulator.clock.advance(until="idle")
    assert called == ["/former", *then]
    assert emulator.deliveries[0].url == (LATTER if choice == "current" else FORMER)


@pytest.mark.scenario(stripe_with("current"))
def test_what_is_sent_by_hand_goes_to_the_address_of_today(emulator: Emulator) -> None:
    called = receivers(emulator)
    emulator.clock.advance(until="idle")
    emulator.state.change({"stripe": {"event_destinations": [{"id": "ed_1", "url": LATTER}]}})
    assert emulator.deliveries[0].resend().status == "delivered"
    assert called == ["/former"] * 4 + ["/latter"]


@pytest.mark.scenario(stripe_with("current"))
def test_a_retry_is_collected_where_nobody_receives_at_the_new_address(emulator: Emulator) -> None:
    receivers(emulator)
    emulator.clock.advance("1m")
    elsewhere = "https://example.test/elsewhere"
    emulator.state.change({"stripe": {"event_destinations": [{"id": "ed_1", "url": elsewhere}]}})
    emulator.clock.advance(until="idle")
    assert (emulator.deliveries[0].status, emulator.deliveries[0].url) == ("collected", elsewhere)


@pytest.mark.scenario({})
@pytest.mark.parametrize(("choice", "then"), [("current", ["/latter"]), ("original", ["/former"] * 5)])
def test_serpwow_tries_again_where_its_batch_says_by_then(emulator: Emulator, choice: str, then: list[str]) -> None:
    emulator.load(serpwow_with(choice))
    called = receivers(emulator)
    emulator.clock.advance("15s")
    emulator.state.change({"serpwow": {"batches": [{"id": "B1", "notification_webhook": LATTER}]}})
    emulator.clock.advance("1h")
    assert called == ["/former", *then]
