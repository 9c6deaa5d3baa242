"""The ledger: what really happened in a world, in the vendors' own units, whatever the clients were told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from emulator.control.pages import PAGE, page
from emulator.kernel.history import Commit
from emulator.kernel.journal import Exchange
from emulator.kernel.time import format_instant
from emulator.kernel.world import World
from emulator.scenario.amounts import is_quantity
from emulator.sdk.vendor import Vendors
from emulator.state.diff import Difference, commit_differences

NOTHING = "nothing"
"""The state of what is not there."""

Totals = dict[str, dict[str, Any]]


def ledger_to_json(world: World, vendors: Vendors, limit: int = PAGE) -> dict[str, Any]:
    """Every commit that changed the state, with its exchange or its cause; every exchange; and what it all comes to.

    Of the differences of a commit, those within the limit are shown, and the others counted.
    """
    told = [(commit, commit_differences(world, vendors, commit.changed_resources, commit.at)) for commit in world.history]
    visible = [(commit, differences) for commit, differences in told if differences]
    committed = {commit.exchange for commit, _ in visible}
    return {
        "complete": world.journal.dropped == 0 and world.history.reaches(0),
        "commits": [_show_commit(commit, differences, vendors, limit) for commit, differences in visible],
        "exchanges": [
            _show_exchange(entry.n, entry.event, entry.n in committed)
            for entry in world.journal.since(0)
            if isinstance(entry.event, Exchange)
        ],
        "totals": totals((difference for _, differences in visible for difference in differences), vendors),
    }


def _show_commit(commit: Commit, differences: list[Difference], vendors: Vendors, limit: int) -> dict[str, Any]:
    return {
        "exchange": commit.exchange,
        "why": commit.why,
        "at": format_instant(commit.at),
        "totals": totals(differences, vendors),
        **page(differences, limit),
    }


def _show_exchange(n: int, exchange: Exchange, committed: bool) -> dict[str, Any]:
    return {
        "n": n,
        "operation": exchange.operation,
        "status": exchange.status,
        "committed": committed,
        "delivered": exchange.delivered,
    }


def totals(differences: Iterable[Difference], vendors: Vendors) -> Totals:
    """By vendor: by how much each quantity moved, and what went from which state to which, with its quantities added up."""
    found: Totals = {}
    for it in differences:
        sums = found.setdefault(it.vendor, {"moved": {}, "states": {}})
        place, quantities = re.sub(r"\[[^\]]*\]?", "", it.at), vendors[it.vendor].state.quantities
        _add_moved(sums["moved"], place, it, quantities)
        _add_states(sums["states"].setdefault(place, {}), place, it, quantities)
        if not sums["states"][place]:
            del sums["states"][place]
    return found


def _add_moved(moved: dict[str, Any], place: str, difference: Difference, quantities: Collection[str]) -> None:
    """What appears was nothing before, and what disappears is nothing afterwards, so that the sums balance."""
    whole = difference.before is None or difference.after is None
    fields = {"": (difference.before, difference.after)} if whole else difference.fields
    for name, (before, after) in fields.items():
        for sign, value in ((-1, before), (1, after)):
            for at, amount in _amounts(value, f"{place}.{name}".rstrip("."), quantities):
                moved[at] = moved.get(at, 0) + sign * amount


def _amounts(value: Any, place: str, quantities: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Every quantity in a value that is at this place, with its own place, but for those that are nothing."""
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
    """How much is at the place of a quantity: a number, or how many things are listed there."""
    if value is None or isinstance(value, (dict, list)):
        return 0 if value is None else 1 if isinstance(value, dict) else len(value)
    return value


def _add_states(states: dict[str, Any], place: str, difference: Difference, quantities: Collection[str]) -> None:
    before, after = _status(difference.before), _status(difference.after)
    if before == after:
        return
    sums = states.setdefault(f"{before} -> {after}", {"count": 0})
    sums["count"] += 1
    thing = difference.before if difference.after is None else difference.after
    for name, value in thing.items() if isinstance(thing, dict) else ():
        if is_quantity(f"{place}.{name}", quantities) and (amount := _amount(value)):
            sums[name] = sums.get(name, 0) + amount


def _status(thing: Any) -> str:
    if thing is None:
        return NOTHING
    return str(thing.get("status", "there")) if isinstance(thing, dict) else "there"
