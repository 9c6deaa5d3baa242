"""What a store costs: a server with one beside a server without, what a record has, and how a world is opened."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

from emulator.kernel.budget import Budget
from emulator.kernel.limits import Limits
from emulator.store.kept_worlds import KeptWorlds
from emulator.store.sqlite import SqliteEngine
from emulator.text.garbage import gc_paused
from emulator.vendors import VENDORS
from tests.benchmarks.figures import CONNECTIONS, ROUNDS, SLICES, Figure, bound, start_and_stop
from tests.benchmarks.load import Exchange, Load, load
from tests.benchmarks.processes import ROOMY, Server, emulator

SCENARIO = {
    "title": "Stop",
    "timing": {"serpwow.queue": "never"},
    "given": {"serpwow": {"batches": [{"id": f"B{n:07}", "status": "idle", "searches": 1} for n in range(CONNECTIONS)]}},
}
WIDE, REQUESTS = 10_000, 100_000


def kept() -> Iterator[Figure]:
    """Measure requests that change something with a store and without, in turn; the record of a stop; opening a large world."""
    with TemporaryDirectory() as folder:
        scenario = Path(folder) / "stop.json"
        scenario.write_text(json.dumps(SCENARIO))
        store = Path(folder) / "worlds.db"
        with emulator(str(scenario)) as without, emulator(str(scenario), "--store", f"sqlite:{store}") as stored:
            yield from _beside(stored, without)
        yield bound("store: record of a stop", "bytes", 1_500, 1_000, _record_of_a_stop(store))
    with TemporaryDirectory() as folder:
        yield from _aged(Path(folder))


def _beside(stored: Server, without: Server) -> Iterator[Figure]:
    plans = [start_and_stop(f"B{n:07}") for n in range(CONNECTIONS)]
    many = [(_loaded(stored, plans), _loaded(without, plans)) for _ in range(ROUNDS * SLICES)]
    yield _share("store: start and stop in turn, 32 connections", 0.35, 0.6, many)
    more = median(ours.cpu / len(ours.latencies) - theirs.cpu / len(theirs.latencies) for ours, theirs in many)
    yield bound("store: CPU of a request more", "us", 90, 60, more * 1e6)
    single = [(_loaded(stored, plans[:1]), _loaded(without, plans[:1])) for _ in range(ROUNDS * SLICES)]
    yield _share("store: the same, one connection", 0.20, 0.35, single)


def _share(name: str, floor: float, goal: float, pairs: list[tuple[Load, Load]]) -> Figure:
    """Return the requests that are answered with a store, as a part of those without one in the same time."""
    share = median(len(ours.latencies) / len(theirs.latencies) for ours, theirs in pairs)
    return Figure(name, "x memory", floor, goal, True, share)


def _loaded(server: Server, plans: list[list[Exchange]], seconds: float = 0.5) -> Load:
    before = server.cpu
    return load(server.port, plans, seconds)._replace(cpu=server.cpu - before)


def _record_of_a_stop(store: Path) -> float:
    """Return the bytes of the records of stops, of which most are as long as this one."""
    with closing(SqliteEngine(str(store))) as engine:
        return median(len(body) for _, body in engine.read("default") if b'"serpwow.batches.stop"' in body)


def _aged(folder: Path) -> Iterator[Figure]:
    """Measure how large the file of a world is, and how it is opened, that has many resources and requests behind it."""
    store = folder / "worlds.db"
    scenario = folder / "wide.json"
    batches = [*SCENARIO["given"]["serpwow"]["batches"], {"repeat": WIDE, "status": "idle", "searches": 1}]  # type: ignore[index]
    scenario.write_text(json.dumps({**SCENARIO, "given": {"serpwow": {"batches": batches}}}))
    plans, done = [start_and_stop(f"B{n:07}") for n in range(CONNECTIONS)], 0
    with emulator(str(scenario), "--store", f"sqlite:{store}", *ROOMY) as server:
        while done < REQUESTS:
            done += len(load(server.port, plans, 5).latencies)
    yield bound("store: file of a world after 100,000 requests", "MB", 100, 50, store.stat().st_size / 1e6)
    with closing(KeptWorlds(SqliteEngine(str(store)), VENDORS, Limits())) as worlds:
        took = _fastest(lambda: worlds.open("default", Budget.of(Limits())))
    yield bound("store: opening a world of 10,000 resources after 100,000 requests", "ms", 150, 80, took * 1e3)


def _fastest(action: Callable[[], object], times: int = 5) -> float:
    """Return the seconds of CPU of an action where the machine does least beside it."""
    taken = []
    for _ in range(times):
        with gc_paused():  # as `serve` does when it opens its worlds
            began = process_time()
            action()
            taken.append(process_time() - began)
    return min(taken)
