"""The handle speaks the words of the design, whether its world is in this process or on a server elsewhere."""

from __future__ import annotations

import asyncio
import copy
import io
import math
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import setitem
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import stripe
import urllib3

from emulator import Emulator, EmulatorServer
from emulator.client.connections import HangWithoutTimeout
from emulator.client.failure_report import failure_report, failure_report_if_any
from emulator.client.journal import Change, Exchange
from emulator.client.json_encoding import Duration
from emulator.client.results import expect_quantity
from emulator.client.server import ControlError
from emulator.client.views import ResourceView
from emulator.control.record import from_json
from emulator.kernel.errors import BadInput, NotFound
from emulator.kernel.limits import Limits
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from tests.support.server import Live
from tests.support.walking import Walker, walk, world_that_goes

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
    assert emulator.sixdot50.batch(emulator.sixdot50.batches[0].id.upper()).name == "Test"
    assert len(emulator.serpwow.batches) == 3


def test_a_name_that_is_wrong_is_told_the_nearest(emulator: Emulator) -> None:
    with pytest.raises(NotFound, match="did you mean '2A6F94BB'"):
        emulator.serpwow.batch("2A6F94BC")
    with pytest.raises(AttributeError, match="did you mean 'status'"):
        _ = emulator.serpwow.batch("2A6F94BB").statis
    with pytest.raises(ControlError, match="did you mean 'serpwow/stopall-23'"):
        emulator.load("serpwow/stopall-24")
    with pytest.raises(KeyError, match="did you mean 'serpwow'"):
        emulator.state["serpwo"]
    assert emulator.state.get("serpwo") is None


@pytest.mark.parametrize(
    ("vendor", "field", "message"),
    [
        ("serpwow", "account.credit_used", "did you mean 'account.credits_used'?"),
        ("serpwow", "credits_used", "did you mean 'account.credits_used' or 'accounts.credits_used'?"),
        (
            "serpwow",
            "account.usage",
            "known: account.account_balance_usd, account.credits_remaining, account.credits_returned, ",
        ),
        ("serpwow", "batches.repeat", "known: batches.allocated, "),
        ("serpwow", "batches.next_result_set_id", "known: batches.allocated, "),
        ("stripe", "batch_jobs.maximum_rps", "known: batch_jobs.failure_count, batch_jobs.rows, "),
        ("serpwow", "batches[B1].allocated", "did you mean 'batches.allocated'?"),
        ("6dot50", "batches.payment.amount", "did you mean 'batches.payments.amount'?"),
        ("stripe", "batch_jobs.metadata.row", "known: batch_jobs.failure_count, batch_jobs.rows, "),
        ("serpwo", "account.credits_used", "did you mean 'serpwow'?"),
        ("sixdot50", "batches.payments.amount", "did you mean '6dot50'?"),
    ],
)
def test_a_number_that_there_is_not_has_not_moved_by_nothing(emulator: Emulator, vendor: str, field: str, message: str) -> None:
    with pytest.raises(NotFound) as excinfo:
        emulator.ledger.moved(vendor, field)
    assert message in str(excinfo.value)


@pytest.mark.parametrize(
    "field",
    ["account.credits_used", "account.usage.2026-03-09", "batches.searches", "batches.result_sets.searches_failed"],
)
def test_a_number_that_did_not_move_moved_by_nothing(emulator: Emulator, field: str) -> None:
    assert emulator.ledger.moved("serpwow", field) == 0


@pytest.mark.parametrize(
    "name",
    [
        "6dot50/a-batch-for-members-closes-at-once",
        "faults/a-reset-before-the-commit-changes-nothing",
        "serpwow/account-adds-up",
        "serpwow/inactive-batches-are-deleted",
        "serpwow/schedule-passes-over-what-cannot-run",
        "stripe/cancel-keeps-the-results-so-far",
        "stripe/cancel-validating",
        "stripe/state-is-changed-by-hand",
    ],
)
def test_every_number_that_a_ledger_tells_of_can_be_asked_for(name: str) -> None:
    async def look(walker: Walker, request: httpx.Request) -> None:
        if (world := world_that_goes(request)) is None:
            return
        totals = (await walker.ask("GET", f"{world}/ledger"))["totals"]
        assert any(of_vendor["moved"] for of_vendor in totals.values())
        for vendor, of_vendor in totals.items():
            for field in of_vendor["moved"]:
                expect_quantity(vendor, field)

    walk(name, look)


def test_the_vendors_own_clients_reach_the_world_by_their_credentials(emulator: Emulator) -> None:
    client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url})
    assert client.v2.core.batch_jobs.cancel(JOB).status == "cancelling"
    assert stop(emulator, "2A6F94BB").json()["request_info"]["success"]
    pay = {"key": emulator.sixdot50.key, "secret": emulator.sixdot50.secret}
    assert httpx.post(f"{emulator.sixdot50.url}/authentication/getToken", json=pay).json()["success"]
    assert [exchange.operation for exchange in emulator.journal.exchanges()] == [
        "stripe.batch_jobs.cancel",
        "serpwow.batches.stop",
        "6dot50.authentication.getToken",
    ]


def test_the_clock_is_read_moved_and_set_going(emulator: Emulator) -> None:
    start = datetime(2026, 3, 9, 20, 55, 31, tzinfo=UTC)
    assert emulator.clock.now == start
    (change,) = emulator.clock.advance("2s")
    assert (change.vendor, change.id, change.source, change.to, change.why) == (
        "serpwow",
        "2A6F94BB",
        "queued",
        "running",
        "after serpwow.queue",
    )
    assert emulator.clock.next == datetime(2026, 3, 9, 20, 55, 37, 500000, tzinfo=UTC)
    assert [change.to for change in emulator.clock.advance(until="next")] == ["complete"]
    emulator.clock.advance(to=datetime(2026, 3, 10, tzinfo=UTC))
    assert emulator.clock.now == datetime(2026, 3, 10, tzinfo=UTC)
    emulator.clock.advance(until="idle")
    emulator.clock.run("real")
    assert emulator.clock.now > datetime(2026, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("by", "seconds"),
    [
        ("90s", 90),
        ("PT90S", 90),
        ("90", 90),
        (90, 90),
        (1.5, 1.5),
        (Decimal("0.25"), 0.25),
        (timedelta(minutes=1, seconds=30), 90),
        (timedelta(milliseconds=1500), 1.5),
        (timedelta(seconds=1, microseconds=134_364), 1.135),
        (0.0001, 0.001),
    ],
)
def test_time_passes_by_a_duration_however_it_is_written(emulator: Emulator, by: Duration, seconds: float) -> None:
    before = emulator.clock.now
    emulator.clock.advance(by)
    assert emulator.clock.now - before == timedelta(seconds=seconds)


@pytest.mark.parametrize("to", ["2030-01-01T00:00:00Z", "2030-01-01T01:00:00+01:00", datetime(2030, 1, 1, tzinfo=UTC)])
def test_time_passes_up_to_an_instant_or_its_text(emulator: Emulator, to: str | datetime) -> None:
    emulator.clock.advance(to=to)
    assert emulator.clock.now == datetime(2030, 1, 1, tzinfo=UTC)


def test_an_instant_or_a_duration_that_is_none_is_refused(emulator: Emulator) -> None:
    with pytest.raises(BadInput, match="/by: inf is no number that JSON has; until: idle lets time pass until nothing more"):
        emulator.clock.advance(float("inf"))
    with pytest.raises(
        ControlError, match=r"/by: 'never' is not a duration here: .*; until: idle lets time pass until nothing more"
    ):
        emulator.clock.advance("never")
    with pytest.raises(ControlError, match="'tomorrow'"):
        emulator.clock.advance(to="tomorrow")
    with pytest.raises(BadInput, match="/by: -1s is negative, and time never goes back"):
        emulator.clock.advance(-timedelta(seconds=1))
    with pytest.raises(ControlError, match="'2030-01-01T00:00:00' has no zone"):
        emulator.clock.advance(to=datetime(2030, 1, 1))  # noqa: DTZ001  this is the mistake


def test_the_state_is_read_and_changed(emulator: Emulator) -> None:
    emulator.state.change({"serpwow": {"batches": [{"id": "2A6F94BB", "fails_to_stop": True}]}})
    assert stop(emulator, "2A6F94BB").status_code == 500
    assert set(emulator.state) == {"serpwow", "stripe", "6dot50"}
    with pytest.raises(ControlError, match="'stoped' is not one of"):
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
    with pytest.raises(BadInput, match=r"story.yaml:2:7: unknown key 'givn'"):
        emulator.load(str(story))


def test_the_journal_is_typed(emulator: Emulator) -> None:
    stop(emulator, "9E867FAA")
    stop(emulator, "2A6F94BB")
    refused_exchange, stop_exchange = emulator.journal.exchanges("serpwow.batches.stop")
    assert (refused_exchange.status, refused_exchange.answer, refused_exchange.changes) == (400, "not_stoppable", ())
    assert [(change.source, change.to) for change in stop_exchange.changes] == [("queued", "idle")]
    assert isinstance(emulator.journal[-1], Exchange)
    assert emulator.journal.changes() == list(stop_exchange.changes)
    assert emulator.serpwow.api_key not in str(emulator.journal[-1])


def test_a_journal_longer_than_a_page_is_read_to_its_end() -> None:
    limits = Limits(journal=5_000)
    scenario = {"given": {"serpwow": {"batches": [{"repeat": 1_100, "status": "queued"}]}}}
    app = create_app(worlds_of([], limits=limits), limits=limits)
    with (
        ThreadedServer(app) as threaded_server,
        EmulatorServer(threaded_server.url) as server,
        Emulator(scenario, server=server) as emulator,
    ):
        changes = emulator.clock.advance(until="idle")
        assert len(changes) == 2_200
        assert emulator.journal.changes() == changes
        assert emulator.journal.dropped == 0


def test_a_journal_that_is_full_says_how_many_it_dropped(emulator: Emulator) -> None:
    emulator.load({"given": {"serpwow": {"batches": [{"repeat": 1_100, "status": "queued"}]}}})
    changes = emulator.clock.advance(until="idle")
    assert (len(emulator.journal), emulator.journal.dropped) == (1_000, len(changes) - 1_000)


def test_the_handle_can_be_awaited(emulator: Emulator) -> None:
    async def run() -> list[str]:
        await emulator.aio.load("first-run")
        await emulator.aio.change({"serpwow": {"batches": [{"id": "NEW"}]}})
        assert len((await emulator.aio.state())["serpwow"]["batches"]) == 4
        changes = await emulator.aio.advance(until="next")
        async with httpx.AsyncClient(base_url=emulator.serpwow.url) as client:
            await client.get("/account", params={"api_key": emulator.serpwow.api_key})
        assert len(await emulator.aio.exchanges("serpwow.account.get")) == 1
        await emulator.aio.reset()
        return [change.to for change in changes]

    assert asyncio.run(run()) == ["running"]


def test_what_goes_wrong_and_the_way_back_can_be_awaited(emulator: Emulator) -> None:
    async def run() -> None:
        await emulator.aio.load("first-run")
        await emulator.aio.snapshot("before")
        await emulator.aio.change({"serpwow": {"batches": [{"id": "NEW"}]}})
        assert [difference.id for difference in await emulator.aio.diff("before")] == ["NEW"]
        await emulator.aio.restore("before")
        assert await emulator.aio.diff() == ()
        fault = await emulator.aio.add_fault(at="*", where="before-auth", do="drop")
        assert await emulator.aio.faults() == [fault]
        await emulator.aio.remove_fault(fault.id)
        with await emulator.aio.fork(seed=9) as twin:
            assert twin.seed == 9

    asyncio.run(run())


def test_the_world_is_gone_when_the_handle_is_closed(server: EmulatorServer) -> None:
    with Emulator(server=server) as emulator:
        path = f"/worlds/{emulator.id}"
        assert server.ask("GET", path)["id"] == emulator.id
    with pytest.raises(ControlError, match="404"):
        server.ask("GET", path)


def test_without_a_socket_httpx_and_requests_get_the_same_bytes() -> None:
    with EmulatorServer() as server, Emulator("first-run", server=server) as emulator:
        url = f"http://api.serpwow.com/live/batches?api_key={emulator.serpwow.api_key}"

        async def asynchronously() -> bytes:
            async with httpx.AsyncClient(transport=emulator.transport()) as client:
                return (await client.get(url)).content

        with httpx.Client(transport=emulator.transport()) as client, requests.Session() as session:
            session.mount("http://", emulator.adapter())
            session.mount("https://", emulator.adapter())
            answers = {client.get(url).content, session.get(url).content, asyncio.run(asynchronously())}
            response = session.post(url.replace("batches", "account"), json={})
        assert len(answers) == 1
        assert response.status_code == 404


@pytest.fixture
def first_run() -> Iterator[Emulator]:
    with EmulatorServer() as server, Emulator("first-run", server=server) as emulator:
        yield emulator


def without_a_socket(
    emulator: Emulator, method: str, library: str, timeout: float | None
) -> httpx.Response | requests.Response:
    url = f"http://api.serpwow.com/live/account?api_key={emulator.serpwow.api_key}"
    if library == "httpx":
        with httpx.Client(transport=emulator.transport(), timeout=timeout) as client:
            return client.request(method, url)
    with requests.Session() as session:
        session.mount("http://", emulator.adapter())
        return session.request(method, url, timeout=timeout)


@pytest.mark.parametrize("where", ["before-auth", "before-commit", "after-commit", "mid-body"])
@pytest.mark.parametrize("library", ["httpx", "requests"])
def test_a_client_without_a_timeout_is_told_that_it_would_wait_for_ever(first_run: Emulator, library: str, where: str) -> None:
    first_run.faults.add(at="*", where=where, do="hang")
    with pytest.raises(HangWithoutTimeout, match="having no timeout, would wait for ever") as never:
        without_a_socket(first_run, "GET", library, timeout=None)
    assert not isinstance(never.value, (httpx.HTTPError, OSError))  # what these clients catch
    with pytest.raises((httpx.ReadTimeout, requests.ReadTimeout, requests.ConnectionError)):
        without_a_socket(first_run, "GET", library, timeout=1)


@pytest.mark.parametrize("library", ["httpx", "requests"])
@pytest.mark.parametrize("fault", [None, "truncate", "hang"])
def test_the_answer_to_head_has_no_body(first_run: Emulator, library: str, fault: str | None) -> None:
    if fault:
        first_run.faults.add(at="*", where="mid-body", do=fault)
    answer = without_a_socket(first_run, "HEAD", library, timeout=None)
    assert (answer.content, int(answer.headers["content-length"]) > 0) == (b"", True)


def test_many_changes_that_are_alike_are_told_in_a_line(emulator: Emulator) -> None:
    batch = emulator.sixdot50.batches[0].id
    headers = {"Authorization": f"Bearer {token_of(emulator)}"}
    assert httpx.post(f"{emulator.sixdot50.url}/batches/{batch}/cancel", headers=headers).status_code == 200
    lines = failure_report(emulator, replay="").splitlines()
    assert "      changed: 6dot50: 185 payments DRAFT -> CANCELLED (6dot50.batches.cancel)" in lines
    assert f"      changed: 6dot50 batch {batch}: DRAFT -> CANCELLED (6dot50.batches.cancel)" in lines
    assert len(lines) < 12


def token_of(emulator: Emulator) -> str:
    pay = {"key": emulator.sixdot50.key, "secret": emulator.sixdot50.secret}
    return str(httpx.post(f"{emulator.sixdot50.url}/authentication/getToken", json=pay).json()["token"])


def test_many_changes_that_time_makes_at_once_are_told_in_a_line(emulator: Emulator) -> None:
    lone = {"id": "LONE", "status": "running", "searches": 1}
    emulator.load({"given": {"serpwow": {"batches": [{"repeat": 60, "status": "idle"}, lone]}}})
    emulator.state.change(
        {"serpwow": {"batches": [{"id": batch.id, "status": "queued"} for batch in emulator.serpwow.batches[:60]]}}
    )
    emulator.clock.advance(until="idle")
    report = failure_report(emulator, replay="")
    assert "serpwow: 60 batches idle -> queued (set by control)" in report
    assert "serpwow batch LONE: running -> idle" in report
    assert "are left out" not in report
    assert any(isinstance(entry, Change) for entry in emulator.journal)


def test_a_fault_that_never_struck_is_told(emulator: Emulator) -> None:
    emulator.faults.add(at="serpwow.batches.stop", where="after-commit", do="drop")
    emulator.faults.add(at="serpwow.account.get", where="before-auth", do="status", status=503)
    httpx.get(f"{emulator.serpwow.url}/account", params={"api_key": emulator.serpwow.api_key})
    report = failure_report(emulator, replay="")
    assert "fault-1 (drop after-commit, at serpwow.batches.stop) never struck" in report
    assert report.count("never struck") == 1


def test_a_refusal_is_told_with_the_kind_of_its_fact(emulator: Emulator) -> None:
    stop(emulator, "9E867FAA")
    assert "[serpwow-stop-4, documented]" in failure_report(emulator, replay="")


def test_a_server_elsewhere_has_no_transport_without_a_socket(live: Live) -> None:
    with (
        EmulatorServer(live.url) as server,
        Emulator(server=server) as emulator,
        pytest.raises(ControlError, match="not in this process"),
    ):
        emulator.transport()


def test_outside_pytest_one_line_is_enough() -> None:
    with Emulator("stripe/cancel-complete") as emulator:
        client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url})
        with pytest.raises(stripe.InvalidRequestError) as excinfo:
            client.v2.core.batch_jobs.cancel(emulator.stripe.batch_jobs[0].id)
    assert excinfo.value.code == "batch_api_non_cancellable_job"


@pytest.mark.parametrize(
    "write",
    [
        lambda emulator: setattr(emulator.serpwow.batch("2A6F94BB"), "status", "idle"),
        lambda emulator: setitem(emulator.serpwow.account, "credits_used", 5),
        lambda emulator: emulator.state["serpwow"]["batches"][0].update(status="idle"),
        lambda emulator: emulator.state["serpwow"].pop("batches"),
        lambda emulator: emulator.state["serpwow"]["batches"].append({"id": "NEW"}),
        lambda emulator: emulator.state["serpwow"].clear(),
        lambda emulator: emulator.state["serpwow"]["batches"][0].__setitem__("status", "idle"),
    ],
)
def test_what_was_read_cannot_be_written_to_as_if_that_changed_the_world(
    first_run: Emulator, write: Callable[[Emulator], None]
) -> None:
    before = dict(first_run.state)
    with pytest.raises((AttributeError, TypeError), match=r"state\.change|does not support item assignment"):
        write(first_run)
    assert dict(first_run.state) == before


def test_a_record_is_a_mapping_as_well(first_run: Emulator) -> None:
    batch = first_run.serpwow.batches[0]
    assert batch == first_run.serpwow.batch(batch.id) == dict(batch)
    assert (batch["status"], "status" in dir(batch)) == (batch.status, True)


@pytest.mark.parametrize("operation", ["serpwow.batch.stop", "serpwow", "nope.nope"])
def test_a_misspelt_operation_is_not_one_that_was_never_asked(first_run: Emulator, operation: str) -> None:
    with pytest.raises(NotFound, match="no operation is called"):
        first_run.journal.exchanges(operation)


def test_every_entry_of_the_journal_can_be_explained(first_run: Emulator) -> None:
    first_run.clock.advance(until="next")
    assert "queued -> running" in str(first_run.journal[-1].explain())
    with pytest.raises(LookupError, match="explain that exchange"):
        from_json(
            Change,
            {
                "at": "2026-01-01T00:00:00Z",
                "from": "a",
                **dict.fromkeys(("vendor", "resource", "id", "to", "why", "evidence"), "x"),
            },
        ).explain()


def test_a_long_test_clears_the_journal_before_it_drops_entries(first_run: Emulator) -> None:
    url = f"http://serpwow/live/account?api_key={first_run.serpwow.api_key}"
    with httpx.Client(transport=first_run.transport()) as client:
        for _ in range(600):
            client.get(url)
        first_run.journal.clear()
        for _ in range(600):
            client.get(url)
    first_run.journal.assert_called("serpwow.account.get", times=600)


def test_a_handle_is_closed_once_however_often_it_is_told(server: EmulatorServer) -> None:
    emulator = Emulator(server=server)
    server.ask("DELETE", f"/worlds/{emulator.id}")
    emulator.close()
    emulator.close()


@pytest.mark.parametrize("host", ["stripe.test", "www.6dot50.com", "anything.example.com"])
def test_without_a_socket_any_host_name_will_do(first_run: Emulator, host: str) -> None:
    with httpx.Client(transport=first_run.transport()) as client:
        assert client.get(f"https://{host}/live/account?api_key={first_run.serpwow.api_key}").status_code == 200


async def ticks(is_over: asyncio.Event) -> int:
    count = 0
    while not is_over.is_set():
        count += 1
        await asyncio.sleep(0.005)
    return count


def test_an_awaited_client_without_a_socket_leaves_real_time_to_others(first_run: Emulator) -> None:
    first_run.faults.add(at="serpwow", where="after-commit", do="delay", delay="100ms", clock="real")

    async def run() -> int:
        is_over = asyncio.Event()
        ticking = asyncio.create_task(ticks(is_over))
        async with httpx.AsyncClient(transport=first_run.transport(), base_url="http://serpwow/live") as client:
            path = f"/account?api_key={first_run.serpwow.api_key}"
            assert {response.status_code for response in await asyncio.gather(client.get(path), client.get(path))} == {200}
        is_over.set()
        return await ticking

    assert asyncio.run(run()) > 1
    assert [exchange.delivered for exchange in first_run.journal.exchanges()] == [True, True]


SLOW = {"do": "delay", "delay": "5m", "clock": "real"}


@pytest.mark.parametrize("fault", [SLOW, {"do": "hang"}], ids=lambda fault: fault["do"])
@pytest.mark.parametrize("where", ["before-auth", "before-commit", "after-commit", "mid-body"])
@pytest.mark.parametrize("read_timeout", [None, 60])
def test_an_awaited_client_that_gives_up_by_itself_takes_nothing_back(
    first_run: Emulator, fault: dict[str, Any], where: str, read_timeout: float | None
) -> None:
    first_run.faults.add(at="*", where=where, **fault)
    happens = fault is SLOW or where not in ("before-auth", "before-commit")

    async def run() -> None:
        async with httpx.AsyncClient(
            transport=first_run.transport(), base_url="http://serpwow/live", timeout=read_timeout
        ) as client:
            path = f"/batches/2A6F94BB/stop?api_key={first_run.serpwow.api_key}"
            await asyncio.wait_for(client.get(path), 0.01)

    with pytest.raises(TimeoutError):
        asyncio.run(run())
    assert [exchange.delivered for exchange in first_run.journal.exchanges()] == [False]
    assert first_run.serpwow.account.credits_used == (30 if happens else 230)


def test_an_awaited_client_without_a_socket_hears_of_its_own_timeout(first_run: Emulator) -> None:
    first_run.faults.add(at="*", where="before-auth", do="hang")

    async def run() -> None:
        async with httpx.AsyncClient(transport=first_run.transport(), base_url="http://serpwow/live", timeout=0.01) as client:
            await client.get(f"/account?api_key={first_run.serpwow.api_key}")

    with pytest.raises(httpx.ReadTimeout):
        asyncio.run(run())


def test_what_goes_wrong_in_a_context_takes_the_story_along(server: EmulatorServer) -> None:
    with (
        pytest.raises(AssertionError) as wrong,
        Emulator("first-run", server=server) as emulator,
        emulator.fork() as twin,
    ):
        assert stop(twin, "2A6F94BB").status_code == 400
    (note,) = wrong.value.__notes__
    assert "/2A6F94BB/stop" in note


def test_a_fork_that_nobody_closes_is_dropped_with_its_origin(server: EmulatorServer) -> None:
    with Emulator(server=server) as emulator:
        twin = emulator.fork()
        assert server.ask("GET", f"/worlds/{twin.id}")
    with pytest.raises(ControlError, match="no world is called"):
        server.ask("GET", f"/worlds/{twin.id}")


def test_durations_and_instants_may_be_pythons_own(emulator: Emulator) -> None:
    emulator.load({"timing": {"stripe.drain": timedelta(seconds=3)}, "clock": {"start": datetime(2026, 3, 1, tzinfo=UTC)}})
    fault = emulator.faults.add(at="*", where="before-auth", do="drop", for_=timedelta(minutes=5))
    assert (emulator.clock.now, fault.fault["for"]) == (datetime(2026, 3, 1, tzinfo=UTC), "5m")


@pytest.mark.parametrize(
    ("asks", "message"),
    [
        (
            lambda emulator: emulator.state.change({"serpwow": {"batches": {1}}}),
            "/serpwow/batches: expected a value .* a set has no order",
        ),
        (lambda emulator: emulator.dry_run("GET", "/live/account", body=b"x"), "/body: expected a value .* bytes is no JSON"),
        (
            lambda emulator: emulator.load({"given": {"stripe": object()}}),
            "/scenario/given/stripe: expected .* object is no JSON",
        ),
        (lambda emulator: emulator.load(3), "/scenario: a scenario is a name, a path or a mapping, not 3"),
        (
            lambda emulator: emulator.load({"timing": {"stripe.drain": math.inf}}),
            "/scenario/timing/stripe.drain: inf is no number",
        ),
        (
            lambda emulator: emulator.load({"given": {"6dot50": {"accounts": [{"balance": Decimal("NaN")}]}}}),
            "balance: NaN is no number",
        ),
        (
            lambda emulator: emulator.replies.add(at="serpwow", status=200, json={"n": [10**30]}),
            "/json/n/0: a whole number has at most 64 bits here",
        ),
        (
            lambda emulator: emulator.load({"replies": [{"at": "serpwow", "status": 200, "text": "a\ud800"}]}),
            r"/scenario/replies/0/text: half a character, '\\ud800' at 1, is no text",
        ),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(emulator: Emulator, asks: Callable[[Any], object], message: str) -> None:
    before = dict(emulator.state)
    with pytest.raises(BadInput, match=message):
        asks(emulator)
    assert dict(emulator.state) == before


def test_threads_that_ask_for_the_url_at_once_hear_of_one() -> None:
    with EmulatorServer() as server, ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: server.url, range(8)))) == 1


def test_a_forked_process_is_told_that_the_server_is_not_there() -> None:
    program = (
        "import os, sys\n"
        "from emulator import EmulatorServer, ControlError\n"
        "with EmulatorServer() as server:\n"
        "    if os.fork() == 0:\n"
        "        try: server.ask('GET', '/worlds')\n"
        "        except ControlError as error: print(error, flush=True)\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "which this one was forked from" in result.stdout


@pytest.mark.parametrize("name", ["copy", "deepcopy", "pickled"])
def test_a_record_can_be_kept(first_run: Emulator, name: str) -> None:
    ways: dict[str, Callable[[ResourceView], ResourceView]] = {
        "copy": copy.copy,
        "deepcopy": copy.deepcopy,
        "pickled": lambda listing: pickle.loads(pickle.dumps(listing)),
    }
    account = first_run.serpwow.account
    assert ways[name](account) == account
    first_run.state.change({"serpwow": {"account": {"credits_used": 231}}})
    assert first_run.serpwow.account != account


@pytest.mark.parametrize("way", ["stream", "content"])
@pytest.mark.parametrize(
    "fault", [None, "mid-body truncate", "mid-body reset", "mid-body hang", "mid-body delay", "after-reply reset"]
)
def test_an_adapter_reads_and_fails_as_a_socket_does(fault: str | None, way: str) -> None:
    def observations(emulator: Emulator, session: requests.Session) -> list[object]:
        if fault:
            where, do = fault.split()
            emulator.faults.add(at="*", where=where, do=do, **({"delay": "30s", "clock": "real"} if do == "delay" else {}))
        url = f"{emulator.serpwow.url}/account?api_key={emulator.serpwow.api_key}"
        try:
            read_timeout = urllib3.Timeout(read=1 if fault in ("mid-body hang", "mid-body delay") else None)
            answer = session.get(url, stream=way == "stream", timeout=read_timeout)  # type: ignore[arg-type]
            shown: list[object] = [answer.status_code, answer.reason, answer.encoding, answer.raw.version]
            return [*shown, b"".join(answer.iter_content(7))]
        except requests.RequestException as error:
            return [type(error)]

    with EmulatorServer() as server, Emulator("first-run", server=server, id="one") as emulator:
        with requests.Session() as session:
            over_a_socket = observations(emulator, session)
        emulator.reset()
        with requests.Session() as session:
            session.mount("http://", emulator.adapter())
            assert observations(emulator, session) == over_a_socket


@pytest.mark.parametrize(
    "data", ["x", b"x", io.StringIO("x"), io.BytesIO(b"x"), iter([b"x"])], ids=lambda data: type(data).__name__
)
def test_an_adapter_sends_whatever_requests_takes(first_run: Emulator, data: Any) -> None:
    with requests.Session() as session:
        session.mount("http://", first_run.adapter())
        answer = session.post(f"http://serpwow/live/batches?api_key={first_run.serpwow.api_key}", data=data)
    with pytest.raises(requests.HTTPError, match="400 Client Error: Bad Request"):
        answer.raise_for_status()


def test_a_transport_streams(first_run: Emulator) -> None:
    url = f"http://serpwow/live/account?api_key={first_run.serpwow.api_key}"
    with httpx.Client(transport=first_run.transport()) as client, client.stream("GET", url) as answer:
        assert b"credits_used" in b"".join(answer.iter_raw())


def test_what_the_handle_does_can_be_awaited_in_any_words(emulator: Emulator) -> None:
    async def run() -> tuple[str, bool]:
        await emulator.aio.load("first-run")
        status = await emulator.aio(lambda: emulator.serpwow.batch("2A6F94BB").status)
        return status, await emulator.aio.now() == emulator.clock.now

    assert asyncio.run(run()) == ("queued", True)


def test_a_journal_and_a_ledger_in_a_variable_follow_the_world_and_their_pictures_do_not(first_run: Emulator) -> None:
    journal, ledger = first_run.journal, first_run.ledger
    before, earlier = journal.picture(), ledger.picture()
    httpx.get(f"{first_run.serpwow.url}/batches/2A6F94BB/stop", params={"api_key": first_run.serpwow.api_key})
    assert (len(journal), [*map(str, journal)], len(journal.exchanges())) == (1, [str(journal[0])], 1)
    assert journal[0] in journal
    assert journal.index(journal[-1]) == 0
    assert [*reversed(journal)] == [*journal]
    assert (ledger.moved("serpwow", "account.credits_used"), len(ledger.commits)) == (-200, 1)
    assert (len(before), before.changes(), earlier.moved("serpwow", "account.credits_used")) == (0, [], 0)
    assert "stays as it is" in repr(before) + repr(earlier)
    assert "stays" not in repr(journal) + repr(ledger)


def test_a_field_that_is_not_there_is_told_which_there_are() -> None:
    with Emulator("first-run") as emulator:
        batch = emulator.serpwow.batches[0]
        with pytest.raises(
            AttributeError, match="no field of this batch is called 'state'; there are: id, name, status, "
        ) as excinfo:
            _ = batch.state
        assert all(name in str(excinfo.value) for name in batch)
        with pytest.raises(AttributeError, match="did you mean 'status'"):
            _ = batch.statsu


def test_a_world_that_is_gone_is_told_why(live: Live) -> None:
    with EmulatorServer(live.url) as server, Emulator(server=server) as mine:
        first = Emulator(server=server, id="thrice")
        server.ask("DELETE", "/worlds/thrice")  # as the run of another does that finds its id taken
        with pytest.raises(ControlError, match=r"no world is called 'thrice'.* another run of the same tests .* need -n"):
            first.clock.advance("1s")
        first.close()
        with pytest.raises(ControlError, match="no snapshot is called") as excinfo:
            mine.restore("none")
        assert "another run" not in str(excinfo.value)
    with Emulator() as here:
        here.close()
        with pytest.raises(ControlError, match=r"no world is called .*: it was closed$"):
            here.reset()


def test_the_story_of_a_handle_that_is_not_made_yet_fails_no_test() -> None:
    half_made = object.__new__(Emulator)
    told = "the story cannot be told: 'Emulator' object has no attribute '_server'"
    assert (failure_report(half_made), failure_report_if_any(half_made)) == (told, told)
