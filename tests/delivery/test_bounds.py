"""Deliveries within bounds: whatever receivers answer, and however much is owed, the server and other worlds go on."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Event
from typing import Any

import httpx
import pytest
import trustme

from emulator.delivery.alarm import Alarm
from emulator.delivery.claims import Claims
from emulator.delivery.crew import OF_A_WORLD, Crew
from emulator.delivery.hosts import Hosts
from emulator.kernel.errors import BadInput, TooMany
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from emulator.web.connection import InProcessConnection, run_sync
from emulator.web.waits import Wait, until_done
from tests.support.loading import load_value
from tests.support.receiving import Received, Receiver, receiving

CANCELED = "v2.core.batch_job.canceled"
HOOK = "https://example.test/hooks"


def owing(*deliveries: dict[str, Any], url: str = HOOK, **content: Any) -> Worlds:
    """Return worlds of which the default one owes these deliveries to a receiver, by HTTP."""
    owed = {"event": CANCELED, "subject": "J", "body": "{}", "url": url, "destination": "ed_1"}
    destination = {"id": "ed_1", "url": url, "signing_secret": "whsec_test", "enabled_events": [CANCELED]}
    given = {"stripe": {"event_destinations": [destination], "deliveries": [{**owed, **it} for it in deliveries]}}
    return worlds_of([load_value({"title": "A", "deliveries": {"carrier": "http"}, "given": given, **content}, VENDORS)])


def numbered(count: int) -> list[dict[str, Any]]:
    return [{"id": f"D{n}"} for n in range(count)]


def statuses(world: World) -> list[str]:
    return [it.status for it in world.store.group("stripe.delivery")]


@contextmanager
def advancing(worlds: Worlds, receiver: Receiver) -> Iterator[Any]:
    """Serve worlds; yield a function that lets an hour pass in the default one, and returns the response."""
    app = create_app(worlds, deliver_to=Hosts([receiver.host]))
    with ThreadedServer(app) as server, httpx.Client(timeout=None) as client:
        url = f"{server.url}/_emulator/worlds/default/clock/advance"
        yield lambda: client.post(url, json={"by": "1h"})
        app.end()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver()) as receiver:
        yield receiver


@pytest.mark.parametrize("attempts", [{}, {"attempts": []}])
def test_what_is_sending_has_an_attempt(attempts: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="a delivery that is sending had an attempt"):
        owing({"id": "D", "status": "sending", **attempts})


def test_of_one_world_a_few_are_signed_and_outside_at_a_time_and_then_the_next(receiver: Receiver) -> None:
    begun, go_on, landed = Event(), Event(), Event()

    def answer(_: Received) -> int:
        if len(receiver.requests) == OF_A_WORLD:
            begun.set()
        go_on.wait()
        if len(receiver.requests) == 3 * OF_A_WORLD:
            landed.set()
        return 200

    receiver.answer = answer
    worlds = owing(*numbered(3 * OF_A_WORLD), url=receiver.url, clock={"rate": 1_000_000})
    world = worlds.default
    with advancing(worlds, receiver):
        begun.wait()
        with world.lock:
            under_way = [it for it in world.store.group("stripe.delivery") if it.status == "sending"]
        assert len([it for it in under_way if it.attempts[-1].headers]) == OF_A_WORLD
        go_on.set()
        landed.wait()


def test_one_jump_sends_all_that_is_owed_at_an_instant(receiver: Receiver) -> None:
    owed, assume = [*numbered(3 * OF_A_WORLD), {"id": "E", "url": "http://10.1.2.3/"}], {"stripe.retry-url": "original"}
    worlds = owing(*owed, url=receiver.url, assume=assume)
    with advancing(worlds, receiver) as advance:
        assert advance().status_code == 200
    assert statuses(worlds.default) == ["delivered"] * 3 * OF_A_WORLD + ["dropped"]


def test_what_came_of_an_attempt_waits_for_room_and_nothing_is_posted_twice(receiver: Receiver) -> None:
    worlds = owing({"id": "D"}, url=receiver.url)
    quota = worlds.default.quota
    limit = quota.limit

    def answer(_: Received) -> bytes:
        quota.limit = 1
        return b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10_000

    receiver.answer = answer
    with advancing(worlds, receiver) as advance:
        refused = advance()
        assert (refused.status_code, "has no room" in refused.text) == (429, True)
        assert advance().status_code == 429
        quota.limit = limit
        assert advance().status_code == 200
    assert statuses(worlds.default) == ["delivered"]
    assert len(receiver.requests) == 1


def test_where_there_is_no_room_to_sign_nothing_is_sent_and_other_requests_are_answered(receiver: Receiver) -> None:
    attempt = {"at": "2026-01-01T00:00:00Z"}
    worlds = owing({"id": "D", "status": "sending", "attempts": [attempt]}, url=receiver.url)
    limit, worlds.default.quota.limit = worlds.default.quota.limit, 1
    with advancing(worlds, receiver) as advance:
        assert advance().status_code == 429
        assert receiver.requests == []
        worlds.default.quota.limit = limit
        assert advance().status_code == 200
    assert len(receiver.requests) == 1


def test_a_world_that_fails_keeps_the_alarm_from_no_other() -> None:
    first, second = owing().default, owing().default
    rung = Event()

    def ring(world: World) -> None:
        if world is first:
            raise LookupError("a fault of ours")
        rung.set()

    alarm = Alarm(ring)
    alarm.set(first, 0)
    alarm.set(second, 0)
    assert rung.wait(60)


def test_a_context_of_tls_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    authority, made, create = trustme.CA(), list[ssl.SSLContext](), ssl.create_default_context

    def create_context() -> ssl.SSLContext:
        made.append(create())
        authority.configure_trust(made[-1])
        return made[-1]

    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(serving)
    with receiving(Receiver(), serving) as receiver:
        worlds = owing(*numbered(2 * OF_A_WORLD), url=f"https://{receiver.host}/hooks")
        with advancing(worlds, receiver) as advance:
            monkeypatch.setattr(ssl, "create_default_context", create_context)
            assert advance().status_code == 200
    assert {*statuses(worlds.default)} == {"delivered"}
    assert len(made) == 1


def test_the_urls_of_receivers_count_among_the_bytes_of_their_world() -> None:
    world = owing().default
    before, urls = world.quota.used, frozenset(f"https://example.test/{n}" for n in range(100))
    world.set_receivers(urls)
    assert world.quota.used - before > sum(map(len, urls))
    world.quota.limit = world.quota.used
    with pytest.raises(TooMany, match="a list of 1 receivers has no room"):
        world.set_receivers(frozenset({HOOK}))
    assert world.receivers == urls
    world.set_receivers(frozenset())
    assert world.quota.used - before < sum(map(len, urls))


def test_a_claim_that_is_over_is_forgotten() -> None:
    claims, world = Claims(), owing().default
    with claims.call(world) as over:
        pass
    with claims.call(world) as called, claims.call(world) as another:
        claims.want(world, ("stripe.delivery", "D"))
        assert (over.done(), called.done(), another.done()) == (False, True, True)


def test_a_call_waits_for_several_deliveries_together_no_longer_than_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    now, given = 0.0, list[float]()

    class Patient(InProcessConnection):
        async def wait(self, wait: Wait, seconds: float) -> bool:  # noqa: ARG002
            nonlocal now
            given.append(seconds)
            now += 45
            works[len(given) - 1].set_result(None)
            return True

    monkeypatch.setattr("emulator.web.waits.MONOTONIC", lambda: now)
    works: list[Future[None]] = [Future() for _ in range(3)]
    run_sync(until_done(works, Patient(), 60))
    assert given == [60, 15, 0]


def test_a_work_that_is_discarded_before_it_begins_is_not_done() -> None:
    crew, world, go_on, done = Crew(), owing().default, Event(), list[int]()
    over = Event()

    def work(n: int) -> None:
        go_on.wait()
        done.append(n)
        if len(done) == OF_A_WORLD + 1:
            over.set()

    for n in range(OF_A_WORLD + 2):
        crew.add(world, n, lambda n=n: work(n))  # type: ignore[misc]
    crew.discard(world, OF_A_WORLD)
    go_on.set()
    over.wait()
    assert sorted(done) == [*range(OF_A_WORLD), OF_A_WORLD + 1]
