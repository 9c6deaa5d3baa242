"""Receivers that a test holds: in which loop they run, what they may leave behind, and what they may raise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from queue import Queue
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from emulator import Emulator
from emulator.client.failure_report import failure_report

JOB, HOOKS, CANCELED = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz", "https://example.test/hooks", "v2.core.batch_job.canceled"
DESTINATION = {"id": "ed_1", "url": HOOKS, "enabled_events": [CANCELED], "signing_secret": "whsec_test"}
SCENARIO = {"given": {"stripe": {"batch_jobs": [{"id": JOB, "status": "cancelling"}], "event_destinations": [DESTINATION]}}}

pytestmark = pytest.mark.scenario(SCENARIO)
Hook = Callable[[Request], Awaitable[Response]]


def at_hooks(hook: Hook) -> Starlette:
    return Starlette(routes=[Route("/hooks", hook, methods=["POST"])])


def noting_loops(loops: list[Any], *statuses: int) -> Starlette:
    left = [*statuses]

    async def hook(_: Request) -> Response:
        loops.append(asyncio.get_running_loop())
        return Response(status_code=left.pop(0) if left else 204)

    return at_hooks(hook)


def test_what_a_receiver_opens_in_its_loop_can_be_used_at_the_next_attempt(emulator: Emulator) -> None:
    loops: list[Any] = []
    emulator.receiver(HOOKS, noting_loops(loops, 500, 500))
    emulator.clock.advance("3d")
    assert len(loops) == 3
    assert len({*loops}) == 1
    assert not loops[0].is_closed()
    emulator.close()
    assert loops[0].is_closed()


def test_what_a_receiver_does_after_its_answer_is_done_when_time_has_passed(emulator: Emulator) -> None:
    counted, tasks = [], set()

    async def count() -> None:
        await asyncio.sleep(0)
        counted.append(JOB)

    async def hook(_: Request) -> Response:
        tasks.add(asyncio.create_task(count()))
        return Response(status_code=204)

    emulator.receiver(HOOKS, at_hooks(hook))
    emulator.clock.advance("3s")
    assert counted == [JOB]


def test_time_may_pass_in_an_async_test_without_an_await(emulator: Emulator) -> None:
    loops: list[Any] = []

    async def run() -> None:
        emulator.receiver(HOOKS, noting_loops(loops))
        emulator.clock.advance("3s")
        emulator.deliveries[0].resend()
        assert asyncio.get_running_loop() not in loops

    asyncio.run(run())
    assert len(loops) == 2


def test_everything_about_deliveries_can_be_awaited_and_receivers_run_in_the_loop_of_the_test(emulator: Emulator) -> None:
    loops: list[Any] = []

    async def run() -> None:
        await emulator.aio.receiver(HOOKS, noting_loops(loops))
        await emulator.aio.advance("3s")
        (delivery,) = await emulator.aio.deliveries(CANCELED, status="delivered")
        assert (await emulator.aio.expect(CANCELED)).once() == delivery
        again = await emulator.aio.resend(delivery)
        assert [it.status for it in again.attempts] == [it.status for it in await emulator.aio.attempts(CANCELED)] == [204, 204]
        assert loops == [asyncio.get_running_loop()] * 2

    asyncio.run(run())


WEBHOOK = {"id": "B1", "status": "running", "searches": 1, "notification_webhook": HOOKS}


@pytest.mark.scenario({"given": {"serpwow": {"batches": [WEBHOOK]}}})
def test_a_receiver_that_comes_decides_what_the_same_resend_is_answered(emulator: Emulator) -> None:
    resend = f"{emulator.serpwow.url}/batches/B1/results/1/resendwebhook?api_key={emulator.serpwow.api_key}"
    emulator.clock.advance("20s")
    loops: list[Any] = []
    with httpx.Client() as client:
        assert [client.get(resend).status_code for _ in range(2)] == [400, 400]
        emulator.receiver(HOOKS, noting_loops(loops))
        assert [client.get(resend).status_code for _ in range(2)] == [200, 200]
    assert len(loops) == 2


def test_what_ends_a_test_in_a_receiver_ends_it_and_is_told(emulator: Emulator) -> None:
    async def hook(_: Request) -> Response:
        pytest.fail("counted twice")

    emulator.receiver(HOOKS, at_hooks(hook))
    with pytest.raises(pytest.fail.Exception, match="counted twice"):
        emulator.clock.advance("3s")
    assert "the receiver raised Failed: counted twice (test_receivers.py:" in failure_report(emulator)
    assert [it.status for it in emulator.deliveries] == ["waiting"]


def test_an_error_of_several_lines_is_told_in_one_with_its_place(emulator: Emulator) -> None:
    async def hook(_: Request) -> Response:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
        return Response()

    async def fail() -> None:
        raise ValueError("no such order\nat all")

    emulator.receiver(HOOKS, at_hooks(hook))
    emulator.clock.advance("3s")
    (attempt,) = emulator.journal.attempts()
    line = fail.__code__.co_firstlineno + 1
    assert attempt.error == f"the receiver raised ValueError: no such order (test_receivers.py:{line}, in fail)"


def test_a_receiver_that_nobody_holds_is_told_beside_those_that_are_held(emulator: Emulator) -> None:
    emulator.load({**SCENARIO, "deliveries": {"carrier": "asgi"}})
    emulator.clock.advance("3s")
    emulator.receiver("https://example.test/hook", noting_loops([]))
    emulator.clock.advance("10m")
    assert [it.error for it in emulator.deliveries[0].attempts] == [
        f"no receiver is at {HOOKS}: the test holds none (emulator.receiver)",
        f"no receiver is at {HOOKS}: the receivers of the test are at https://example.test/hook (emulator.receiver)",
    ]


def calling(calls: Queue[Any], *statuses: int) -> Starlette:
    left = [*statuses]

    async def hook(_: Request) -> Response:
        calls.put(asyncio.get_running_loop())
        return Response(status_code=left.pop(0) if left else 204)

    return at_hooks(hook)


def test_where_the_clock_runs_a_receiver_is_called_when_something_is_due(emulator: Emulator) -> None:
    calls: Queue[Any] = Queue()
    emulator.receiver(HOOKS, calling(calls, 500))
    emulator.clock.run(100_000)
    assert calls.get(timeout=30) is calls.get(timeout=30)
    assert emulator.deliveries[0].attempts[0].status == 500


def test_a_receiver_that_comes_later_gets_what_is_due_after_that(emulator: Emulator) -> None:
    emulator.clock.run(100_000)
    calls: Queue[Any] = Queue()
    emulator.receiver(HOOKS, calling(calls))
    emulator.state.change({"stripe": {"batch_jobs": [{"id": "batchv2_2", "status": "cancelling"}]}})
    assert calls.get(timeout=30)


def test_where_the_clock_runs_a_receiver_of_an_async_test_is_called_in_its_loop(emulator: Emulator) -> None:
    calls: Queue[Any] = Queue()

    async def run() -> None:
        await emulator.aio.receiver(HOOKS, calling(calls))
        await emulator.aio.run(100_000)
        assert await asyncio.to_thread(calls.get, timeout=30) is asyncio.get_running_loop()

    asyncio.run(run())


def test_a_receiver_that_asks_for_another_notification_gets_it_meanwhile(emulator: Emulator) -> None:
    """A receiver that is called while another one waits in the loop has a loop of its own."""
    posted: list[str] = []
    batch = {"id": "B1", "status": "queued", "searches": 2, "notification_webhook": "https://example.test/results"}
    emulator.load({"given": {"stripe": SCENARIO["given"]["stripe"], "serpwow": {"batches": [batch]}}})

    async def results(_: Request) -> Response:
        posted.append("results")
        return Response()

    async def hook(_: Request) -> Response:
        url = f"{emulator.serpwow.url}/batches/B1/results/1/resendwebhook"
        posted.append(str(httpx.get(url, params={"api_key": emulator.serpwow.api_key}).status_code))
        return Response()

    emulator.clock.advance("1s")
    emulator.receiver(HOOKS, at_hooks(hook))
    emulator.receiver("https://example.test/results", Starlette(routes=[Route("/results", results, methods=["POST"])]))
    emulator.clock.advance("1m")
    emulator.deliveries.expect(CANCELED).once().resend()
    assert "200" in posted
    assert posted.count("results") == 2


def endless_wsgi(_: Any, start: Callable[..., Any]) -> Iterator[bytes]:
    start("200 OK", [])
    while True:
        yield b"x" * 1_000


async def endless_asgi(_: Request) -> Response:
    async def content() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1_000

    return StreamingResponse(content())


async def long_asgi(_: Request) -> Response:
    return Response(b"x" * 100_000)


@pytest.mark.parametrize("app", [endless_wsgi, at_hooks(endless_asgi), at_hooks(long_asgi)])
def test_of_an_answer_that_does_not_end_no_more_is_read_than_is_kept(emulator: Emulator, app: Any) -> None:
    emulator.receiver(HOOKS, app)
    emulator.clock.advance("3s")
    (delivery,) = emulator.deliveries
    assert (delivery.status, delivery.attempts[-1].body) == ("delivered", "x" * 16_384)


def answering_wsgi(status: str) -> Callable[..., Any]:
    def app(_: Any, start: Callable[..., Any]) -> list[bytes]:
        start(status, [])
        return []

    return app


def answering_asgi(status: Any) -> Callable[..., Any]:
    async def app(_scope: Any, _receive: Any, send: Callable[..., Awaitable[None]]) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})

    return app


@pytest.mark.parametrize("app", [*map(answering_wsgi, ("", "abc", "999 X")), *map(answering_asgi, (None, "abc", 999, 20))])
def test_an_answer_whose_status_http_does_not_have_is_an_attempt_that_failed(emulator: Emulator, app: Any) -> None:
    emulator.receiver(HOOKS, app)
    emulator.clock.advance("3s")
    assert "which HTTP does not have" in str(emulator.deliveries[0].attempts[-1].error)
