"""A clock that is too fast for its world: the world falls behind, says so, and skips nothing; nobody waits for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.kernel import advance
from emulator.kernel import world as kernel_world
from emulator.kernel.advance import catch_up
from emulator.kernel.clock import Clock
from emulator.kernel.errors import Conflict
from emulator.kernel.world import World
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from emulator.web import lanes
from tests.support.loading import load_value
from tests.support.toy import START, kitchen

LOOK, TURN = 10, 3
FOREVER_BUSY: dict[str, Any] = {
    "title": "A batch that runs every minute",
    "clock": {"rate": 1_000_000},
    "given": {
        "serpwow": {
            "account": {"credits_limit": 10**9},
            "batches": [
                {
                    "id": "M",
                    "searches": 1,
                    "status": "idle",
                    "schedule_type": "minutes",
                    "schedule_minutes": "every_minute",
                }
            ],
        }
    },
}


@pytest.fixture(autouse=True, scope="module")
def short_looks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(advance, "LOOK_LIMIT", LOOK)
        patch.setattr(advance, "LOOK_LIMIT_EACH", 0)
        patch.setattr(kernel_world, "TURN_LIMIT", TURN)
        patch.setattr(lanes, "TURN_LIMIT", TURN)
        yield


class Wall:
    """A clock on the wall that a test turns."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def running(kettles: int) -> tuple[World, Wall]:
    """A world with kettles that are all warming, at a second a second, and the clock on its wall."""
    world, wall = kitchen(kettles), Wall()
    world.clock = Clock(START, 1.0, wall)
    return world, wall


@given(kettles=st.integers(1, 40), waits=st.lists(st.integers(0, 200), min_size=1, max_size=12))
def test_a_world_that_falls_behind_shows_every_change_in_order_and_at_its_own_instant(
    kettles: int, waits: Iterable[int]
) -> None:
    world, wall = running(kettles)
    frozen = kitchen(kettles)
    former = START
    for seconds in waits:
        wall.seconds += seconds
        now = world.settle()
        assert former <= now <= START + timedelta(seconds=wall.seconds)
        assert now + world.clock.behind == START + timedelta(seconds=wall.seconds)
        assert world.clock.is_behind or not world.clock.behind
        former = now
    while world.clock.is_behind:
        world.settle()
    frozen.advance_to(world.settle())
    events, expected = ([entry.event for entry in each_world.journal.since(0)] for each_world in (world, frozen))
    assert events[-len(expected) :] == expected or not expected
    assert [*world.store.group("toy.kettle")] == [*frozen.store.group("toy.kettle")]


def test_a_look_takes_a_bounded_number_of_steps_and_a_look_at_one_that_is_behind_fewer() -> None:
    world, wall = running(20)
    wall.seconds = 30
    assert [world.settle() and world.journal.last for _ in range(4)] == [LOOK, LOOK + TURN, LOOK + 2 * TURN, LOOK + 3 * TURN]
    assert world.clock.now() == START + timedelta(seconds=30)


def test_a_world_that_can_keep_up_is_never_behind() -> None:
    world, wall = running(LOOK)
    wall.seconds = 30
    assert world.settle() == START + timedelta(seconds=30)
    assert not world.clock.is_behind


@pytest.mark.parametrize("jump", ["by", "to", "next", "idle"])
def test_time_is_not_advanced_in_a_world_that_is_behind(jump: str) -> None:
    world, wall = running(50)
    wall.seconds = 60
    jumps = {
        "by": lambda: world.advance_by(timedelta(seconds=1)),
        "to": lambda: world.advance_to(START + timedelta(hours=1)),
        "next": world.advance_to_next,
        "idle": world.advance_until_idle,
    }
    with pytest.raises(Conflict, match="which is 30s behind: set a slower rate, or frozen"):
        jumps[jump]()
    world.clock.set_rate(0)
    assert (world.clock.is_behind, world.clock.now()) == (False, START + timedelta(seconds=30))
    jumps[jump]()


def test_a_copy_of_a_world_that_is_behind_goes_on_from_where_that_is() -> None:
    world, wall = running(50)
    wall.seconds = 60
    world.settle()
    assert world.copy().clock.now() == world.clock.now() == START + timedelta(seconds=30)


def test_a_look_has_room_for_a_step_of_each_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advance, "LOOK_LIMIT_EACH", 1)
    world, wall = running(500)
    wall.seconds = 30
    assert world.settle() == START + timedelta(seconds=30)
    assert (world.clock.is_behind, world.journal.last) == (False, 500)


def test_a_frozen_world_does_whatever_is_due_in_one_look() -> None:
    world = kitchen(50)
    world.clock.advance_by(timedelta(seconds=30))
    assert catch_up(world, 0)
    assert world.journal.last == 50


def test_clock_says_how_far_a_world_is_behind_and_others_are_served() -> None:
    scenario = load_value(FOREVER_BUSY, VENDORS)
    worlds = worlds_of([])
    world, wall = scenario.world(VENDORS, "busy", None), Wall()
    start = world.clock.now()
    world.clock = Clock(start, 1_000_000, wall)
    worlds.add(world, scenario.claims(VENDORS, world))
    with ThreadedServer(create_app(worlds)) as server, httpx.Client(base_url=server.url, timeout=None) as client:
        assert "behind" not in client.get("/_emulator/worlds/busy/clock").json()
        wall.seconds = 1
        clock = client.get("/_emulator/worlds/busy/clock").json()
        assert clock["behind"].startswith("11d13h")
        assert client.get("/live/batches/M", params={"api_key": "demo"}, headers={"Emulator-World": "busy"}).status_code == 200
        response = client.post("/_emulator/worlds/busy/clock/advance", json={"by": "1s"})
        assert (response.status_code, "11d13h" in response.json()["detail"]) == (409, True)
        body = client.patch("/_emulator/worlds/busy/clock", json={"rate": "frozen"}).json()
        assert "behind" not in body
        assert body["now"] > clock["now"]
        assert client.post("/_emulator/worlds/busy/clock/advance", json={"by": "1s"}).status_code == 200
