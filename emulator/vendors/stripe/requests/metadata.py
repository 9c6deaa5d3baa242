"""The limits of metadata, which jobs and event destinations share. Evidence: stripe-metadata-1."""

from __future__ import annotations

from typing import Any

from emulator.sdk import Field

MOST_PAIRS, LONGEST_KEY, LONGEST_VALUE = 50, 40, 500

METADATA = Field(
    {
        "type": "object",
        "propertyNames": {"maxLength": LONGEST_KEY, "pattern": r"^[^\[\]]*$"},
        "additionalProperties": {"type": "string", "maxLength": LONGEST_VALUE},
        "maxProperties": MOST_PAIRS,
    },
    dict,
    dict,
)
"""The metadata of a resource as a scenario writes it."""


def mistake_in_metadata(metadata: Any, removes: bool = False) -> str | None:
    """Return what is wrong with the metadata of a request, None if nothing is. With `removes`, null takes a key away."""
    if not isinstance(metadata, dict):
        return "The field metadata must be a map of strings"
    for key, value in metadata.items():
        if not (isinstance(value, str) or (removes and value is None)):
            return "The field metadata must be a map of strings"
        if len(key) > LONGEST_KEY or "[" in key or "]" in key:
            return f"A key of the field metadata has {LONGEST_KEY} characters at most, and no square brackets"
        if len(value or "") > LONGEST_VALUE:
            return f"A value of the field metadata has {LONGEST_VALUE} characters at most"
    return mistake_in_size(metadata)


def mistake_in_size(metadata: dict[str, Any]) -> str | None:
    """Return that there are too many pairs, None if there are not."""
    kept = sum(value is not None for value in metadata.values())
    return f"The field metadata has {MOST_PAIRS} pairs at most" if kept > MOST_PAIRS else None
