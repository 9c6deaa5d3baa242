"""The worlds of a server that has a store: those that it kept go on, and those of scenarios join them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emulator.kernel.budget import Budget
from emulator.kernel.errors import Conflict
from emulator.kernel.limits import Limits
from emulator.kernel.past import BEGINNING
from emulator.kernel.world import World
from emulator.kernel.worlds import DEFAULT, Worlds
from emulator.scenario.scenario import Scenario
from emulator.server.app import named, worlds_of
from emulator.store.kept_worlds import KeptWorlds
from emulator.store.replay import Opened
from emulator.vendors import VENDORS


def stored_worlds(
    kept: KeptWorlds, scenarios: Sequence[Scenario], rate: float | None, limits: Limits, go_on: bool | None, are_named: bool
) -> Worlds:
    """Return the worlds of a store, which are recorded from now on, together with those of scenarios that it does not have.

    It goes on with what is kept where that began with the same scenario, or none `are_named`, or `go_on` is True; where it
    is False, all that is kept is forgotten.

    Raises:
        Conflict: what is kept began with another scenario, and nobody said what is to become of it.
        BadInput: a world cannot be read.
        StoreUnavailable: nothing can be read.
        TooMany: there is no room for the worlds.
    """
    ids = kept.ids()
    if go_on is False:
        kept.forget(ids)
        ids = []
    budget = Budget.of(limits)
    opened = {id: kept.open(id, budget) for id in ids}
    if are_named and go_on is None:
        _check_same(opened, scenarios)
    worlds = _with_default(opened, scenarios, rate, limits, budget)
    for id, it in opened.items():
        if id != DEFAULT and it.world is not None:
            worlds.add(it.world, it.claims)
    for id, scenario in named(scenarios):
        if id not in worlds:
            world = scenario.world(VENDORS, id, None, rate, limits, budget)
            worlds.add(world, scenario.claims(VENDORS, world))
    kept.watch(worlds, opened.values())
    if rate is not None:
        for world in worlds:
            with world.lock:  # so that it is recorded
                world.clock.set_rate(rate)
    return worlds


def _with_default(
    opened: dict[str, Opened], scenarios: Sequence[Scenario], rate: float | None, limits: Limits, budget: Budget
) -> Worlds:
    """Return worlds of which only the default one is there."""
    default = opened.get(DEFAULT)
    if default is None or default.world is None:
        return worlds_of(scenarios[:1], rate, limits, budget)
    worlds = Worlds(default.world, limits.worlds)
    worlds.claim(default.world, default.claims)
    return worlds


def _check_same(opened: dict[str, Opened], scenarios: Sequence[Scenario]) -> None:
    """Check that each world that is kept began as the scenario that is named for it."""
    for id, scenario in named(scenarios):
        world = opened[id].world if id in opened else None
        if world is not None and not _began_as(world, scenario):
            source = world.moment(BEGINNING).source or {}
            title = f" ({source['title']})" if source.get("title") else ""
            raise Conflict(
                f"the store has a world {id!r} that began with another scenario{title} than {scenario.name!r}: "
                "--resume goes on with it, and --fresh forgets all that the store has"
            )


def _began_as(world: World, scenario: Scenario) -> bool:
    return world.moment(BEGINNING).source == scenario.content and dict(world.rules.parameters) == dict(scenario.parameters)


def lines(url: str, ids: Sequence[str]) -> Iterator[str]:
    """Yield the line that a server prints of the worlds that go on from its store, if there are any."""
    if ids:
        count = "1 world goes" if len(ids) == 1 else f"{len(ids)} worlds go"
        yield f"{count} on from {url}: {', '.join(sorted(ids)[:5])}{', ...' if len(ids) > 5 else ''}"
