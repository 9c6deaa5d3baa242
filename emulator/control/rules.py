"""Rules for calls on the control plane, faults and replies alike: how one is found, shown and removed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from emulator.control.differences import abridged
from emulator.control.rule_models import RateWindow
from emulator.kernel.calls import EVERYONE, C, CallRule, Window, remove_rule
from emulator.kernel.errors import NotFound
from emulator.kernel.faults import NEXT
from emulator.kernel.time import format_duration, parse_duration
from emulator.kernel.world import World
from emulator.scenario.document import JsonDict
from emulator.text.checkpoint import checkpoint
from emulator.text.redact import redact_body
from emulator.text.secrets import redact

MOST_WINDOWS = 100
"""Windows of a rule that are shown."""


def find_rule(world: World, rules: type[C], called: str, id: str) -> C:
    """Return the rule of a type and id, which people call so.

    Raises:
        NotFound: there is none.
    """
    rule: C | None = world.store.find(rules.kind, id)
    if rule is None:
        raise NotFound(called, id, [it.id for it in world.store.group(rules.kind)])
    return rule


def remove_rules(world: World, rules: list[Any], why: str) -> None:
    """Remove rules with all that they have counted."""
    with world.transaction(why) as tx:
        for rule in rules:
            remove_rule(tx, rule)


def counts_of(world: World, rule: CallRule) -> JsonDict:
    """Return what a rule has counted, and where it stands."""
    checkpoint()
    return {
        "id": rule.id,
        "seen": rule.seen,
        "struck": rule.struck,
        "left": None if rule.times is None else rule.times - rule.struck,
        "place": rule.place or None,
        "windows": tuple(islice(_windows(world, rule), MOST_WINDOWS)) if rule.limit else None,
    }


def written(rule: CallRule, durations: tuple[str, ...]) -> JsonDict:
    """Return a rule as it is written, long texts cut, durations in one form; no credential can be read in it."""
    fields: JsonDict = {**redact_body(abridged(rule.written))}
    for key in durations:
        if key in fields and fields[key] != NEXT:
            fields[key] = format_duration(parse_duration(rule.written[key]))
    if rule.limit is not None:
        fields["rate_limit"] = {**fields["rate_limit"], "per": format_duration(rule.limit.per)}
    return fields


def _windows(world: World, rule: CallRule) -> Iterator[RateWindow]:
    """Yield the windows of a rule that have not passed, the newest first."""
    assert rule.limit is not None  # noqa: S101  as whoever calls this knows
    per, now = rule.limit.per, world.clock.now()
    for window in reversed(world.store.group(Window.kind, "of", rule.id)):
        if now - window.since < per:
            key = None if rule.limit.each == EVERYONE else redact(window.caller)
            yield RateWindow(key, window.since, window.since + per, window.calls)
