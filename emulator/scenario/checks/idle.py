"""Parts of a scenario that contradict nothing and can have no effect: others come first, or nothing is in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from operator import itemgetter
from typing import Any

from emulator.kernel.errors import Problem
from emulator.kernel.time import parse_duration
from emulator.scenario.accounts import credential_in
from emulator.scenario.checks.behind import rules_behind_others, shown
from emulator.scenario.checks.calls import names_for_nothing
from emulator.scenario.checks.states import changes_nothing
from emulator.scenario.document import InvalidPaths, Item, JsonObject, Path, items_of
from emulator.scenario.steps import every_step
from emulator.sdk.vendor import Vendors

NOTHING_CHANGES = "nothing is in it, so nothing changes: name what is to change"
NOTHING_REVOKED = "nothing is in it, so nothing is revoked: name credentials"
NOTHING_COMPARED = "nothing is in it, so nothing is compared: name what must be there"
NOTHING_KEPT = "nothing is in it, so nothing is kept: write name: dotted.path"
REVOKED_BEFORE = "{} has revoked this credential by then, and nothing gives it back"


def idle_problems(root: JsonObject, vendors: Vendors, invalid: InvalidPaths) -> Iterator[Problem]:
    """Yield a problem for each valid part that can have no effect, whatever a client does."""
    yield from rules_behind_others(root, invalid)
    events = [*items_of(root, "timeline", invalid)]
    for event in events:
        yield from _empty_parts_of_event(event)
        yield from _names_for_nothing(event, "after_call", vendors)
    for part in ("faults", "replies"):
        for rule in items_of(root, part, invalid):
            yield from _names_for_nothing(rule, "at", vendors)
    yield from _revoked_before(events, vendors)
    yield from _revoked_twice(every_step(root.get("steps"), invalid), vendors)
    for step in every_step(root.get("steps"), invalid):
        yield from _empty_parts_of_step(step)
        for verb in ("fault", "reply"):
            if isinstance(laid := step.valid.get(verb), dict):
                yield from _names_for_nothing(Item((*step.path, verb), laid, laid), "at", vendors)


def _empty_parts_of_event(event: Item) -> Iterator[Problem]:
    changes = event.valid.get("set")
    if changes is not None and changes_nothing(changes):
        yield Problem(NOTHING_CHANGES, (*event.path, "set"), is_idle=True)
    yield from _empty_revoke(event)


def _empty_revoke(item: Item) -> Iterator[Problem]:
    if item.valid.get("revoke") == {}:
        yield Problem(NOTHING_REVOKED, (*item.path, "revoke"), is_idle=True)


def _names_for_nothing(item: Item, key: str, vendors: Vendors) -> Iterator[Problem]:
    names = item.valid.get(key)
    if isinstance(names, list):
        yield from names_for_nothing(names, item.valid, vendors, (*item.path, key))


def _revoked_before(events: Sequence[Item], vendors: Vendors) -> Iterator[Problem]:
    """Yield a problem for each credential that another event, which comes before by itself, has revoked already."""
    timed = ((_instant_of(event), event) for event in events)
    yield from _revoked_twice(
        [it for _, it in sorted(((at, it) for at, it in timed if at is not None), key=itemgetter(0))], vendors
    )


def _revoked_twice(items: Iterable[Item], vendors: Vendors) -> Iterator[Problem]:
    """Yield a problem for each credential that an event or a step before, in this order, has revoked already."""
    known: dict[tuple[str, Any], Path] = {}
    for item in items:
        for name, listed in item.valid.get("revoke", {}).items():
            for index, it in enumerate(listed):
                first = known.setdefault((name, credential_in(vendors[name], it)), item.path)
                if first != item.path:
                    yield Problem(REVOKED_BEFORE.format(shown(first)), (*item.path, "revoke", name, index), is_idle=True)


def _instant_of(event: Item) -> timedelta | None:
    """Return how long after the beginning an event happens by itself; None of one that follows calls, or is wrong there."""
    if "after_call" not in event.value and "after" in event.valid:
        with suppress(ValueError):
            return parse_duration(event.valid["after"])
    return None


def _empty_parts_of_step(step: Item) -> Iterator[Problem]:
    wanted = step.valid.get("get")
    if "set" in step.valid and changes_nothing(step.valid["set"]):
        yield Problem(NOTHING_CHANGES, (*step.path, "set"), is_idle=True)
    yield from _empty_revoke(step)
    if "see" in step.valid and _names_nothing(step.valid["see"]):
        yield Problem(NOTHING_COMPARED, (*step.path, "see"), is_idle=True)
    if wanted in ({}, {"headers": {}}):
        yield Problem(NOTHING_COMPARED, (*step.path, "get"), is_idle=True)
    elif wanted is not None and "exactly" in wanted and "json" not in wanted:
        yield Problem("it says how 'json' is compared, and there is none", (*step.path, "get", "exactly"), is_idle=True)
    if step.valid.get("keep") == {}:
        yield Problem(NOTHING_KEPT, (*step.path, "keep"), is_idle=True)


def _names_nothing(expected: Any) -> bool:
    return isinstance(expected, dict) and all(map(_names_nothing, expected.values()))
