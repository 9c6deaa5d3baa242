"""Every operation by every position by every effect that means something, on a socket: what was committed, and what was heard.

The requests are those of the scenarios: for each operation one that the vendor lets in, preferably one that changes something,
with the world as it was just before.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import product
from typing import Any

import httpx
import pytest

from emulator.client.connections import ask
from emulator.client.in_process import InProcessClient
from emulator.control.ledger import ledger_of
from emulator.control.worlds import state_of
from emulator.kernel.delivery_faults import EFFECTS
from emulator.kernel.exchange import Exchange
from emulator.kernel.faults import (
    AFTER_REPLY,
    BEFORE_AUTH,
    BEFORE_COMMIT,
    DELAY,
    DO,
    DRIBBLE,
    DROP,
    GARBAGE,
    HANG,
    INVALID_COMBINATIONS,
    MID_BODY,
    RESET,
    STATUS,
    TRUNCATE,
    WHERE,
    Fault,
)
from emulator.kernel.past import NOW
from emulator.kernel.timeline import Reaction
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.scenario.client import Headers, ReceivedResponse
from emulator.scenario.faults import add_fault
from emulator.scenario.player import play
from emulator.server.app import create_app, library, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from tests.support.loading import load_value
from tests.support.waiting import wait_until

OPERATIONS = [operation.name for vendor in VENDORS.values() for operation in vendor.operations]
CELLS = [(where, do) for where in WHERE for do in DO if (where, do) not in INVALID_COMBINATIONS]
NEEDED: dict[str, dict[str, Any]] = {STATUS: {"status": 503}, DELAY: {"delay": "1s"}, DRIBBLE: {"pace": "0ms"}}
SECOND = timedelta(seconds=1)
LARGE = 2_000
"""Worlds with more resources than this are left to other tests."""


@dataclass(frozen=True)
class Case:
    """A request, and the world just before it."""

    before: World
    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    worth: tuple[bool, bool]

    def wire(self, connection: bytes) -> bytes:
        """The request as it goes over a socket."""
        headers = [header for header in self.headers if header[0].lower() not in (b"host", b"connection", b"content-length")]
        lines = [b"%s: %s" % header for header in headers]
        lines += [b"host: localhost", b"connection: " + connection, b"content-length: %d" % len(self.body)]
        return b"%s %s HTTP/1.1\r\n%s\r\n\r\n" % (self.method.encode(), self.target, b"\r\n".join(lines)) + self.body

    def world(self) -> World:
        """The world just before it, once more."""
        with self.before.lock:
            return self.before.copy()


class Recorder:
    """Lets a scenario be played, and keeps for each operation the request that is most worth having."""

    def __init__(self, worlds: Worlds, requests: dict[str, Case]) -> None:
        self._worlds = worlds
        self._within = InProcessClient(create_app(worlds))
        self._kept = requests

    def send(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> ReceivedResponse:
        id = next((value.decode() for name, value in headers if name == b"Emulator-World"), "")
        world = self._worlds.get(id) if id in self._worlds else None
        if world is None or len(world.store) > LARGE or world.store.size(Fault.kind) or world.store.size(Reaction.kind):
            return self._within.send(method, target, headers, content)
        world.settle()
        before = world.copy()
        reply = self._within.send(method, target, headers, content)
        (entry,) = [entry.event for entry in world.journal.since(before.journal.last)]
        assert isinstance(entry, Exchange)
        worth = reply.status < 400, shown(before) != shown(world)
        request_of_operation = self._kept.get(entry.operation)
        if method != "HEAD" and (
            request_of_operation is None or request_of_operation.worth < worth
        ):  # a HEAD's reply has no body to strike
            self._kept[entry.operation] = Case(before, method, target, [*headers], content or b"", worth)
        return reply


@cache
def cases() -> dict[str, Case]:
    """Operation → the request to try it with. Found by playing the library once."""
    requests: dict[str, Case] = {}
    scenarios = library()
    for name in scenarios.names():
        if not name.startswith("faults/"):
            play(scenarios.get(name), Recorder(worlds_of([]), requests))
    return requests


def shown(world: World) -> dict[str, Any]:
    """The state as people see it."""
    return state_of(world.moment(NOW), VENDORS)


def all_entries(world: World) -> dict[str, list[Any]]:
    """All that a request can change, what is remembered of idempotency keys included, but not how often faults struck."""
    kinds = sorted(kind for kind in world.store.tables if kind != Fault.kind)
    return {kind: list(world.store.group(kind)) for kind in kinds if world.store.size(kind)}


def outcome(world: World, since: int) -> tuple[bool, Any]:
    """Return whether the newest exchange was committed, and its moves, from the ledger."""
    ledger = ledger_of(world, VENDORS)
    commits = [(commit.totals, commit.differences) for commit in ledger.commits if (commit.exchange or 0) > since]
    return ledger.exchanges[-1].committed, commits


@pytest.fixture(scope="module")
def server_and_worlds() -> Iterator[tuple[ThreadedServer, Worlds]]:
    worlds = worlds_of([])
    with ThreadedServer(create_app(worlds)) as server:
        yield server, worlds


def put_in(worlds: Worlds, world: World) -> None:
    if world.id in worlds:
        worlds.remove(world.id)
    worlds.add(world, [])


def expected_outcome(case: Case, late: bool, delayed: bool) -> tuple[dict[str, list[Any]], int, tuple[bool, Any]]:
    """Return the expected state, status and ledger of a request without a fault, from a run in-process.

    A fault that is `late` strikes after the commit; one by which time passes is `delayed`.
    """
    world = case.world()
    worlds = worlds_of([])
    put_in(worlds, world)
    if not late and delayed:
        world.advance_by(SECOND)
    if not late and not delayed:
        return all_entries(world), 0, (False, [])
    before = world.journal.last
    reply = ask(create_app(worlds), case.method, case.target, [(b"host", b"localhost"), *without_host(case)], case.body)
    if late and delayed:
        world.advance_by(SECOND)
    return all_entries(world), reply.status, outcome(world, before)


def without_host(case: Case) -> list[tuple[bytes, bytes]]:
    return [header for header in case.headers if header[0].lower() != b"host"]


def hear(server: ThreadedServer, case: Case, world: World, where: str, do: str) -> tuple[bytes, bool]:
    """Return the bytes from the socket, and whether it ended with a reset; of a hang, those before it."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    data, before = b"", world.journal.last
    with closing(socket.create_connection((host, int(port)))) as line:
        line.sendall(case.wire(b"keep-alive" if where == AFTER_REPLY else b"close"))
        if do == HANG:
            with httpx.Client(base_url=server.url) as other:
                wait_until(lambda: other.get("/_emulator/health") and world.journal.last > before)
            line.setblocking(False)
        try:
            while part := line.recv(65_536):
                data += part
        except BlockingIOError:
            return data, False
        except ConnectionResetError:
            return data, True
    return data, False


def is_whole(data: bytes) -> bool:
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [int(line.partition(b":")[2]) for line in head.lower().splitlines() if line.startswith(b"content-length:")]
    return bool(lengths) and len(body) == lengths[0]


def fits(where: str, do: str, status: int, data: bytes, reset: bool) -> bool:
    """Tell whether the bytes from the socket are those of the effect."""
    is_complete, begun = is_whole(data), data.startswith(b"HTTP/1.1 ")
    is_answered = is_complete and data.startswith(b"HTTP/1.1 %d " % status)
    if do == STATUS:
        return is_complete and data.startswith(b"HTTP/1.1 503 ")
    if do in (DELAY, DRIBBLE):
        return is_answered and not reset
    if where == AFTER_REPLY:
        return reset == (do == RESET) and (is_answered if do in (RESET, DROP) else data.startswith(b"HTTP/1.1 %d " % status))
    if where == MID_BODY and do == GARBAGE:
        return begun
    if where == MID_BODY:
        return (not is_complete) and reset == (do == RESET) and (begun or do == HANG)
    return not begun and reset == (do == RESET) and bool(data) == (do == GARBAGE)


def test_the_matrix_has_a_request_for_every_operation() -> None:
    assert [name for name in OPERATIONS if name not in cases()] == []
    assert sum(case.worth[1] for case in cases().values()) > 15, "too few of them change anything"
    assert {*DO} == {STATUS, DELAY, DROP, RESET, TRUNCATE, GARBAGE, DRIBBLE, HANG}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_is_committed_exactly_when_the_fault_comes_after(
    server_and_worlds: tuple[ThreadedServer, Worlds], operation: str
) -> None:
    server, worlds = server_and_worlds
    case, wrong = cases()[operation], []
    expected = {kind: expected_outcome(case, *kind) for kind in product((False, True), repeat=2)}
    for where, do in CELLS:
        world = case.world()
        add_fault(world, {"at": operation, "where": where, "do": do, **NEEDED.get(do, {})})
        put_in(worlds, world)
        state, status, ledger = expected[state_moves(where), do == DELAY]
        before = world.journal.last
        heard, reset = hear(server, case, world, where, do)
        (entry,) = [entry.event for entry in world.journal.since(before) if isinstance(entry.event, Exchange)]
        if all_entries(world) != state:
            wrong.append((where, do, "the state"))
        if outcome(world, before) != ledger:
            wrong.append((where, do, "the ledger"))
        if not fits(where, do, status, heard, reset):
            wrong.append((where, do, f"{heard[:60]!r}...{heard[-30:]!r} reset={reset}"))
        if entry.delivered != (do in (DELAY, DRIBBLE) or where == AFTER_REPLY or (do == STATUS and not state_moves(where))):
            wrong.append((where, do, "delivered"))
        if [(fault.where, fault.do) for fault in entry.faults] != [(where, do)]:
            wrong.append((where, do, "the journal"))
    assert wrong == []


OWING = {
    "stripe.webhook": {
        "stripe": {
            "batch_jobs": [{"id": "J1", "status": "cancelling"}, {"id": "J2", "status": "in_progress", "rows": 1_000}],
            "event_destinations": [
                {
                    "id": "ed_1",
                    "url": "https://example.test/hooks",
                    "enabled_events": ["v2.core.batch_job.canceled", "v2.core.batch_job.completed"],
                }
            ],
        }
    },
    "serpwow.webhook": {
        "serpwow": {
            "batches": [
                {"id": id, "status": "running", "searches": 2, "notification_webhook": "https://example.test/results"}
                for id in ("B1", "B2")
            ]
        }
    },
}
"""States in which two notifications will be owed."""

OUTBOXES = {outbox.name: outbox for vendor in VENDORS.values() for outbox in vendor.outboxes}
STRIKES = [(name, do) for name, outbox in OUTBOXES.items() for do, it in EFFECTS.items() if outbox.sign or not it.signed]


def owing(outbox: str, do: str | None, **more: Any) -> World:
    """A world in which notifications will be owed, and a fault strikes them, if any."""
    world = load_value({"title": "A test", "given": OWING[outbox]}, VENDORS).world(VENDORS, "w")
    if do is not None:
        delay = {"delay": "5m"} if do == DELAY else {}
        add_fault(world, {"at": outbox, "do": do, **delay, **more})
    return world


def entries_but(world: World, kind: str) -> dict[str, list[Any]]:
    return {name: it for name, it in all_entries(world).items() if name != kind}


@pytest.mark.parametrize(("outbox", "do"), STRIKES)
def test_a_fault_of_deliveries_strikes_both_and_changes_nothing_else(outbox: str, do: str) -> None:
    world, ordinary, kind = owing(outbox, do), owing(outbox, None), OUTBOXES[outbox].of.kind
    for it in (world, ordinary):
        it.advance_by(timedelta(days=1))
    assert entries_but(world, kind) == entries_but(ordinary, kind)
    deliveries = [it for it in world.store.group(kind) if it.url is not None]  # and no e-mail that warns of failures
    assert len(deliveries) == (4 if do == "duplicate" else 2)
    (fault,) = world.store.group(Fault.kind)
    hits = {hit for it in deliveries for hit in (*it.faults, *(hit for attempt in it.attempts for hit in attempt.faults))}
    assert {(it.do, it.where) for it in hits} == {(do, EFFECTS[do].point)}
    assert (fault.seen >= 2, fault.struck >= 1) == (True, True)
    told = [it for commit in ledger_of(world, VENDORS).commits for it in commit.differences if it.at.startswith("deliveries")]
    assert any(do in str(it) for it in told), "the ledger tells of it"


@pytest.mark.parametrize(("outbox", "do"), STRIKES)
def test_a_fault_of_deliveries_strikes_the_same_in_one_jump_and_in_many(outbox: str, do: str) -> None:
    once, often = owing(outbox, do, probability=0.5), owing(outbox, do, probability=0.5)
    once.advance_by(timedelta(hours=6))
    for _ in range(360):
        often.advance_by(timedelta(minutes=1))
    assert all_entries(once) == all_entries(often)
    assert [*once.store.group(Fault.kind)] == [*often.store.group(Fault.kind)]


def state_moves(where: str) -> bool:
    return where not in (BEFORE_AUTH, BEFORE_COMMIT)
