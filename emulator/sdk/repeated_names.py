"""Names that an object in a JSON text has more than once: readers keep one of the values, and lose the others in silence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

_STRING = rb'"(?:[^"\\]++|\\.)*+(?:"[ \t\r\n]*+(:?)|\\?+\Z)'
_NAME_APART = rb'"[ \t\r\n]++:'
_HOLDERS: frozenset[object] = frozenset((dict, list))


def repeats_a_name(text: bytes, value: Any, fold: Callable[[str], str] | None = None) -> bool:
    """Tell whether an object in a JSON text has a name more than once, given the text's value; `fold` makes names alike.

    Takes linear time, and next to none where the text has as many colons as its value has names, or as many after a quote.
    """
    names: int = 0
    holders: list[Any] = [[value]]
    for holder in holders:
        parts: Iterable[Any] = holder
        if isinstance(holder, dict):
            names += len(holder) if fold is None else len({*map(fold, holder)})
            parts = holder.values()
        for part in parts:
            if part.__class__ in _HOLDERS:
                holders.append(part)
    if text.count(b":") == names or (text.count(b'":') == names and re.search(_NAME_APART, text) is None):
        return False
    return sum(1 for it in re.finditer(_STRING, text, re.DOTALL) if it[1]) > names
