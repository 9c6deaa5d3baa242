"""Pages of differences: as many as were asked for, how many more there are, and no text at a length that nobody reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from emulator.control.queries import query_number
from emulator.control.route import Asked
from emulator.control.schemas import COUNT
from emulator.control.serializers import difference_to_json
from emulator.state.diff import Difference

PAGE = 1_000
LETTERS = 10_000
"""Characters shown of a text, such as the file of a job, which GET /state has whole."""

_COUNTED = "; `rest` counts those that follow"
LIMIT = {"limit": {"type": "integer", "minimum": 1, "default": PAGE, "description": f"how many differences at most{_COUNTED}"}}
AFTER = {"after": {**COUNT, "default": 0, "description": "how many differences to pass over: to go on, as many as were read"}}


def page_for(asked: Asked, found: Sequence[Difference]) -> dict[str, Any]:
    """Return the page of these differences that a request asks for.

    Raises:
        BadInput: its `limit` or `after` is no number.
    """
    after, limit = query_number(asked.request, "after", 0), limit_of(asked)
    return page(found[after:], limit)


def limit_of(asked: Asked) -> int:
    """Return how many differences a request asks for.

    Raises:
        BadInput: its `limit` is no number.
    """
    return query_number(asked.request, "limit", PAGE, least=1)


def page(found: Sequence[Difference], limit: int = PAGE) -> dict[str, Any]:
    """Return the first of these differences, and how many follow."""
    shown = [difference_to_json(_abridged(it)) for it in found[:limit]]
    return {"differences": shown, "rest": max(len(found) - limit, 0)}


def _abridged(difference: Difference) -> Difference:
    fields = {name: (_cut(before), _cut(after)) for name, (before, after) in difference.fields.items()}
    return replace(difference, before=_cut(difference.before), after=_cut(difference.after), fields=fields)


def _cut(value: Any) -> Any:
    """Return a value whose texts end where they grow long, and say how much of them there is."""
    if isinstance(value, str) and len(value) > LETTERS:
        return f"{value[:LETTERS]}… ({len(value):,} characters)"
    if isinstance(value, dict):
        return {name: _cut(part) for name, part in value.items()}
    return [_cut(part) for part in value] if isinstance(value, list) else value
