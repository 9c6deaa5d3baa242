"""A request that a fault holds up is let go when its fault is taken away, or its world reset, taken back or dropped."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import requests

from emulator import Emulator, EmulatorServer
from emulator.scenario.layout import to_yaml
from tests.support.held import ANYWHERE, HOLDS, SCENARIO, STOP, Client, first_held, hold, over_a_socket
from tests.support.waiting import wait_in_loop, wait_until


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer() as server:
        yield server


@pytest.fixture
def emulator(server: EmulatorServer) -> Iterator[Emulator]:
    """A world whose time runs, so that a virtual delay holds its request up."""
    with Emulator({**SCENARIO, "clock": {"rate": "real"}}, server=server) as emulator:
        yield emulator


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def in_a_thread(emulator: Emulator) -> httpx.Response:
    with httpx.Client(transport=emulator.transport(), base_url="http://serpwow/live", timeout=None) as client:
        return client.get("/batches/B1/stop", params={"api_key": emulator.serpwow.api_key})


def in_a_loop(emulator: Emulator) -> httpx.Response:
    async def run() -> httpx.Response:
        async with httpx.AsyncClient(transport=emulator.transport(), base_url="http://serpwow/live", timeout=None) as client:
            return await client.get("/batches/B1/stop", params={"api_key": emulator.serpwow.api_key})

    return asyncio.run(run())


def through_requests(emulator: Emulator) -> httpx.Response:
    with requests.Session() as session:
        session.mount("http://", emulator.adapter())
        reply = session.get("http://serpwow/live/batches/B1/stop", params={"api_key": emulator.serpwow.api_key})
        return httpx.Response(reply.status_code, headers=dict(reply.headers), content=reply.content)


CLIENTS: list[Client] = [over_a_socket, in_a_thread, in_a_loop, through_requests]
WAYS = [
    (client, where, hold)
    for client in CLIENTS
    for where in ANYWHERE
    for hold in HOLDS
    if hold != "hang" or client in (over_a_socket, in_a_loop)  # without socket and loop, a hang is over at once
]


@pytest.mark.parametrize("take_away", ["remove", "clear"])
@pytest.mark.parametrize(("client", "where", "how"), WAYS)
def test_a_request_goes_on_to_its_answer_when_its_fault_is_taken_away(
    emulator: Emulator, pool: ThreadPoolExecutor, client: Client, where: str, how: str, take_away: str
) -> None:
    answer = hold(emulator, pool, client, where, how)
    fault = first_held(emulator).fault.id
    emulator.faults.remove(fault) if take_away == "remove" else emulator.faults.clear()
    reply = answer.result()
    assert (reply.status_code, reply.json()["request_info"]["success"]) == (200, True)
    assert (emulator.serpwow.batch("B1").status, emulator.faults.held()) == ("idle", [])
    (exchange,) = emulator.journal.exchanges()
    assert (exchange.status, exchange.delivered, [fault.do for fault in exchange.faults]) == (200, True, [HOLDS[how]["do"]])
    assert f"/{exchange.n}" in reply.headers["emulator-exchange"]
    assert [(exchange.committed, exchange.delivered) for exchange in emulator.ledger.exchanges] == [(True, True)]


def _restore(emulator: Emulator) -> None:
    emulator.restore("before")


TAKEN_BACK: dict[str, Callable[[Emulator], object]] = {
    "reset": Emulator.reset,
    "load": lambda emulator: emulator.load(SCENARIO),
    "restore": _restore,
    "undo": Emulator.undo,
    "drop": Emulator.close,
}


@pytest.mark.parametrize("act", TAKEN_BACK.values(), ids=TAKEN_BACK)
@pytest.mark.parametrize(("client", "where", "how"), WAYS)
def test_a_request_is_told_that_its_world_was_taken_back(
    server: EmulatorServer,
    pool: ThreadPoolExecutor,
    client: Client,
    where: str,
    how: str,
    act: Callable[[Emulator], object],
) -> None:
    with Emulator({**SCENARIO, "clock": {"rate": "real"}}, server=server) as emulator:
        emulator.snapshot("before")
        with httpx.Client(transport=emulator.transport(), base_url="http://serpwow/live") as other:
            other.get("/account", params={"api_key": emulator.serpwow.api_key})
        answer = hold(emulator, pool, client, where, how)
        act(emulator)
        if where == "mid-body":
            assert isinstance(answer.exception(), (httpx.TransportError, requests.RequestException))
        else:
            assert (answer.result().status_code, answer.result().headers["emulator-error"]) == (503, "world-gone")
        if act is not TAKEN_BACK["drop"]:
            assert emulator.serpwow.batch("B1").status == "queued"
            assert [exchange for exchange in emulator.journal.exchanges() if exchange.operation == STOP] == []


def account(emulator: Emulator) -> None:
    httpx.get(f"{emulator.serpwow.url}/account", params={"api_key": emulator.serpwow.api_key})


def _undo_the_newer(emulator: Emulator) -> None:
    account(emulator)
    account(emulator)
    emulator.undo()


def _restore_a_snapshot_of_meanwhile(emulator: Emulator) -> None:
    emulator.snapshot("meanwhile")
    account(emulator)
    emulator.restore("meanwhile")


@pytest.mark.parametrize("go_back", [_undo_the_newer, _restore_a_snapshot_of_meanwhile])
@pytest.mark.parametrize(("where", "how"), [(where, how) for where in ANYWHERE[:3] for how in HOLDS])
def test_a_request_is_held_on_when_its_world_goes_back_to_a_point_after_its_beginning(
    emulator: Emulator, pool: ThreadPoolExecutor, where: str, how: str, go_back: Callable[[Emulator], None]
) -> None:
    account(emulator)
    answer = hold(emulator, pool, over_a_socket, where, how)
    go_back(emulator)
    if not (go_back is _restore_a_snapshot_of_meanwhile and where == "after-commit" and "delay" in how):
        assert first_held(emulator).operation == STOP
        emulator.faults.clear()
        assert answer.result().status_code == 200
        assert [(exchange.status, exchange.delivered) for exchange in emulator.journal.exchanges(STOP)] == [(200, True)]
    else:  # its answer was under way, and a snapshot holds no answers that are under way
        assert answer.result().status_code == 503


def test_a_request_is_gone_when_a_later_undo_reaches_back_before_its_beginning(
    emulator: Emulator, pool: ThreadPoolExecutor
) -> None:
    account(emulator)
    answer = hold(emulator, pool, over_a_socket, "before-auth", "hang")
    _undo_the_newer(emulator)
    assert first_held(emulator).operation == STOP
    emulator.undo(3)
    assert answer.result().status_code == 503
    assert (emulator.journal.exchanges(), emulator.serpwow.batch("B1").status) == ([], "queued")


def test_a_hang_is_in_the_journal_while_it_lasts_and_once_when_it_is_over(emulator: Emulator, pool: ThreadPoolExecutor) -> None:
    answer = hold(emulator, pool, over_a_socket, "before-commit", "hang")
    (hanging,) = emulator.journal.exchanges()
    assert (hanging.status, hanging.delivered) == (0, False)
    httpx.get(f"{emulator.serpwow.url}/account", params={"api_key": emulator.serpwow.api_key})
    emulator.faults.clear()
    answer.result()
    assert [(exchange.n, exchange.operation, exchange.status) for exchange in emulator.journal.exchanges()] == [
        (2, "serpwow.account.get", 200),
        (3, STOP, 200),
    ]
    assert (emulator.journal.dropped, emulator.ledger.complete) == (0, True)
    response = httpx.get(f"{emulator.url}/_emulator/worlds/{emulator.id}/journal/1/explain")
    assert "it went on as entry 3" in response.json()["detail"]
    emulator.undo(2)
    assert (emulator.serpwow.batch("B1").status, emulator.journal.exchanges()) == ("queued", [])


def test_a_body_that_comes_slowly_comes_at_once_when_its_fault_is_taken_away(
    emulator: Emulator, pool: ThreadPoolExecutor
) -> None:
    emulator.faults.add(at=STOP, where="mid-body", do="dribble", pace="5s", times=1)
    answer = pool.submit(over_a_socket, emulator)
    first_held(emulator)
    emulator.faults.clear()
    assert answer.result().json()["request_info"]["success"]


def test_a_body_that_comes_slowly_breaks_off_when_its_world_is_reset(emulator: Emulator, pool: ThreadPoolExecutor) -> None:
    emulator.faults.add(at=STOP, where="mid-body", do="dribble", pace="5s", times=1)
    answer = pool.submit(over_a_socket, emulator)
    first_held(emulator)
    emulator.reset()
    with pytest.raises(httpx.RemoteProtocolError):
        answer.result()


def test_what_would_have_struck_next_is_taken_away_with_it(emulator: Emulator, pool: ThreadPoolExecutor) -> None:
    for where in ("before-commit", "after-commit"):
        emulator.faults.add(at=STOP, where=where, do="delay", delay="5m", clock="real")
    emulator.faults.add(at=STOP, where="after-commit", do="drop")
    answer = pool.submit(over_a_socket, emulator)
    first_held(emulator)
    emulator.faults.clear()
    assert answer.result().status_code == 200
    assert [exchange.delivered for exchange in emulator.journal.exchanges()] == [True]


def test_another_worlds_requests_are_held_on(emulator: Emulator, server: EmulatorServer, pool: ThreadPoolExecutor) -> None:
    answer = hold(emulator, pool, over_a_socket, "before-auth", "hang")
    with Emulator({**SCENARIO, "faults": [{"at": "*", "where": "before-auth", "do": "hang"}]}, server=server) as other:
        second = pool.submit(over_a_socket, other)
        first_held(other)
    assert second.result().status_code == 503
    assert not answer.done()
    emulator.faults.clear()
    assert answer.result().status_code == 200


def test_the_requests_that_are_held_up_can_be_listed(emulator: Emulator, pool: ThreadPoolExecutor) -> None:
    before = emulator.clock.now
    answer = hold(emulator, pool, over_a_socket, "before-commit", "virtual delay")
    request = first_held(emulator)
    assert (request.method, request.operation, request.fault.id, request.fault.do) == ("GET", STOP, "fault-1", "delay")
    assert request.target.startswith("/live/batches/B1/stop?")
    assert emulator.serpwow.api_key not in request.target
    assert request.until is not None
    assert before <= request.since <= request.until - timedelta(days=29)
    emulator.reset()
    answer.result()
    assert emulator.faults.held() == []


@pytest.mark.parametrize("how", HOLDS)
def test_a_request_without_a_socket_is_let_go_when_its_server_is_closed(pool: ThreadPoolExecutor, how: str) -> None:
    with EmulatorServer() as server:
        emulator = Emulator({**SCENARIO, "clock": {"rate": "real"}}, server=server)
        answer = hold(emulator, pool, in_a_loop, "before-commit", how)
    assert answer.result().status_code == 503


@pytest.mark.parametrize("how", HOLDS)
def test_a_request_is_let_go_when_its_server_ends(how: str, tmp_path: Path) -> None:
    fault = {"at": "serpwow", "where": "before-auth", **HOLDS[how]}
    (tmp_path / "s.yaml").write_text(to_yaml({"title": "A world", "clock": {"rate": "real"}, "faults": [fault]}))
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", str(tmp_path / "s.yaml")]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        ThreadPoolExecutor() as pool,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stdout.readline().strip().removeprefix("EMULATOR_URL=")
        answer = pool.submit(httpx.get, f"{url}/live/account", params={"api_key": "demo"}, timeout=None)
        wait_until(lambda: httpx.get(f"{url}/_emulator/worlds/default/held").json()["held"], lambda: not answer.done())
        process.send_signal(signal.SIGTERM)
        assert (answer.result().status_code, answer.result().headers["emulator-error"]) == (503, "world-gone")
        assert "ERROR" not in process.stderr.read()


def test_a_client_that_gives_up_a_hang_is_held_no_more(emulator: Emulator) -> None:
    emulator.faults.add(at="serpwow", where="before-auth", do="hang")
    host, _, port = emulator.url.removeprefix("http://").partition(":")
    with closing(socket.create_connection((host, int(port)))) as line:
        line.sendall(f"GET /live/account?api_key={emulator.serpwow.api_key} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
        first_held(emulator)
    wait_until(lambda: not emulator.faults.held())


def test_a_thousand_held_requests_are_let_go_together(emulator: Emulator) -> None:
    emulator.faults.add(at="serpwow", where="before-auth", do="hang")

    async def run() -> list[int]:
        path = "/account"
        async with httpx.AsyncClient(transport=emulator.transport(), base_url="http://serpwow/live", timeout=None) as client:
            answers = [
                asyncio.create_task(client.get(path, params={"api_key": emulator.serpwow.api_key})) for _ in range(1_000)
            ]
            await wait_in_loop(
                lambda: emulator.faults.list()[0].struck == 1_000, lambda: not any(answer.done() for answer in answers)
            )
            assert len(emulator.faults.held()) == 1_000
            emulator.faults.clear()
            return [response.status_code for response in await asyncio.gather(*answers)]

    assert asyncio.run(run()) == [200] * 1_000
    assert emulator.faults.held() == []


class TestTimeThatRuns:
    """A virtual delay in a world whose clock runs is over when the clock of the world says so."""

    @pytest.mark.parametrize("client", CLIENTS)
    @pytest.mark.parametrize("where", ANYWHERE)
    def test_it_takes_as_long_as_the_world_takes(self, emulator: Emulator, client: Client, where: str) -> None:
        emulator.clock.run(600)
        emulator.faults.add(at=STOP, where=where, do="delay", delay="30s")
        began = emulator.clock.now
        assert client(emulator).status_code == 200
        assert timedelta(seconds=30) <= emulator.clock.now - began

    @pytest.mark.parametrize("client", CLIENTS)
    @pytest.mark.parametrize("where", ANYWHERE)
    def test_an_advance_beyond_its_end_lets_it_go(
        self, emulator: Emulator, pool: ThreadPoolExecutor, client: Client, where: str
    ) -> None:
        answer = hold(emulator, pool, client, where, "virtual delay")
        emulator.clock.advance("29d")
        assert first_held(emulator)
        emulator.clock.advance("1d")
        assert answer.result().status_code == 200
        assert emulator.faults.held() == []

    def test_a_faster_clock_lets_it_go_sooner(self, emulator: Emulator, pool: ThreadPoolExecutor) -> None:
        answer = hold(emulator, pool, over_a_socket, "before-commit", "virtual delay")
        emulator.clock.run(1_000_000)
        emulator.clock.advance("29d")
        assert answer.result().status_code == 200

    def test_a_clock_that_is_stopped_holds_it_until_somebody_moves_it(
        self, emulator: Emulator, pool: ThreadPoolExecutor
    ) -> None:
        answer = hold(emulator, pool, over_a_socket, "before-commit", "virtual delay")
        emulator.clock.run("frozen")
        until = first_held(emulator).until
        assert until is not None
        emulator.clock.advance(to=until - timedelta(seconds=1))
        assert first_held(emulator)
        emulator.clock.advance("1s")
        assert answer.result().status_code == 200
        assert emulator.clock.now == until

    def test_the_delay_of_another_request_moves_a_stopped_clock_for_it_too(
        self, emulator: Emulator, pool: ThreadPoolExecutor
    ) -> None:
        answer = hold(emulator, pool, over_a_socket, "before-commit", "virtual delay")
        emulator.clock.run("frozen")
        emulator.faults.add(at="serpwow.account.get", where="before-auth", do="delay", delay="31d")
        httpx.get(f"{emulator.serpwow.url}/account", params={"api_key": emulator.serpwow.api_key})
        assert answer.result().status_code == 200

    def test_until_the_next_change_is_until_then(self, server: EmulatorServer, pool: ThreadPoolExecutor) -> None:
        scenario = {**SCENARIO, "clock": {"rate": "real"}, "timing": {"serpwow.queue": "1h"}}
        with Emulator(scenario, server=server) as emulator:
            emulator.faults.add(at=STOP, where="before-commit", do="delay", delay="next")
            answer = pool.submit(over_a_socket, emulator)
            assert first_held(emulator).until == emulator.clock.next
            emulator.clock.advance("1h")
            assert answer.result().status_code == 200
            assert emulator.serpwow.account.credits_used == 10, "it ran by then"

    def test_where_nothing_will_happen_there_is_nothing_to_wait_for(self, emulator: Emulator) -> None:
        emulator.faults.add(at=STOP, where="before-commit", do="delay", delay="next")
        assert over_a_socket(emulator).status_code == 200

    def test_a_dry_run_waits_for_nothing(self, emulator: Emulator) -> None:
        emulator.faults.add(at=STOP, where="after-commit", do="delay", delay="30d")
        before = emulator.clock.now
        rehearsal = emulator.dry_run("GET", f"/live/batches/B1/stop?api_key={emulator.serpwow.api_key}")
        assert (rehearsal.status, rehearsal.delivered) == (200, True)
        assert emulator.clock.now - before < timedelta(days=29)

    def test_who_would_not_wait_so_long_hears_of_its_own_timeout(self, emulator: Emulator) -> None:
        emulator.faults.add(at=STOP, where="before-commit", do="delay", delay="30d")
        with (
            httpx.Client(transport=emulator.transport(), base_url="http://serpwow/live", timeout=60) as client,
            pytest.raises(httpx.ReadTimeout),
        ):
            client.get("/batches/B1/stop", params={"api_key": emulator.serpwow.api_key})
        assert [(exchange.status, exchange.delivered) for exchange in emulator.journal.exchanges()] == [(200, False)]


@pytest.fixture(scope="module")
def forgetful() -> Iterator[EmulatorServer]:
    """A server whose worlds have journals of two entries."""
    with EmulatorServer(limits={"journal": 2}) as server:
        yield server


def _crowd_out(emulator: Emulator) -> None:
    for _ in range(3):
        account(emulator)


def _clear(emulator: Emulator) -> None:
    httpx.delete(f"{emulator.url}/_emulator/worlds/{emulator.id}/journal").raise_for_status()


@pytest.mark.parametrize("forget", [_crowd_out, _clear])
@pytest.mark.parametrize("where", ANYWHERE[:3])
def test_a_request_is_held_on_when_the_journal_forgets_it(
    forgetful: EmulatorServer, pool: ThreadPoolExecutor, where: str, forget: Callable[[Emulator], None]
) -> None:
    with Emulator(SCENARIO, server=forgetful) as emulator:
        answer = hold(emulator, pool, over_a_socket, where, "hang")
        forget(emulator)
        emulator.clock.advance("1s")  # whatever steers a world looks at all that it holds up
        assert first_held(emulator).operation == STOP
        emulator.faults.clear()
        assert answer.result().status_code == 200


@pytest.mark.parametrize("act", [TAKEN_BACK["reset"], TAKEN_BACK["restore"], TAKEN_BACK["drop"]])
@pytest.mark.parametrize("where", ANYWHERE[:3])
def test_a_request_that_the_journal_forgot_is_told_that_its_world_was_taken_back(
    forgetful: EmulatorServer, pool: ThreadPoolExecutor, where: str, act: Callable[[Emulator], object]
) -> None:
    with Emulator(SCENARIO, server=forgetful) as emulator:
        account(emulator)
        emulator.snapshot("before")
        answer = hold(emulator, pool, over_a_socket, where, "hang")
        _crowd_out(emulator)
        act(emulator)
        assert (answer.result().status_code, answer.result().headers["emulator-error"]) == (503, "world-gone")
