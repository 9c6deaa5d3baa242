"""Bounds: a little less than each is taken, a little more is refused by name, and what was refused leaves nothing behind."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Callable, Iterator

from tests.attack.load import JSON
from tests.attack.served import Client, Findings, Server

STRIPE = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview"}
GROWTH = 300
"""Megabytes by which the server may grow while it is asked for too much."""

URL, HEAD, BODY, CONTROL = 16_384, 65_536, 4_000_000, 1_000_000


def beyond_bounds(server: Server, seed: int, seconds: float) -> Findings:
    """Ask for too much of everything, again and again, until the time is over."""
    findings, end, draw = Findings(), time.monotonic() + seconds, random.Random(seed)
    before = server.memory()
    while True:
        for claim, kept in TOO_MUCH:
            for wrong in claim(server, draw):
                findings.find(f"{kept}: {wrong}")
            findings.tried += 1
            if time.monotonic() > end:
                if (growth := server.memory() - before) > GROWTH:
                    findings.find(f"the server grew by {growth:.0f} MB")
                return findings


def _status(client: Client, statuses: set[int], *request: object) -> Iterator[str]:
    status, content = client.ask(*request)  # type: ignore[arg-type]
    if status not in statuses:
        yield f"{str(request)[:200]} is answered {status} {content[:300]!r}, not one of {sorted(statuses)}"


def _long_url(server: Server, draw: random.Random) -> Iterator[str]:
    pad = "x" * draw.choice((URL - 100, URL + 1, URL * 3))
    yield from _status(server.client(), {200} if len(pad) < URL else {414, 431}, "GET", f"/live/account?api_key=k&x={pad}")


def _long_head(server: Server, draw: random.Random) -> Iterator[str]:
    size = draw.choice((HEAD // 2, HEAD + 1, HEAD * 2))
    headers = {"X-Long": "x" * size}
    yield from _status(server.client(), {200} if size < HEAD else {431, 0}, "GET", "/live/account?api_key=k", None, headers)


def _long_body(server: Server, draw: random.Random) -> Iterator[str]:
    name, path, bound = draw.choice((("name", "/live/batches?api_key=k", BODY), ("title", "/_emulator/worlds", CONTROL)))
    body = json.dumps({name: "x" * (bound + draw.randint(1, 1000))})
    yield from _status(server.client(), {413, 0}, "POST", path, body, JSON)


def _wide_world(server: Server, draw: random.Random) -> Iterator[str]:
    key, batch = draw.choice((("serpwow", "batches"), ("stripe", "batch_jobs"), ("6dot50", "batches")))
    state = {key: {batch: [{"repeat": draw.choice((1_100_001, 10**9, 10**18))}]}}
    body = {"id": f"wide-{draw.random()}", "scenario": {"title": "Wide", "given": state}}
    yield from _status(server.client(), {400, 413, 422, 429}, "POST", "/_emulator/worlds", body, JSON)


def _many_snapshots(server: Server, draw: random.Random) -> Iterator[str]:
    client, id = server.client(), f"snapshots-{draw.random()}"
    client.control("POST", "/worlds", {"id": id, "scenario": "first-run"})
    got = [client.control("POST", f"/worlds/{id}/snapshots", {"name": f"s{n}"})[0] for n in range(101)]
    if got != [201] * 100 + [429] and got != [200] * 100 + [429]:
        yield f"101 snapshots: {sorted(set(got))}, the last {got[-1]}"
    client.control("DELETE", f"/worlds/{id}")


def _big_values(server: Server, draw: random.Random) -> Iterator[str]:
    """Keep as much as one may; each refusal has a name."""
    client, id = server.client(), f"big-{draw.random()}"
    client.control("POST", "/worlds", {"id": id, "scenario": {"title": "Big"}})
    body = {"endpoint": {"path": "/v1/customers/:customer", "http_method": "post"}, "metadata": {}, "skip_validation": True}
    for n in range(40):
        big_body = {**body, "metadata": {"a": "x" * 900_000 + str(n)}}
        headers = {**STRIPE, **JSON, "Emulator-World": id, "Idempotency-Key": f"k{n}"}
        yield from _status(client, {200, 400, 429}, "POST", "/v2/core/batch_jobs", big_body, headers)
    client.control("DELETE", f"/worlds/{id}")


def _deep(server: Server, draw: random.Random) -> Iterator[str]:
    depth = draw.choice((100, 1_000, 100_000))
    opening, closing = draw.choice((("[", "]"), ('{"a":', "}")))
    body = opening * depth + "1" + closing * depth
    path, headers = draw.choice((("/live/batches?api_key=k", {}), ("/v2/core/batch_jobs", STRIPE), ("/_emulator/worlds", {})))
    yield from _status(server.client(), {400, 413, 422}, "POST", path, body, {**JSON, **headers})
    url = "http://h/?u=" * min(depth, 1_000)
    yield from _status(server.client(), {200, 414}, "GET", f"/live/account?api_key=k&url={url}")
    for view in ("journal", "journal/last/explain", "ledger", "state"):
        yield from _status(server.client(), {200}, "GET", f"/_emulator/worlds/default/{view}")


def _many_connections(server: Server, draw: random.Random) -> Iterator[str]:
    host, _, port = server.netloc.rpartition(":")
    begun = draw.choice((b"", b"GET / HT", b"POST /live/batches?api_key=k HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"))
    open_ones = []
    try:
        for _ in range(draw.randint(10, 300)):
            open_ones.append(socket.create_connection((host.strip("[]"), int(port)), 10))
            open_ones[-1].sendall(begun)
        yield from _status(server.client(), {200}, "GET", "/_emulator/health")
    finally:
        for connection in open_ones:
            connection.close()


TOO_MUCH: tuple[tuple[Callable[[Server, random.Random], Iterator[str]], str], ...] = (
    (_long_url, "a long URL"),
    (_long_head, "a long head"),
    (_long_body, "a long body"),
    (_wide_world, "a world of very many resources"),
    (_many_snapshots, "very many snapshots"),
    (_big_values, "big values"),
    (_deep, "deep nesting"),
    (_many_connections, "very many connections"),
)
