"""The handle speaks the words of the design, whether its world is in this process or on a server elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import requests
import stripe

from emulator import Emulator, EmulatorServer
from emulator.handle.journal import Exchange
from emulator.handle.server import Refused
from emulator.kernel.errors import BadInput, NotFound
from tests.conftest import Live

JOB = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"


@pytest.fixture(params=["in this process", "elsewhere"])
def server(request: pytest.FixtureRequest, live: Live) -> Iterator[EmulatorServer]:
    with EmulatorServer(None if request.param == "in this process" else live.url) as server:
        yield server


@pytest.fixture
def emulator(server: EmulatorServer) -> Iterator[Emulator]:
    with Emulator("first-run", server=server) as emulator:
        yield emulator


def stop(emulator: Emulator, batch: str) -> httpx.Response:
    return httpx.get(f"{emulator.serpwow.url}/batches/{batch}/stop", params={"api_key": emulator.serpwow.api_key})


def test_the_views_read_like_sentences(emulator: Emulator) -> None:
    assert emulator.serpwow.account.credits_remaining == 14770
    assert emulator.serpwow.batch("2A6F94BB").status == "queued"
    assert emulator.stripe.batch_job(JOB).status == "in_progress"
    assert [job.status for job in emulator.stripe.batch_jobs] == ["in_progress", "complete"]
    assert len(emulator.sixdot50.batches[0].payments) == 185
    assert len(emulator.serpwow.batches) == 3


def test_a_name_that_is_wrong_is_told_the_nearest(emulator: Emulator) -> None:
    with pytest.raises(NotFound, match="did you mean '2A6F94BB'"):
        emulator.serpwow.batch("2A6F94BC")
    with pytest.raises(AttributeError, match="did you mean 'status'"):
        _ = emulator.serpwow.batch("2A6F94BB").statis
    with pytest.raises(Refused, match="did you mean 'serpwow/stopall-23'"):
        emulator.load("serpwow/stopall-24")


def test_the_vendors_own_clients_reach_the_world_by_their_credentials(emulator: Emulator) -> None:
    client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url})
    assert client.v2.core.batch_jobs.cancel(JOB).status == "cancelling"
    assert stop(emulator, "2A6F94BB").json()["request_info"]["success"]
    pay = {"key": emulator.sixdot50.key, "secret": emulator.sixdot50.secret}
    assert httpx.post(f"{emulator.sixdot50.url}/authentication/getToken", json=pay).json()["success"]
    assert [it.operation for it in emulator.journal.exchanges()] == [
        "stripe.batch_jobs.cancel",
        "serpwow.batches.stop",
        "6dot50.authentication.getToken",
    ]


def test_the_clock_is_read_moved_and_set_going(emulator: Emulator) -> None:
    start = datetime(2026, 3, 9, 20, 55, 31, tzinfo=UTC)
    assert emulator.clock.now == start
    (fired,) = emulator.clock.advance("2s")
    assert (fired.vendor, fired.id, fired.source, fired.to, fired.why) == (
        "serpwow",
        "2A6F94BB",
        "queued",
        "running",
        "after serpwow.queue",
    )
    assert emulator.clock.next == datetime(2026, 3, 9, 20, 55, 37, 500000, tzinfo=UTC)
    assert [it.to for it in emulator.clock.advance(until="next")] == ["complete"]
    emulator.clock.advance(to=datetime(2026, 3, 10, tzinfo=UTC))
    assert emulator.clock.now == datetime(2026, 3, 10, tzinfo=UTC)
    emulator.clock.advance(until="idle")
    emulator.clock.run("real")
    assert emulator.clock.now > datetime(2026, 3, 10, tzinfo=UTC)


def test_the_state_is_read_and_changed(emulator: Emulator) -> None:
    emulator.state.change({"serpwow": {"batches": [{"id": "2A6F94BB", "fails_to_stop": True}]}})
    assert stop(emulator, "2A6F94BB").status_code == 500
    assert set(emulator.state) == {"serpwow", "stripe", "6dot50"}
    with pytest.raises(Refused, match="'stoped' is not one of"):
        emulator.state.change({"serpwow": {"batches": [{"id": "2A6F94BB", "status": "stoped"}]}})


def test_a_reset_forgets_everything(emulator: Emulator) -> None:
    before = dict(emulator.state)
    stop(emulator, "2A6F94BB")
    emulator.reset()
    assert dict(emulator.state) == before
    assert list(emulator.journal) == []


def test_loading_another_scenario_keeps_url_and_credentials(emulator: Emulator) -> None:
    before = emulator.serpwow.url, emulator.serpwow.api_key
    emulator.load("serpwow/stopall-23")
    assert (emulator.serpwow.url, emulator.serpwow.api_key) == before
    reply = httpx.get(f"{emulator.serpwow.url}/batches/stopall", params={"api_key": emulator.serpwow.api_key})
    assert reply.json()["batches_stopped"] == 23
    emulator.load({"given": {"serpwow": {"batches": [{"id": "B"}]}}}, seed=9)
    assert (emulator.seed, len(emulator.serpwow.batches)) == (9, 1)


def test_a_file_is_loaded_and_its_mistakes_told_with_their_place(emulator: Emulator, tmp_path: Path) -> None:
    story = tmp_path / "story.yaml"
    story.write_text("title: A story\ngiven: {serpwow: {batches: [{id: B}]}}")
    emulator.load(story)
    assert emulator.serpwow.batch("B").status == "idle"
    story.write_text("title: A story\ngivn: {}")
    with pytest.raises(BadInput, match=r"story.yaml:2:1: unknown key 'givn'"):
        emulator.load(str(story))


def test_the_journal_is_typed(emulator: Emulator) -> None:
    stop(emulator, "9E867FAA")
    stop(emulator, "2A6F94BB")
    refused, stopped = emulator.journal.exchanges("serpwow.batches.stop")
    assert (refused.status, refused.answer, refused.changes) == (400, "not_stoppable", ())
    assert [(it.source, it.to) for it in stopped.changes] == [("queued", "idle")]
    assert isinstance(emulator.journal[-1], Exchange)
    assert emulator.journal.changes() == list(stopped.changes)
    assert emulator.serpwow.api_key not in str(emulator.journal[-1])


def test_the_handle_can_be_awaited(emulator: Emulator) -> None:
    async def run() -> list[str]:
        await emulator.aio.load("first-run")
        await emulator.aio.change({"serpwow": {"batches": [{"id": "NEW"}]}})
        assert len((await emulator.aio.state())["serpwow"]["batches"]) == 4
        fired = await emulator.aio.advance(until="next")
        async with httpx.AsyncClient(base_url=emulator.serpwow.url) as client:
            await client.get("/account", params={"api_key": emulator.serpwow.api_key})
        assert len(await emulator.aio.exchanges("serpwow.account.get")) == 1
        await emulator.aio.reset()
        return [it.to for it in fired]

    assert asyncio.run(run()) == ["running"]


def test_what_goes_wrong_and_the_way_back_can_be_awaited(emulator: Emulator) -> None:
    async def run() -> None:
        await emulator.aio.load("first-run")
        await emulator.aio.snapshot("before")
        await emulator.aio.change({"serpwow": {"batches": [{"id": "NEW"}]}})
        assert [it.id for it in await emulator.aio.diff("before")] == ["NEW"]
        await emulator.aio.restore("before")
        assert await emulator.aio.diff() == ()
        fault = await emulator.aio.add_fault(at="*", where="before-auth", do="drop")
        await emulator.aio.remove_fault(fault.id)
        with await emulator.aio.fork(seed=9) as twin:
            assert twin.seed == 9

    asyncio.run(run())


def test_the_world_is_gone_when_the_handle_is_closed(server: EmulatorServer) -> None:
    with Emulator(server=server) as emulator:
        path = f"/worlds/{emulator.id}"
        assert server.ask("GET", path)["id"] == emulator.id
    with pytest.raises(Refused, match="404"):
        server.ask("GET", path)


def test_without_a_socket_httpx_and_requests_get_the_same_bytes() -> None:
    with EmulatorServer() as server, Emulator("first-run", server=server) as emulator:
        url = f"http://api.serpwow.com/live/batches?api_key={emulator.serpwow.api_key}"

        async def asynchronously() -> bytes:
            async with httpx.AsyncClient(transport=emulator.transport()) as client:  # type: ignore[arg-type]
                return (await client.get(url)).content

        with httpx.Client(transport=emulator.transport()) as client, requests.Session() as session:
            session.mount("http://", emulator.adapter())
            session.mount("https://", emulator.adapter())
            answers = {client.get(url).content, session.get(url).content, asyncio.run(asynchronously())}
            posted = session.post(url.replace("batches", "account"), json={})
        assert len(answers) == 1
        assert posted.status_code == 404


def test_a_server_elsewhere_has_no_transport_without_a_socket(live: Live) -> None:
    with (
        EmulatorServer(live.url) as server,
        Emulator(server=server) as emulator,
        pytest.raises(RuntimeError, match="not in this process"),
    ):
        emulator.transport()


def test_outside_pytest_one_line_is_enough() -> None:
    with Emulator("stripe/cancel-complete") as emulator:
        client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url})
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v2.core.batch_jobs.cancel(emulator.stripe.batch_jobs[0].id)
    assert refused.value.code == "batch_api_non_cancellable_job"
