"""Parameters of forms and queries: what stands beside the name of a secret, or follows it in a list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern
from emulator.text.percent import form_decoded
from emulator.text.secrets import LONG_NAME, NAMING, VALUES, as_it_looks, is_secret, redact

_BEGINS_FORM = pattern(r"\s*+[\w.$%~\[\]+-]++=")
_BEGINS_URL = pattern(r"(?:[A-Za-z][A-Za-z0-9+.-]*+:)?+/[^\s\"'<>?]*+\?")
_OF_FORM = pattern(r"[^&\r\n]*+")
_OF_URL = pattern(r"[^&\s]*+")
OF_PARAMETER = pattern(r"(?:[^&\s\"]|\"(?=[\w%]))*+")
"""The value of a parameter, as far as it goes wherever the parameter stands."""

_PARAMETER = pattern(rf"(?<![^\s&?;,\"'#/])([^\s&?;,=\"'#/]++)=[\"']?(?=([^\s&;\"'#]{{0,{LONG_NAME}}}+))")
_COMMA = pattern("(?:,|%(?:25)*2[Cc])")
_INDEX = pattern(r"\[[0-9]*\]\Z|\.[0-9]++\Z")
_PARTS = pattern(r"[\[\].]+")


class _Parameter(NamedTuple):
    """A parameter: its name without an index, the last part of that, the beginning of its value, and where the value begins."""

    name: str
    last: str
    value: str
    start: int


def form_or_url(text: str) -> re.Pattern[str] | None:
    """Return the pattern of a value in a text that begins as a form does, or a URL with a query."""
    return _OF_FORM if _BEGINS_FORM.match(text) else _OF_URL if _BEGINS_URL.match(text) else None


def redact_parameters(text: str) -> str:
    """Return a text with each `value` covered beside a `name` or `key` that is a secret's, and what follows one in a list.

    A list is `h=X-Api-Key,...`, or a parameter that is given more than once: `h=X-Api-Key&h=...`, `h[0]=X-Api-Key&h[1]=...`.
    """
    found = [*_parameters(text)]
    naming = [it for it in found if is_secret(_COMMA.split(it.value, 1)[0])]
    if not naming:
        return text
    beside = any(it.last in NAMING for it in naming)
    lists = {it.name: it.start for it in reversed(naming)}
    whole = form_or_url(text) or OF_PARAMETER
    pieces: list[str] = []
    done = 0
    for it in found:
        start = it.start
        if lists.get(it.name) == start and (comma := _COMMA.search(it.value)):
            start += comma.end()
        elif not (beside and it.last in VALUES) and lists.get(it.name, start) == start:
            continue
        if start >= done and (match := whole.match(text, start)) and match[0]:
            pieces += text[done:start], redact(match[0])
            done = match.end()
    return "".join([*pieces, text[done:]])


def _parameters(text: str) -> Iterator[_Parameter]:
    for match in _PARAMETER.finditer(text):
        checkpoint()
        name = match[1][-LONG_NAME:]
        for _ in range(4):
            name = form_decoded(name) if "%" in name else name
        name = as_it_looks(name).strip()
        last = _PARTS.split(name.rstrip("]"))[-1].lower()
        yield _Parameter(_INDEX.sub("", name), last, match[2], match.start(2))
