"""Flags as clients write them: JSON booleans, and the words and digits that forms and queries carry."""

from __future__ import annotations

from typing import Any

WORDS = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}
"""`true` and `false` are published; Python writes `True`, and PHP's http_build_query `1`. Evidence: serpwow-body-3."""


def flag_of(value: Any) -> bool | None:
    """Return the value of a flag; None where it is written in no known way."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        value = str(value)
    return WORDS.get(value) if isinstance(value, str) else None
