"""Scalars of YAML: their values by their form, or by the tag in front of them. Nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

CORE = "tag:yaml.org,2002:"
MERGE = f"{CORE}merge"
AS_TEXT = ("!", f"{CORE}str")
"""Tags that make text of whatever stands behind them."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


def plain(text: str) -> Any:
    """Return what a scalar without quotes means: a number in plain digits, true, false, nothing, or text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _DECIMAL.fullmatch(text) else text


def tagged_value(tag: str, text: str) -> Any:
    """Return what a scalar means that fits its tag; the text of one that does not."""
    if tag in _VALUES and _VALUES[tag][0](text):
        return Decimal(text) if tag == f"{CORE}float" else plain(text)
    return text


def tag_problem(tag: str | None, kind: str, text: Any) -> str | None:
    """Say why a tag may not stand where it does: before a `scalar`, a `mapping`, a `sequence` or a `key`; None if it may."""
    if tag is None or (tag == "!" and kind != "key") or tag == _NODES.get(kind):
        return None
    if kind == "key" and tag in (*AS_TEXT, *_VALUES, MERGE):
        return f"a key is text, and no {short(tag)}: leave its tag out" if tag in _VALUES else None
    if tag in (*AS_TEXT, *_VALUES) and kind == "scalar":
        wanted = _VALUES.get(tag)
        return None if wanted is None or wanted[0](text) else f"this is not {wanted[1]}, which its tag {short(tag)} wants"
    if tag in (*AS_TEXT, *_VALUES, *_NODES.values()):
        return f"the tag {short(tag)} does not fit a {kind}"
    if tag == f"{CORE}timestamp":
        return "the tag !!timestamp is not allowed: an instant is text"
    return f"the tag {short(tag)} is not allowed"


def short(tag: str) -> str:
    """Return a tag as people write it: `!!str`."""
    return f"!!{tag.removeprefix(CORE)}" if tag.startswith(CORE) else tag


def describe_node(node: Any) -> str:
    """Return a node in a word or two, for a message."""
    return repr(node.value) if node.id == "scalar" else f"a {node.id}"


def _is_number(text: str) -> bool:
    return _INTEGER.fullmatch(text) is not None or _DECIMAL.fullmatch(text) is not None


_NODES = {"mapping": f"{CORE}map", "sequence": f"{CORE}seq"}
_VALUES: dict[str, tuple[Callable[[str], bool], str]] = {
    f"{CORE}int": (lambda text: _INTEGER.fullmatch(text) is not None, "a whole number"),
    f"{CORE}float": (_is_number, "a number"),
    f"{CORE}bool": (lambda text: text in ("true", "false"), "true or false"),
    f"{CORE}null": (lambda text: text in ("null", "~", ""), "null"),
}
"""Of each tag of a scalar, what fits it, and what that is called."""
