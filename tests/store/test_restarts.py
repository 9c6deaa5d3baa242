"""A server that is started again on the same store: what its clients and tests find there."""

from __future__ import annotations

import json
import signal
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
import stripe

from emulator.kernel.errors import BadInput, Conflict
from emulator.kernel.limits import Limits
from emulator.scenario.scenario import Scenario
from emulator.server.app import create_app
from emulator.server.server import ThreadedServer
from emulator.server.stored import stored_worlds
from emulator.store import keeper, replay
from emulator.store.kept_worlds import KeptWorlds
from emulator.store.port import Append, StoreUnavailable
from emulator.store.postgres import PostgresEngine
from emulator.store.sqlite import SqliteEngine
from emulator.store.tables import TablesEngine
from emulator.vendors import VENDORS
from tests.crash.victim import NotStarted, Victim
from tests.store.engines import postgres_url
from tests.support.loading import load_value
from tests.support.receiving import Received, Receiver, receiving
from tests.support.waiting import wait_until

JOB = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
GIVEN = {"stripe": {"batch_jobs": [{"id": JOB, "status": "in_progress", "rows": 10}]}}
FROZEN = {"title": "A job", "clock": {"start": "2026-03-09T20:00:00Z"}, "given": GIVEN}
RUNNING = {**FROZEN, "clock": {"start": "2026-03-09T20:00:00Z", "rate": 60}, "timing": {"stripe.processing": "never"}}
CANCELED = "v2.core.batch_job.canceled"
HOUR = 3_600.0


class Failing(TablesEngine):
    """A database that cannot be written for as long as something is wrong."""

    wrong = ""

    def append(self, appends: Sequence[Append]) -> None:
        self.probe()
        super().append(appends)

    def probe(self) -> None:
        if self.wrong:
            raise StoreUnavailable(self.wrong)


class File(Failing, SqliteEngine):
    pass


class Schema(Failing, PostgresEngine):
    pass


Place = Path | str
"""A file, or the URL of a schema."""


class Stored:
    """A server with a store, and a client of its control plane."""

    def __init__(self, engine: Failing, url: str, client: httpx.Client) -> None:
        self.engine, self.url, self._client = engine, url, client

    def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        reply = self._client.request(method, f"/_emulator{path}", json=body)
        assert reply.status_code == status, reply.text
        return reply.json() if reply.content else None

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self._client.get(path, headers=headers)

    def stripe(self, world: str = "default", **options: Any) -> stripe.StripeClient:
        key = self.ask("GET", f"/worlds/{world}")["credentials"]["stripe"]["api_key"]
        return stripe.StripeClient(key, base_addresses={"api": self.url}, **options)


@contextmanager
def serving(place: Place, *scenarios: Any, go_on: bool | None = None) -> Iterator[Stored]:
    """Serve scenarios, or else what the store has, in this process."""
    engine = File(str(place)) if isinstance(place, Path) else Schema(place)
    with closing(KeptWorlds(engine, VENDORS, Limits())) as kept:
        loaded = [it if isinstance(it, Scenario) else load_value(it, VENDORS) for it in scenarios]
        worlds = stored_worlds(kept, loaded, None, Limits(), go_on, bool(scenarios))
        with ThreadedServer(create_app(worlds)) as server, httpx.Client(base_url=server.url, timeout=None) as client:
            yield Stored(engine, server.url, client)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "worlds.db"


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return tmp_path / "worlds.db" if request.param == "sqlite" else postgres_url(tmp_path)


class Clock:
    """The clock of the machine, which a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (keeper, replay):
        monkeypatch.setattr(module, "REALTIME", clock)
    return clock


def test_a_clock_that_stands_shows_the_same_instant_after_a_restart(place: Place, clock: Clock) -> None:
    with serving(place, FROZEN) as server:
        server.ask("POST", "/worlds/default/clock/advance", {"by": "90s"})
        before = server.ask("GET", "/worlds/default/clock")
    clock.now += HOUR
    with serving(place) as server:
        assert server.ask("GET", "/worlds/default/clock") == before


def test_a_clock_that_runs_has_gone_on_after_a_restart_and_what_was_due_has_happened_at_its_instant(
    place: Place, clock: Clock
) -> None:
    with serving(place, RUNNING) as server:
        server.stripe().v2.core.batch_jobs.cancel(JOB)
        asked = server.ask("GET", "/worlds/default/journal")["entries"][0]["at"]
    clock.now += HOUR  # in which it is 60 hours by the clock of the world
    with serving(place) as server:
        assert server.stripe().v2.core.batch_jobs.retrieve(JOB).status == "canceled"
        entries = server.ask("GET", "/worlds/default/journal")["entries"]
        (canceled,) = [it for it in entries if it["type"] == "change" and it["to"] == "canceled"]
        assert datetime.fromisoformat(canceled["at"]) - datetime.fromisoformat(asked) == timedelta(seconds=1)
        assert server.ask("GET", "/worlds/default/clock")["now"] > "2026-03-12T08:00:00Z"


def test_a_clock_that_runs_never_goes_back_where_that_of_the_machine_does(place: Place, clock: Clock) -> None:
    with serving(place, RUNNING) as server:
        server.stripe().v2.core.batch_jobs.retrieve(JOB)
        before = server.ask("GET", "/worlds/default/journal")["entries"][0]["at"]
    clock.now -= HOUR
    with serving(place) as server:
        assert server.ask("GET", "/worlds/default/clock")["now"] >= before


def test_worlds_that_were_made_dropped_and_replaced_are_as_they_were_left(place: Place) -> None:
    listed = {"title": "Listed", "credentials": {"serpwow": ["of the test"]}}
    with serving(place, FROZEN) as server:
        for id in ("stays", "goes"):
            server.ask("POST", "/worlds", {"id": id, "scenario": {"title": id}}, 201)
        server.ask("DELETE", "/worlds/goes", None, 204)
        server.ask("POST", "/worlds/stays/reset", {"scenario": listed, "claim": True})
        before = {id: server.ask("GET", f"/worlds/{id}")["credentials"]["serpwow"]["api_key"] for id in ("default", "stays")}
    with serving(place) as server:
        assert [it["id"] for it in server.ask("GET", "/worlds")["worlds"]] == ["default", "stays"]
        assert server.ask("GET", "/worlds/stays")["title"] == "Listed"
        for key, world in [("of the test", "stays"), (before["stays"], "stays"), (before["default"], "default")]:
            reply = server.get(f"/live/account?api_key={key}")
            assert reply.headers["emulator-exchange"].partition("/")[0] == world


def test_scenarios_that_are_named_go_on_where_they_are_the_same_and_join_where_they_are_new(place: Place) -> None:
    with serving(place, FROZEN) as server:
        server.ask("POST", "/worlds/default/clock/advance", {"by": "1h"})
    more = Scenario("more", "More", {"title": "More"})
    with serving(place, FROZEN, more) as server:
        assert server.ask("GET", "/worlds/default/clock")["now"] == "2026-03-09T21:00:00Z"
        assert [it["id"] for it in server.ask("GET", "/worlds")["worlds"]] == ["default", "more"]


def test_another_scenario_than_the_store_began_with_is_refused_unless_somebody_decides(place: Place) -> None:
    with serving(place, FROZEN) as server:
        server.ask("POST", "/worlds", {"id": "w"}, 201)
    with pytest.raises(Conflict) as refused, serving(place, {"title": "Another"}):
        pass
    for part in ("'default'", "(A job)", "--resume goes on with it", "--fresh forgets all that the store has"):
        assert part in str(refused.value)
    with serving(place, {"title": "Another"}, go_on=True) as server:
        assert server.ask("GET", "/worlds/default")["title"] == "A job"
    with serving(place, {"title": "Another"}, go_on=False) as server:
        assert [it["title"] for it in server.ask("GET", "/worlds")["worlds"]] == ["Another"]
    with serving(place) as server:
        assert server.ask("GET", "/worlds/default")["title"] == "Another"


ITS_IMAGE = "INSERT INTO images (key, world, n) SELECT 77, key, 1 FROM worlds WHERE id = 'w'"
OF_SQLITE = {
    "UPDATE records SET body = 5 WHERE n = 2": "record 2: ",
    "UPDATE records SET body = 'text' WHERE n = 2": "record 2: ",
    "UPDATE records SET n = 'two' WHERE n = 2": "record 3: ",
    "INSERT INTO images SELECT 77, key, 'one' FROM worlds WHERE id = 'w'": "its image: ",
    f"{ITS_IMAGE}; INSERT INTO pieces VALUES (77, 1, 5)": "its image: ",
}
"""What was done to a file that has two records of a world, and what is said of it: SQLite lets a column have any type."""


@pytest.mark.parametrize("done", OF_SQLITE)
def test_a_value_of_another_type_names_its_world_and_what_to_do(tmp_path: Path, done: str) -> None:
    place = tmp_path / "worlds.db"
    with serving(place, FROZEN) as server:
        server.ask("POST", "/worlds", {"id": "w"}, 201)
        server.ask("POST", "/worlds/w/clock/advance", {"by": "1h"})
        for statement in done.split("; "):
            server.engine._rows(statement)
    with pytest.raises(BadInput) as refused, serving(place):
        pass
    assert f"the world 'w' cannot be read from the store: {OF_SQLITE[done]}" in str(refused.value)


def test_a_damaged_record_names_its_world_and_what_to_do(place: Place) -> None:
    with serving(place, FROZEN) as server:
        server.ask("POST", "/worlds", {"id": "w"}, 201)
        server.ask("POST", "/worlds/w/clock/advance", {"by": "1h"})
        server.engine._rows("UPDATE records SET body = substr(body, 1, 40) WHERE n = 2")
    with pytest.raises(BadInput) as refused, serving(place):
        pass
    said = str(refused.value)
    assert "the world 'w' cannot be read from the store: record 2: " in said
    assert said.endswith("put back a copy of the store, or forget all that it has with --fresh")
    with serving(place, FROZEN, go_on=False) as server:
        assert len(server.ask("GET", "/worlds")["worlds"]) == 1


def test_a_vendors_client_hears_503_while_the_store_refuses_and_goes_on_by_itself_afterwards(place: Place) -> None:
    with serving(place, FROZEN) as server:
        client, ready = server.stripe(max_network_retries=0), httpx.Client(base_url=server.url)
        server.engine.wrong = "the disk is full"
        for _ in range(2):
            with pytest.raises(stripe.APIError) as heard:
                client.v2.core.batch_jobs.cancel(JOB)
            assert heard.value.http_status == 503
            assert "the disk is full" in str(heard.value.http_body)
        wait_until(lambda: server.ask("GET", "/worlds/default/journal")["entries"] == [])
        assert server.ask("GET", "/worlds/default/state")["stripe"]["batch_jobs"][0]["status"] == "in_progress"
        assert "the disk is full" in server.ask("GET", "/ready", status=503)["detail"]
        server.engine.wrong = ""
        with closing(ready):
            wait_until(lambda: ready.get("/_emulator/ready").status_code == 200)
        assert client.v2.core.batch_jobs.cancel(JOB).status == "cancelling"
    with serving(place) as server:
        assert [it["status"] for it in server.ask("GET", "/worlds/default/journal")["entries"]] == [200]


# --- processes


@pytest.fixture
def victim(path: Path) -> Iterator[Victim]:
    victim = Victim(path, path.with_name("log"))
    yield victim
    if not victim.is_dying:
        victim.kill()


def test_a_second_server_on_a_store_is_refused_by_the_name_of_the_first_which_goes_on(victim: Victim, path: Path) -> None:
    victim.start()
    other = Victim(path, path.with_name("other"))
    with pytest.raises(NotStarted, match=rf"is in use by another process \(pid {victim.process.pid}\): stop that, or name"):
        other.start()
    assert httpx.get(f"http://{victim.netloc}/_emulator/ready").status_code == 200


def test_a_store_of_a_later_release_is_refused_with_what_to_do(victim: Victim, path: Path) -> None:
    with closing(SqliteEngine(str(path))) as engine:
        engine._rows("PRAGMA user_version = 99")
    with pytest.raises(
        NotStarted, match=r"was written by a later release of batch-emulator.*use that release, or name another"
    ):
        victim.start()


def test_a_server_that_is_told_to_stop_leaves_one_file_that_only_its_owner_may_read(victim: Victim, path: Path) -> None:
    victim.start()
    assert httpx.get(f"http://{victim.netloc}/live/account?api_key=k").status_code == 200
    assert {stat.S_IMODE(path.with_name(name).stat().st_mode) for name in victim.files()} == {0o600}
    assert victim.stop() in (0, 128 + signal.SIGTERM, -signal.SIGTERM)
    assert [*victim.files()] == ["worlds.db"]
    victim.start()
    assert len(httpx.get(f"http://{victim.netloc}/_emulator/worlds/default/journal").json()["entries"]) == 1


def test_a_notification_that_was_under_way_when_the_server_was_killed_is_posted_again(path: Path) -> None:
    came, let_go = Event(), Event()

    def answer(_: Received) -> int:
        if not came.is_set():
            came.set()
            let_go.wait()
        return 200

    with receiving(Receiver(answer)) as receiver:
        victim = Victim(path, path.with_name("log"), None, "--deliver-to", receiver.host)
        destination = {"id": "ed_1", "url": receiver.url, "signing_secret": "whsec_test", "enabled_events": [CANCELED]}
        given = {"stripe": {**GIVEN["stripe"], "event_destinations": [destination]}}
        scenario = {"title": "Owing", "deliveries": {"carrier": "http"}, "clock": {"rate": "real"}, "given": given}
        victim.start()
        with httpx.Client(base_url=f"http://{victim.netloc}", timeout=None) as client:
            made = client.post("/_emulator/worlds", json={"id": "w", "scenario": scenario}).json()
            headers = {"Authorization": f"Bearer {made['credentials']['stripe']['api_key']}"}
            headers["Stripe-Version"] = "2026-03-25.preview"
            assert client.post(f"/v2/core/batch_jobs/{JOB}/cancel", headers=headers).status_code == 200
            came.wait()
        victim.kill()
        let_go.set()
        victim.start()
        with httpx.Client(base_url=f"http://{victim.netloc}", timeout=None) as client:
            wait_until(lambda: client.get("/_emulator/worlds/w/deliveries?status=delivered").json()["deliveries"])
        victim.kill()
    first, again, *_ = [json.loads(it.body)["id"] for it in receiver.requests]
    assert first == again


def stop_a_job(stored: Stored) -> None:
    stored.stripe().v2.core.batch_jobs.cancel(JOB)


def delivered(stored: Stored) -> list[Any]:
    return [it["delivered"] for it in stored.ask("GET", "/worlds/default/ledger")["exchanges"]]


def test_of_a_server_that_ended_by_itself_every_answer_was_sent(place: Place) -> None:
    with serving(place, FROZEN) as stored:
        stop_a_job(stored)
    for _ in range(2):
        with serving(place) as stored:
            assert delivered(stored) == [True]


def test_whether_an_answer_just_before_a_death_was_sent_is_unknown_from_then_on(path: Path, tmp_path: Path) -> None:
    killed = tmp_path / "killed.db"
    with serving(path, FROZEN) as stored:
        stop_a_job(stored)
        copy_as_if_killed(path, killed)
    for start in range(2):
        with serving(killed) as stored:
            assert delivered(stored) == [None]
            stored.ask("POST", "/worlds/default/snapshots", {"name": f"s{start}"}, status=201)
            stored.ask("POST", "/worlds/default/restore", {"name": f"s{start}"})
            assert delivered(stored) == [None]
    with serving(path) as stored:
        assert delivered(stored) == [True]


@pytest.mark.parametrize(("deed", "body"), [("clock/advance", {"by": "1s"}), ("snapshots", {"name": "s"})])
def test_an_answer_long_before_a_death_was_sent(deed: str, body: Any, path: Path, tmp_path: Path, clock: Clock) -> None:
    killed = tmp_path / "killed.db"
    with serving(path, FROZEN) as stored:
        stop_a_job(stored)
        clock.now += 2 * replay.UNDER_WAY
        stored.ask("POST", f"/worlds/default/{deed}", body, status=201 if deed == "snapshots" else 200)
        copy_as_if_killed(path, killed)
    with serving(killed) as stored:
        assert delivered(stored) == [True]


def copy_as_if_killed(path: Path, other: Path) -> None:
    """Copy the files of a store as its server would leave them if it were killed now."""
    for ending in ("", "-wal"):
        other.with_name(other.name + ending).write_bytes(path.with_name(path.name + ending).read_bytes())
