"""A world from a file that anybody may have written: read within bounds, and refused where it makes no sense."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.kernel.budget import Budget
from emulator.kernel.errors import BadInput, EmulatorError
from emulator.kernel.limits import Limits
from emulator.kernel.past import BEGINNING, NOW, Moment
from emulator.kernel.resource import structs
from emulator.kernel.world import World
from emulator.kernel.worlds import Claim, Worlds
from emulator.scenario.accounts import own_claims, with_own_credentials
from emulator.scenario.scenario import check_count
from emulator.sdk.vendor import Vendors
from emulator.store.file import WorldFile
from emulator.store.reading import ImageReader
from emulator.store.sense import check_moment, check_source, choices_of
from emulator.store.values import Values
from emulator.text.checkpoint import Unwanted


def opened(file: WorldFile, vendors: Vendors, values: Values, limits: Limits, budget: Budget, id: str) -> World:
    """Return the world of a file under an id. It accepts the credentials that such a world has of its own, too.

    Raises:
        BadInput: it is none, or no whole one, or what it says makes no sense.
        TooMany: there is no room for it.
    """
    world = ImageReader(values, vendors, limits, budget).read(file.image(), id)
    try:
        check_source(world, vendors)
        rules = structs.replace(world.rules, choices=choices_of(world, vendors))
        world.rules = with_own_credentials(rules, vendors, world.id, world.seed)
        for name, moment in moments_of(world):
            moment.world.rules = world.rules
            check_count(len(moment.world.store), limits)
            check_moment(name, moment, vendors)
    except (EmulatorError, Unwanted):
        _drop(world)
        raise
    except Exception as error:  # whatever it is that a hostile file makes fail
        _drop(world)
        raise BadInput.at(f"the world of this file makes no sense: {type(error).__name__}: {error}"[:500]) from None
    return world


def moments_of(world: World) -> Iterator[tuple[str, Moment]]:
    """Yield the present of a world, its beginning, and its snapshots."""
    yield NOW, Moment(world.clock.now(), world)
    yield BEGINNING, world.moment(BEGINNING)
    yield from world.snapshots.items()


def _drop(world: World) -> None:
    for _, moment in [*moments_of(world)]:
        moment.world.empty()


def free_claims(world: World, vendors: Vendors, worlds: Worlds) -> list[Claim]:
    """Return the credentials that pick a world from a file: its own, and of those that it accepts all that pick none yet."""
    accepted = [(name, it) for name, all_of_it in world.rules.credentials.items() for it in all_of_it or ()]
    return [*own_claims(world, vendors), *(it for it in accepted if it not in worlds.owners)]
