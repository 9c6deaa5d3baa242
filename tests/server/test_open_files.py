"""Open files: their limit is raised as far as connections need it, and where it cannot be, fewer connections are open."""

from __future__ import annotations

import sys

import pytest

from emulator.cli.process import OTHERS, connections_within_limits

resource = pytest.importorskip("resource")
INFINITE = resource.RLIM_INFINITY if sys.platform != "win32" else 0

CASES = {
    "enough": ((9_000, 9_000), 1, 2_000, None),
    "no limit": ((INFINITE, INFINITE), 2, 2_000, None),
    "raised": ((1_024, 9_000), 1, 2_000, (2_000 + OTHERS, 9_000)),
    "raised for handshakes": ((1_024, 9_000), 2, 2_000, (4_000 + OTHERS, 9_000)),
    "raised as far as may be": ((256, 1_024), 1, 1_024 - OTHERS, (1_024, 1_024)),
    "as far, for handshakes": ((1_024, 1_024), 2, (1_024 - OTHERS) // 2, (1_024, 1_024)),
    "hardly any": ((64, 64), 2, 1, (64, 64)),
}


@pytest.mark.parametrize("case", CASES)
def test_as_many_connections_are_open_as_files_may_be(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    limit, files, fits, raised = CASES[case]
    set_to: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limit)
    monkeypatch.setattr(resource, "setrlimit", lambda _, both: set_to.append(both))
    assert connections_within_limits(2_000, files) == fits
    assert set_to == ([raised] if raised else [])
