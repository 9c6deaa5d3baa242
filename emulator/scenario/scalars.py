"""Scalars of YAML: their values by their form, or text where the tag before them says so. Nothing is guessed."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from emulator.text.pattern import pattern

CORE = "tag:yaml.org,2002:"
MERGE = f"{CORE}merge"
AS_TEXT = ("!", f"{CORE}str")
"""Tags that make text of whatever stands behind them."""

_INTEGER = pattern(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL = pattern(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


def plain(text: str) -> Any:
    """Return what a scalar without quotes means: a number in plain digits, true, false, nothing, or text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _DECIMAL.fullmatch(text) else text


def tag_problem(tag: str | None, kind: str) -> str | None:
    """Say why a tag may not stand before a `scalar`, a `mapping`, a `sequence` or a `key`; None where it may."""
    if tag is None or (tag in AS_TEXT and kind in ("scalar", "key")):
        return None
    return f"the tag {short(tag)} is not allowed before a {kind}: leave it out"


def short(tag: str) -> str:
    """Return a tag as people write it: `!!str`."""
    return f"!!{tag.removeprefix(CORE)}" if tag.startswith(CORE) else tag


def describe_node(node: Any) -> str:
    """Return a node in a word or two, for a message."""
    return repr(node.value) if node.id == "scalar" else f"a {node.id}"
