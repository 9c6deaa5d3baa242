"""Attacks by many at once on what the console asks for: requests sent for somebody, streams, checks, names in braces."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tests.attack.served import Findings, Server, played

MANY, CHECKS, STREAMS = 50, 20, 190
"""Requests that are sent, and texts that are checked, at a time; and streams."""

GROWTH = 300
"""Megabytes by which the server may grow meanwhile."""

PATIENCE = 5.0
"""Seconds that nobody waits who asks another world, even where the machine has other things to do."""

ACCOUNT = {"method": "GET", "url": "/live/account?api_key={serpwow.api_key}"}
CREATE = {"method": "POST", "url": "/live/batches?api_key={serpwow.api_key}", "headers": {"Content-Type": "application/json"}}
DELAY = {"at": "serpwow.account.get", "where": "before-commit", "do": "delay", "delay": "8s", "clock": "real"}
BATCHES = ", ".join(f"{{id: B{n}, name: a}}" for n in range(24_000))
TEXTS = (
    f"title: A\ngiven: {{serpwow: {{batches: [{BATCHES}]}}}}\n",
    "title: A\n" + "".join(f"k{n}: 1\n" for n in range(60_000)),
    f"title: A\nsteps: [{'{},' * 90_000}{{}}]\n",
)


def many_at_once(server: Server, seed: int, seconds: float) -> Findings:
    """Play one kind after the other until the time is over."""
    draw = random.Random(seed)
    kinds = [sent_and_held, unread_streams, listened_to, unread_documents, sent_nowhere, checked_together, many_names]
    return played(draw.sample(kinds, len(kinds)), server, draw, seconds)


def sent_and_held(server: Server, draw: random.Random) -> Iterator[str]:
    """Have many requests sent that a fault delays, and ask another world meanwhile."""
    client, id = server.client(), f"held-{draw.random()}"
    client.control("POST", "/worlds", {"id": id, "scenario": {"title": "Held", "faults": [DELAY]}})
    with ThreadPoolExecutor(MANY) as pool:
        replies = [pool.submit(server.client().control, "POST", f"/worlds/{id}/send", ACCOUNT) for _ in range(MANY)]
        waits = list[float]()
        while not all(it.done() for it in replies):
            began = time.monotonic()
            client.control("GET", "/worlds/default/journal")
            waits.append(time.monotonic() - began)
    if max(waits) > PATIENCE:
        yield f"another world is asked for {max(waits):.1f} s"
    client.control("DELETE", f"/worlds/{id}")


def unread_streams(server: Server, draw: random.Random) -> Iterator[str]:
    """Open streams of a journal of long entries, and read none of them."""
    client, id = server.client(), f"unread-{draw.random()}"
    client.control("POST", "/worlds", {"id": id, "scenario": {"title": "Unread"}})
    for _ in range(60):
        client.ask("POST", "/live/batches?api_key=k", b"\x01" * 16_384, {"Emulator-World": id, "Content-Type": "text/plain"})
    with ExitStack() as lines:
        for _ in range(STREAMS):
            lines.enter_context(_asking(server, f"/_emulator/worlds/{id}/journal/stream?since=0"))
        yield from _grown(server, lambda: time.sleep(5))
    client.control("DELETE", f"/worlds/{id}")


def listened_to(server: Server, draw: random.Random) -> Iterator[str]:
    """Create batches in a world whose journal many listen to, and read nothing."""
    client, id = server.client(), f"listened-{draw.random()}"
    client.control("POST", "/worlds", {"id": id, "scenario": {"title": "Listened"}})
    body = json.dumps({"name": "a", "searches": [{"q": f"x{n}"} for n in range(1_000)]}).encode()
    with ExitStack() as lines:
        for _ in range(STREAMS):
            lines.enter_context(_asking(server, f"/_emulator/worlds/{id}/journal/stream"))
        began = time.monotonic()
        for _ in range(15):
            client.ask("POST", "/live/batches?api_key=k", body, {"Emulator-World": id, "Content-Type": "application/json"})
        if (seconds := time.monotonic() - began) > PATIENCE:
            yield f"15 batches are created in {seconds:.1f} s while many listen"
    client.control("DELETE", f"/worlds/{id}")


def unread_documents(server: Server, draw: random.Random) -> Iterator[str]:
    """Ask many times for a document that is always the same, read none of it, and ask for the worlds meanwhile."""
    path, client, seconds = draw.choice(("openapi.json", "schema", "vendors", "vendors/stripe")), server.client(), 0.0
    with ExitStack() as lines:

        def ask() -> None:
            nonlocal seconds
            for _ in range(MANY * 20):
                lines.enter_context(_asking(server, f"/_emulator/{path}", 5))
            began = time.monotonic()
            client.control("GET", "/worlds")
            seconds = time.monotonic() - began

        yield from _grown(server, ask)
        if seconds > PATIENCE:
            yield f"the worlds are listed after {seconds:.1f} s while many read no {path}"


def sent_nowhere(server: Server, draw: random.Random) -> Iterator[str]:
    """Ask for what nobody has, many times on many lines, and whether the server is ready meanwhile."""
    client = server.client()
    with ExitStack() as lines:
        for _ in range(STREAMS):
            lines.enter_context(_asking(server, f"/nowhere-{draw.random()}", 100))
        for _ in range(10):
            began = time.monotonic()
            client.control("GET", "/ready")
            if (seconds := time.monotonic() - began) > PATIENCE:
                yield f"the server is ready after {seconds:.1f} s while many ask for what nobody has"


def _asking(server: Server, path: str, times: int = 1) -> socket.socket:
    """Return a line on which a path is asked for so many times, and little of the answers can come."""
    host, _, port = server.netloc.rpartition(":")
    line = socket.create_connection((host.strip("[]"), int(port)))
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    line.sendall(f"GET {path} HTTP/1.1\r\nhost: a\r\n\r\n".encode() * times)
    return line


def checked_together(server: Server, draw: random.Random) -> Iterator[str]:
    """Have one large text checked for many at once."""
    text = draw.choice(TEXTS).encode()

    def check() -> None:
        with ThreadPoolExecutor(CHECKS) as pool:
            for _ in range(CHECKS):
                pool.submit(server.client().ask, "POST", "/_emulator/check", text)

    yield from _grown(server, check)


def many_names(server: Server, draw: random.Random) -> Iterator[str]:
    """Let many names in a request stand for a long text."""
    client = server.client()
    _, first = client.control("POST", "/worlds/default/send", {**CREATE, "body": {"name": "x" * draw.randint(1_000, 15_000)}})
    names = f"{{entry/{first['n']}/batch.name}}" * 30_000
    body = json.dumps({**CREATE, "body": {"name": names}}).encode()
    way = draw.choice(("send", "dry-run"))
    yield from _grown(server, lambda: client.ask("POST", f"/_emulator/worlds/default/{way}", body))


def _grown(server: Server, act: Callable[[], object]) -> Iterator[str]:
    """Act, and yield by how much the server grew meanwhile, if that is too much."""
    before, most = server.memory(), 0.0
    with ThreadPoolExecutor(1) as pool:
        acting = pool.submit(act)
        while not acting.done():
            most = max(most, server.memory() - before)
            time.sleep(0.05)
        acting.result()
    if most > GROWTH:
        yield f"the server grew by {most:.0f} MB"
