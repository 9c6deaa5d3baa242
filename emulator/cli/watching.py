"""The option `--watch` of `serve`: its scenarios are read again when their files change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from emulator.scenario.watched import Making, WatchedScenarios

if TYPE_CHECKING:
    from emulator.cli.settings import TextSettings
    from emulator.kernel.worlds import Worlds
    from emulator.scenario.library import Library
    from emulator.scenario.scenario import Scenario


def watched_scenarios(
    known: Library,
    opened: Mapping[str, Scenario],
    worlds: Worlds,
    settings: TextSettings | None,
    rate: float | None,
    tell: Callable[[str], None],
) -> WatchedScenarios:
    """Return the scenarios that `serve` opened, by the names that it was given, followed by the worlds that it made of them."""
    watched = WatchedScenarios(opened, lambda name: known.open(name, settings), known.included, tell)
    for world, scenario in zip(worlds, opened.values(), strict=True):
        watched.follow(world, scenario.source, Making(rate=rate))
    return watched
