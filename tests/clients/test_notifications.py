"""Notifications: what vendors owe to receivers comes when it is due, again when it failed, and a test can expect it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpx
import pytest
import stripe
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import Emulator
from emulator.client.server import ControlError
from emulator.kernel.errors import NotFound

JOB, SECRET, HOOKS = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz", "whsec_test", "https://example.test/hooks"
CANCELED, UPDATED = "v2.core.batch_job.canceled", "v2.core.batch_job.updated"
DESTINATION = {"id": "ed_1", "url": HOOKS, "signing_secret": SECRET, "enabled_events": [CANCELED]}
CANCELLING = {
    "given": {
        "stripe": {"batch_jobs": [{"id": JOB, "status": "in_progress", "rows": 1000}], "event_destinations": [DESTINATION]}
    }
}
COMPLETED, POSTED = "batch_resultset_completed", "https://example.test/results"
WITH_WEBHOOK = {
    "given": {
        "serpwow": {"batches": [{"id": "B1", "searches": 2, "notification_webhook": POSTED, "notification_as_json": True}]}
    }
}

Answer = Callable[[], int]


def cancel(emulator: Emulator) -> stripe.StripeClient:
    client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url})
    client.v2.core.batch_jobs.cancel(JOB)
    return client


def start(emulator: Emulator) -> None:
    get(emulator, "/batches/B1/start")


def get(emulator: Emulator, path: str) -> Any:
    return httpx.get(f"{emulator.serpwow.url}{path}?api_key={emulator.serpwow.api_key}").json()


def receiving(seen: list[str], answers: Iterable[int] = ()) -> Starlette:
    """An application that notes each body, and answers one status after the other, then 200."""
    left = iter(answers)

    async def hook(request: Request) -> Response:
        seen.append((await request.body()).decode())
        return Response(status_code=next(left, 200))

    return Starlette(routes=[Route("/{path:path}", hook, methods=["POST"])])


@pytest.mark.scenario(CANCELLING)
def test_a_notification_is_collected_unless_somebody_receives_it(emulator: Emulator) -> None:
    client = cancel(emulator)
    assert [str(it) for it in emulator.deliveries] == []
    emulator.clock.advance("1s")
    assert [(it.event, it.status) for it in emulator.deliveries] == [(CANCELED, "pending")]
    emulator.clock.advance(until="idle")
    delivery = emulator.deliveries.expect(CANCELED).once()
    assert (delivery.status, delivery.attempts) == ("collected", ())
    body, headers = delivery.request
    notification: Any = client.parse_event_notification(body, headers["Stripe-Signature"], SECRET)
    assert (notification.type, notification.fetch_event().type) == (CANCELED, CANCELED)
    assert notification.fetch_related_object().status == "canceled"


@pytest.mark.scenario(CANCELLING)
def test_a_receiver_is_called_at_the_instant_and_reads_the_world_of_that_instant(emulator: Emulator) -> None:
    seen: list[tuple[str, str]] = []
    client = cancel(emulator)

    async def hook(request: Request) -> Response:
        content, signature = await request.body(), request.headers["stripe-signature"]
        notification: Any = client.parse_event_notification(content, signature, SECRET)
        seen.append((notification.fetch_related_object().status, f"{emulator.clock.now:%H:%M:%S}"))
        return Response()

    emulator.receiver(HOOKS, Starlette(routes=[Route("/hooks", hook, methods=["POST"])]))
    emulator.clock.advance("1h")
    assert seen == [("canceled", "00:00:02")]
    assert f"{emulator.clock.now:%H:%M:%S}" == "01:00:00"
    assert emulator.deliveries.expect(CANCELED).once().status == "delivered"


@pytest.mark.scenario(CANCELLING)
@pytest.mark.parametrize("jump", [["1h"], ["2s", "9m", "1m", "50m"], ["1s"] * 5 + ["1h"]], ids=str)
def test_one_jump_and_many_make_the_same_attempts(emulator: Emulator, jump: list[str]) -> None:
    seen: list[str] = []
    cancel(emulator)
    emulator.receiver(HOOKS, receiving(seen, [500, 302]))
    for duration in jump:
        emulator.clock.advance(duration)
    (delivery,) = emulator.deliveries
    assert [(f"{it.at:%H:%M:%S}", it.status) for it in delivery.attempts] == [
        ("00:00:02", 500),
        ("00:10:02", 302),
        ("00:50:02", 200),
    ]
    assert seen == [delivery.body] * 3


@pytest.mark.scenario(CANCELLING)
def test_a_receiver_that_raises_is_tried_again_and_the_story_says_so(emulator: Emulator) -> None:
    fails = [True]

    async def hook(_: Request) -> Response:
        if fails:
            raise ValueError(f"no such order: {fails.pop()}")
        return Response()

    cancel(emulator)
    emulator.receiver(HOOKS, Starlette(routes=[Route("/hooks", hook, methods=["POST"])]))
    emulator.clock.advance(until="idle")
    first, second = emulator.journal.attempts(CANCELED)
    said = "the receiver raised ValueError: no such order: True (test_notifications.py:122, in hook)"
    assert (first.error, [it.to for it in first.changes]) == (said, ["waiting"])
    assert (second.status, [it.to for it in second.changes]) == (200, ["delivered"])
    assert first.headers["stripe-signature"].startswith("t=")
    assert first.body["type"] == CANCELED
    assert "waiting" in first.explain().text


@pytest.mark.scenario(CANCELLING)
def test_time_stands_while_a_receiver_is_called_and_its_sleeps_are_over_at_once(emulator: Emulator) -> None:
    heard: list[str] = []

    async def hook(_: Request) -> Response:
        emulator.clock.sleep(3600)
        await emulator.clock.asleep(3600)
        try:
            emulator.clock.advance("1s")
        except ControlError as error:
            heard.append(f"{error.status} {error}")
        heard.append(f"{emulator.clock.now:%H:%M:%S}")
        return Response()

    cancel(emulator)
    emulator.receiver(HOOKS, Starlette(routes=[Route("/hooks", hook, methods=["POST"])]))
    emulator.clock.advance(until="idle")
    assert heard[0].startswith("409 stripe.delivery dlv_")
    assert "under way to its receiver" in heard[0]
    assert heard[1] == "00:00:02"


@pytest.mark.scenario(CANCELLING)
def test_an_async_test_receives_in_its_own_loop(emulator: Emulator) -> None:
    asyncio.run(receive_in_this_loop(emulator))


async def receive_in_this_loop(emulator: Emulator) -> None:
    loops = set()

    async def hook(_: Request) -> Response:
        loops.add(asyncio.get_running_loop())
        return Response()

    await emulator.aio(lambda: cancel(emulator))
    emulator.receiver(HOOKS, Starlette(routes=[Route("/hooks", hook, methods=["POST"])]))
    await emulator.aio.advance(until="idle")
    assert loops == {asyncio.get_running_loop()}
    assert emulator.deliveries.expect(CANCELED).once().status == "delivered"


@pytest.mark.scenario({**CANCELLING, "timing": {"stripe.webhook.duration": "3s", "stripe.webhook.timeout": "10s"}})
def test_a_receiver_takes_the_time_that_a_scenario_declares_and_no_other(emulator: Emulator) -> None:
    cancel(emulator)
    emulator.receiver(HOOKS, receiving([]))
    emulator.clock.advance("4s")
    assert [it.status for it in emulator.deliveries] == ["answering"]
    emulator.clock.advance("1s")
    assert [it.status for it in emulator.deliveries] == ["delivered"]


@pytest.mark.scenario({**CANCELLING, "timing": {"stripe.webhook.duration": "11s", "stripe.webhook.retries": []}})
def test_an_answer_after_the_time_out_is_none(emulator: Emulator) -> None:
    seen: list[str] = []
    cancel(emulator)
    emulator.receiver(HOOKS, receiving(seen))
    emulator.clock.advance(until="idle")
    (delivery,) = emulator.deliveries
    assert (delivery.status, len(seen), delivery.attempts[0].error) == ("exhausted", 1, "no answer in time")


@pytest.mark.scenario({**CANCELLING, "deliveries": {"sign": "virtual"}})
def test_a_signature_over_virtual_time_is_the_same_every_time(emulator: Emulator) -> None:
    cancel(emulator)
    emulator.receiver(HOOKS, receiving([]))
    emulator.clock.advance(until="idle")
    (attempt,) = emulator.journal.attempts()
    assert attempt.headers["stripe-signature"].startswith("t=1767225602,v1=")


@pytest.mark.scenario(CANCELLING)
def test_each_attempt_is_signed_anew_with_the_present_second(emulator: Emulator) -> None:
    before = int(time.time())
    cancel(emulator)
    emulator.receiver(HOOKS, receiving([], [500]))
    emulator.clock.advance("3d")
    seconds = [int(it.headers["stripe-signature"].split(",")[0].removeprefix("t=")) for it in emulator.journal.attempts()]
    assert len(seconds) == 2
    assert all(before <= second <= int(time.time()) for second in seconds)


@pytest.mark.scenario(CANCELLING)
def test_what_was_delivered_is_sent_again_on_request_and_not_tried_further(emulator: Emulator) -> None:
    seen: list[str] = []
    cancel(emulator)
    emulator.receiver(HOOKS, receiving(seen, [200, 500]))
    emulator.clock.advance(until="idle")
    assert (emulator.deliveries[0].resend().status, len(seen)) == ("exhausted", 2)
    assert emulator.clock.next is None


@pytest.mark.scenario(CANCELLING)
def test_a_wrong_expectation_tells_of_every_delivery(emulator: Emulator) -> None:
    cancel(emulator)
    emulator.clock.advance(until="idle")
    with pytest.raises(AssertionError) as wrong:
        emulator.deliveries.expect(CANCELED).never()
    assert str(wrong.value) == (
        f"{CANCELED} was to be received never, and was once. Deliveries:\n  {CANCELED} to {HOOKS} is collected"
    )
    with pytest.raises(NotFound, match=r"did you mean 'v2\.core\.batch_job\.canceled'"):
        emulator.deliveries.expect("v2.core.batch_job.cancelled")


@pytest.mark.scenario(CANCELLING)
def test_a_reset_and_a_restore_go_back_before_what_was_owed(emulator: Emulator) -> None:
    seen: list[str] = []
    emulator.receiver(HOOKS, receiving(seen))
    cancel(emulator)
    emulator.clock.advance("1s")
    emulator.snapshot("owed")
    emulator.clock.advance("1s")
    assert [it.status for it in emulator.deliveries] == ["delivered"]
    emulator.restore("owed")
    assert [it.status for it in emulator.deliveries] == ["pending"]
    emulator.clock.advance("1s")
    assert [it.status for it in emulator.deliveries] == ["delivered"]
    emulator.reset()
    assert (len(emulator.deliveries), len(seen)) == (0, 2)


@pytest.mark.scenario(WITH_WEBHOOK)
def test_a_webhook_is_posted_and_its_result_set_tells_so(emulator: Emulator) -> None:
    seen: list[str] = []
    emulator.receiver(POSTED, receiving(seen, [500]))
    start(emulator)
    emulator.clock.advance("13s")
    tried = {"date_time": "2026-01-01T00:00:13.000Z", "text": "Webhook POST failed."}
    assert get(emulator, "/batches/B1/results/1")["result"]["webhook_status"] == {"status": "pending", "log": [tried]}
    emulator.clock.advance(until="idle")
    done = {"date_time": "2026-01-01T00:00:23.000Z", "text": "Webhook POST completed successfully."}
    assert get(emulator, "/batches/B1/results/1")["result"]["webhook_status"] == {"status": "ok", "log": [tried, done]}
    posted = json.loads(seen[-1])
    assert posted["request_info"] == {"success": True, "type": COMPLETED}
    link = posted["result_set"]["download_links"]["json"]["pages"][0]
    assert len(httpx.get(link).json()) == 2


@pytest.mark.scenario(
    WITH_WEBHOOK | {"assume": {"serpwow.webhook-retries": "older-page"}, "timing": {"serpwow.webhook.duration": "6s"}}
)
def test_a_url_that_timed_out_rests_for_five_minutes_where_the_older_page_is_assumed(emulator: Emulator) -> None:
    seen: list[str] = []
    emulator.receiver(POSTED, receiving(seen))
    start(emulator)
    emulator.clock.advance("1m")
    url = f"{emulator.serpwow.url}/batches/B1/results/1/resendwebhook"
    refused = httpx.get(url, params={"api_key": emulator.serpwow.api_key})
    message = "The webhook POST was not sent: its URL rests after a time-out"
    assert (refused.status_code, refused.json()["request_info"]["message"], len(seen)) == (400, message, 1)
    assert get(emulator, "/batches/B1/results/1")["result"]["webhook_status"]["status"] == "failed"
    emulator.clock.advance("5m")
    assert httpx.get(url, params={"api_key": emulator.serpwow.api_key}).status_code == 400
    assert len(seen) == 2


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    is_right = environ["PATH_INFO"] == "/results" and environ["CONTENT_TYPE"] == "application/json" and b"B1" in body
    start_response("204 No Content" if is_right else "400 Bad Request", [])
    return []


@pytest.mark.parametrize(
    ("status", "webhook", "basis"),
    [(200, HOOKS, "documented"), (204, HOOKS, "inferred"), (200, POSTED, "inferred"), (200, "", "inferred")],
)
def test_a_webhook_sent_again_is_documented_where_it_is_as_it_was_and_the_answer_200(
    emulator: Emulator, status: int, webhook: str, basis: str
) -> None:
    ended = {"id": 1, "started_at": "2025-12-31T00:00:00Z", "ended_at": "2025-12-31T00:00:10Z", "webhook": HOOKS}
    batch = {"id": "B1", "created_at": "2025-12-30T00:00:00Z", "searches": 1, "result_sets": [ended]}
    if webhook:
        batch["notification_webhook"] = webhook
    emulator.load({"given": {"serpwow": {"batches": [batch]}}})
    emulator.receiver(HOOKS, receiving([], [status]))
    url = f"{emulator.serpwow.url}/batches/B1/results/1/resendwebhook"
    answer = httpx.get(url, params={"api_key": emulator.serpwow.api_key})
    assert (answer.status_code, answer.headers["emulator-basis"]) == (200, basis)


@pytest.mark.scenario(WITH_WEBHOOK)
def test_a_wsgi_application_receives_too(emulator: Emulator) -> None:
    emulator.receiver(POSTED, wsgi)
    start(emulator)
    emulator.clock.advance(until="idle")
    assert [it.status for it in emulator.deliveries.expect(COMPLETED).once().attempts] == [204]


@pytest.mark.scenario(WITH_WEBHOOK)
def test_what_is_no_application_is_refused(emulator: Emulator) -> None:
    with pytest.raises(TypeError, match="is no application"):
        emulator.receiver(POSTED, lambda request: request)
