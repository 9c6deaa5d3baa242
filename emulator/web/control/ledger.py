"""The ledger: what really happened in a world, in the vendors' own units, whatever the clients were told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from emulator.kernel.history import Commit
from emulator.kernel.journal import Exchange, show_instant
from emulator.kernel.world import World
from emulator.scenario.difference import Difference, of_touched
from emulator.scenario.scenario import Vendors
from emulator.web.control.shows import show_difference

NOTHING = "nothing"
"""The state of what is not there."""

Totals = dict[str, dict[str, Any]]


def show_ledger(world: World, vendors: Vendors) -> dict[str, Any]:
    """Every commit that changed the state, with its exchange or its cause; every exchange; and what it all comes to."""
    told = [(commit, of_touched(world, vendors, commit.touched, commit.at)) for commit in world.history]
    visible = [(commit, differences) for commit, differences in told if differences]
    committed = {commit.exchange for commit, _ in visible}
    return {
        "complete": world.journal.dropped == 0 and world.history.reaches(0),
        "commits": [_show_commit(commit, differences) for commit, differences in visible],
        "exchanges": [
            _show_exchange(entry.n, entry.event, entry.n in committed)
            for entry in world.journal.since(0)
            if isinstance(entry.event, Exchange)
        ],
        "totals": totals(difference for _, differences in visible for difference in differences),
    }


def _show_commit(commit: Commit, differences: list[Difference]) -> dict[str, Any]:
    return {
        "exchange": commit.exchange,
        "why": commit.why,
        "at": show_instant(commit.at),
        "totals": totals(differences),
        "differences": [show_difference(it) for it in differences],
    }


def _show_exchange(n: int, exchange: Exchange, committed: bool) -> dict[str, Any]:
    return {
        "n": n,
        "operation": exchange.operation,
        "status": exchange.status,
        "committed": committed,
        "delivered": exchange.delivered,
    }


def totals(differences: Iterable[Difference]) -> Totals:
    """By vendor: by how much each number moved, and what went from which state to which, with its numbers added up."""
    found: Totals = {}
    for it in differences:
        sums = found.setdefault(it.vendor, {"moved": {}, "states": {}})
        place = re.sub(r"\[.*?\]", "", it.at)
        _add_moved(sums["moved"], place, it.fields)
        _add_states(sums["states"].setdefault(place, {}), it)
        if not sums["states"][place]:
            del sums["states"][place]
    return found


def _add_moved(moved: dict[str, Any], place: str, fields: Mapping[str, tuple[Any, Any]]) -> None:
    for name, (before, after) in fields.items():
        if _is_number(before) and _is_number(after):
            moved[f"{place}.{name}"] = moved.get(f"{place}.{name}", 0) + after - before


def _add_states(states: dict[str, Any], difference: Difference) -> None:
    before, after = _status(difference.before), _status(difference.after)
    if before == after:
        return
    sums = states.setdefault(f"{before} -> {after}", {"count": 0})
    sums["count"] += 1
    thing = difference.before if difference.after is None else difference.after
    for name, value in thing.items() if isinstance(thing, dict) else ():
        if _is_number(value) and value:
            sums[name] = sums.get(name, 0) + value


def _status(thing: Any) -> str:
    if thing is None:
        return NOTHING
    return str(thing.get("status", "there")) if isinstance(thing, dict) else "there"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)
