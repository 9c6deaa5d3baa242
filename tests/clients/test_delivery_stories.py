"""Receivers that are right and wrong, each in a story that happens in production: twice, a day late, and before the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import Emulator
from emulator.client.failure_report import failure_report

JOB, HOOKS = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz", "https://example.com/hooks"
CANCELED = "v2.core.batch_job.canceled"
SCENARIO = {
    "assume": {"stripe.webhook-retries": "live"},
    "given": {
        "stripe": {
            "batch_jobs": [{"id": JOB, "status": "in_progress", "rows": 100_000}],
            "event_destinations": [
                {"id": "ed_1", "url": HOOKS, "signing_secret": "whsec_test", "enabled_events": [CANCELED]},
            ],
        }
    },
}


class Shop:
    """Someone's application: it counts canceled jobs by the events that it gets, and remembers events where it is `careful`."""

    def __init__(self, emulator: Emulator, careful: bool) -> None:
        self.stripe = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url})
        self.careful = careful
        self.canceled = 0
        self.pending = {JOB}
        self._known = set[str]()
        emulator.receiver(HOOKS, Starlette(routes=[Route("/hooks", self._hook, methods=["POST"])]))

    def cancel(self) -> None:
        self.stripe.v2.core.batch_jobs.cancel(JOB)

    async def _hook(self, request: Request) -> Response:
        event: Any = self.stripe.parse_event_notification(
            await request.body(), request.headers["stripe-signature"], "whsec_test"
        )
        if not self.careful or event.id not in self._known:
            self._known.add(event.id)
            self.canceled += 1
            self.pending.discard(event.related_object.id)
        return Response()


@pytest.fixture
def shop(emulator: Emulator) -> Callable[[bool], Shop]:
    emulator.load(SCENARIO)
    return lambda careful: Shop(emulator, careful)


@pytest.mark.parametrize(("careful", "canceled"), [(True, 1), (False, 2)])
@pytest.mark.parametrize("do", ["duplicate", "lose-response"])
def test_the_event_came_twice(emulator: Emulator, shop: Callable[[bool], Shop], do: str, careful: bool, canceled: int) -> None:
    emulator.faults.add(at="stripe.webhook", event=CANCELED, do=do)
    mine = shop(careful)
    mine.cancel()
    emulator.clock.advance("1h")
    assert mine.canceled == canceled
    assert f"{do} " in failure_report(emulator)


@pytest.mark.parametrize(("patience", "pending"), [("2d", set()), ("1h", {JOB})])
def test_my_endpoint_was_down_for_a_day_and_i_still_learnt_of_the_cancel(
    emulator: Emulator, shop: Callable[[bool], Shop], patience: str, pending: set[str]
) -> None:
    emulator.faults.add(at="stripe.webhook", do="outage", for_="1d")
    mine = shop(True)
    mine.cancel()
    emulator.clock.advance(patience)
    assert mine.pending == pending
    if not pending:
        delivery = emulator.deliveries.expect(CANCELED).once()
        assert {it.error for it in delivery.attempts[:-1]} == {"the receiver was not reached"}


@pytest.mark.parametrize("do", ["wrong-secret", "corrupt"])
def test_a_forged_event_counts_for_nothing(emulator: Emulator, shop: Callable[[bool], Shop], do: str) -> None:
    emulator.faults.add(at="stripe.webhook", do=do, times=1)
    mine = shop(True)
    mine.cancel()
    emulator.clock.advance("1m")
    assert mine.canceled == 0
    assert "the receiver raised SignatureVerificationError" in failure_report(emulator)
    emulator.clock.advance("1d")
    assert mine.canceled == 1


AT_ONCE = {**SCENARIO, "timing": {"stripe.drain": 0}}


@pytest.mark.parametrize(("do", "order"), [("before-response", ["event", "answer"]), (None, ["answer", "event"])])
def test_the_cancels_event_came_before_its_answer(emulator: Emulator, do: str | None, order: list[str]) -> None:
    emulator.load(AT_ONCE)
    if do is not None:
        emulator.faults.add(at="stripe.webhook", event=CANCELED, do=do)
    seen: list[str] = []
    client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url})

    async def hook(request: Request) -> Response:
        body, signature = await request.body(), request.headers["stripe-signature"]
        event: Any = client.parse_event_notification(body, signature, "whsec_test")
        assert event.fetch_related_object().status == "canceled"
        seen.append("event")
        return Response()

    emulator.receiver(HOOKS, Starlette(routes=[Route("/hooks", hook, methods=["POST"])]))
    assert client.v2.core.batch_jobs.cancel(JOB).status == "cancelling"
    seen.append("answer")
    emulator.clock.advance("1m")
    assert seen == order
    assert emulator.deliveries.expect(CANCELED).once().status == "delivered"


@pytest.mark.scenario(AT_ONCE | {"faults": [{"at": "stripe.webhook", "do": "before-response"}]})
def test_without_a_receiver_a_call_waits_for_nothing(emulator: Emulator) -> None:
    client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url})
    client.v2.core.batch_jobs.cancel(JOB)
    assert [it.status for it in emulator.deliveries] == ["collected"]
