"""Servers in processes of their own, each on one core, with the load on another."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.cold_starts import free_port

SERVER_CORE, LOAD_CORE = 0, 1
ROOMY = ("--max-memory", "4000000000", "--max-world-memory", "4000000000", "--max-control", "50000000")


def pin(core: int) -> None:
    """Keep this process on one core, where the machine has several."""
    os.sched_setaffinity(0, {core % (os.cpu_count() or 1)})


class Server:
    """A server that runs: its port and its process."""

    def __init__(self, port: int, process: subprocess.Popen[str]) -> None:
        self.port = port
        self.process = process
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Return the JSON of a response.

        Raises:
            AssertionError: the request was refused.
        """
        content = None if body is None else json.dumps(body)
        self._connection.request(method, path, content, headers or {})
        response = self._connection.getresponse()
        text = response.read()
        assert response.status < 400, f"{method} {path}: {response.status} {text[:300]!r}"
        return json.loads(text) if text else None

    def timed(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> float:
        """Return the seconds until the response is there."""
        content = None if body is None else json.dumps(body)
        began = time.perf_counter()
        self._connection.request(method, path, content, headers or {})
        response = self._connection.getresponse()
        text = response.read()
        took = time.perf_counter() - began
        assert response.status < 400, f"{method} {path}: {response.status} {text[:300]!r}"
        return took

    @property
    def cpu(self) -> float:
        """The seconds of CPU that the process has taken, all of its threads together."""
        threads = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((thread / "schedstat").read_text("ascii").split()[0]) for thread in threads) / 1e9

    @property
    def resident(self) -> float:
        """The memory that the process holds, in MB."""
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text("utf-8"))
        return int(found[1]) / 1000 if found else 0.0


@contextmanager
def running(*command: str) -> Iterator[Server]:
    """Run a command that serves on the port which is its last argument."""
    port = free_port()
    with subprocess.Popen([*command, str(port)], stdout=subprocess.DEVNULL, text=True, preexec_fn=_on_its_core) as process:
        try:
            wait_for(port)
            yield Server(port, process)
        finally:
            process.terminate()


def emulator(*options: str) -> AbstractContextManager[Server]:
    """Run the emulator, without its log of requests."""
    return running(sys.executable, "-m", "emulator", "serve", "--quiet", *options, "--port")


def bare() -> AbstractContextManager[Server]:
    """Run the bare server."""
    return running(sys.executable, "-m", "tests.benchmarks.bare")


def wait_for(port: int) -> None:
    """Return once a connection to the port is answered."""
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/120")
            connection.getresponse().read()
        except ConnectionRefusedError:
            time.sleep(0.001)
        else:
            return


def _on_its_core() -> None:
    pin(SERVER_CORE)
