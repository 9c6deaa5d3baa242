"""Credentials that pick a world: those of its scenario, and the newest of those before."""

from __future__ import annotations

from itertools import pairwise

import pytest

from emulator.kernel.worlds import Worlds
from tests.support.toy import kitchen


def test_of_the_credentials_of_former_scenarios_only_the_newest_go_on_to_pick_a_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.kernel.worlds.MOST_FORMER", 2)
    first, *others = (kitchen() for _ in range(5))
    (default := kitchen()).id = "default"
    worlds = Worlds(default)
    worlds.add(first, [("toy", "own"), ("toy", "listed 0")])
    for number, (old, new) in enumerate(pairwise([first, *others]), 1):
        worlds.replace(old, new, [("toy", "own"), ("toy", f"listed {number}")])
    assert {name for _, name in worlds.owners} == {"own", "listed 4", "listed 3", "listed 2"}
    worlds.remove("kitchen")
    assert not worlds.owners
