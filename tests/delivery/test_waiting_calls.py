"""Calls to a vendor that are answered when a delivery was attempted: by the server, or by a receiver that the handle holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import stripe
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import Emulator, EmulatorServer
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from tests.support.loading import load_value
from tests.support.receiving import Received, Receiver, receiving

POSTED = "https://example.test/results"
RUN = {"id": 1, "started_at": "2025-12-31T00:00:00Z", "ended_at": "2025-12-31T00:00:10Z", "webhook_status": "failed"}
RESENT = "/batches/B1/results/1/resendwebhook"

Get = Callable[[str], httpx.Response]
Statuses = Callable[[], int]


def owing(url: str, **content: Any) -> dict[str, Any]:
    """A scenario with a result set whose webhook is at a URL."""
    ran = {"notification_webhook": url, "result_sets": [{**RUN, "webhook": url}]}
    batch = {"id": "B1", "searches": 1, "notification_as_json": True, **ran}
    return {"given": {"serpwow": {"batches": [batch]}}, **content}


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer(deliver_to=["127.0.0.1:*"]) as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver()) as receiver:
        yield receiver


def over_a_socket(emulator: Emulator) -> Get:
    return lambda path: httpx.get(f"{emulator.serpwow.url}{path}", params={"api_key": emulator.serpwow.api_key}, timeout=None)


def in_process(emulator: Emulator) -> Get:
    def get(path: str) -> httpx.Response:
        with httpx.Client(transport=emulator.transport(), timeout=None) as client:
            return client.get(f"{emulator.serpwow.url}{path}", params={"api_key": emulator.serpwow.api_key})

    return get


def wsgi(status: Statuses) -> Any:
    def app(_: Any, start: Callable[..., Any]) -> list[bytes]:
        start(f"{status()} X", [])
        return []

    return app


def asgi(status: Statuses) -> Any:
    async def hook(_: Request) -> Response:
        return Response(status_code=status())

    return Starlette(routes=[Route("/{path:path}", hook, methods=["POST"])])


def message(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["request_info"]["message"]


SUCCEEDED = (200, "Webhook POST resent successfully.")


@pytest.mark.parametrize("door", [over_a_socket, in_process])
@pytest.mark.parametrize("carrier", ["http", wsgi, asgi])
def test_to_resend_a_webhook_is_answered_when_its_receiver_has_answered(
    server: EmulatorServer, receiver: Receiver, door: Callable[[Emulator], Get], carrier: Any
) -> None:
    statuses = [500, 200]
    receiver.answer = lambda _: statuses.pop(0)
    with Emulator(owing(receiver.url, deliveries={"carrier": "http"}), server=server) as emulator:
        if carrier != "http":
            emulator.receiver(receiver.url, carrier(lambda: statuses.pop(0)))
        get = door(emulator)
        assert message(get(RESENT)) == (400, "The webhook POST failed: the receiver answered 500")
        assert message(get(RESENT)) == SUCCEEDED
        shown = get("/batches/B1/results/1").json()["result"]["webhook_status"]
        entries = [it.answer for it in emulator.journal.exchanges()]
        basis = [it.basis for it in emulator.journal.exchanges()]
    assert (shown["status"], [it["text"] for it in shown["log"]]) == (
        "ok",
        ["Webhook POST failed.", "Webhook POST failed.", "Webhook POST completed successfully."],
    )
    assert entries == ["unfit", "resent", "result"]
    assert basis[1] == "documented"
    assert len(receiver.requests) == (2 if carrier == "http" else 0)


def test_a_receiver_reads_the_world_while_the_call_waits(server: EmulatorServer, receiver: Receiver) -> None:
    seen: list[str] = []
    with Emulator(owing(receiver.url, deliveries={"carrier": "http"}), server=server) as emulator:

        def answer(_: Received) -> int:
            seen.append(over_a_socket(emulator)("/batches/B1").json()["batch"]["id"])
            return 200

        receiver.answer = answer
        assert message(over_a_socket(emulator)(RESENT)) == SUCCEEDED
    assert seen == ["B1"]


def test_what_may_not_be_sent_is_answered_with_the_reason(server: EmulatorServer) -> None:
    with Emulator(owing(POSTED, deliveries={"carrier": "http"}), server=server) as emulator:
        status, text = message(over_a_socket(emulator)(RESENT))
    assert status == 400
    assert text.startswith("The webhook POST was not sent: --deliver-to does not name example.test:443")


def test_a_dry_run_sends_nothing_and_says_so(server: EmulatorServer, receiver: Receiver) -> None:
    with Emulator(owing(receiver.url, deliveries={"carrier": "http"}), server=server) as emulator:
        outcome = emulator.dry_run("GET", f"/live{RESENT}?api_key={emulator.serpwow.api_key}")
        assert [*emulator.deliveries] == []
    assert (outcome.status, receiver.requests) == (400, [])


def test_a_fault_strikes_the_answer_that_waited(server: EmulatorServer, receiver: Receiver) -> None:
    fault = {"at": "serpwow.results.resendwebhook", "do": "status", "status": 500, "where": "after-commit"}
    scenario = owing(receiver.url, deliveries={"carrier": "http"}, faults=[fault])
    with Emulator(scenario, server=server) as emulator:
        assert over_a_socket(emulator)(RESENT).status_code == 500
        assert [it.status for it in emulator.deliveries] == ["delivered"]


def test_to_undo_a_call_that_waited_takes_back_all_of_it(server: EmulatorServer, receiver: Receiver) -> None:
    with Emulator(owing(receiver.url, deliveries={"carrier": "http"}), server=server) as emulator:
        over_a_socket(emulator)(RESENT)
        emulator.undo()
        assert [*emulator.deliveries] == []
        assert [*emulator.journal] == []


def test_a_call_whose_world_is_reset_meanwhile_says_so(server: EmulatorServer, receiver: Receiver) -> None:
    with Emulator(owing(receiver.url, deliveries={"carrier": "http"}), server=server) as emulator:

        def answer(_: Received) -> int:
            emulator.reset()
            return 200

        receiver.answer = answer
        response = over_a_socket(emulator)(RESENT)
    assert (response.status_code, response.headers["emulator-error"]) == (503, "world-gone")


def test_a_receiver_of_an_asynchronous_test_is_called_in_its_loop(server: EmulatorServer) -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def hook(_: Request) -> Response:
        loops.append(asyncio.get_running_loop())
        return Response()

    async def run(emulator: Emulator) -> tuple[int, str]:
        loops.append(asyncio.get_running_loop())
        emulator.receiver(POSTED, Starlette(routes=[Route("/results", hook, methods=["POST"])]))
        async with httpx.AsyncClient(transport=emulator.transport(), timeout=None) as client:
            url = f"{emulator.serpwow.url}{RESENT}"
            return message(await client.get(url, params={"api_key": emulator.serpwow.api_key}))

    with Emulator(owing(POSTED), server=server) as emulator:
        assert asyncio.run(run(emulator)) == SUCCEEDED
    assert len({*loops}) == 1
    assert len(loops) == 2


def test_the_same_works_with_a_server_elsewhere() -> None:
    app = create_app(worlds_of([load_value({"title": "A"}, VENDORS)]))
    with (
        ThreadedServer(app) as listening,
        EmulatorServer(listening.url) as server,
        Emulator(owing(POSTED), server=server) as emulator,
    ):
        emulator.receiver(POSTED, wsgi(lambda: 204))
        assert message(over_a_socket(emulator)(RESENT)) == SUCCEEDED
    app.end()


def test_who_holds_a_receiver_and_never_answers_is_not_waited_for_without_end(
    server: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.web.delays.PATIENCE", 0.02)
    with Emulator(owing(POSTED), server=server) as emulator:
        emulator.ask("PUT", "/receivers", {"receivers": [POSTED]})
        assert message(over_a_socket(emulator)(RESENT)) == (400, "The webhook POST failed: no answer in time")
        emulator.clock.advance("1h")


JOB, CANCELED = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz", "v2.core.batch_job.canceled"
BEFORE_ITS_ANSWER = {"at": "stripe.webhook", "event": CANCELED, "do": "before-response"}


@pytest.mark.parametrize("carrier", ["http", wsgi, asgi])
@pytest.mark.parametrize("faults", [[], [BEFORE_ITS_ANSWER]], ids=["as usual", "before"])
def test_the_event_of_a_cancel_comes_before_its_answer_where_a_fault_has_it_so(
    server: EmulatorServer, receiver: Receiver, carrier: Any, faults: list[Any]
) -> None:
    seen: list[str] = []

    def status() -> int:
        seen.append(emulator.stripe.batch_job(JOB).status)
        return 200

    receiver.answer = lambda _: status()
    destination = {"id": "ed_1", "url": receiver.url, "signing_secret": "whsec_test", "enabled_events": [CANCELED]}
    job = {"id": JOB, "status": "in_progress", "rows": 1000}
    scenario = {
        "deliveries": {"carrier": "http"},
        "timing": {"stripe.drain": "0s"},
        "faults": faults,
        "given": {"stripe": {"batch_jobs": [job], "event_destinations": [destination]}},
    }
    with Emulator(scenario, server=server) as emulator:
        if carrier != "http":
            emulator.receiver(receiver.url, carrier(status))
        client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url})
        client.v2.core.batch_jobs.cancel(JOB)
        assert seen == ["canceled"] * len(faults)
        emulator.clock.advance("1h")
        assert seen == ["canceled"]


def draining_at_once(url: str, *faults: dict[str, Any]) -> dict[str, Any]:
    """A scenario in which the event of a cancel is caused by the cancel, and is posted."""
    destination = {"id": "ed_1", "url": url, "enabled_events": [CANCELED], "signing_secret": "whsec_test"}
    job = {"id": JOB, "status": "in_progress", "rows": 100_000}
    return {
        "timing": {"stripe.drain": 0},
        "deliveries": {"carrier": "http"},
        "given": {"stripe": {"batch_jobs": [job], "event_destinations": [destination]}},
        "faults": [{"at": "stripe.webhook", **fault} for fault in faults],
    }


def headers_of(emulator: Emulator) -> dict[str, str]:
    return {"Authorization": f"Bearer {emulator.stripe.api_key}", "Stripe-Version": "2026-03-25.preview"}


def cancel(emulator: Emulator) -> httpx.Response:
    url = f"{emulator.stripe.url}/v2/core/batch_jobs/{JOB}/cancel"
    return httpx.post(url, headers=headers_of(emulator), json={}, timeout=None)


def test_a_receiver_asks_the_vendor_while_the_call_waits_for_it(server: EmulatorServer, receiver: Receiver) -> None:
    statuses: list[str] = []

    def answer(_: Received) -> int:
        job = httpx.get(f"{emulator.stripe.url}/v2/core/batch_jobs/{JOB}", headers=headers_of(emulator), timeout=None)
        statuses.append(job.json()["status"])
        return 200

    receiver.answer = answer
    with Emulator(draining_at_once(receiver.url, {"do": "before-response"}), server=server) as emulator:
        statuses.append(cancel(emulator).json()["status"])
        assert [it.status for it in emulator.deliveries] == ["delivered"]
    assert statuses == ["canceled", "cancelling"]


@pytest.mark.parametrize(("do", "posts"), [("outage", 1), ("lose-response", 2), ("corrupt", 2), ("wrong-secret", 2)])
def test_a_fault_strikes_an_attempt_that_is_posted(server: EmulatorServer, receiver: Receiver, do: str, posts: int) -> None:
    statuses = [400] if do in ("corrupt", "wrong-secret") else [200]
    receiver.answer = lambda _: statuses.pop() if statuses else 200
    with Emulator(draining_at_once(receiver.url, {"do": do, "times": 1}), server=server) as emulator:
        cancel(emulator)
        emulator.clock.advance("1h")
        (delivery,) = emulator.deliveries
    assert len(receiver.requests) == posts
    assert (delivery.status, [[it.do for it in attempt.faults] for attempt in delivery.attempts]) == ("delivered", [[do], []])
