"""An event of Stripe's that is sent again by hand while it waits for its next attempt goes on being retried."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import ControlError, Emulator
from emulator.client.deliveries import Delivery

HOOKS = "https://example.test/hooks"
DESTINATION = {"id": "ed_1", "url": HOOKS, "enabled_events": ["v2.core.batch_job.canceled"]}
GIVEN = {"stripe": {"batch_jobs": [{"id": "batchv2_A", "status": "cancelling"}], "event_destinations": [DESTINATION]}}
RETRIED = ["00:00:02", "00:10:02", "00:50:02", "03:30:02"]
"""When a sandbox tries: a second after the event, and after 10m, 40m and 2h40m more."""


def answering(answers: Iterable[int]) -> Starlette:
    left = iter(answers)

    async def hook(_: Request) -> Response:
        return Response(status_code=next(left, 200))

    return Starlette(routes=[Route("/hooks", hook, methods=["POST"])])


def times_of(delivery: Delivery) -> list[str]:
    return [f"{it.at:%H:%M:%S}" for it in delivery.attempts]


def sent_by_hand_at_a_quarter_past(emulator: Emulator, *answers: int) -> Delivery:
    """Return a delivery that failed twice by itself, and was then sent by hand; the answers are to these and the further ones."""
    emulator.receiver(HOOKS, answering(answers))
    emulator.clock.advance("15m")
    return emulator.deliveries[0].resend()


@pytest.mark.scenario({"given": GIVEN})
@pytest.mark.parametrize("answer", [200, 500])
def test_it_is_retried_when_it_would_have_been_whatever_the_answer(emulator: Emulator, answer: int) -> None:
    delivery = sent_by_hand_at_a_quarter_past(emulator, 500, 500, answer, 200)
    assert (delivery.status, f"{delivery.due:%H:%M:%S}") == ("waiting", "00:50:02")
    emulator.clock.advance(until="idle")
    assert (emulator.deliveries[0].status, times_of(emulator.deliveries[0])) == (
        "delivered",
        [*RETRIED[:2], "00:15:00", RETRIED[2]],
    )


@pytest.mark.scenario({"given": GIVEN})
def test_what_is_sent_by_hand_is_none_of_its_retries(emulator: Emulator) -> None:
    sent_by_hand_at_a_quarter_past(emulator, *[500] * 9)
    emulator.clock.advance("5m")
    assert emulator.deliveries[0].resend().status == "waiting"
    emulator.clock.advance(until="idle")
    assert emulator.deliveries[0].status == "exhausted"
    assert times_of(emulator.deliveries[0]) == [*RETRIED[:2], "00:15:00", "00:20:00", *RETRIED[2:]]


@pytest.mark.scenario({"given": GIVEN, "timing": {"stripe.webhook.duration": "15s"}})
def test_it_goes_on_where_no_answer_came_in_time(emulator: Emulator) -> None:
    sent_by_hand_at_a_quarter_past(emulator)
    emulator.clock.advance("1m")
    (delivery,) = emulator.deliveries
    assert (delivery.status, delivery.attempts[-1].error) == ("waiting", "no answer in time")


@pytest.mark.scenario({"given": GIVEN})
def test_once_its_retries_are_over_it_is_not_tried_by_itself(emulator: Emulator) -> None:
    emulator.receiver(HOOKS, answering([500] * 9))
    emulator.clock.advance(until="idle")
    assert emulator.deliveries[0].resend().status == "exhausted"
    assert emulator.clock.next is None


@pytest.mark.scenario({"given": GIVEN})
def test_its_state_tells_when_it_goes_on(emulator: Emulator) -> None:
    emulator.receiver(HOOKS, answering([500] * 9))
    emulator.clock.advance("15m")
    emulator.ask("POST", f"/deliveries/{emulator.deliveries[0].id}/resend")
    (shown,) = emulator.ask("GET", "/state")["stripe"]["deliveries"]
    assert (shown["resumes_at"][:19], "next_at" in shown, shown["extras"]) == ("2026-01-01T00:50:02", False, 1)


OVER_30_DAYS = {"status": "delivered", "attempts": [{"at": "2025-12-01T23:59:59Z", "status": 200}]}
LONG_AGO = {"id": "dlv_1", "event": "v2.core.batch_job.canceled", "subject": "batchv2_A", "destination": "ed_1", "url": HOOKS}


@pytest.mark.scenario({"given": {"stripe": {**GIVEN["stripe"], "deliveries": [{**LONG_AGO, **OVER_30_DAYS, "body": "{}"}]}}})
def test_an_event_of_more_than_30_days_ago_cannot_be_sent_by_hand(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match="its event is more than 30 days old"):
        emulator.deliveries[0].resend()
