"""The figures: for each, what is measured, the unit, the floor that must hold, and the goal."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator, MutableMapping
from statistics import median
from time import perf_counter, process_time
from typing import Any, NamedTuple

from tests.benchmarks.load import Exchange, Load, load, response_size
from tests.benchmarks.processes import Server, bare, emulator

CONNECTIONS = 32
ROUNDS = 3
SLICES = 4
"""Slices of a second in each round, of both servers in turn."""

STRIPE = {"authorization": "Bearer sk_test_123", "stripe_version": "2026-03-25.preview"}
JOB = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
CANCEL = Exchange.of("POST", f"/v2/core/batch_jobs/{JOB}/cancel", b'"status":"cancelling"', **STRIPE)
RETRIEVE = Exchange.of("GET", f"/v2/core/batch_jobs/{JOB}", b'"status":"cancelling"', **STRIPE)
STOP_ALL = Exchange.of("GET", "/live/batches/stopall?api_key=demo", b'"batches_stopped":0')
LISTS = [
    [Exchange.of("GET", f"/live/batches?api_key={n}-{m}&page_size=25", b'"batches":[') for m in range(12)]
    for n in range(CONNECTIONS)
]
"""Lists by several keys a connection, since each may list 60 times a minute: 384 heads in all."""

WORLD = "/_emulator/worlds/default"


class Figure(NamedTuple):
    """One figure of the table. `at_least` tells whether more is better."""

    name: str
    unit: str
    floor: float
    goal: float
    at_least: bool
    measured: float


def ratio(name: str, floor: float, goal: float, measured: float) -> Figure:
    """Return a figure as a multiple of the bare server's."""
    return Figure(name, "x bare", floor, goal, True, measured)


def bound(name: str, unit: str, floor: float, goal: float, measured: float) -> Figure:
    """Return a figure of which less is better."""
    return Figure(name, unit, floor, goal, False, measured)


class Pair(NamedTuple):
    """Loads of the emulator and of the bare server, slice by slice in turn."""

    ours: list[Load]
    bare: list[Load]

    def ratio(self, of: Callable[[Load], float]) -> float:
        """Return the median over the slices of ours divided by the bare server's."""
        return median(of(ours) / of(theirs) for ours, theirs in zip(self.ours, self.bare, strict=True))


def paired(
    ours: Server, theirs: Server, plans: list[list[Exchange]], seconds: float = 1.0, before: Callable[[], object] = lambda: None
) -> Pair:
    """Load both servers in turn; the bare one answers as many bytes as the first request of the first plan gets.

    `before` is called before each slice of ours.
    """
    size, *_ = [response_size(ours.port, exchange) for exchange in plans[0][:2]]
    plain = [[Exchange.of("GET", f"/{size}")]] * len(plans)
    load(ours.port, plans, seconds)
    load(theirs.port, plain, seconds)
    pair = Pair([], [])
    for _ in range(ROUNDS * SLICES):
        before()
        pair.ours.append(_loaded(ours, plans, seconds))
        pair.bare.append(_loaded(theirs, plain, seconds))
    return pair


def _loaded(server: Server, plans: list[list[Exchange]], seconds: float) -> Load:
    """Load a server, and note the CPU that it takes meanwhile.

    That is what tells how many requests it could answer. How many it does answer depends on the load too, where that is as
    slow as the server, and on whatever else the machine does.
    """
    before = server.cpu
    return load(server.port, plans, seconds)._replace(cpu=server.cpu - before)


def throughput() -> Iterator[Figure]:
    """Measure requests that change nothing, and those that do, against the bare server: answers in a second of its CPU."""
    with emulator("stripe/cancel-in-progress") as server, bare() as plain:
        job = server.ask("GET", f"{WORLD}/state")["stripe"]["batch_jobs"][0]["id"]
        assert job == JOB, job
        server.ask("POST", CANCEL.request.split()[1].decode(), headers=_headers())
        pair = paired(server, plain, [[CANCEL]] * CONNECTIONS)
        yield ratio("Stripe cancel of a job that is cancelling, 32 connections", 0.70, 0.90, pair.ratio(lambda it: it.thrift))
        yield bound("p99 at saturation", "x bare", 2, 1.5, pair.ratio(lambda it: it.p99))
        single = paired(server, plain, [[CANCEL]], 0.3)
        yield bound("one connection, p50", "x bare", 1.35, 1.2, single.ratio(lambda it: it.p50))
        pair = paired(server, plain, [[RETRIEVE]] * CONNECTIONS, 0.5)
        yield ratio("Stripe retrieve", 0.65, 0.85, pair.ratio(lambda it: it.thrift))
        given: dict[str, Any] = {"batches": [{"repeat": 100, "status": "idle", "searches": 1}]}
        server.ask("POST", f"{WORLD}/reset", {"scenario": {"title": "Idle", "given": {"serpwow": given}}})
        pair = paired(server, plain, [[STOP_ALL]] * CONNECTIONS, 0.5)
        yield ratio("SerpWow stop-all of nothing", 0.65, 0.85, pair.ratio(lambda it: it.thrift))
        pair = paired(server, plain, LISTS, 0.5, before=lambda: server.ask("POST", f"{WORLD}/reset", {}))
        yield ratio("SerpWow list page of 25", 0.65, 0.85, pair.ratio(lambda it: it.thrift))
        given = {"batches": [{"id": f"B{n:07}", "status": "idle", "searches": 1} for n in range(CONNECTIONS)]}
        scenario = {"title": "Stop", "timing": {"serpwow.queue": "never"}, "given": {"serpwow": given}}
        server.ask("POST", f"{WORLD}/reset", {"scenario": scenario})
        pair = paired(server, plain, [start_and_stop(f"B{n:07}") for n in range(CONNECTIONS)], 0.5)
        yield ratio("SerpWow start and stop in turn", 0.40, 0.60, pair.ratio(lambda it: it.thrift))


def start_and_stop(batch: str) -> list[Exchange]:
    paths = (f"/live/batches/{batch}/{verb}?api_key=demo" for verb in ("start", "stop"))
    return [Exchange.of("GET", path, b'"success":true') for path in paths]


def _headers() -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in STRIPE.items()}


def create_in_process() -> Iterator[Figure]:
    """Measure the CPU of creating a Stripe job, in process."""
    from emulator.server.app import create_app, library, worlds_of

    app = create_app(worlds_of([library().get("stripe/cancel-in-progress")]))
    body = b'{"endpoint":{"path":"/v1/customers/:customer","http_method":"post"},"skip_validation":true,"metadata":{}}'
    headers = [(name.encode(), value.encode()) for name, value in _headers().items()]
    headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), (b"host", b"localhost")]
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": "/v2/core/batch_jobs", "scheme": "http",
        "raw_path": b"/v2/core/batch_jobs", "query_string": b"", "headers": headers, "client": ("127.0.0.1", 1), "server": None,
    }  # fmt: skip
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def create(times: int) -> float:
        began = process_time()
        for _ in range(times):
            await app(dict(scope), receive, send)
        return (process_time() - began) / times

    async def rounds() -> float:
        await create(500)
        return median([await create(500) for _ in range(6)])

    seconds = asyncio.run(rounds())
    assert set(statuses) == {200}, set(statuses)
    yield bound("Stripe create, in process", "us", 110, 55, seconds * 1e6)


def start() -> Iterator[Figure]:
    """Measure the time from spawning a server to its first answer."""
    ours, theirs = [], []
    for _ in range(8):
        ours.append(_first_answer(lambda: emulator()))
        theirs.append(_first_answer(bare))
    yield bound("spawn to first answer", "x bare", 1.8, 1.5, median(a / b for a, b in zip(ours[1:], theirs[1:], strict=True)))


def _first_answer(serve: Callable[[], Any]) -> float:
    began = perf_counter()
    with serve():
        return perf_counter() - began


FIXTURE = """
import pytest
from time import perf_counter
began = perf_counter()
from emulator import Emulator, EmulatorServer
server = EmulatorServer()
server.url
print(perf_counter() - began)
server.close()
"""


def fixture() -> Iterator[Figure]:
    """Measure what the pytest fixture costs: the process's server, a world, a reset."""
    from emulator import Emulator, EmulatorServer

    command = [sys.executable, "-c", FIXTURE]
    starts = [float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(9)]
    yield bound("fixture: the process's server, imports included", "ms", 90, 60, median(starts[1:]) * 1e3)
    with EmulatorServer() as server, Emulator("first-run", server=server) as world:
        yield bound("fixture: a world", "us", 100, 60, _each(lambda: Emulator("first-run", server=server).close()) * 1e6)
        yield bound("fixture: a reset", "us", 50, 30, _each(world.reset) * 1e6)


def _each(action: Callable[[], object], times: int = 2_000) -> float:
    def once() -> float:
        began = perf_counter()
        action()
        return perf_counter() - began

    return median(once() for _ in range(times))


def memory() -> Iterator[Figure]:
    """Measure the memory at the start and after 500,000 requests."""
    with emulator() as server:
        yield bound("memory at start", "MB", 44, 40, server.resident)
        server.ask("GET", STOP_ALL.request.split()[1].decode())
        load(server.port, [[STOP_ALL]] * CONNECTIONS, 4)
        before, done = server.resident, 0
        while done < 500_000:
            done += len(load(server.port, [[STOP_ALL]] * CONNECTIONS, 5).latencies)
        yield bound("growth over 500,000 requests", "MB", 2, 1, server.resident - before)
