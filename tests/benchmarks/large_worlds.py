"""The figures of worlds that hold much: bulk commands, growth, and long spans of virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from statistics import median
from time import perf_counter

from tests.benchmarks.figures import WORLD, Figure, bound
from tests.benchmarks.processes import ROOMY, Server, emulator


def bulk() -> Iterator[Figure]:
    """Measure what touches many resources, or one among many."""
    with emulator(*ROOMY) as server:
        yield bound("load 100,000 batches", "s", 2, 0.8, _best(lambda: _with_batches(server, 100_000, "queued")))
        patch = {"serpwow": {"batches": [{"id": "ONE", "name": "x"}]}}
        yield bound(
            "PATCH of one among 100,000", "ms", 5, 1, 1e3 * _best(lambda: server.timed("PATCH", f"{WORLD}/state", patch), 9)
        )
        stops = []
        for _ in range(3):
            _with_batches(server, 10_000, "queued")
            stops.append(server.timed("GET", "/live/batches/stopall?api_key=demo"))
        yield bound("stop-all of 10,000", "s", 0.4, 0.2, median(stops))
        completions = []
        for _ in range(3):
            _with_batches(server, 10_000, "running")
            completions.append(server.timed("POST", f"{WORLD}/clock/advance", {"until": "idle"}))
        yield bound("an advance that completes 10,000", "s", 0.4, 0.2, median(completions))


def _best(action: Callable[[], float], times: int = 3) -> float:
    return median(action() for _ in range(times))


def _with_batches(server: Server, size: int, status: str) -> float:
    one = {"status": status, "searches": 1}
    batches = [{"id": "ONE", **one}, {"repeat": size - 1, **one}]
    given = {"serpwow": {"account": {"credits_limit": 10**9}, "batches": batches}}
    scenario = {"title": "Many", "timing": {"serpwow.queue": "never"}, "given": given}
    return server.timed("POST", f"{WORLD}/reset", {"scenario": scenario})


def growth() -> Iterator[Figure]:
    """Measure what must not cost more in a world of 100,000 than in one of 100."""
    small, large = _at_size(100), _at_size(100_000)
    limits = {"a change": (1.15, 1.05), "a list page of 25": (1.5, 1.2)}
    for name in small:
        floor, goal = limits.get(name, (1.5, 1.1))
        yield bound(f"{name}: 100,000 / 100", "x", floor, goal, large[name] / small[name])


def _at_size(size: int) -> dict[str, float]:
    with emulator(*ROOMY) as server:
        _with_batches(server, size, "idle")
        key = "?api_key=demo"
        times = 60

        def change() -> float:
            return server.timed("GET", f"/live/batches/ONE/start{key}") + server.timed("GET", f"/live/batches/ONE/stop{key}")

        def fork() -> float:
            took = server.timed("POST", f"{WORLD}/fork", {"id": "twin"})
            server.ask("DELETE", "/_emulator/worlds/twin")
            return took

        keys = count()  # each may list 60 times a minute

        def page() -> float:
            return server.timed("GET", f"/live/batches?api_key=list-{next(keys)}&page_size=25")

        page()
        return {
            "a change": _best(change, times),
            "a list page of 25": _best(page, times),
            "snapshot": _best(lambda: server.timed("POST", f"{WORLD}/snapshots", {"name": "a"}), times),
            "fork": _best(fork, times),
            "restore": _best(lambda: server.timed("POST", f"{WORLD}/restore", {"name": "a"}), times),
        }


def long_times() -> Iterator[Figure]:
    """Measure long spans of virtual time."""
    with emulator(*ROOMY) as server:
        batch = {"id": "M", "status": "idle", "searches": 1, "schedule_type": "minutes", "schedule_minutes": "every_minute"}
        given = {"serpwow": {"account": {"credits_limit": 10**9}, "batches": [batch]}}
        server.ask("POST", f"{WORLD}/reset", {"scenario": {"title": "A year", "given": given}})
        began = perf_counter()
        for _ in range(366):
            server.ask("POST", f"{WORLD}/clock/advance", {"by": "1d"})
        yield bound("a simulated year of a minutely batch", "s", 10, 4, perf_counter() - began)
        server.ask("POST", f"{WORLD}/reset", {"scenario": {"title": "100,000 events", "given": given}})
        began = perf_counter()
        for _ in range(12):  # one jump brings about 10,000 at most
            server.ask("POST", f"{WORLD}/clock/advance", {"by": "2d"})
        yield bound("100,000 events", "s", 1.5, 0.8, perf_counter() - began)
