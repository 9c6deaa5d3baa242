"""A world from a file that anybody may have written: read within bounds, and refused where it makes no sense."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from emulator.kernel.accounts import ONE_ACCOUNT
from emulator.kernel.budget import Budget
from emulator.kernel.errors import BadInput, EmulatorError, Problem
from emulator.kernel.limits import Limits
from emulator.kernel.past import BEGINNING, NOW, Moment
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.kernel.worlds import Claim, Worlds
from emulator.scenario.accounts import own_claims, with_credentials, with_own_credentials
from emulator.scenario.fitting import problems_in
from emulator.scenario.scenario import check_count
from emulator.scenario.schema import state_schema
from emulator.sdk.state import each_part_dumped_once
from emulator.sdk.vendor import Vendors
from emulator.store.file import WorldFile
from emulator.store.reading import ImageReader
from emulator.store.values import Values
from emulator.text.checkpoint import Unwanted, checkpoint


def opened(file: WorldFile, vendors: Vendors, values: Values, limits: Limits, budget: Budget, id: str) -> World:
    """Return the world of a file under an id. It accepts the credentials that such a world has of its own, too.

    Raises:
        BadInput: it is none, or no whole one, or what it says makes no sense.
        TooMany: there is no room for it.
    """
    world = ImageReader(values, vendors, limits, budget).read(file.image(), id)
    try:
        world.rules = with_own_credentials(world.rules, vendors, world.id, world.seed)
        for name, moment in moments_of(world):
            moment.world.rules = world.rules
            check_count(len(moment.world.store), limits)
            _check_sense(name, moment, vendors)
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


def _check_sense(name: str, moment: Moment, vendors: Vendors) -> None:
    """Check that a moment can be shown: the state of each vendor, the journal, and what there is to undo.

    Raises:
        BadInput: it cannot.
    """
    world, problems = moment.world, list[Problem]()
    world.store.upcoming(1)
    with Transaction(world, moment.at, "look") as tx, each_part_dumped_once(world.rules.limits.answer):
        for vendor in vendors.values():
            accounts = world.rules.accounts.get(vendor.name, ONE_ACCOUNT)
            state = with_credentials(vendor.state.dump(tx), vendor, accounts)
            problems += problems_in({vendor.name: state}, state_schema(vendors.values()))
            problems += vendor.state.validate(state)
    if problems:
        first = problems[0]
        place = ".".join(map(str, first.path))
        raise BadInput.at(f"the world of this file makes no sense: its state ({name}) has {place}: {first.message}")
    _check_journal(world)


def _check_journal(world: World) -> None:
    journal, numbers = world.journal, [it.n for it in world.journal]
    if any(after <= before for before, after in pairwise([0, *numbers, journal.last + 1])):
        raise BadInput.at("the world of this file makes no sense: the entries of its journal are in no order")
    for commit in world.history:
        checkpoint()
        for change in commit.changed_resources:
            for value in (change.before, change.after):
                if value is not None and (value.kind, value.id) != (change.kind, change.id):
                    raise BadInput.at("the world of this file makes no sense: a commit changes another resource than it names")
