"""What is kept has a budget in bytes: counted once, refused by name before it is full, and given back with what is dropped."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from emulator.client.in_process import InProcessClient
from emulator.kernel.accounts import SELF
from emulator.kernel.budget import MOST_RETURNED, Budget, Charge, Metered, Quota
from emulator.kernel.exchange import Change, Exchange
from emulator.kernel.limits import Limits
from emulator.kernel.resource import replace
from emulator.kernel.room import FRAME, RESERVE
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.scenario.client import ReceivedResponse
from emulator.server.app import EMPTY, create_app, worlds_of
from emulator.vendors import VENDORS
from emulator.vendors.serpwow.machine.effects import account_of
from emulator.vendors.serpwow.model.searches import Search, Searches

LIMIT = 2_000_000
KEY = "api_key=k"
STRIPE = ((b"authorization", b"Bearer sk_test_1"), (b"stripe-version", b"2026-03-25.preview"))
JOB: dict[str, Any] = {"endpoint": {"path": "/v1/customers/:customer", "http_method": "post"}, "metadata": {}}
PAYMENT = {"msisdn": "27821231234", "amount": 1}
CANCEL_JOB = "/v2/core/batch_jobs/{}/cancel"


class Server:
    """Both planes in this process, under bounds of its own."""

    def __init__(self, **limits: int) -> None:
        bounds = Limits(**{"memory": LIMIT, **limits})
        self.worlds = worlds_of([], None, bounds)
        self.client = InProcessClient(create_app(self.worlds, limits=bounds))

    @property
    def budget(self) -> Budget:
        return self.worlds.budget

    def ask(self, method: str, path: str, body: object = None, *headers: tuple[bytes, bytes]) -> ReceivedResponse:
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        return self.client.send(method, path.encode(), ((b"content-type", b"application/json"), *headers), content)

    def control(self, method: str, path: str, body: object = None) -> ReceivedResponse:
        return self.ask(method, f"/_emulator/worlds{path}", body)

    def name_batch(self, name: str) -> ReceivedResponse:
        return self.ask("POST", f"/live/batches?{KEY}", {"name": name})

    def fill(self, *sizes: int) -> ReceivedResponse:
        """Name batches with so many letters until no more have room, then with fewer; return the last refusal."""
        for size in sizes:
            while (response := self.name_batch("x" * size)).status == 200:
                assert self.budget.used < 10 * LIMIT, "it refuses nothing"
        return response

    def create_job(self, text: str, *headers: tuple[bytes, bytes]) -> ReceivedResponse:
        metadata = {str(n): text[n : n + 500] for n in range(0, min(len(text), 25_000), 500)}
        return self.ask(
            "POST", "/v2/core/batch_jobs", {**JOB, "metadata": metadata, "skip_validation": True}, *STRIPE, *headers
        )


def body_of(response: ReceivedResponse) -> Any:
    """Return the JSON of a response."""
    return json.loads(response.content)


def kept_by(worlds: Iterable[World]) -> Iterator[Any]:
    """Yield everything that worlds keep, as often as it is kept."""
    for world in worlds:
        moments = [moment.world for moment in (*world.snapshots.values(), *filter(None, [world.beginning]))]
        yield from kept_by(moments)
        for kind in world.store.tables:
            yield from world.store.group(kind)
        for commit in world.history:
            yield from filter(None, [commit.written])
            yield from (
                resource
                for changed_resources in commit.changed_resources
                for resource in (changed_resources.before, changed_resources.after)
                if resource is not None
            )
            yield from filter(None, [commit.written and commit.written.charge])
        exchanges = [entry.event for entry in world.journal.since(0) if isinstance(entry.event, Exchange)]
        yield from exchanges
        yield from (part for it in exchanges for verdict in it.verdicts for part in (verdict.rule, verdict.window) if part)
        yield world._frame
        yield from filter(None, [world.beginning and world.beginning.text])


def charges_of(worlds: Iterable[World]) -> dict[int, Charge]:
    """Return each charge of what worlds keep, once."""
    charges: dict[int, Charge] = {}
    waiting = [value if isinstance(value, Charge) else value.charge for value in kept_by(worlds)]
    while waiting:
        charge = waiting.pop()
        if id(charge) not in charges:
            charges[id(charge)] = charge
            waiting += charge.parts
    return charges


def weighed_anew(value: Metered) -> int:
    """Return what a value and its large parts weigh in a budget where there is nothing else."""
    fresh = Quota(Budget(10**12))
    twin = replace(value)
    fresh.charge(twin)
    return fresh.used


def slack(worlds: Iterable[World]) -> int:
    """Return the bytes that may be kept beyond the budget: those of each world's newest commit and newest entry."""
    newest: list[Any] = []
    for world in worlds:
        commits, exchanges = [*world.history][-1:], world.journal.newest_exchanges(1)
        newest += [
            resource
            for commit in commits
            for changed_resources in commit.changed_resources
            for resource in (changed_resources.before, changed_resources.after)
            if resource is not None
        ]
        newest += [exchange for _, exchange in exchanges]
        newest += [commit.written for commit in commits if commit.written]
    return sum(value.charge.size + sum(part.size for part in value.charge.parts) for value in newest)


TEXTS = st.sampled_from(("a", "b" * 600, "c" * 3_000, "d" * 60_000, "e" * 300_000))
IDS = st.sampled_from(("w1", "w2", "w3"))
DOINGS = st.one_of(
    st.tuples(st.just("batch"), TEXTS),
    st.tuples(st.just("job"), TEXTS),
    st.tuples(st.just("rename"), TEXTS),
    st.tuples(st.just("set"), TEXTS),
    st.tuples(st.just("fault"), TEXTS),
    st.tuples(st.just("cancel"), st.none()),
    st.tuples(st.just("snapshot"), IDS),
    st.tuples(st.just("restore"), IDS),
    st.tuples(st.just("forget"), IDS),
    st.tuples(st.just("undo"), st.none()),
    st.tuples(st.just("reset"), st.none()),
    st.tuples(st.just("make"), IDS),
    st.tuples(st.just("fork"), IDS),
    st.tuples(st.just("drop"), IDS),
    st.tuples(st.just("advance"), st.none()),
    st.tuples(st.just("look"), st.none()),
)


def do(server: Server, doing: str, what: str | None) -> int:
    """Do one thing, and return the status of the answer."""
    batches, jobs = (server.worlds.default.store.group(kind) for kind in ("serpwow.batch", "stripe.batch_job"))
    batch, job = next(iter(batches), None), next(iter(jobs), None)
    match doing:
        case "batch":
            return server.name_batch(what or "").status
        case "job":
            return server.create_job(what or "", (b"idempotency-key", (what or "")[:9].encode())).status
        case "rename":
            return server.ask("PUT", f"/live/batches/{batch.id if batch else 'B'}?{KEY}", {"name": what}).status
        case "set":
            state = {"serpwow": {"batches": [{"id": "AAAAAAAA", "name": what}]}}
            return server.control("PATCH", "/default/state", state).status
        case "fault":
            fault = {"at": "serpwow.account.get", "where": "before-commit", "do": "status", "status": 404, "body": what}
            return server.control("POST", "/default/faults", fault).status
        case "cancel":
            return server.ask("POST", CANCEL_JOB.format(job.id if job else "J"), None, *STRIPE).status
        case "snapshot":
            return server.control("POST", "/default/snapshots", {"name": what}).status
        case "restore":
            return server.control("POST", "/default/restore", {"name": what}).status
        case "forget":
            return server.control("DELETE", f"/default/snapshots/{what}").status
        case "undo":
            return server.control("POST", "/default/undo").status
        case "reset":
            return server.control("POST", "/default/reset").status
        case "make":
            return server.control("POST", "", {"id": what}).status
        case "fork":
            return server.control("POST", "/default/fork", {"id": what}).status
        case "drop":
            return server.control("DELETE", f"/{what}").status
        case "advance":
            return server.control("POST", "/default/clock/advance", {"by": "1d"}).status
    return server.ask("GET", f"/live/account?{KEY}").status


@pytest.fixture(scope="module")
def _short_collections() -> Iterator[None]:
    """Let the garbage collector pass over whatever was there before."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_short_collections")
@settings(max_examples=20, deadline=None)
@given(st.lists(DOINGS, min_size=5, max_size=40))
def test_what_is_counted_is_what_is_kept_and_no_more_than_may_be(doings: list[tuple[str, str | None]]) -> None:
    server = Server(memory=1_000_000)
    for doing, what in doings:
        assert do(server, doing, what) < 500
        assert server.budget.used <= server.budget.limit + slack(server.worlds)
    gc.collect()
    charges = charges_of(server.worlds)
    templates = [template for spare in server.budget.caches for template in spare._values.values()]
    charges |= charges_of(template for template in templates if template.quota.budget is server.budget)
    assert server.budget.used == sum(charge.size for charge in charges.values())
    assert server.budget.used == sum(
        {id(quota): quota.used for quota in (charge.quota for charge in charges.values())}.values()
    )
    for value in kept_by(server.worlds):
        if isinstance(value, Metered) and value.charge is not None:
            charges_of_value = {id(charge): charge for charge in [value.charge]}
            waiting = [*value.charge.parts]
            while waiting:
                part = waiting.pop()
                charges_of_value[id(part)] = part
                waiting += part.parts
            assert weighed_anew(value) == sum(charge.size for charge in charges_of_value.values())


def test_a_client_that_fills_the_server_is_refused_by_name_and_told_how_to_go_on() -> None:
    server = Server()
    statuses = [server.name_batch("x" * 100_000 + str(n)).status for n in range(40)]
    assert {200, 429} == set(statuses)
    assert sorted(statuses) == statuses, "once it is full, it is full"
    response = server.name_batch("x" * 100_000)
    assert body_of(response)["error"]["code"] == "too-many"
    assert body_of(response)["message"] == (
        "this batch has no room, since this server keeps 2000000 bytes at most: "
        "delete, reset or drop what is not needed, or EMULATOR_MAX_MEMORY (serve --max-memory) allows more"
    )
    assert server.budget.used <= LIMIT + slack(server.worlds)
    server.control("POST", "/default/reset")
    assert server.name_batch("x" * 100_000).status == 200


def test_what_stops_something_is_never_refused_for_want_of_room() -> None:
    server = Server()
    job = body_of(server.create_job("first"))["id"]
    server.fill(50_000, 5_000, 500, 1)
    response = server.ask("POST", CANCEL_JOB.format(job), None, *STRIPE)
    assert (response.status, server.ask("GET", f"/live/account?{KEY}").status) == (200, 200), response.content


def test_many_things_that_each_grow_a_little_have_no_room_beyond_the_reserve() -> None:
    server = Server()
    server.fill(1)
    batches = [batch.id for batch in server.worlds.default.store.group("serpwow.batch")]
    statuses = [server.ask("PUT", f"/live/batches/{id}?{KEY}", {"name": "x" * 3_000}).status for id in batches]
    assert {200, 429} == set(statuses)
    assert server.budget.used <= LIMIT + LIMIT // RESERVE + slack(server.worlds)


def test_history_and_journal_make_room_first_and_the_journal_says_so() -> None:
    server = Server()
    batch = body_of(server.name_batch("a"))["batch"]["id"]
    for number in range(60):
        response = server.ask("PUT", f"/live/batches/{batch}?{KEY}", {"name": "x" * 100_000 + str(number)})
        assert response.status == 200, "only the newest name has to be kept"
    journal = body_of(server.control("GET", "/default/journal?since=60"))
    assert journal["last"] == 61
    assert journal["dropped"] + len([*server.worlds.default.journal.since(0)]) == 61
    assert not server.worlds.default.history.reaches(0)
    assert server.control("POST", "/default/undo", {"exchanges": 1}).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "", {"scenario": {"title": "x" * 100, "given": {"serpwow": {"batches": [{"repeat": 900_000}]}}}}),
        ("PATCH", "/default/state", {"serpwow": {"batches": [{"repeat": 150_000}]}}),
        ("PATCH", "/default/state", {"6dot50": {"batches": [{"name": "a", "payments": [{**PAYMENT, "repeat": 90_000}]}]}}),
        ("POST", "/default/faults", {"at": "*", "where": "before-auth", "do": "status", "status": 500, "body": "x" * 900_000}),
        ("POST", "/default/snapshots", {"name": "one"}),
        ("POST", "/default/fork", {"id": "two"}),
        ("POST", "", {"id": "two"}),
    ],
)
def test_the_control_plane_refuses_what_has_no_room_before_it_is_made(method: str, path: str, body: object) -> None:
    server = Server(memory=800_000)
    before = server.budget.used
    if path in ("/default/snapshots", "/default/fork") or body == {"id": "two"}:
        server.fill(50_000, 5_000, 1)
        before = server.budget.used
    response = server.control(method, path, body)
    assert (response.status, response.header("content-type")) == (429, "application/problem+json")
    assert "no room" in body_of(response)["detail"]
    assert server.budget.used <= before


def test_worlds_that_come_and_go_leave_nothing() -> None:
    worlds = worlds_of([], None, Limits(memory=LIMIT))
    gc.disable()
    try:
        counts = []
        for _ in range(1_000):
            world = EMPTY.world(VENDORS, "w", None, None, Limits(), worlds.budget)
            worlds.add(world, ())
            world.snapshot("s")
            world.fork("f", world.rules, 1)
            worlds.remove("w")
            del world
            counts.append(worlds.budget.used)
    finally:
        gc.enable()
    assert set(counts[1:]) == {counts[-1]}


@pytest.mark.parametrize("way", ["drop", "reset", "delete", "forget", "undo"])
def test_dropping_resetting_deleting_and_undoing_give_the_room_back(way: str) -> None:
    server = Server()
    server.control("POST", "", {"id": "w"})
    batch = body_of(server.name_batch("first"))["batch"]["id"]
    before = server.budget.used
    if way == "drop":
        server.control("PATCH", "/w/state", {"serpwow": {"batches": [{"name": "x" * 400_000}]}})
    elif way == "forget":
        server.control("POST", "/default/snapshots", {"name": "s"})
    else:
        server.ask("PUT", f"/live/batches/{batch}?{KEY}", {"name": "x" * 400_000})
    assert server.budget.used > before
    match way:
        case "drop":
            server.control("DELETE", "/w")
        case "reset":
            server.control("POST", "/default/reset")
        case "forget":
            server.control("DELETE", "/default/snapshots/s")
        case "undo":
            server.control("POST", "/default/undo")
        case "delete":
            server.ask("DELETE", f"/live/batches/{batch}?{KEY}")
            server.control("DELETE", "/default/journal")
            server.worlds.default.set_beginning()
    gc.collect()
    assert server.budget.used < before + 20_000


def test_a_world_may_have_less_than_the_server() -> None:
    server = Server(world_memory=400_000)
    server.control("POST", "", {"id": "w"})
    response = server.fill(50_000)
    assert "this world keeps 400000 bytes at most" in body_of(response)["message"]
    assert "--max-world-memory" in body_of(response)["message"]
    other = {"serpwow": {"batches": [{"name": "x" * 100_000}]}}
    assert server.control("PATCH", "/w/state", other).status == 200
    assert Budget.of(Limits(memory=5)).of_world == 5


def test_what_many_share_counts_once() -> None:
    budget = Budget(10**9)
    world = EMPTY.world(VENDORS, "w", None, None, Limits(), budget)
    searches = Searches("B", [Search(str(n), {"q": "x" * 50}) for n in range(1_000)])
    account = world.quota
    batches = server_batches(searches)
    account.charge(batches[0])
    first = account.used
    for batch in batches[1:]:
        account.charge(batch)
    assert account.used - first < first / 5
    more = replace(batches[0], searches=searches.with_more([Search("m", {"q": "more"})]))
    before = account.used
    account.charge(more)
    assert account.used - before < first / 5


def server_batches(searches: Searches) -> list[Any]:
    """Return versions of a batch that share their searches."""
    server = Server()
    server.name_batch("a")
    (batch,) = server.worlds.default.store.group("serpwow.batch")
    return [replace(batch, searches=searches, name=str(n)) for n in range(10)]


def test_an_upload_counts_while_it_comes_by_what_is_kept_of_it() -> None:
    row = b'{"id":"r%08d","path_params":{"customer":"cus_%07d"},"params":{"description":"x"}}\n'

    def put(server: Server, rows: int) -> ReceivedResponse:
        job = body_of(server.create_job("a"))
        url = job["status_details"]["ready_for_upload"]["upload_url"]["url"]
        path = "/" + url.partition("://")[2].partition("/")[2]
        kind = (b"content-type", b"application/octet-stream")
        return server.client.send("PUT", path.encode(), (kind,), b"".join(row % (n, n) for n in range(rows)))

    server = Server()
    assert put(server, 20_000).status == 200
    response = put(server, 200_000)
    assert (response.status, body_of(response)["error"]["code"]) == (429, "too-many")
    assert body_of(response)["message"].startswith("this upload has no room")
    gc.collect()
    assert server.budget.used < LIMIT


def test_the_worlds_show_what_they_keep() -> None:
    server = Server()
    server.control("POST", "", {"id": "w"})
    memory = body_of(server.control("GET", ""))["memory"]
    assert (memory["limit"], memory["worlds"].keys()) == (LIMIT, {"default", "w"})
    assert FRAME <= memory["worlds"]["w"] < memory["used"] <= LIMIT


def test_ten_thousand_worlds_fit_by_default() -> None:
    budget = Budget.of(Limits())
    world = EMPTY.world(VENDORS, "w", None, None, Limits(), budget)
    before = budget.used
    worlds = Worlds(world)
    for number in range(20):
        worlds.add(EMPTY.world(VENDORS, f"w{number}", None, None, Limits(), budget), ())
    assert 500 * (budget.used - before) < Limits().memory


def test_a_fork_counts_by_what_it_really_takes() -> None:
    """Its journal and history are lists of its own, and so are the credentials that it accepts."""
    world = EMPTY.world(VENDORS, "w")
    keys: dict[str, dict[str, str]] = {f"key-{n}": {} for n in range(2_000)}
    world.rules = structs.replace(world.rules, credentials={"serpwow": keys})
    for n in range(1_000):
        with world.transaction("change") as tx:
            account = account_of(tx, SELF)
            tx.put(replace(account, credits_limit=n))
        world.journal.add(Change(tx.now, "toy.kettle", str(n), "cold", "hot", "after toy.boil", None))
    tracemalloc.start()
    try:
        rules = (structs.replace(world.rules, credentials={"serpwow": keys | {f"own-{n}": {}}}) for n in range(20))
        forks = [world.fork(f"w{n}", its_own, n) for n, its_own in enumerate(rules)]
        traced_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert traced_bytes / 2 < sum(fork.quota.used for fork in forks) < 2 * traced_bytes


def test_however_much_is_given_back_while_the_budget_is_counting_is_counted() -> None:
    budget = Budget(LIMIT)
    quota = Quota(budget)
    charges = [quota.keep(10) for _ in range(5_000)]

    class Interrupted(int):
        """A number of bytes while which is added the garbage collector frees everything."""

        def __radd__(self, other: int) -> int:
            charges.clear()
            return other + int(self)

    quota.take(Interrupted(7))
    assert (budget.used, quota.used) == (7, 7)


def test_what_is_given_back_while_nobody_asks_for_room_does_not_pile_up() -> None:
    budget = Budget(LIMIT)
    quota = Quota(budget)
    for charge in [[quota.keep(10)] for _ in range(5_000)]:
        charge.clear()
    assert len(budget.returned) <= MOST_RETURNED
    assert (quota.used, quota.over) == (0, False)
