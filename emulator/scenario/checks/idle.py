"""Parts of a scenario that contradict nothing and can have no effect: others take every call first, or nothing is in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from emulator.kernel.calls import EVERYTHING
from emulator.kernel.delivery_faults import EFFECTS, LOSE_RESPONSE
from emulator.kernel.errors import Problem
from emulator.kernel.faults import DELAY, WHERE
from emulator.scenario.calls import names_of
from emulator.scenario.checks.states import names_empty_parts_only
from emulator.scenario.document import InvalidPaths, Item, JsonObject, items_of
from emulator.text.checkpoint import checkpoint

SPARING = frozenset(("times", "after", "every", "probability", "between", "for", "rate_limit"))
"""The keys by which a rule leaves calls to others."""

MOST = 200
"""Rules of a kind that are compared with each other."""


def idle_problems(root: JsonObject, invalid: InvalidPaths) -> Iterator[Problem]:
    """Yield a problem for each valid part that can have no effect, whatever a client does."""
    for name in ("replies", "faults"):
        yield from _behind_others([it for it in items_of(root, name, invalid) if it.path not in invalid][:MOST])
    for item in items_of(root, "timeline", invalid):
        changes = item.valid.get("set")
        if changes is not None and (not changes or names_empty_parts_only(changes)):
            yield Problem("nothing is in it, so nothing changes: name what is to change", (*item.path, "set"), is_idle=True)


def _behind_others(rules: Sequence[Item]) -> Iterator[Problem]:
    """Yield a problem for each fault or reply to which another, which comes first and has no end, leaves no call."""
    for rule in rules:
        checkpoint()
        first = next((it for it in rules if _leaves_nothing_to(it, rule)), None)
        if first is not None:
            place = f"{first.path[0]}[{first.path[1]}]"
            reason = f"{place} comes first and takes every call that this is for: give it 'times', or leave one out"
            yield Problem(reason, rule.path, is_idle=True)


def _leaves_nothing_to(first: Item, second: Item) -> bool:
    a, b = first.value, second.value
    if _point(a) != _point(b):
        return False
    is_endless = SPARING.isdisjoint(a) and (a.get("do") != DELAY or "where" not in a) and a.get("do") != LOSE_RESPONSE
    is_wide = all(a.get(key) in (None, b.get(key)) for key in ("id", "match", "event"))
    if not (is_endless and is_wide):
        return False
    names = {*names_of(a)}
    return all(any(_rank(first, it) < _rank(second, name) for it in _covering(name) if it in names) for name in names_of(b))


def _covering(name: str) -> tuple[str, str, str]:
    """Return the names that cover the calls of a name: itself, the vendor's, and that of everything."""
    return name, name.partition(".")[0], EVERYTHING


def _point(rule: JsonObject) -> str | None:
    """Return the point of deliveries at which a rule acts, None for a rule of calls."""
    effect = None if "where" in rule else EFFECTS.get(str(rule.get("do")))
    return None if effect is None else effect.point


def _rank(rule: Item, name: str) -> tuple[Any, ...]:
    """Return the place of a rule among those that are due at once: the earliest on the way of a request, then the nearest."""
    value = rule.value
    nearness = 2 if name == EVERYTHING else int("." not in name)
    where = WHERE.index(value["where"]) if "where" in value else 0
    return where, nearness, "id" not in value, value.keys().isdisjoint(("match", "event")), rule.path[1]
