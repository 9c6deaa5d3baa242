"""The values that a schema names one by one, as messages tell them."""

from __future__ import annotations

from typing import Any

MANY = 16
"""Choices beyond which they are not all told to somebody who has misspelt one of them."""


def choices_of(schema: Any) -> list[str]:
    """Return every choice once, however often it may be written."""
    choices = [it for part in schema.get("anyOf", ()) for it in choices_of(part)]
    own = schema.get("enum", [schema["const"]] if "const" in schema else ())
    return choices + list(dict.fromkeys(str(it) for it in own))


def told_choices(schema: Any) -> str:
    """Return the end of a message about a key that is missing: its choices, where they are few enough to be told."""
    choices = choices_of(schema)
    return f": {', '.join(choices[:-1])} or {choices[-1]}" if 1 < len(choices) <= MANY else ""
