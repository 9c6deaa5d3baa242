"""The least rate of a body: what a byte a second falls short of, and a slow link does not."""

from __future__ import annotations

import pytest

from emulator.client.bounds import read_limits
from emulator.kernel.limits import Limits
from emulator.server.timeouts import Pace

LIMITS = Limits(idle_seconds=30, min_rate=240)


def seconds_until_slow(pace: Pace, bytes_a_second: int, seconds: int) -> int | None:
    """Return the seconds after which such a body is too slow, checked once a second; None where it never is."""
    pace.begin(0.0, 0)
    slow = (now for now in range(1, seconds) if pace.is_too_slow(float(now), now * bytes_a_second))
    return next(slow, None)


@pytest.mark.parametrize(("bytes_a_second", "borne_for"), [(1, 30), (239, 30), (240, None), (7_000, None)])
def test_a_body_comes_at_a_least_rate_however_long_it_takes(bytes_a_second: int, borne_for: int | None) -> None:
    assert seconds_until_slow(Pace(LIMITS), bytes_a_second, seconds=100_000) == borne_for


def test_a_burst_does_not_pay_for_the_next_window() -> None:
    pace = Pace(LIMITS)
    pace.begin(0.0, 0)
    assert not pace.is_too_slow(30.0, 10_000_000)
    assert pace.is_too_slow(60.0, 10_000_030)


def test_the_least_rate_has_an_option_and_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_MIN_RATE", "1")
    assert read_limits().min_rate == 1
    assert Limits.more("min_rate") == "EMULATOR_MIN_RATE (serve --min-rate) allows more"
