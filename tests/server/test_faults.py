"""Faults: when they strike, what they do to a socket, and what they say when they mean nothing."""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import httpx
import pytest
import requests
import stripe
from hypothesis import given
from hypothesis import strategies as st

from emulator import Emulator, EmulatorServer
from emulator.client.server import ControlError
from emulator.client.transport import InProcess
from emulator.kernel.calls import Call
from emulator.kernel.errors import BadInput
from emulator.kernel.faults import DO, INVALID_COMBINATIONS, LATE, WHERE, Fault, select_faults
from emulator.kernel.limits import Limits
from emulator.kernel.world import World as Kitchen
from emulator.scenario.faults import add_fault
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from emulator.web.connection import ConnectionCut
from emulator.web.fault_effects import FaultInjector, garbage, split_body
from tests.support.loading import load_value
from tests.support.server import Live, World
from tests.support.toy import START, kitchen

LIST = "serpwow.batches.list"
STOP = "serpwow.batches.stop"
NEEDED: dict[str, dict[str, Any]] = {"status": {"status": 503}, "delay": {"delay": "1s"}}
POSSIBLE = [(where, do) for where in WHERE for do in DO if (where, do) not in INVALID_COMBINATIONS]
AT_REST = {"given": {"serpwow": {"batches": [{"id": "B1", "status": "queued", "searches": 200}, {"id": "B2"}]}}}


def fault(**more: Any) -> dict[str, Any]:
    content = {"at": STOP, "where": "after-commit", "do": "drop", **more}
    return {key: value for key, value in content.items() if value is not None}


def stop(*ids: str) -> Call:
    return Call("serpwow", STOP, ids, "demo", lambda _: None)


def calls(world: Kitchen, times: int, ids: tuple[str, ...] = ()) -> list[bool]:
    """Tell of each of so many calls whether the fault strikes it."""
    strikes = []
    for _ in range(times):
        with world.transaction("call") as tx:
            strikes.append(bool(select_faults(tx, LATE, stop(*ids)).faults))
    return strikes


def marks(strikes: list[bool]) -> str:
    return "".join("x" if is_strike else "." for is_strike in strikes)


@pytest.mark.parametrize(
    ("options", "pattern"),
    [
        ({}, "xxxxxxxx"),
        ({"times": 2}, "xx......"),
        ({"after": 3}, "...xxxxx"),
        ({"after": 3, "times": 1}, "...x...."),
        ({"every": 3}, "..x..x.."),
        ({"every": 2, "after": 1, "times": 2}, "..x.x..."),
        ({"at": "serpwow"}, "xxxxxxxx"),
        ({"at": "*"}, "xxxxxxxx"),
        ({"at": "stripe"}, "........"),
        ({"at": LIST}, "........"),
        ({"id": "B1"}, "xxxxxxxx"),
        ({"id": "B2"}, "........"),
        ({"where": "before-auth"}, "........"),
    ],
)
def test_how_often_a_fault_strikes(options: dict[str, Any], pattern: str) -> None:
    world = kitchen()
    add_fault(world, fault(**options))
    assert marks(calls(world, 8, ("B1",))) == pattern


@pytest.mark.parametrize(
    ("options", "pattern"),
    [
        ({"for": "2s"}, "xx..."),
        ({"between": ["2026-03-09T20:55:32Z", "2026-03-09T20:55:34Z"]}, ".xx.."),
        ({"between": ["2026-03-09T20:55:32Z", "2026-03-09T20:55:34Z"], "after": 1}, "..x.."),
    ],
)
def test_a_fault_strikes_while_it_is_in_force_and_counts_only_then(options: dict[str, Any], pattern: str) -> None:
    world = kitchen()
    add_fault(world, fault(**options))
    strikes = []
    for _ in range(5):
        strikes += calls(world, 1)
        world.advance_by(timedelta(seconds=1))
    assert marks(strikes) == pattern


@given(st.integers(0, 99), st.floats(0.01, 0.99))
def test_chance_is_drawn_from_the_seed(seed: int, probability: float) -> None:
    def draw() -> list[bool]:
        world = kitchen(seed=seed)
        add_fault(world, fault(probability=probability))
        return calls(world, 30)

    assert draw() == draw()


def test_chance_comes_out_as_often_as_it_says() -> None:
    world = kitchen()
    add_fault(world, fault(probability=0.25))
    assert 200 < sum(calls(world, 1000)) < 300


@given(st.integers(0, 6), st.integers(1, 4), st.integers(1, 4), st.integers(1, 12))
def test_a_reset_brings_every_fault_back(after: int, every: int, times: int, number: int) -> None:
    world = kitchen()
    add_fault(world, fault(after=after, every=every, times=times))
    world.set_beginning()
    before = calls(world, number)
    twin = world.copy()
    assert calls(world, 5) == calls(twin, 5)
    world.reset()
    assert calls(world, number) == before


def test_a_transaction_rolled_back_has_counted_nothing() -> None:
    world = kitchen()
    new_fault = add_fault(world, fault(times=1))
    tx = world.transaction("call")
    assert select_faults(tx, LATE, stop()).faults
    tx.roll_back()
    assert world.store.find(Fault.kind, new_fault.id) == new_fault
    assert marks(calls(world, 2)) == "x."


def test_a_call_whose_path_names_one_id_twice_is_delayed_and_counted_once() -> None:
    world = kitchen()
    add_fault(world, fault(id="B1", do="delay", delay="1s"))
    with world.transaction("call") as tx:
        assert len(select_faults(tx, LATE, stop("B1", "B1")).faults) == 1
    assert [(fault.seen, fault.struck) for fault in world.store.group(Fault.kind)] == [(1, 1)]


def test_delays_befall_a_call_together_with_one_other_accident_in_order_of_their_place() -> None:
    world = kitchen()
    add_fault(world, fault(where="mid-body", do="truncate", times=1))
    add_fault(world, fault(where="before-commit", do="delay", delay="1s"))
    add_fault(world, fault(do="delay", delay="2s"))
    add_fault(world, fault(at="*", where="after-reply"))
    with world.transaction("call") as tx:
        first = select_faults(tx, LATE, stop()).faults
    with world.transaction("call") as tx:
        second = select_faults(tx, LATE, stop()).faults
    assert [fault.where for fault in first] == ["before-commit", "after-commit", "mid-body"]
    assert [fault.where for fault in second] == ["before-commit", "after-commit", "after-reply"]
    assert (first[-1].struck, second[-1].struck, second[-1].seen) == (1, 1, 2)


@pytest.mark.parametrize(("where", "do"), [(where, do) for where in WHERE for do in DO])
def test_a_combination_means_something_or_is_refused_with_a_reason(where: str, do: str) -> None:
    if (where, do) in INVALID_COMBINATIONS:
        with pytest.raises(BadInput, match=f"{do} {where} means nothing: .{{20}}"):
            add_fault(kitchen(), fault(where=where, do=do, **NEEDED.get(do, {})))
    else:
        assert add_fault(kitchen(), fault(where=where, do=do, **NEEDED.get(do, {}))).since == START


@pytest.mark.parametrize(
    ("options", "pointer", "reason"),
    [
        ({"do": "dorp"}, "/do", "did you mean 'drop'"),
        ({"do": "explode"}, "/do", "not one of status, delay, drop, reset, truncate, garbage, dribble, hang"),
        ({"where": "after-comit"}, "/where", "did you mean 'after-commit'"),
        ({"at": "serpwow.batches.stp"}, "/at", "did you mean 'serpwow.batches.stop'"),
        ({"at": "serpwow.batches.cancel"}, "/at", "those like it: serpwow.batches.create, "),
        ({"at": None}, "", "'at' is missing"),
        ({"wher": "x"}, "/wher", "did you mean 'where'"),
        ({"do": "status"}, "/status", "which status"),
        ({"do": "status", "status": 199}, "/status", "minimum"),
        ({"status": 503}, "/status", "belongs to do: status, not to drop"),
        ({"retry_after": "30s"}, "/retry_after", "belongs to do: status"),
        ({"do": "status", "status": 503, "retry_after": "soon"}, "/retry_after", "not a duration"),
        ({"do": "delay"}, "/delay", "how long"),
        ({"do": "delay", "delay": "1h", "clock": "real"}, "/delay", "at most 5m"),
        ({"do": "delay", "delay": "next", "clock": "real"}, "/clock", "the world's clock"),
        ({"delay": "1s"}, "/delay", "belongs to do: delay"),
        ({"do": "delay", "delay": "999999999999d"}, "/delay", "longer than"),
        ({"pace": "1s"}, "/pace", "belongs to do: dribble"),
        ({"where": "mid-body", "do": "dribble", "pace": "1m"}, "/pace", "at most 5s"),
        ({"times": 0}, "/times", "minimum"),
        ({"probability": 0}, "/probability", "0 is not more than 0"),
        ({"between": ["2026-01-01T00:00:00Z"]}, "/between", "has fewer than 2 items"),
        ({"between": ["2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"]}, "/between", "before it begins"),
        ({"between": ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"], "for": "1s"}, "/for", "leave one out"),
        ({"between": ["yesterday", "2026-01-02T00:00:00Z"]}, "/between/0", "not an instant"),
    ],
)
def test_a_mistake_is_told_with_its_field_and_lays_nothing(
    live: Live, options: dict[str, Any], pointer: str, reason: str
) -> None:
    world = live.load({})
    reply = live.control.post(f"/_emulator/worlds/{world.id}/faults", json=fault(**options))
    assert (reply.status_code, reply.headers["content-type"]) == (422, "application/problem+json")
    assert any(error["pointer"] == pointer and reason in error["detail"] for error in reply.json()["errors"]), reply.json()
    assert live.control.get(f"/_emulator/worlds/{world.id}/faults").json() == {"faults": []}
    with pytest.raises(BadInput) as excinfo:
        load_value({"title": "A test", "faults": [fault(**options)]}, VENDORS)
    assert any(problem.pointer == f"/faults/0{pointer}" for problem in excinfo.value.problems)


def test_a_step_that_fails_gets_nothing_else() -> None:
    with pytest.raises(BadInput, match="leave out the rest, and what is captured"):
        load_value({"title": "A test", "steps": [{"send": "GET /x", "get": {"fails": True, "status": 200}}]}, VENDORS)


@pytest.fixture
def world(live: Live) -> World:
    return live.load(AT_REST)


def lay_fault(world: World, **options: Any) -> str:
    reply = world.control.post(f"/_emulator/worlds/{world.id}/faults", json=fault(**options))
    assert reply.status_code == 201, reply.text
    id: str = reply.json()["id"]
    return id


def url_of(world: World, path: str = "/batches") -> str:
    return f"{world.serpwow['url']}{path}?api_key={world.serpwow['api_key']}"


def test_faults_are_laid_shown_and_taken_away(world: World) -> None:
    path = f"/_emulator/worlds/{world.id}/faults"
    first, second = lay_fault(world, times=2), lay_fault(world, id="B1", do="reset")
    body = world.control.get(f"{path}/{first}").json()
    assert body == {"id": first, "fault": fault(times=2), "seen": 0, "struck": 0, "left": 2, "place": None}
    assert [fault["id"] for fault in world.control.get(path).json()["faults"]] == [first, second]
    assert world.control.delete(f"{path}/{first}").status_code == 204
    for method in ("GET", "DELETE"):
        assert "did you mean 'fault-2'" in world.control.request(method, f"{path}/{first}").json()["detail"]
    assert lay_fault(world) == "fault-3"
    assert world.control.delete(path).status_code == 204
    assert world.control.get(path).json() == {"faults": []}


CURL = {
    ("after-commit", "drop"): 52,
    ("before-commit", "reset"): 56,
    ("mid-body", "reset"): 56,
    ("mid-body", "truncate"): 18,
    ("before-auth", "garbage"): 1,
    ("mid-body", "garbage"): 0,
    ("mid-body", "dribble"): 0,
    ("before-auth", "hang"): 28,
    ("mid-body", "hang"): 28,
    ("after-reply", "reset"): 0,
}


@pytest.mark.parametrize(("where", "do"), CURL)
def test_curl_sees_what_happens_to_the_line(world: World, where: str, do: str) -> None:
    lay_fault(world, at=LIST, where=where, do=do, **({"pace": "1ms"} if do == "dribble" else {}))
    result = subprocess.run(
        ["curl", "-sS", "-m", "1" if do == "hang" else "60", "-o", "/dev/null", url_of(world)], check=False, capture_output=True
    )
    assert result.returncode == CURL[where, do]


HTTPX: dict[tuple[str, str], type[Exception] | int] = {
    ("before-auth", "drop"): httpx.RemoteProtocolError,
    ("before-commit", "reset"): httpx.ReadError,
    ("after-commit", "garbage"): httpx.RemoteProtocolError,
    ("after-commit", "hang"): httpx.ReadTimeout,
    ("after-commit", "status"): 503,
    ("mid-body", "truncate"): httpx.RemoteProtocolError,
    ("mid-body", "reset"): httpx.ReadError,
    ("mid-body", "hang"): httpx.ReadTimeout,
    ("mid-body", "dribble"): 200,
    ("mid-body", "garbage"): 200,
    ("after-reply", "drop"): 200,
    ("after-reply", "reset"): 200,
    ("after-reply", "garbage"): 200,
}
REQUESTS: dict[tuple[str, str], type[Exception] | int] = {
    ("after-commit", "drop"): requests.exceptions.ConnectionError,
    ("after-commit", "reset"): requests.exceptions.ConnectionError,
    ("after-commit", "garbage"): requests.exceptions.ConnectionError,
    ("after-commit", "hang"): requests.exceptions.ReadTimeout,
    ("mid-body", "truncate"): requests.exceptions.ChunkedEncodingError,
    ("mid-body", "reset"): requests.exceptions.ChunkedEncodingError,
    ("mid-body", "hang"): requests.exceptions.ConnectionError,
    ("mid-body", "garbage"): 200,
    ("after-reply", "drop"): 200,
}


def answer_under_fault(emulator: Emulator, where: str, do: str) -> str:
    more = {"pace": "1ms"} if do == "dribble" else NEEDED.get(do, {})
    emulator.faults.add(at=LIST, where=where, do=do, **more)
    return f"/batches?api_key={emulator.serpwow.api_key}"


@pytest.fixture(scope="module")
def emulator_server_of_this_page() -> Iterator[EmulatorServer]:
    with EmulatorServer() as server:
        yield server


@pytest.fixture
def emulator(emulator_server_of_this_page: EmulatorServer) -> Iterator[Emulator]:
    with Emulator(AT_REST, server=emulator_server_of_this_page) as emulator:
        yield emulator


@pytest.mark.parametrize("socketless", [False, True], ids=["over a socket", "without one"])
@pytest.mark.parametrize(("where", "do"), HTTPX)
def test_httpx_raises_the_same_with_and_without_a_socket(emulator: Emulator, where: str, do: str, socketless: bool) -> None:
    path, expected = answer_under_fault(emulator, where, do), HTTPX[where, do]
    transport = emulator.transport() if socketless else None
    read_timeout = 0.5 if expected is httpx.ReadTimeout else None
    with httpx.Client(base_url=emulator.serpwow.url, transport=transport, timeout=read_timeout) as client:
        if isinstance(expected, int):
            assert client.get(path).status_code == expected
        else:
            with pytest.raises(expected) as excinfo:
                client.get(path)
            assert type(excinfo.value) is expected


@pytest.mark.parametrize(("where", "do"), [("mid-body", "truncate"), ("before-auth", "drop")])
def test_an_async_client_without_a_socket_raises_the_same(emulator: Emulator, where: str, do: str) -> None:
    path = answer_under_fault(emulator, where, do)

    async def run() -> None:
        async with httpx.AsyncClient(transport=emulator.transport(), base_url="http://serpwow/live") as client:
            await client.get(path)

    with pytest.raises(httpx.RemoteProtocolError):
        asyncio.run(run())


@pytest.mark.parametrize("socketless", [False, True], ids=["over a socket", "without one"])
@pytest.mark.parametrize(("where", "do"), REQUESTS)
def test_requests_raises_the_same_with_and_without_a_socket(emulator: Emulator, where: str, do: str, socketless: bool) -> None:
    url, expected = emulator.serpwow.url + answer_under_fault(emulator, where, do), REQUESTS[where, do]
    read_timeout = 0.5 if do == "hang" else None
    with requests.Session() as session:
        if socketless:
            session.mount("http://", emulator.adapter())
        if isinstance(expected, int):
            assert session.get(url, timeout=read_timeout).status_code == expected
        else:
            with pytest.raises(expected) as excinfo:
                session.get(url, timeout=read_timeout)
            assert type(excinfo.value) is expected


def test_a_bare_caller_is_told_what_happens_to_the_line_that_it_has_not_got() -> None:
    scenario = load_value({"title": "A test", "faults": [fault(at="*", where="before-auth")]}, VENDORS)
    app = create_app(worlds_of([scenario]))

    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            await client.get("/live/account?api_key=k")

    with pytest.raises(ConnectionCut, match="hangs up without a whole reply"):
        asyncio.run(run())


def test_a_real_delay_is_a_timeout_to_who_would_not_wait(emulator: Emulator) -> None:
    emulator.faults.add(at=LIST, where="before-auth", do="delay", delay="5m", clock="real")
    with httpx.Client(transport=emulator.transport(), timeout=1) as client, pytest.raises(httpx.ReadTimeout):
        client.get(f"http://serpwow/live/batches?api_key={emulator.serpwow.api_key}")
    assert [exchange.status for exchange in emulator.journal.exchanges(LIST)] == [200], "who gives up has asked all the same"
    assert [exchange.delivered for exchange in emulator.journal.exchanges(LIST)] == [False]


@pytest.mark.parametrize("where", ["before-auth", "before-commit", "after-commit", "mid-body"])
def test_a_client_that_hung_up_before_its_answer_has_not_got_it(emulator: Emulator, where: str) -> None:
    emulator.faults.add(at=STOP, where=where, do="delay", delay="5m", clock="real", times=1)
    url = f"{emulator.serpwow.url}/batches/B1/stop?api_key={emulator.serpwow.api_key}"
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(url, timeout=0.1)
    for _ in range(3):  # by the third, on a connection that it accepted later, the server has read that the first client left
        httpx.get(f"{emulator.serpwow.url}/account?api_key={emulator.serpwow.api_key}")
    emulator.faults.clear()
    for _ in range(10_000):
        exchanges_lost = emulator.journal.exchanges(STOP)
        if exchanges_lost and exchanges_lost[0].delivered is not None:
            break
        httpx.get(f"{emulator.serpwow.url}/account?api_key={emulator.serpwow.api_key}")
    assert (exchanges_lost[0].status, exchanges_lost[0].delivered, emulator.serpwow.batch("B1").status) == (200, False, "idle")
    assert [
        (exchange.committed, exchange.delivered) for exchange in emulator.ledger.exchanges if exchange.operation == STOP
    ] == [(True, False)]


@pytest.mark.parametrize("where", ["before-auth", "before-commit", "after-commit", "mid-body"])
def test_a_short_real_delay_is_waited_through(emulator: Emulator, where: str) -> None:
    emulator.faults.add(at=LIST, where=where, do="delay", delay="20ms", clock="real")
    before = emulator.clock.now
    with httpx.Client(transport=emulator.transport()) as here, httpx.Client() as there:
        for client in (here, there):
            assert client.get(f"{emulator.serpwow.url}/batches?api_key={emulator.serpwow.api_key}").json()["total_count"] == 2
    assert emulator.clock.now == before


@pytest.mark.parametrize(
    ("where", "answer", "status"),
    [("before-auth", 400, "idle"), ("before-commit", 400, "idle"), ("after-commit", 200, "idle"), ("mid-body", 200, "idle")],
)
def test_a_virtual_delay_lets_the_world_go_on_at_that_place(emulator: Emulator, where: str, answer: int, status: str) -> None:
    """The batch is done one second on: before the stop takes effect, or after."""
    emulator.load({"timing": {"serpwow.run": "1s"}, "given": {"serpwow": {"batches": [{"id": "B1", "status": "running"}]}}})
    emulator.faults.add(at=STOP, where=where, do="delay", delay="1s")
    before = emulator.clock.now
    reply = httpx.get(f"{emulator.serpwow.url}/batches/B1/stop?api_key={emulator.serpwow.api_key}")
    assert (reply.status_code, emulator.serpwow.batch("B1").status) == (answer, status)
    assert emulator.clock.now - before == timedelta(seconds=1)


@pytest.mark.parametrize(("delay", "seconds"), [("1.5s", "2"), ("500ms", "1"), (0.5, "1"), ("30s", "30"), (0, "0")])
def test_a_part_of_a_second_is_a_whole_one_in_retry_after(emulator: Emulator, delay: str | float, seconds: str) -> None:
    emulator.faults.add(at=STOP, where="before-commit", do="status", status=429, retry_after=delay)
    response = httpx.get(f"{emulator.serpwow.url}/batches/B1/stop?api_key={emulator.serpwow.api_key}")
    assert response.headers["retry-after"] == seconds


def test_a_failure_says_when_to_come_back_and_what_it_is_told_to_say(emulator: Emulator) -> None:
    url = f"{emulator.serpwow.url}/batches/B1/stop?api_key={emulator.serpwow.api_key}"
    emulator.faults.add(at=STOP, where="before-commit", do="status", status=429, retry_after="30s", times=1)
    emulator.faults.add(at=STOP, where="before-commit", do="status", status=500, body={"so": "there"})
    first, second = httpx.get(url), httpx.get(url)
    assert (first.status_code, first.headers["retry-after"], first.headers["emulator-fault"]) == (429, "30", "fault-1")
    assert (second.status_code, second.json()) == (500, {"so": "there"})
    assert emulator.serpwow.batch("B1").status == "queued"


def test_before_auth_strikes_whoever_asks_and_the_others_whom_the_vendor_lets_in(emulator: Emulator) -> None:
    emulator.load({**AT_REST, "credentials": {"serpwow": ["good"]}})
    headers = {"Emulator-World": emulator.id}
    late = emulator.faults.add(at="serpwow", where="after-commit", do="status", status=503, times=1)
    response = httpx.get(f"{emulator.serpwow.url}/account?api_key=bad", headers=headers)
    assert response.status_code == 401
    assert emulator.faults.list()[0].left == 1
    emulator.faults.remove(late.id)
    emulator.faults.add(at="serpwow", where="before-auth", do="status", status=503)
    for path in ("/account?api_key=bad", "/no/such/path", "/account?api_key=good"):
        assert httpx.get(f"{emulator.serpwow.url}{path}", headers=headers).status_code == 503


def test_the_journal_names_the_fault_its_line_and_whether_the_answer_arrived(emulator: Emulator) -> None:
    emulator.load("faults/a-stop-takes-effect-and-its-answer-is-lost")
    url = f"{emulator.serpwow.url}/batches/2A6F94BB/stop?api_key={emulator.serpwow.api_key}"
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url)
    httpx.get(url)
    exchange, response = emulator.journal.exchanges(STOP)
    assert (
        exchange.status,
        exchange.answer,
        exchange.delivered,
        [change.to for change in exchange.changes],
    ) == (
        200,
        "stopped",
        False,
        ["idle"],
    )
    (fault_of_exchange,) = exchange.faults
    assert (fault_of_exchange.id, fault_of_exchange.where, fault_of_exchange.do) == ("fault-1", "after-commit", "drop")
    assert str(fault_of_exchange.place).endswith("a-stop-takes-effect-and-its-answer-is-lost.yaml:8")
    assert (response.status, response.delivered, response.faults) == (400, True, ())


def test_an_exchange_that_never_was_has_no_status(emulator: Emulator) -> None:
    emulator.faults.add(at=STOP, where="before-commit", do="drop")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{emulator.serpwow.url}/batches/B1/stop?api_key={emulator.serpwow.api_key}")
    (exchange,) = emulator.journal.exchanges()
    assert (exchange.status, exchange.delivered, exchange.changes) == (0, False, ())


def test_stripes_own_client_retries_a_lost_answer_by_itself_under_one_key(emulator: Emulator) -> None:
    emulator.load({"given": {"stripe": {"batch_jobs": [{"id": "batchv2_1", "status": "in_progress", "rows": 100}]}}})
    emulator.faults.add(at="stripe.batch_jobs.cancel", where="after-commit", do="drop", times=1)
    client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url}, max_network_retries=2)
    assert client.v2.core.batch_jobs.cancel("batchv2_1").status == "cancelling"
    assert [exchange.delivered for exchange in emulator.journal.exchanges("stripe.batch_jobs.cancel")] == [False, True]


def test_a_mistake_is_refused_by_the_handle(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match="drop mid-body means nothing"):
        emulator.faults.add(at=STOP, where="mid-body", do="drop")


def test_a_hang_is_over_some_day() -> None:
    limits = Limits(hang_seconds=1)
    scenario = load_value({"title": "A test", "faults": [fault(at="*", where="before-auth", do="hang")]}, VENDORS)
    with (
        ThreadedServer(create_app(worlds_of([scenario], limits=limits), limits=limits), limits=limits) as server,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        httpx.get(f"{server.url}/live/account?api_key=k", timeout=60)


def test_a_server_that_stops_does_not_wait_for_who_hangs() -> None:
    scenario = load_value({"title": "A test", "faults": [fault(at="*", where="before-auth", do="hang")]}, VENDORS)
    with ThreadedServer(create_app(worlds_of([scenario]))) as server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        line = socket.create_connection((host, int(port)))
        line.sendall(b"GET /live/account?api_key=k HTTP/1.1\r\nhost: localhost\r\n\r\n")
        httpx.get(f"{server.url}/_emulator/health")
    with closing(line):
        assert line.recv(1) == b""


def test_a_client_that_breaks_off_while_it_is_struck_harms_nobody(world: World, caplog: pytest.LogCaptureFixture) -> None:
    lay_fault(world, at=LIST, where="before-auth", do="hang")
    host, _, port = world.serpwow["url"].removeprefix("http://").removesuffix("/live").partition(":")
    for _ in range(5):
        line = socket.create_connection((host, int(port)))
        line.sendall(
            f"GET {url_of(world).partition('/live')[1]}/batches?api_key={world.serpwow['api_key']} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()
        )
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.close()
    assert world.control.get("/_emulator/health").status_code == 200
    assert caplog.records == []


@pytest.mark.parametrize("pace", ["0ms", "2ms"])
def test_a_body_that_dribbles_is_delivered_when_all_of_it_was_read(emulator: Emulator, pace: str) -> None:
    emulator.faults.add(at=LIST, where="mid-body", do="dribble", pace=pace)
    url = f"{emulator.serpwow.url}/batches?api_key={emulator.serpwow.api_key}"
    for _ in range(10):
        assert httpx.get(url, headers={"Connection": "close"}).json()["request_info"]["success"]
    assert all(exchange.delivered is not False for exchange in emulator.journal.exchanges(LIST))


def test_an_undo_takes_back_the_strike_and_the_time_that_it_let_pass(emulator: Emulator) -> None:
    emulator.faults.add(at=STOP, where="before-commit", do="delay", delay="1h", times=1)
    emulator.faults.add(at=STOP, where="before-commit", do="status", status=503, times=1)
    before, url = emulator.clock.now, f"{emulator.serpwow.url}/batches/B1/stop?api_key={emulator.serpwow.api_key}"
    first = httpx.get(url)
    assert [(fault.seen, fault.struck) for fault in emulator.faults.list()] == [(1, 1), (1, 1)]
    emulator.undo()
    assert [(fault.seen, fault.struck) for fault in emulator.faults.list()] == [(0, 0), (0, 0)]
    assert (emulator.clock.now, list(emulator.journal)) == (before, [])
    again = httpx.get(url)
    assert (again.status_code, again.content, again.headers) == (first.status_code, first.content, first.headers)


@pytest.mark.parametrize("where", ["before-commit", "after-commit"])
@pytest.mark.parametrize("rate", [1.0, 1_000_000.0])
def test_a_virtual_delay_in_a_world_that_runs_answers_as_ever(emulator: Emulator, where: str, rate: float) -> None:
    emulator.clock.run(rate)
    emulator.faults.add(at=LIST, where=where, do="delay", delay="1ms")
    with httpx.Client(transport=emulator.transport(), base_url="http://serpwow") as client:
        statuses = [client.get(f"/live/batches?api_key={emulator.serpwow.api_key}").status_code for _ in range(30)]
    assert statuses == [200] * 30


def test_at_the_end_of_time_a_virtual_delay_passes_none(emulator: Emulator) -> None:
    emulator.faults.add(at=LIST, where="after-commit", do="delay", delay="1s")
    emulator.ask("PATCH", "/clock", {"now": "9000-01-01T00:00:00Z"})
    assert httpx.get(f"{emulator.serpwow.url}/batches?api_key={emulator.serpwow.api_key}").status_code == 200


@given(st.lists(st.binary(max_size=40), max_size=6), st.integers(1, 20))
def test_pieces_are_the_body_again(chunks: list[bytes], size: int) -> None:
    from emulator.sdk.response import Stream

    body = b"".join(chunks)
    pieces = list(split_body(Stream(len(body), iter(chunks)), size))
    assert b"".join(pieces) == body == b"".join(split_body(body, size))
    assert all(len(piece) == size for piece in pieces[:-1])


@given(st.integers(1, 500))
def test_noise_is_as_long_as_it_is_wanted_and_always_the_same(length: int) -> None:
    assert len(garbage("fault-1", length)) == length
    assert garbage("fault-1", length) == garbage("fault-1", length)


SAID = {"at": LIST, "status": 200, "body": {"batches": []}}


@pytest.mark.parametrize(
    ("scenario", "basis", "answer"),
    [
        ({}, "inferred", "page [inferred]"),
        ({"faults": [fault(at=LIST, where="before-auth", do="status", status=503)]}, None, "failed"),
        ({"faults": [fault(at=LIST, where="before-commit", do="status", status=503)]}, None, "failed"),
        ({"faults": [fault(at=LIST, where="after-commit", do="status", status=503)]}, None, "page"),
        ({"faults": [fault(at=LIST, where="after-commit", do="delay", delay="1s")]}, "inferred", "page [inferred]"),
        ({"faults": [fault(at=LIST, where="mid-body", do="garbage")]}, "inferred", "page [inferred]"),
        ({"replies": [SAID]}, None, "scripted"),
    ],
)
def test_only_an_answer_of_the_vendor_has_a_basis(scenario: dict[str, Any], basis: str | None, answer: str) -> None:
    app = create_app(worlds_of([load_value({"title": "A test", **scenario}, VENDORS)]))
    with httpx.Client(transport=InProcess(app), base_url="http://localhost") as client:
        reply = client.get("/live/batches?api_key=k")
        first_line = client.get("/_emulator/worlds/default/journal/1/explain").json()["text"].splitlines()[0]
    assert ("emulator-exchange" in reply.headers, reply.headers.get("emulator-basis")) == (True, basis)
    assert first_line.endswith(f" {reply.status_code} {answer}")


@pytest.mark.parametrize("where", ["before-auth", "before-commit"])
def test_where_nothing_was_answered_nothing_is_said_of_how_sure_that_is(where: str) -> None:
    faults = [fault(at=LIST, where=where)]
    app = create_app(worlds_of([load_value({"title": "A test", "faults": faults}, VENDORS)]))
    with httpx.Client(transport=InProcess(app), base_url="http://localhost") as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/live/batches?api_key=k")
        first_line = client.get("/_emulator/worlds/default/journal/1/explain").json()["text"].splitlines()[0]
    assert first_line.endswith("-> no answer (failed)")


@pytest.mark.parametrize(("name", "word"), [("do", "melt"), ("where", "before-lunch")])
def test_a_word_that_no_fault_knows_is_refused(name: str, word: str) -> None:
    words: dict[str, Any] = {"where": "after-commit", "do": "drop", name: word}
    with pytest.raises(BadInput, match=f"'{word}' is not one of "):
        Fault(id="f1", since=START, at=(LIST,), **words)


def test_an_effect_that_nothing_carries_out_is_no_silence() -> None:
    unknown = Fault(
        id="f1", since=START, at=(LIST,), where="after-commit", do="melt", seen=1
    )  # as if a former release had let it through
    injector: Any = FaultInjector(unknown, *[None] * 3)  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError, match="'melt'"):
        injector._strike(None).send(None)
