"""The cost of the fixture, measured: the session's server in a new process, then worlds and resets in a warm one.

    python -m tests.benchmarks.speed

It is no test of the suite: what it prints holds for the machine that it ran on, while that did nothing else.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter

from emulator import Emulator, EmulatorServer

STARTS = 11
ROUNDS = 2_000

START = """
import pytest
from time import perf_counter
began = perf_counter()
from emulator import Emulator, EmulatorServer
server = EmulatorServer()
server.url
listening = perf_counter()
Emulator("first-run", server=server)
print(listening - began, perf_counter() - listening)
server.close()
"""


def starts() -> list[tuple[float, float]]:
    """Seconds until the server listens, imports included, and then until the first world is there; the first start only warms up."""
    lines = [
        subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=True).stdout for _ in range(STARTS)
    ]
    return [(float(line.split()[0]), float(line.split()[1])) for line in lines[1:]]


def mean_time(act: Callable[[], object]) -> float:
    """The median of the seconds that one act takes."""

    def once() -> float:
        began = perf_counter()
        act()
        return perf_counter() - began

    return median(once() for _ in range(ROUNDS))


def main() -> None:
    start_seconds = starts()
    with EmulatorServer() as server, Emulator("first-run", server=server) as emulator:
        results = {
            "the session's server, imports included": median(start for start, _ in start_seconds),
            "its first world, from a file": median(first for _, first in start_seconds),
            "a world made and dropped": mean_time(lambda: Emulator("first-run", server=server).close()),
            "a reset": mean_time(emulator.reset),
        }
    for what, seconds in results.items():
        print(f"{1000 * seconds:8.2f} ms  {what}")  # noqa: T201


if __name__ == "__main__":
    main()
