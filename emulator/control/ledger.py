"""The ledger: the changes that really took effect in a world, in the vendors' own units, whatever the clients heard."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from emulator.control import ledger_models
from emulator.control.differences import PAGE_SIZE, page
from emulator.control.ledger_models import Outcome, Totals
from emulator.kernel.exchange import Exchange
from emulator.kernel.world import World
from emulator.scenario.amounts import is_quantity
from emulator.scenario.document import JsonDict
from emulator.sdk.json_pieces import Room
from emulator.sdk.state import each_part_dumped_once
from emulator.sdk.vendor import Vendors
from emulator.state.diff import Difference, commit_differences, let_go

NOTHING = "nothing"
"""The state of a resource that is not there."""


def ledger_of(world: World, vendors: Vendors, limit: int = PAGE_SIZE) -> ledger_models.Ledger:
    """Return every commit that changed the state, every exchange, and what they come to.

    Of the differences of a commit, those within the limit are in it, and the others counted.
    """
    commits, totals, room = list[ledger_models.Commit](), dict[str, Totals](), Room(world.rules.limits.answer)
    with each_part_dumped_once():
        for it in world.history:
            if differences := commit_differences(world, vendors, it.changed_resources, it.at):
                own = totals_of(differences, vendors)
                commits.append(ledger_models.Commit(it.exchange, it.why, it.at, own, *page(differences, room, limit)))
                totals_of(differences, vendors, totals)
                let_go(differences)
    committed = {it.exchange for it in commits}
    return ledger_models.Ledger(
        complete=world.journal.dropped == 0 and world.history.reaches(0),
        commits=tuple(commits),
        exchanges=tuple(
            Outcome.of(it.event, n=it.n, committed=it.n in committed)
            for it in world.journal.since(0)
            if isinstance(it.event, Exchange)
        ),
        totals=totals,
    )


def totals_of(
    differences: Iterable[Difference], vendors: Vendors, totals: dict[str, Totals] | None = None
) -> dict[str, Totals]:
    """Return by vendor how much each quantity moved, and how many resources went from which state to which.

    They are added to the totals of other differences, where there are any.
    """
    totals = {} if totals is None else totals
    for it in differences:
        sums = totals.setdefault(it.vendor, Totals({}, {}))
        place, quantities = re.sub(r"\[[^\]]*\]?", "", it.at), vendors[it.vendor].state.quantities
        _add_moved(sums.moved, place, it, quantities)
        _add_states(sums.states, place, it, quantities)
    return totals


def _add_moved(moved: JsonDict, place: str, difference: Difference, quantities: Collection[str]) -> None:
    """Add what moved. A resource that appears was nothing before, one that disappears is nothing afterwards: sums balance."""
    is_whole = difference.before is None or difference.after is None
    fields = {"": (difference.before, difference.after)} if is_whole else difference.fields
    for name, (before, after) in fields.items():
        for sign, value in ((-1, before), (1, after)):
            for at, amount in _amounts(value, f"{place}.{name}".rstrip("."), quantities):
                moved[at] = moved.get(at, 0) + sign * amount


def _amounts(value: Any, place: str, quantities: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Yield the place and the amount of every quantity in a value, but for zeros."""
    if is_quantity(place, quantities):
        if amount := _amount(value):
            yield place, amount
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _amounts(part, f"{place}.{name}", quantities)
    elif isinstance(value, list):
        for part in value:
            yield from _amounts(part, place, quantities)


def _amount(value: Any) -> Any:
    """Return the amount at the place of a quantity: a number, or how many things a list has."""
    if value is None or isinstance(value, (dict, list)):
        return 0 if value is None else 1 if isinstance(value, dict) else len(value)
    return value


def _add_states(states: JsonDict, place: str, difference: Difference, quantities: Collection[str]) -> None:
    before, after = _status(difference.before), _status(difference.after)
    if before == after:
        return
    sums = states.setdefault(place, {}).setdefault(f"{before} -> {after}", {"count": 0})
    sums["count"] += 1
    resource = difference.before if difference.after is None else difference.after
    for name, value in resource.items() if isinstance(resource, dict) else ():
        if is_quantity(f"{place}.{name}", quantities) and (amount := _amount(value)):
            sums[name] = sums.get(name, 0) + amount


def _status(resource: Any) -> str:
    if resource is None:
        return NOTHING
    return str(resource.get("status", "there")) if isinstance(resource, dict) else "there"
