"""Live keys in a scenario: a request with one is refused, and a file is no place for one. No message repeats them."""

from __future__ import annotations

import re
from binascii import a2b_base64
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from emulator.kernel.errors import Problem
from emulator.kernel.resource import structs
from emulator.scenario.document import JsonObject, Path, list_at
from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern

MESSAGE = (
    "this looks like a live key, with which every request is refused here: write a test key,"
    " and roll the live one at the vendor if others can read this file"
)
NOT_SENT = ("title", "format", "proves")
"""Parts of a scenario that hold nothing which a client sends."""

RULES = ("replies", "faults")
"""Parts whose items hold that in what they match alone."""

_LIVE = pattern(r"([sr]k_(?:org_)?live_)[\w%-]*")
_BASIC = pattern(r"\s*basic\s+(\S+)", re.IGNORECASE)


def live_key_problems(scenario: Any) -> Iterator[Problem]:
    """Yield a problem for each text with a live key in it: as it is, percent-encoded, or in basic authentication."""
    for start, part in _sent(scenario) if isinstance(scenario, dict) else ():
        yield from (Problem(MESSAGE, path) for path, text in _texts(part, start) if _LIVE.search(_read(text)))


def hide_live_keys(problem: Problem) -> Problem:
    """Return a problem in whose message and path no live key can be read."""
    path = tuple(_LIVE.sub(r"\1…", part) if isinstance(part, str) else part for part in problem.path)
    return structs.replace(problem, message=_LIVE.sub(r"\1…", problem.message), path=path)


def _sent(scenario: JsonObject) -> Iterator[tuple[Path, Any]]:
    """Yield the parts of a scenario that hold what a client sends, each with its path."""
    for name, part in scenario.items():
        if name in RULES:
            rules = enumerate(list_at(scenario, name))
            yield from (((name, index, "match"), it["match"]) for index, it in rules if isinstance(it, dict) and "match" in it)
        elif name not in NOT_SENT:
            yield (name,), part


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        checkpoint()
        for name, part in value.items():
            yield from _texts(part, (*path, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _texts(part, (*path, index))


def _read(text: str) -> str:
    """Return a text as its receiver reads it."""
    if basic := _BASIC.fullmatch(text):
        try:
            return a2b_base64(f"{basic[1]}==").decode("latin-1")
        except ValueError:
            return text
    return unquote(text)
