"""With a keeper, an answer goes out once what happened is kept: whatever its client does meanwhile, and by whichever door."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from math import inf
from threading import Event, Thread
from typing import Any
from weakref import ref

import httpx
import pytest

from emulator.client.transport import InProcess
from emulator.kernel.exchange import Exchange
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.server.app import create_app, worlds_of
from emulator.server.connection import HttpConnection
from emulator.server.listening import listen
from emulator.server.server import ThreadedServer, serve
from emulator.server.transports import CoalescingTransport
from emulator.store.port import Ahead
from emulator.store.receipt import Receipt
from emulator.vendors import VENDORS
from emulator.web.access_log import AccessLog
from emulator.web.connection import App, Receive, Scope, Send
from emulator.web.pipeline import place_in
from tests.support.heard import heard
from tests.support.keeping import Keeper, PromptKeeper, keep, let_another_in, writing
from tests.support.loading import LIBRARY, load_value
from tests.support.sockets import dial, hear, hear_all, hear_statuses
from tests.support.waiting import wait_until

ACCOUNT = b"GET /live/account?api_key=k HTTP/1.1\r\nhost: localhost\r\n\r\n"
BATCH = b"GET /live/batches/%b?api_key=k HTTP/1.1\r\nhost: localhost\r\n\r\n"
CLOSES = b"connection: close\r\n"
FULL = "no space is left for /data/store.db"
SCENARIO = {
    "title": "A batch",
    "given": {"serpwow": {"batches": [{"id": f"B{n}", "status": "idle", "searches": n} for n in range(1, 4)]}},
}
ELSEWHERE = {"at": "serpwow.batches.stop", "do": "drop", "where": "after-commit"}
"""A fault that strikes none of these requests: with it, each of them goes by the gateway."""


class Kept:
    """A server over one world with a keeper."""

    def __init__(self, server: ThreadedServer, world: World, keeper: Keeper) -> None:
        self.server, self.world, self.keeper = server, world, keeper

    def until_it_waits(self, count: int = 1) -> Receipt:
        """Return the newest receipt once so many answers wait, and the server has had its turns since."""
        self.until(lambda: self.keeper.receipt and self.server.look().result()[0] == count)
        assert self.keeper.receipt is not None
        return self.keeper.receipt

    def until(self, look: Callable[[], Any]) -> None:
        """Look until something is there; the server has a turn before each look."""
        wait_until(lambda: self.server.look().result() and look())

    def unanswered(self) -> list[int]:
        """Return the number of requests without an answer on each connection."""
        return [unanswered for _, (_, unanswered, _) in self.server.look().result()[1][1]]

    def exchanges(self) -> list[Exchange]:
        """Return the exchanges in the journal."""
        return [it.event for it in self.world.journal.since(0) if isinstance(it.event, Exchange)]


def gateway_alone(gateway: App) -> App:
    """The application as it is to a server that cannot be answered at once."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await gateway(scope, receive, send)

    return app


def elsewhere(gateway: App) -> App:
    """The application as a server that is none of ours calls it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await gateway({**scope, "state": {}}, receive, send)

    return app


DOORS: dict[str, Callable[[App], App]] = {"connection": lambda app: app, "gateway": gateway_alone, "elsewhere": elsewhere}


@contextmanager
def serving(
    door: Callable[[App], App] = DOORS["connection"], scenario: Any = SCENARIO, log: AccessLog | None = None
) -> Iterator[Kept]:
    worlds = worlds_of([load_value(scenario, VENDORS)])
    keeper = keep(worlds.default)
    with ThreadedServer(door(create_app(worlds, access_log=log))) as server:
        yield Kept(server, worlds.default, keeper)


@pytest.fixture(params=["connection", "gateway", "elsewhere", "among faults"])
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    scenario = {**SCENARIO, "faults": [ELSEWHERE]} if request.param == "among faults" else SCENARIO
    with serving(DOORS.get(request.param, DOORS["connection"]), scenario) as kept:
        yield kept


@pytest.fixture
def at_once() -> Iterator[Kept]:
    with serving() as kept:
        yield kept


def has_heard_nothing(line: socket.socket) -> bool:
    line.setblocking(False)
    try:
        line.recv(1)
    except BlockingIOError:
        return True
    finally:
        line.settimeout(20)
    return False


def test_an_answer_comes_when_what_happened_is_kept_and_not_before(kept: Kept) -> None:
    with closing(dial(kept.server)) as line:
        for _ in range(2):  # the second has a plan already
            line.sendall(ACCOUNT)
            receipt = kept.until_it_waits()
            assert has_heard_nothing(line)
            receipt.end()
            assert hear_statuses(line, 1) == [200]
    assert [it.delivered for it in kept.exchanges()] == [True, True]


def test_what_could_not_be_kept_is_answered_by_a_503_of_ours(kept: Kept) -> None:
    with closing(dial(kept.server)) as line:
        line.sendall(ACCOUNT)
        kept.until_it_waits().end(FULL)
        line.shutdown(socket.SHUT_WR)
        status, name, body = hear(line)
    assert (status, name, body["error"]["type"]) == (503, "store-unavailable", "emulator_error")
    assert FULL in body["message"]
    assert "send it again once GET /_emulator/ready answers 200" in body["message"]


def test_what_another_writer_has_overtaken_is_answered_by_a_503_of_ours_in_that_world_alone(kept: Kept) -> None:
    with closing(dial(kept.server)) as line:
        for world, status in (("default", 503), ("another", 200)):
            line.sendall(ACCOUNT)
            kept.until_it_waits().end(lost={world: Ahead(world, 2, 0)})
            assert hear_statuses(line, 1) == [status]


def test_an_answer_is_that_of_what_happened_whatever_becomes_of_what_others_do_right_after_it(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipts = kept.keeper.receipts
    let_another_in(kept.world, kept.keeper, monkeypatch)
    with closing(dial(kept.server)) as line:
        line.sendall(ACCOUNT)
        kept.until(lambda: len(receipts) == 2)
        receipts[0].end()
        receipts[1].end(FULL)
        assert hear_statuses(line, 1) == [200]


def test_nothing_happens_while_nothing_can_be_kept(kept: Kept) -> None:
    version, kept.keeper.refusal = kept.world.store.versions, FULL
    with closing(dial(kept.server)) as line:
        for _ in range(2):
            line.sendall(ACCOUNT)
            assert hear_statuses(line, 1) == [503]
        assert (kept.keeper.receipts, kept.world.journal.last, kept.world.store.versions) == ([], 0, version)
        kept.keeper.refusal = None
        line.sendall(ACCOUNT)
        kept.until_it_waits().end()
        assert hear_statuses(line, 1) == [200]


def test_a_client_that_waits_to_be_asked_for_its_body_is_refused_before_it_sends_it(at_once: Kept) -> None:
    at_once.keeper.refusal = FULL
    with closing(dial(at_once.server)) as line:
        line.sendall(
            b"POST /live/batches?api_key=k HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n"
        )
        assert hear(line)[:2] == (503, "store-unavailable")


def test_what_comes_while_an_answer_waits_is_answered_after_it_in_order(kept: Kept) -> None:
    with closing(dial(kept.server)) as line:
        line.sendall(ACCOUNT)
        first = kept.until_it_waits()
        line.sendall(BATCH % b"B2" + BATCH % b"B3" + b"nonsense\r\n\r\n")
        wait_until(lambda: kept.unanswered() == [3])
        assert has_heard_nothing(line)
        first.end()
        for n in (1, 2):
            kept.until(lambda n=n: len(kept.keeper.receipts) > n)  # type: ignore[misc]
            kept.keeper.receipts[n].end()
        answers = hear_all(line)
    assert [answers.index(mark) for mark in (b'"B2"', b'"B3"', b"emulator-error: bad-request")] == sorted(
        answers.index(mark) for mark in (b'"B2"', b'"B3"', b"emulator-error: bad-request")
    )
    assert answers.count(b"HTTP/1.1 200 OK") == 3


def test_half_of_a_request_that_comes_while_an_answer_waits_is_the_beginning_of_the_next(kept: Kept) -> None:
    with closing(dial(kept.server)) as line:
        line.sendall(ACCOUNT)
        first = kept.until_it_waits()
        line.sendall(ACCOUNT[:20])
        kept.server.look().result()
        first.end()
        assert hear_statuses(line, 1) == [200]
        line.sendall(ACCOUNT[20:])
        kept.until_it_waits().end()
        assert hear_statuses(line, 1) == [200]


def test_a_half_closed_client_hears_the_answer(kept: Kept) -> None:
    with closing(dial(kept.server)) as line:
        line.sendall(ACCOUNT)
        receipt = kept.until_it_waits()
        line.shutdown(socket.SHUT_WR)
        kept.server.look().result()
        assert has_heard_nothing(line)
        receipt.end()
        assert b"HTTP/1.1 200 OK" in hear_all(line)


@pytest.mark.parametrize("door", ["connection", "gateway"])
def test_the_journal_says_of_a_client_that_left_that_it_has_no_answer(door: str) -> None:
    with serving(DOORS[door]) as kept:
        with closing(dial(kept.server)) as line:
            line.sendall(ACCOUNT)
            receipt = kept.until_it_waits()
        wait_until(lambda: not kept.server.look().result()[1][1])
        receipt.end()
        kept.until(lambda: [it.delivered for it in kept.exchanges()] == [False])


@pytest.mark.parametrize("door", ["connection", "gateway"])
def test_the_journal_says_of_a_client_that_half_closed_that_nobody_knows(door: str) -> None:
    with serving(DOORS[door]) as kept, closing(dial(kept.server)) as line:
        line.sendall(ACCOUNT)
        receipt = kept.until_it_waits()
        line.shutdown(socket.SHUT_WR)
        kept.server.look().result()
        receipt.end()
        assert b"HTTP/1.1 200 OK" in hear_all(line)
        assert [it.delivered for it in kept.exchanges()] == [None]


def test_a_connection_that_waits_for_a_receipt_is_neither_idle_nor_slow_nor_stuck(
    at_once: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[HttpConnection] = []
    begin = HttpConnection.connection_made

    def begin_and_note(connection: HttpConnection, transport: Any) -> None:
        there.append(connection)
        begin(connection, transport)

    monkeypatch.setattr(HttpConnection, "connection_made", begin_and_note)
    with closing(dial(at_once.server)) as line:
        line.sendall(ACCOUNT)
        receipt = at_once.until_it_waits()
        line.sendall(ACCOUNT[:20])
        at_once.server.look().result()
        [connection] = there
        connection.close_if_idle(inf)
        assert (connection.is_slow(inf), connection.is_stuck(0), connection.wait()) == (False, False, None)
        line.sendall(ACCOUNT[20:])
        receipt.end()
        at_once.until(lambda: len(at_once.keeper.receipts) == 2)
        at_once.keeper.end()
        assert hear_statuses(line, 2) == [200, 200]


def test_a_connection_that_is_lost_takes_its_memory_with_it_when_its_receipt_is_over(
    at_once: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[ref[HttpConnection]] = []
    begin = HttpConnection.__init__

    def begin_and_note(connection: HttpConnection, *arguments: Any, **options: Any) -> None:
        there.append(ref(connection))
        begin(connection, *arguments, **options)

    monkeypatch.setattr(HttpConnection, "__init__", begin_and_note)
    with closing(dial(at_once.server)) as left, closing(dial(at_once.server)) as answered:
        left.sendall(ACCOUNT)
        receipt = at_once.until_it_waits()
        answered.sendall(ACCOUNT)
        at_once.until_it_waits(2)
        left.close()
        wait_until(lambda: len(at_once.server.look().result()[1][1]) == 1)
        receipt.end()
        assert hear_statuses(answered, 1) == [200]
    wait_until(lambda: at_once.server.look().result() and not any(each() for each in there))


def test_a_server_that_ends_answers_what_is_kept_by_then_and_hangs_up() -> None:
    worlds = worlds_of([load_value(SCENARIO, VENDORS)])
    keeper, is_ready, is_asked = keep(worlds.default), Event(), Event()
    [listening] = listen("127.0.0.1", 0)

    def run() -> None:
        serve(create_app(worlds), [listening], is_ready.set, until=wait_until_asked, on_stop=keeper.end)

    def wait_until_asked() -> None:
        is_asked.wait()

    thread = Thread(target=run)
    thread.start()
    is_ready.wait()
    with closing(listening), closing(socket.create_connection(listening.getsockname(), timeout=20)) as line:
        line.sendall(ACCOUNT)
        keeper.next_receipt()
        is_asked.set()
        answer = hear_all(line)
        thread.join()
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.count(b"connection: ") == answer.count(CLOSES) == 1


@pytest.mark.parametrize("door", DOORS)
def test_a_server_in_a_thread_ends_though_nothing_is_ever_kept(door: str) -> None:
    with ExitStack() as lines:
        with serving(DOORS[door]) as kept:
            line = lines.enter_context(closing(dial(kept.server)))
            line.sendall(ACCOUNT)
            receipt = kept.until_it_waits()
        assert hear_all(line) == b""
    receipt.end()  # nobody waits there any more


def test_a_thousand_answers_go_out_in_order_by_one_receipt(at_once: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    respond = CoalescingTransport.respond

    def respond_and_note(writer: CoalescingTransport, response: Any, keeps: bool = True) -> None:
        written.append(place_in(response.entry.world, response.entry.n))
        respond(writer, response, keeps)

    monkeypatch.setattr(CoalescingTransport, "respond", respond_and_note)
    with ExitStack() as lines:
        every = [lines.enter_context(closing(dial(at_once.server))) for _ in range(1_000)]
        for line in every:
            line.sendall(ACCOUNT)
        receipt = at_once.until_it_waits(1_000)
        assert (at_once.keeper.receipts, written) == ([receipt], [])
        receipt.end()
        assert [hear_statuses(line, 1) for line in every] == [[200]] * 1_000
    assert written == [b"default/%d" % n for n in range(1, 1_001)]


@pytest.mark.parametrize("door", ["connection", "gateway"])
def test_a_fault_strikes_the_connection_after_what_happened_is_kept(door: str) -> None:
    lost = {"at": "serpwow.account.get", "do": "drop", "where": "after-commit"}
    with serving(DOORS[door], {**SCENARIO, "faults": [lost]}) as kept, closing(dial(kept.server)) as line:
        line.sendall(ACCOUNT)
        receipt = kept.until_it_waits()
        assert has_heard_nothing(line)
        receipt.end()
        assert hear_all(line) == b""


def test_an_answer_that_a_fault_would_have_lost_is_ours_where_it_could_not_be_kept() -> None:
    lost = {"at": "serpwow.account.get", "do": "drop", "where": "after-commit"}
    with serving(scenario={**SCENARIO, "faults": [lost]}) as kept, closing(dial(kept.server)) as line:
        line.sendall(ACCOUNT)
        kept.until_it_waits().end(FULL)
        assert hear_statuses(line, 1) == [503]


@pytest.mark.parametrize("door", ["connection", "gateway"])
def test_the_log_says_what_a_client_was_answered_at_last(door: str) -> None:
    lines: list[str] = []
    with serving(DOORS[door], log=AccessLog(lines.append)) as kept, closing(dial(kept.server)) as line:
        for error in (None, FULL):
            line.sendall(ACCOUNT)
            receipt = kept.until_it_waits()
            assert len(lines) == (error is not None)
            receipt.end(error)
            hear_statuses(line, 1)
        kept.until(lambda: len(lines) == 2)
    assert [" 200 " in lines[0], " 503 store-unavailable" in lines[1]] == [True, True], lines


def test_a_client_in_the_process_is_answered_when_what_happened_is_kept() -> None:
    worlds = worlds_of([load_value(SCENARIO, VENDORS)])
    keeper = keep(worlds.default)
    with (
        ThreadPoolExecutor() as pool,
        httpx.Client(transport=InProcess(create_app(worlds)), base_url="http://localhost") as client,
    ):
        for error, status in ((None, 200), (FULL, 503)):
            answer = pool.submit(client.get, "/live/account?api_key=k")
            receipt = keeper.next_receipt()
            assert not answer.done()
            receipt.end(error)
            assert answer.result().status_code == status


def test_whoever_gives_up_an_answer_that_waits_gives_up_nothing_of_what_is_written() -> None:
    worlds = worlds_of([load_value(SCENARIO, VENDORS)])
    keeper, app = keep(worlds.default), elsewhere(create_app(worlds))

    async def give_up() -> Receipt:
        scope: Scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/live/account"}
        scope.update(raw_path=b"/live/account", query_string=b"api_key=k", headers=[], client=None, server=None)
        asking = asyncio.get_running_loop().create_task(app(scope, _receive, _send))
        while keeper.receipt is None:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        keeper.receipt.end()
        await asyncio.sleep(0)
        return keeper.receipt

    assert asyncio.run(give_up()).error is None
    assert worlds.default.journal.last == 1


async def _receive() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(_: Any) -> None:
    raise AssertionError("nothing is sent")


def test_a_loop_goes_on_with_the_others_where_one_of_those_that_wait_fails() -> None:
    receipt, called, failures = Receipt(), list[str](), list[Any]()

    async def wait() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))
        over = loop.create_future()
        for act in (partial(called.append, "first"), partial(int, "no number"), partial(over.set_result, None)):
            receipt.then(loop, act)
        Thread(target=receipt.end).start()
        await over

    asyncio.run(wait())
    assert (called, [type(it) for it in failures]) == (["first"], [ValueError])


class KeptWorlds(Worlds):
    """Worlds that all have a keeper of their own, from their beginnings on."""

    def keep_all(self, keeper: Callable[[], Keeper]) -> Worlds:
        self._keeper_of = keeper
        keep(self.default, keeper())
        return self

    def add(self, world: World, *arguments: Any, **options: Any) -> None:
        keep(world, self._keeper_of())
        super().add(world, *arguments, **options)

    def replace(self, old: World, new: World, *arguments: Any, **options: Any) -> None:
        keep(new, self._keeper_of())
        super().replace(old, new, *arguments, **options)


SOME = [name for name in LIBRARY.names() if sum(name.encode()) % 12 == 0]
"""A twelfth of the scenarios, of every vendor."""


@pytest.mark.parametrize("name", SOME)
def test_a_scenario_plays_with_the_same_bytes_whether_it_is_kept_or_not(name: str) -> None:
    with ExitStack() as servers:
        waiting = servers.enter_context(writing())
        kept = [KeptWorlds(worlds_of([]).default).keep_all(partial(PromptKeeper, waiting)) for _ in "12"]
        apps = create_app(worlds_of([])), create_app(kept[0]), gateway_alone(create_app(kept[1]))
        heard_by = [heard(servers.enter_context(ThreadedServer(app)).url, name) for app in apps]
    assert heard_by[0] == heard_by[1] == heard_by[2]
