"""A short round of each attack; `python -m tests.attack --minutes 60` plays many."""

from __future__ import annotations

import pytest

from tests.attack.__main__ import CAMPAIGNS
from tests.attack.served import serving, somebody_else

SHORT = 1.0
"""Seconds of a round."""


@pytest.mark.parametrize("name", [name for name in CAMPAIGNS if name not in ("stalls", "maxima")])
def test_a_short_round_finds_nothing(name: str) -> None:
    """Play each campaign but those that take long: how long one waits is measured, and whether as much is taken as vendors allow."""
    with serving() as server:
        with somebody_else(server) as waits:
            findings = CAMPAIGNS[name](server, 0, SHORT)
        assert findings.tried
        assert waits.seconds
        assert findings.found + server.failures() == []
