"""The server that is attacked: its process, its memory, its log, and how long somebody else waits for it."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Play = Callable[["Server", random.Random], Iterator[str]]

READ_TIMEOUT = 300
"""Seconds after which a request counts as never answered."""


@dataclass
class Findings:
    """The number of tries, and the faults that they found."""

    tried: int = 0
    found: list[str] = field(default_factory=list)

    def find(self, what: str) -> None:
        self.found.append(what[:1000])


class Server:
    """A server in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.netloc = urlsplit(url).netloc
        self._log = log
        self._clients: list[Client] = []

    def client(self) -> Client:
        """Return a client with a connection of its own, which is closed with the server."""
        self._clients.append(Client(self.netloc))
        return self._clients[-1]

    def close(self) -> None:
        """Close the connections, and end the process."""
        for client in self._clients:
            client.close()
        self.process.terminate()

    def memory(self) -> float:
        """Return the megabytes that the process holds, or 0 where the system does not tell."""
        status = Path(f"/proc/{self.process.pid}/status")
        match = re.search(r"VmRSS:\s+(\d+)", status.read_text("utf-8")) if status.exists() else None
        return int(match[1]) / 1024 if match else 0.0

    def cpu(self) -> float:
        """Return the seconds of the processor that the process has used, or 0 where the system does not tell."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        used = stat.read_text("utf-8").rpartition(")")[2].split()[11:13] if stat.exists() else ()
        return sum(map(int, used)) / os.sysconf("SC_CLK_TCK") if used else 0.0

    def files(self) -> int:
        """Return how many files the process has open, or 0 where the system does not tell."""
        there = Path(f"/proc/{self.process.pid}/fd")
        return len([*there.iterdir()]) if there.exists() else 0

    def failures(self) -> list[str]:
        """Return what the server wrote of failures of its own."""
        return [traceback.strip()[:2000] for traceback in re.findall(r"Traceback(?:\n?(?!ERROR:).)*", self.log())]

    def log(self) -> str:
        """Return all that the server wrote to standard error."""
        return self._log.read_text("utf-8", "replace")


@contextmanager
def serving(*options: str) -> Iterator[Server]:
    """Start a server on a free port, and stop it in the end."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+") as log:
        command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--quiet", *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
            assert process.stdout is not None
            try:
                server = Server(process, process.stdout.readline().strip().partition("=")[2], Path(folder) / "log")
                with closing(server):
                    yield server
            finally:
                process.terminate()


class Client:
    """One connection, opened again when it was lost."""

    def __init__(self, netloc: str) -> None:
        self._connection = http.client.HTTPConnection(netloc, timeout=READ_TIMEOUT)

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Return status and body; status 0 where the connection was cut.

        Raises:
            TimeoutError: no answer came.
        """
        content = body if isinstance(body, (bytes, str, type(None))) else json.dumps(body)
        try:
            self._connection.request(method, path, content, headers or {})
            reply = self._connection.getresponse()
            return reply.status, reply.read()
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0, b""

    def close(self) -> None:
        self._connection.close()

    def control(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Ask the control plane; return status and JSON."""
        status, content = self.ask(method, f"/_emulator{path}", body)
        return status, json.loads(content) if content else None


@dataclass
class Waits:
    """The waits of a client that only asks whether the server is ready, in seconds."""

    seconds: list[float]

    @property
    def longest(self) -> float:
        return max(self.seconds, default=0.0)

    def beyond(self, bound: float) -> int:
        """Return how many waits were longer than a bound."""
        return sum(second > bound for second in self.seconds)


@contextmanager
def somebody_else(server: Server) -> Iterator[Waits]:
    """Ask for readiness from another process all the time; the waits are known in the end."""
    command = [sys.executable, "-m", "tests.attack.waiting", server.netloc]
    waits = Waits([])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asking:
        assert asking.stdout is not None
        asking.stdout.readline()
        try:
            yield waits
        finally:
            output, _ = asking.communicate("stop\n")
            waits.seconds = json.loads(output)


def played(plays: Sequence[Play], server: Server, draw: random.Random, seconds: float) -> Findings:
    """Play one kind of attack after the other, each of which yields what is wrong, until the time is over."""
    findings, end = Findings(), time.monotonic() + seconds
    for play in cycle(plays):
        for wrong in play(server, draw):
            findings.find(f"{play.__name__.replace('_', ' ')}: {wrong}")
        findings.tried += 1
        if time.monotonic() > end:
            return findings
    raise AssertionError("a cycle has no end")
