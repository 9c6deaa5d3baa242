"""Attacks by size over the line: answers that nobody reads, long headers, little chunks, TLS that stalls, and an end amid it."""

from __future__ import annotations

import json
import os
import random
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from threading import Event, Thread
from unittest.mock import patch

from tests.attack.served import Findings, Server, played, serving
from tests.support.worst_texts import SIGNS, TOKENS

READERS, STATE = 60, 8_000_000
"""Clients that do not read, and the bytes of the answer for which each of them asks."""

GROWTH = 300
"""Megabytes by which the server may grow meanwhile: half of --max-memory, and what is being made."""

HEADERS = ("x-long", "cookie", "authorization", "referer", "origin", "forwarded", "x-forwarded-host", "user-agent", "accept")
CPU_OF_A_HEAD = 0.12
"""Seconds of the processor that a head may take."""

LONGEST_WAIT = 0.25
"""Seconds that nobody waits, even where the machine has other things to do."""

HELLOS, CONNECTIONS = 300, 100
OTHER_FILES = 40
"""Files that a server has open besides its connections."""


def over_the_line(server: Server, seed: int, seconds: float) -> Findings:
    """Play one kind after the other until the time is over."""
    plays = (stalled_readers, long_headers, little_chunks, stalled_hellos, an_end_amid_work)
    return played(plays, server, random.Random(seed), seconds)


def stalled_readers(server: Server, draw: random.Random) -> Iterator[str]:
    """Ask for much and read nothing; look at what the server holds, and whether others are answered afterwards."""
    client, id, before = server.client(), f"stalled-{draw.random()}", server.memory()
    client.control("POST", "/worlds", {"id": id, "scenario": {"title": "Long"}})
    for n in range(STATE // 800_000):
        batch = {"id": f"B{n}", "status": "idle", "searches": 1, "name": "x" * 800_000}
        client.control("PATCH", f"/worlds/{id}/state?limit=1", {"serpwow": {"batches": [batch]}})
    with ExitStack() as open_ones:
        for _ in range(READERS):
            line = open_ones.enter_context(_dial(server, buffer=4_096))
            line.sendall(f"GET /_emulator/worlds/{id}/state HTTP/1.1\r\nhost: a\r\n\r\n".encode())
        growth = max(server.memory() - before for _ in range(20) if client.control("GET", f"/worlds/{id}/clock"))
        if growth > GROWTH:
            yield f"{READERS} clients that read nothing take {growth:.0f} MB"
    client.control("DELETE", f"/worlds/{id}")


def long_headers(server: Server, draw: random.Random) -> Iterator[str]:
    """Send a header of one repeated text in growing sizes, and look at the processor."""
    name, pump = draw.choice(HEADERS), draw.choice((*SIGNS, *TOKENS, "a.", "a=b;", "%%"))
    pump = "".join(character for character in pump if character >= " ") or "x"
    for size in (1_000, 10_000, 60_000):
        value = (pump * (size // len(pump))).encode()
        before = server.cpu()
        with _dial(server) as line:
            line.sendall(b"GET /live/account?api_key=k HTTP/1.1\r\nhost: a\r\nconnection: close\r\n%s: " % name.encode())
            line.sendall(value + b"\r\n\r\n")
            _drain(line)
        if (seconds := server.cpu() - before) > CPU_OF_A_HEAD:
            yield f"{name} of {size} bytes of {pump!r} takes {seconds * 1000:.0f} ms of the processor"


def little_chunks(server: Server, draw: random.Random) -> Iterator[str]:
    """Send a body in chunks of one size, or many requests at once, while somebody else asks whether the server is ready."""
    size = draw.choice((1, 1, 2, 7, 100, 0))
    head = b"POST /live/batches?api_key=k HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    data = head + (b"%x\r\n" % size + b"x" * size + b"\r\n") * 200_000 + b"0\r\n\r\n"
    if not size:
        ready = b"GET /_emulator/ready HTTP/1.1\r\nhost: a\r\n"
        data = (ready + b"\r\n") * 5_000 + ready + b"connection: close\r\n\r\n"
    with Asking(server) as waits, _dial(server) as line:
        sending = Thread(target=_send, args=(line, data))
        sending.start()
        _drain(line)
        sending.join()
    if max(waits, default=0) > LONGEST_WAIT:
        yield f"{'chunks of ' + str(size) if size else 'requests at once'} hold others up for {max(waits) * 1000:.0f} ms"


def stalled_hellos(_server: Server, draw: random.Random) -> Iterator[str]:
    """Begin handshakes and leave them; count the files that are open."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as open_ones:
        open_ones.enter_context(patch.dict(os.environ, EMULATOR_TLS_FOLDER=folder))
        server = open_ones.enter_context(serving("--tls", "--max-connections", str(CONNECTIONS)))
        hello = _hello()
        for _ in range(HELLOS):
            line = open_ones.enter_context(_dial(server))
            line.sendall(hello[: draw.choice((0, 1, len(hello)))])
        time.sleep(3)  # until all are accepted
        if (there := server.files()) > CONNECTIONS + OTHER_FILES:
            yield f"{HELLOS} handshakes keep {there} files open, with --max-connections {CONNECTIONS}"


def an_end_amid_work(_server: Server, draw: random.Random) -> Iterator[str]:
    """End a server while it loads, waits for faults, receives and sends; look at its code and at what it wrote."""
    with ExitStack() as open_ones:
        server = open_ones.enter_context(serving())
        client = server.client()
        client.control("POST", "/worlds/default/faults", {"at": "serpwow.batches.list", "where": "after-commit", "do": "hang"})
        state = {"serpwow": {"batches": [{"repeat": 9_000, "status": "running"}]}}
        load = json.dumps({"scenario": {"title": "Wide", "given": state}}).encode()
        for _ in range(draw.randint(3, 12)):
            line = open_ones.enter_context(_dial(server, buffer=4_096))
            line.sendall(draw.choice(_unfinished_loads(load)))
        time.sleep(draw.random())
        server.process.terminate()
        if (code := server.process.wait(30)) not in (143, -15):
            yield f"it ends with {code}"
        yield from server.failures()


def _unfinished_loads(load: bytes) -> list[bytes]:
    """Return requests, whole or not, of which each keeps a server busy, or waits for something."""
    head = b"POST /_emulator/worlds HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n"
    return [
        head % len(load) + load,
        head % 900_000 + b"x" * 100_000,
        b"GET /live/batches?api_key=k HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET /_emulator/openapi.json HTTP/1.1\r\nhost: a\r\n\r\n" * 20,
        b"GET /live/account?api_key=k HTTP/1.1\r\nhost: a\r\nx-long: " + b"%41" * 20_000 + b"\r\n\r\n",
        b"GET / HT",
    ]


class Asking:
    """The time of each request of another client, in seconds, while this lasts."""

    def __init__(self, server: Server) -> None:
        self._client, self._over, self._waits = server.client(), Event(), list[float]()

    def __enter__(self) -> list[float]:
        self._asking = Thread(target=self._ask)
        self._asking.start()
        return self._waits

    def _ask(self) -> None:
        while not self._over.wait(0.005):
            checkpoint = time.perf_counter()
            self._client.ask("GET", "/_emulator/ready")
            self._waits.append(time.perf_counter() - checkpoint)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._asking.join()


def _dial(server: Server, buffer: int = 0) -> socket.socket:
    """Return a connection; one with a little buffer, where the system keeps little of what nobody reads."""
    host, _, port = server.netloc.rpartition(":")
    line = socket.socket()
    if buffer:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    line.settimeout(60)
    line.connect((host.strip("[]"), int(port)))
    return line


def _send(line: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        line.sendall(data)


def _drain(line: socket.socket) -> None:
    with suppress(OSError):
        while line.recv(1_000_000):
            pass


def _hello() -> bytes:
    """Return the beginning of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()
