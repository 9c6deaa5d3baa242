"""What time brings about is counted like what clients do: without room for it time stands and says so, and goes on with room."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.client.in_process import InProcessClient
from emulator.kernel.clock import Clock
from emulator.kernel.limits import Limits
from emulator.kernel.room import RESERVE
from emulator.kernel.world import World
from emulator.scenario.client import ReceivedResponse
from emulator.server.app import create_app, worlds_of

LIMIT = 450_000
SLACK = 40_000
"""Bytes of the newest commit and the newest entry, which are kept whatever there is room for."""

NO_ROOM = (
    f"has no room, since this server keeps {LIMIT} bytes at most: "
    "delete, reset or drop what is not needed, or EMULATOR_MAX_MEMORY (serve --max-memory) allows more"
)
EVERY_MINUTE = {"searches": 1, "status": "idle", "schedule_type": "minutes", "schedule_minutes": "every_minute"}


class Server:
    """Both planes in this process, with a world `w` that has so many batches which run every minute; others may be there."""

    def __init__(self, batches: int = 3, timing: dict[str, str] | None = None) -> None:
        bounds = Limits(memory=LIMIT)
        self.worlds = worlds_of([], None, bounds)
        self.client = InProcessClient(create_app(self.worlds, limits=bounds))
        serpwow = {
            "account": {"credits_limit": 10**9},
            "batches": [{"id": f"B{n}", **EVERY_MINUTE} for n in range(batches)],
        }
        scenario = {"title": "Busy", "given": {"serpwow": serpwow}, "timing": timing or {}}
        assert self.control("POST", "", {"id": "w", "scenario": scenario}).status == 201

    @property
    def world(self) -> World:
        return self.worlds.get("w")

    @property
    def used(self) -> int:
        return self.worlds.budget.used

    def control(self, method: str, path: str, body: object = None) -> ReceivedResponse:
        return self.ask(method, f"/_emulator/worlds{path}", body)

    def ask(self, method: str, path: str, body: object = None, world: str = "w") -> ReceivedResponse:
        headers = ((b"content-type", b"application/json"), (b"emulator-world", world.encode()))
        return self.client.send(method, path.encode(), headers, None if body is None else json.dumps(body).encode())

    def advance(self, **jump: str) -> ReceivedResponse:
        return self.control("POST", "/w/clock/advance", jump)

    def fill(self) -> None:
        """Advance by an hour, and then by less, until there is no room for a minute more."""
        for by in ("1h", "5m", "1m"):
            for _ in range(60):
                if self.advance(by=by).status != 200:
                    break
            else:
                pytest.fail(f"time goes on for ever, with {self.used} bytes kept of {LIMIT}")


def body_of(response: ReceivedResponse) -> Any:
    return json.loads(response.content)


class Wall:
    """A clock on the wall that a test turns."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def running(server: Server, rate: float = 60.0) -> Wall:
    """Let the clock of the busy world run, and return the clock on its wall."""
    wall = Wall()
    server.world.clock = Clock(server.world.clock.now(), rate, wall)
    return wall


@pytest.mark.parametrize("jump", [{"by": "1h"}, {"until": "next"}, {"to": "2026-01-01T12:00:00Z"}])
def test_a_jump_without_room_is_refused_by_name_and_nothing_is_half_done(jump: dict[str, str]) -> None:
    server = Server()
    server.fill()
    while server.advance(until="next").status == 200:
        pass
    before = [body_of(server.control("GET", f"/w{part}")) for part in ("/clock", "/state", "/journal")]
    response = server.advance(**jump)
    assert (response.status, response.header("content-type")) == (429, "application/problem+json")
    assert body_of(response)["detail"].endswith(NO_ROOM)
    assert [body_of(server.control("GET", f"/w{part}")) for part in ("/clock", "/state", "/journal")] == before
    assert server.used <= LIMIT + SLACK


def test_a_running_clock_stands_where_there_is_no_room_and_says_why() -> None:
    server = Server()
    wall = running(server)
    for _ in range(100):
        wall.seconds += 60
        clock = body_of(server.control("GET", "/w/clock"))
    assert clock["because"].endswith(NO_ROOM)
    assert clock["behind"] > "1h"
    assert server.used <= LIMIT + SLACK
    wall.seconds += 60
    assert body_of(server.control("GET", "/w/clock"))["now"] == clock["now"]
    response = server.advance(by="1s")
    assert (response.status, body_of(response)["detail"]) == (429, clock["because"])


def test_a_vendors_client_is_answered_where_time_stands_and_other_worlds_go_on() -> None:
    server = Server()
    server.control("POST", "", {"id": "other"})
    running(server).seconds = 100 * 3600
    for _ in range(100):
        batch = server.ask("GET", "/live/batches/B0?api_key=k")
    assert (batch.status, body_of(batch)["batch"]["id"]) == (200, "B0")
    made = server.ask("POST", "/live/batches?api_key=k", {"name": "x" * 90_000})
    assert (made.status, body_of(made)["error"]["code"]) == (429, "too-many")
    assert server.control("POST", "/other/clock/advance", {"by": "30d"}).status == 200
    assert body_of(server.control("GET", "/other/clock"))["now"] == "2026-01-31T00:00:00Z"
    assert server.control("GET", "").status == 200


def large_of(server: Server) -> str:
    """Return the id of the batch that a client made."""
    id: str = next(batch for batch in server.world.store.group("serpwow.batch") if len(batch.name) > 1_000).id
    return id


FREE: list[tuple[str, Callable[[Server], ReceivedResponse]]] = [
    ("a batch is deleted", lambda server: server.ask("DELETE", f"/live/batches/{large_of(server)}?api_key=k")),
    ("the world goes back to its beginning", lambda server: server.control("POST", "/w/reset")),
    ("another world is dropped", lambda server: server.control("DELETE", "/other")),
]


@pytest.mark.parametrize(("way", "free"), FREE, ids=[way for way, _ in FREE])
def test_time_goes_on_once_there_is_room(way: str, free: Callable[[Server], ReceivedResponse]) -> None:
    server = Server()
    for world in ("other", "w"):
        server.control("POST", "", {"id": world})
        assert server.ask("POST", "/live/batches?api_key=k", {"name": "x" * 100_000}, world).status == 200
    server.fill()
    while server.advance(until="next").status == 200:
        pass
    assert free(server).status in (200, 204), way
    # the newest commit keeps what it replaced, whatever there is room for
    assert server.control("PATCH", "/w/state", {"serpwow": {"account": {"name": "Jo"}}}).status == 200
    gc.collect()
    server.control("DELETE", "/w/journal")
    assert server.advance(by="1m").status == 200


def test_what_is_due_at_once_in_a_frozen_world_waits_for_room() -> None:
    server = Server(timing={"serpwow.queue": "0s", "serpwow.run": "0s"})
    server.fill()
    while server.advance(until="next").status == 200:
        pass
    for _ in range(1_000):
        server.ask("GET", "/live/batches/B0/start?api_key=k")
        if "behind" in (clock := body_of(server.control("GET", "/w/clock"))):
            break
    assert (clock["behind"], clock["because"].endswith(NO_ROOM)) == ("0s", True)
    assert server.advance(by="1d").status == 429


DOINGS = st.lists(
    st.one_of(
        st.tuples(st.just("advance"), st.sampled_from(("1s", "1m", "10m", "3h"))),
        st.tuples(st.just("idle"), st.just("")),
        st.tuples(st.just("run"), st.sampled_from(("1", "30", "5000"))),
        st.tuples(st.just("snapshot"), st.sampled_from(("a", "b"))),
        st.tuples(st.just("start"), st.sampled_from(("B0", "B1"))),
        st.tuples(st.just("delete"), st.sampled_from(("B0", "B1"))),
    ),
    min_size=3,
    max_size=25,
)


@settings(max_examples=10, deadline=None)
@given(DOINGS, st.sampled_from(({}, {"serpwow.run": "0s"}, {"serpwow.queue": "0s", "serpwow.run": "0s"})))
def test_however_time_passes_no_more_is_kept_than_may_be(doings: Iterable[tuple[str, str]], timing: dict[str, str]) -> None:
    server = Server(2, timing)
    server.fill()
    wall = running(server, 0.0)
    for doing, what in doings:
        match doing:
            case "advance":
                response = server.advance(by=what)
            case "idle":
                response = server.advance(until="next")
            case "run":
                server.world.clock.set_rate(1.0)
                wall.seconds += int(what)
                response = server.control("GET", "/w/clock")
                server.world.clock.set_rate(0.0)
            case "snapshot":
                response = server.control("POST", "/w/snapshots", {"name": what})
            case "start":
                response = server.ask("GET", f"/live/batches/{what}/start?api_key=k")
            case _:
                response = server.ask("DELETE", f"/live/batches/{what}?api_key=k")
        assert response.status < 500
        assert server.used <= LIMIT + LIMIT // RESERVE + SLACK


def test_the_length_of_time_that_a_world_can_hold_does_not_depend_on_its_steps() -> None:
    long, short = Server(), Server()
    for _ in range(60):
        short.advance(by="1m")
    long.advance(by="1h")
    assert long.world.clock.now() == short.world.clock.now()
    assert body_of(long.control("GET", "/w/state")) == body_of(short.control("GET", "/w/state"))
