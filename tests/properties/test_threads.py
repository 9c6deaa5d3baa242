"""Any number of threads: handles, worlds, the cache of scenarios and the list of unmatched requests keep what they promise."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import httpx
import pytest

from emulator import Emulator, EmulatorServer
from emulator.client.emulator import open_emulators
from emulator.kernel.budget import Budget
from emulator.kernel.errors import NotFound
from emulator.kernel.limits import Limits
from emulator.kernel.world import World
from emulator.kernel.worlds import DEFAULT, Worlds
from emulator.scenario.loader import ScenarioFiles
from emulator.scenario.scenario import TEMPLATES, Scenario
from emulator.server.app import library
from emulator.vendors import VENDORS

THREADS = 32


@pytest.fixture(autouse=True)
def _switching() -> Iterator[None]:
    """Have threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def at_once(work: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    """Call a function with 0, 1, 2, ... in as many threads, which begin together, and return what it returned."""
    barrier = Barrier(threads)

    def begin(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin, range(threads)))


def linger() -> None:
    """Let other threads have their turns."""
    for _ in range(20_000):
        pass


def lingering(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function after which the other threads have their turns, before its caller goes on."""

    def slow(*arguments: Any, **options: Any) -> Any:
        result = function(*arguments, **options)
        linger()
        return result

    return slow


def test_a_world_that_many_threads_load_is_the_one_that_was_loaded_last(monkeypatch: pytest.MonkeyPatch) -> None:
    with EmulatorServer() as server, Emulator("first-run", server=server) as emulator:
        ask, count = emulator.ask, 0

        def slowest_first(*arguments: Any) -> Any:
            nonlocal count
            answer = ask(*arguments)
            count += 1
            for _ in range(200 if count == 1 else 0):
                if count < 8:
                    linger()
            return answer

        monkeypatch.setattr(emulator, "ask", slowest_first)
        at_once(lambda number: emulator.load("first-run" if number % 2 else {"title": "Another"}, seed=number), 8)
        answer = ask("GET", "")
        assert (emulator.seed, emulator.credentials) == (answer["seed"], answer["credentials"])
        assert bool(emulator.state["serpwow"]["batches"]) == (emulator.scenario == "first-run")


def test_worlds_that_many_threads_make_and_drop_have_ids_and_credentials_of_their_own() -> None:
    with EmulatorServer() as server:

        def make(_: int) -> list[tuple[str, str]]:
            credentials = []
            for _ in range(3):
                with Emulator("first-run", server=server) as emulator, emulator.fork() as twin:
                    assert {emulator, twin} <= {*open_emulators()}
                    credentials += [(emulator.id, emulator.serpwow.api_key), (twin.id, twin.serpwow.api_key)]
            return credentials

        credentials_of_all = [world for worlds in at_once(make) for world in worlds]
        assert len({api_key for _, api_key in credentials_of_all}) == len({id for id, _ in credentials_of_all})
        assert [world["id"] for world in server.ask("GET", "/worlds")["worlds"]] == [DEFAULT]


def test_the_living_can_be_listed_while_others_are_made() -> None:
    def hold(_: int) -> None:
        emulators: list[Emulator] = []
        for _ in range(100):
            emulators.append(object.__new__(Emulator))
            emulators[-1]._exits = []
            emulators[-1]._attach(None, {"id": "w", "seed": 1})
            assert emulators[-1] in open_emulators()

    at_once(hold, 8)
    gc.collect()  # or they would be listed in other tests


def test_worlds_that_live_at_once_all_differ() -> None:
    with EmulatorServer() as server:
        emulators = at_once(lambda _: Emulator(server=server))
        assert len({emulator.id for emulator in emulators}) == THREADS
        at_once(lambda number: emulators[number].close())
        assert not {*emulators} & {*open_emulators()}


def test_a_handle_that_many_threads_close_drops_its_world_once() -> None:
    with EmulatorServer() as server:
        emulator = Emulator("first-run", server=server)
        at_once(lambda _: emulator.close())
        assert len(server.ask("GET", "/worlds")["worlds"]) == 1


def test_threads_that_want_the_same_beginning_get_one_that_was_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    set_beginning = World.set_beginning

    def build(world: World, text: object = None, at: datetime | None = None) -> None:
        calls.append(world.seed)
        linger()
        set_beginning(world, text, at)

    monkeypatch.setattr(World, "set_beginning", build)
    scenario = library().get("first-run")
    calls.clear()
    budget = Budget.of(Limits())
    worlds = at_once(lambda number: scenario.world(VENDORS, f"w{number}", 5, budget=budget))
    assert (calls, len({len(world.store) for world in worlds})) == ([5], 1)


def test_the_templates_of_a_scenario_are_never_more_than_are_kept() -> None:
    scenario = Scenario("empty", "", {"title": "An empty world"})
    budget = Budget.of(Limits())

    def make(number: int) -> None:
        for seed in range(number, number + TEMPLATES + 1):
            scenario.world(VENDORS, "w", seed, budget=budget)

    at_once(make, 8)
    emulators = [name for name in range(8 + TEMPLATES) if scenario._templates.get((name, None, budget)) is not None]
    assert len(emulators) == TEMPLATES


def test_threads_that_ask_the_library_for_a_name_get_the_same_scenario() -> None:
    scenarios = library()
    assert len({id(scenario) for scenario in at_once(lambda _: scenarios.get("first-run"))}) == 1


def test_a_world_that_many_threads_remove_is_removed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worlds, "get", lingering(Worlds.get))
    scenario = library().get("first-run")
    for _ in range(3):
        worlds = Worlds(scenario.world(VENDORS, DEFAULT))
        worlds.add(scenario.world(VENDORS, "w1"), [("serpwow", "k")])

        def remove(_: int, worlds: Worlds = worlds) -> str:
            try:
                worlds.remove("w1")
            except NotFound:
                return "not found"
            return "removed"

        assert sorted(at_once(remove, 8)) == ["not found"] * 7 + ["removed"]
        assert ("serpwow", "k") not in worlds.owners


def test_unmatched_requests_of_many_threads_are_numbered_and_none_is_lost() -> None:
    with EmulatorServer() as server, Emulator(server=server) as emulator:

        def miss(number: int) -> None:
            with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
                for _ in range(3):
                    client.get(f"/nothing/{number}")

        at_once(miss)
        requests = emulator.ask("GET", "/unmatched")["unmatched"]
        assert [request["n"] for request in requests] == list(range(1, 3 * THREADS + 1))


def test_requests_of_many_threads_are_each_in_the_journal() -> None:
    with EmulatorServer() as server, Emulator("first-run", server=server) as emulator:

        def ask(number: int) -> int:
            with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
                return client.get(f"/live/account?api_key={emulator.serpwow.api_key}&n={number}").status_code

        assert set(at_once(ask)) == {200}
        assert len({exchange.target for exchange in emulator.journal.exchanges()}) == THREADS


def test_a_scenario_that_is_read_for_long_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    scenarios, is_read, is_over = library(), Event(), Event()
    load = ScenarioFiles.load

    def slow(files: ScenarioFiles, path: Path, *arguments: Any) -> Scenario:
        if path.stem == "first-run":
            is_read.set()
            is_over.wait()
        return load(files, path, *arguments)

    monkeypatch.setattr(ScenarioFiles, "load", slow)
    other = next(name for name in scenarios.names() if not name.endswith("first-run"))
    with ThreadPoolExecutor(1) as pool:
        slow_one = pool.submit(scenarios.get, "first-run")
        is_read.wait()
        try:
            assert scenarios.get(other).name == other
            assert not slow_one.done()
        finally:
            is_over.set()
