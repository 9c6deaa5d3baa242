"""Checks that the world of a file makes sense: what is of the right type may still be nothing that a world can have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice, pairwise
from typing import Any

from emulator.kernel.accounts import ONE_ACCOUNT
from emulator.kernel.clock import MAX_RATE
from emulator.kernel.errors import BadInput, Problem, TooMany
from emulator.kernel.exchange import DeliveryAttempt, Exchange
from emulator.kernel.history import Commit
from emulator.kernel.journal import Journal
from emulator.kernel.past import Moment
from emulator.kernel.resource import structs
from emulator.kernel.time import LONGEST
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.scenario.accounts import with_credentials
from emulator.scenario.fitting import problems_in
from emulator.scenario.schema import scenario_schema
from emulator.scenario.state_schema import state_schema
from emulator.sdk.state import each_part_dumped_once
from emulator.sdk.vendor import Vendors
from emulator.state.diff import commit_differences
from emulator.text.checkpoint import checkpoint

ASTRAY = "astray"
"""The end of the name of an operation that no vendor has: a request to an unknown path."""

MOST, MOST_STATUS = 2**53, 999
"""The largest number to which something is counted, and the largest status of an answer; 0 stands for none."""

TOGETHER = 100
"""Commits that are checked together: a part that these share, such as a result set, is written once for all of them."""


def choices_of(world: World, vendors: Vendors) -> dict[str, str]:
    """Return the choice of every assumption in a world: its own, or the default of one that it does not know yet.

    Raises:
        BadInput: it has a choice that there is not.
    """
    known = {it.id: it for vendor in vendors.values() for it in vendor.assumptions}
    chosen = {name: choice for name, choice in world.rules.choices.items() if name in known}
    for name, choice in chosen.items():
        if choice not in known[name].choices:
            raise senseless(f"the assumption {name} has no choice {choice[:100]!r}")
    return {name: chosen.get(name, it.default) for name, it in known.items()}


def check_source(world: World, vendors: Vendors) -> None:
    """Check that what a world was read from is a scenario, and that its clock can run so fast.

    Raises:
        BadInput: it is none, or it cannot.
    """
    beginning = world.beginning
    if beginning is not None:
        _expect_none(problems_in(beginning.source, scenario_schema(vendors, titled=False)), "its scenario")
    if not isinstance(world.rules.parameters, dict):
        raise senseless("its parameters are no object")
    moments = [world, *(it.world for it in (beginning, *world.snapshots.values()) if it is not None)]
    if any(abs(it.clock.skew) > LONGEST for it in moments):
        raise senseless("its clocks are further apart than any are")
    if not 0 <= world.clock.rate <= MAX_RATE:
        raise senseless(f"a clock runs at a rate from 0 to {MAX_RATE:.0f}, and not at {world.clock.rate}")


def check_moment(name: str, moment: Moment, vendors: Vendors) -> None:
    """Check that a moment can be shown: the state of each vendor, the journal, the ledger, and what there is to undo.

    Raises:
        BadInput: it cannot.
    """
    world = moment.world
    world.store.upcoming(1)
    schema = state_schema(vendors.values())
    with Transaction(world, moment.at, "look") as tx, each_part_dumped_once(world.rules.limits.answer):
        for vendor in vendors.values():
            accounts = world.rules.accounts.get(vendor.name, ONE_ACCOUNT)
            state = with_credentials(vendor.state.dump(tx), vendor, accounts)
            problems = chain(problems_in({vendor.name: state}, schema), vendor.state.validate(state))
            _expect_none(problems, f"its state ({name})")
    _check_numbers(world)
    _check_journal(world.journal, vendors)
    commits = iter(world.history)
    while some := [*islice(commits, TOGETHER)]:
        with each_part_dumped_once():
            for commit in some:
                checkpoint()
                _check_commit(commit, schema)
                with suppress(TooMany):  # it is too much to be shown at once, which is no mistake
                    commit_differences(world, vendors, commit.changed_resources, commit.at)


def _check_numbers(world: World) -> None:
    """Check that what is counted in a world are numbers to which anything has counted, which can be shown."""
    numbers = [world.journal.last, world.journal.cleared, world.history.count, world.store.arrived, *world.counters.values()]
    if not all(0 <= it <= MOST for it in numbers):
        raise senseless("it has counted beyond all numbers")
    for it in world.journal:
        if isinstance(it.event, Exchange):
            _, *counts = structs.astuple(it.event.savepoint)
            if not (0 <= it.event.status <= MOST_STATUS and all(0 <= n <= MOST for n in counts)):
                raise senseless(f"the entry {it.n} of its journal has a status or a count that there is not")


def senseless(reason: str) -> BadInput:
    """Return the refusal of a file, and why."""
    return BadInput.at(f"the world of this file makes no sense: {reason}")


def _expect_none(problems: Iterable[Problem], where: str) -> None:
    for first in problems:
        raise senseless(f"{where} has {'.'.join(map(str, first.path)) or 'another form'}: {first.message}")


def _check_journal(journal: Journal, vendors: Vendors) -> None:
    numbers, known = [it.n for it in journal], {*_operations(vendors)}
    if any(after <= before for before, after in pairwise([0, *numbers, journal.last + 1])):
        raise senseless("the entries of its journal are in no order")
    for it in journal:
        checkpoint()
        if isinstance(it.event, (Exchange, DeliveryAttempt)) and it.event.operation not in known:
            raise senseless(f"no vendor has the operation {it.event.operation[:100]!r} of entry {it.n}")


def _operations(vendors: Vendors) -> Iterator[str]:
    for name, vendor in vendors.items():
        yield f"{name}.{ASTRAY}"
        yield from (it.name for it in vendor.operations)
        yield from (it.name for it in vendor.outboxes)


def _check_commit(commit: Commit, schema: Any) -> None:
    if commit.written is not None:
        _expect_none(problems_in(commit.written.state, schema), "what a controller wrote")
    for change in commit.changed_resources:
        for value in (change.before, change.after):
            if value is not None and (value.kind, value.id) != (change.kind, change.id):
                raise senseless("a commit changes another resource than it names")
