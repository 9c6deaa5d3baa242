"""Rules by which rows of jobs fail, as a state has them: their schema, and what is wrong or without effect in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction

from emulator.sdk import Field, JsonObject, Problem, checkpoint, pattern
from emulator.vendors.stripe.files.model.outcomes import SELECTORS, FailureRule
from emulator.vendors.stripe.files.requests import read_rows

DEFAULT_ROWS = 100
"""Rows of a job for which no number says how many there are."""

SHORT_INPUT = 100_000
"""Characters of an input that is looked through for rows that rules meet."""

SHARE = pattern(r"(\d{1,3}(?:\.\d{1,6})?)%", re.ASCII)

_RULE = {
    "type": "object",
    "properties": {
        "ids": {"type": "array", "items": {"type": "string"}},
        "share": {"type": "string", "pattern": f"^{SHARE.pattern}$", "description": "5% or 0.5%"},
        "pattern": {
            "type": "string",
            "maxLength": 500,
            "pattern": r"^([A-Za-z0-9_*?-]|\[!?[A-Za-z0-9_-]+\])+$",
            "description": "req_9*, where * stands for any text, ? for a character and [12] for one of these",
        },
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string"},
        "message": {"type": "string"},
        "type": {"type": "string"},
    },
    "additionalProperties": False,
}
RULES = Field(
    {"type": "array", "items": _RULE, "maxItems": 200},
    lambda value: tuple(map(FailureRule.load, value)),
    lambda rules: [rule.dump() for rule in rules],
)


def rule_problems(rules: Iterable[JsonObject], *path: str | int) -> Iterator[Problem]:
    """Yield the problems of failure rules that the schema cannot see."""
    for place, rule in enumerate(rules):
        if sum(name in rule for name in SELECTORS) != 1:
            yield Problem(f"a rule has exactly one of {', '.join(SELECTORS)}", (*path, place))
        if "share" in rule and Fraction(rule["share"].rstrip("%")) > 100:
            yield Problem("more than all rows cannot fail", (*path, place, "share"))


def idle_rules(item: JsonObject, *path: str | int) -> Iterator[Problem]:
    """Yield a problem for rules that decide no row: of a job that processes none by them, or of a short input without any."""
    status = item.get("status", "ready_for_upload")
    if status == "validation_failed":
        yield Problem("no row of a job is processed whose validation failed", path, is_idle=True)
    elif "input" in item:
        yield from _rules_that_decide_nothing(item, *path) if len(item["input"]) <= SHORT_INPUT else ()
    elif status != "ready_for_upload" and item.get("rows", DEFAULT_ROWS):
        reason = "the rows of this job are only counted, so that no rule meets one: give its input, or failing_rows"
        yield Problem(reason, path, is_idle=True)


def _rules_that_decide_nothing(item: JsonObject, *path: str | int) -> Iterator[Problem]:
    rows, decided = read_rows(item["input"]), set[int]()
    for place, rule in enumerate(RULES.read(item["failing"])):
        checkpoint()
        met = {*rule.rows_of(rows)}
        if not met:
            yield Problem("no row of the input fails by this rule", (*path, place), is_idle=True)
        elif met <= decided:
            yield Problem("the rows that it is for fail by rules before it", (*path, place), is_idle=True)
        decided |= met
