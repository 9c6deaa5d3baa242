"""Faults and replies behind others that come first and have no end: no call, or no delivery, is left to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from emulator.kernel.calls import EVERYTHING
from emulator.kernel.delivery_faults import EFFECTS, LOSE_RESPONSE
from emulator.kernel.errors import Problem
from emulator.kernel.faults import AFTER_COMMIT, BEFORE_AUTH, BEFORE_COMMIT, DELAY, WHERE
from emulator.kernel.resource import Struct
from emulator.kernel.time import parse_duration
from emulator.scenario.calls import names_of
from emulator.scenario.document import InvalidPaths, Item, JsonObject, Path, items_of
from emulator.scenario.steps import every_step
from emulator.text.checkpoint import checkpoint

SPARING = frozenset(("times", "after", "every", "probability", "between", "for", "rate_limit"))
"""The keys by which a rule leaves calls to others."""

LIMIT = "rate_limit"
"""The key by which a rule leaves so many calls in a time to others."""

SPARING_NOTHING = {"after": 0, "every": 1, "probability": 1}
"""The values with which these keys leave none."""

COUNTING = ("id", "match", "event", "where")
"""The keys in which two rules are alike that count the same calls."""

NEVER_BEYOND = "{} comes first and strikes every call beyond this limit: leave one out"

MOST = 200
"""Rules of a kind that are compared with each other."""

REPLY = WHERE.index(AFTER_COMMIT)
"""The place of a reply on the way of a request: what strikes before the commit comes before it."""

PLACES = {where: place if place < REPLY else place + 1 for place, where in enumerate(WHERE)}
"""The places of faults of calls on that way."""


class _Rule(Struct, frozen=True):
    """A fault or a reply of a scenario: `number` is its turn of all of its kind, `step` that of the step that lays it, or 0.

    `point` is that of deliveries at which it acts, None for a rule of calls; `place` is that on the way of a request.
    """

    value: JsonObject
    path: Path
    names: frozenset[str]
    number: int
    step: int
    point: str | None
    place: int
    is_endless: bool
    is_limited_alone: bool

    def rank(self, name: str) -> tuple[Any, ...]:
        """Return its place among rules that are due at once: the earliest on the way of a request first, then the nearest."""
        nearness = 2 if name == EVERYTHING else int("." not in name)
        return self.place, nearness, "id" not in self.value, self.value.keys().isdisjoint(("match", "event")), self.number

    def is_as_strict_as(self, other: _Rule) -> bool:
        """Tell whether it strikes all beyond the limit of another rule, which counts the same calls from the same one on."""
        if not (self.is_limited_alone and other.is_limited_alone):
            return False
        limit, others = self.value[LIMIT], other.value[LIMIT]
        is_of_same = self.names == other.names and all(self.value.get(key) == other.value.get(key) for key in COUNTING)
        is_at_once = (self.step, self.point) == (other.step, other.point) and self.number < other.number
        is_same_time = parse_duration(limit["per"]) == parse_duration(others["per"]) and limit.get("of") == others.get("of")
        return is_of_same and is_at_once and is_same_time and limit["calls"] <= others["calls"]

    def may_take_all_of(self, other: _Rule) -> bool:
        """Tell whether it can leave nothing of a name to another rule, which is laid with it or later."""
        is_before = self is not other and self.point == other.point and self.step <= other.step
        return is_before and all(self.value.get(key) in (None, other.value.get(key)) for key in ("id", "match", "event"))


def rules_behind_others(root: JsonObject, invalid: InvalidPaths) -> Iterator[Problem]:
    """Yield a problem for each valid fault or reply to which others, which come first and have no end, leave nothing."""
    faults, replies = ([*_rules(root, *kind, invalid)][:MOST] for kind in (("faults", "fault"), ("replies", "reply")))
    early = [it for it in faults if it.value.get("where") in (BEFORE_AUTH, BEFORE_COMMIT)]
    for rules, others in ((faults, faults), (replies, [*early, *replies])):
        endless = [it for it in others if it.is_endless]
        for rule in rules:
            if first := _takers_of(rule, endless):
                yield Problem(_reason(first, rule), rule.path, is_idle=True)
            elif stricter := next((it for it in others if it.is_as_strict_as(rule)), None):
                yield Problem(NEVER_BEYOND.format(shown(stricter.path)), rule.path, is_idle=True)


def _takers_of(rule: _Rule, others: Sequence[_Rule]) -> list[Path]:
    """Return the paths of the rules that together leave it nothing; none where something is left to it."""
    checkpoint()
    wide = [it for it in others if it.may_take_all_of(rule)]
    found: dict[Path, None] = {}
    for name in sorted(rule.names):
        checkpoint()
        rank = rule.rank(name)
        first = next((it for it in wide for part in _covering(name) if part in it.names and it.rank(part) < rank), None)
        if first is None:
            return []
        found[first.path] = None
    return [*found]


def _reason(first: Sequence[Path], rule: _Rule) -> str:
    places = " and ".join(map(shown, first))
    comes, them = ("comes first and takes", "it") if len(first) == 1 else ("come first and take", "them")
    what = "call that this is for" if rule.point is None else "delivery that this is for, since one fault at most strikes each"
    return f"{places} {comes} every {what}: give {them} 'times', or leave one out"


def shown(path: Path) -> str:
    """Return a path as people write it: `replies[0]`, `steps[2].fault`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _rules(root: JsonObject, part: str, action: str, invalid: InvalidPaths) -> Iterator[_Rule]:
    """Yield each valid rule of a part of a scenario, and each that a step lays that runs together with no others."""
    laid = ((0, item) for item in items_of(root, part, invalid))
    steps = enumerate(every_step(root.get("steps"), invalid), 1)
    by_steps = (
        (turn, Item((*step.path, action), rule, {}))
        for turn, step in steps
        if "together" not in step.path and isinstance(rule := step.value.get(action), dict)
    )
    for number, (step, item) in enumerate(chain(laid, by_steps)):
        if item.path not in invalid:
            yield _read(item.value, item.path, number, step)


def _read(rule: JsonObject, path: Path, number: int, step: int) -> _Rule:
    do, where = str(rule.get("do")), rule.get("where")
    point = EFFECTS[do].point if where is None and do in EFFECTS else None
    spares = any(rule[key] != SPARING_NOTHING.get(key) for key in SPARING & rule.keys())
    is_limited_alone = SPARING & rule.keys() == {LIMIT} and do != DELAY
    is_endless = not spares and do != LOSE_RESPONSE and (do != DELAY or where is None)
    return _Rule(
        rule,
        path,
        frozenset(names_of(rule)),
        number,
        step,
        point,
        REPLY if where is None else PLACES[where],
        is_endless,
        is_limited_alone,
    )


def _covering(name: str) -> tuple[str, str, str]:
    """Return the names that cover the calls of a name: itself, the vendor's, and that of everything."""
    return name, name.partition(".")[0], EVERYTHING
