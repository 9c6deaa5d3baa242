"""Stalls by size: each operation at a size, while another client asks whether the server is ready."""

from __future__ import annotations

import time

from tests.attack.served import Findings, Server
from tests.benchmarks.stalls import OPERATIONS, measure

SIZES = (100, 1_000, 10_000)
TOO_LONG = 0.5
"""Seconds that nobody waits, however busy the machine is. What the bound really is, `python -m tests.benchmarks.stalls` measures."""


def by_size(server: Server, _seed: int, seconds: float) -> Findings:
    """Do everything that may take long, at growing sizes, until the time is over."""
    findings, end = Findings(), time.monotonic() + seconds
    for name, size, measurement in measure(server.url, SIZES, tuple(OPERATIONS)):
        findings.tried += 1
        if measurement.waited > TOO_LONG:
            findings.find(f"{name} of {size}: another client waited {measurement.waited * 1000:.0f} ms")
        if time.monotonic() > end:
            break
    return findings
