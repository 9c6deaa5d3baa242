"""Differences as records: a page at a time, long texts abridged, no credential readable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from emulator.control import journal_models as models
from emulator.control.record import COUNT
from emulator.control.route import ControlRequest
from emulator.state.diff import Difference, let_go
from emulator.text.redact import redact_body

PAGE_SIZE = 1_000
MAX_TEXT = 10_000
"""Characters of a text, such as the file of a job, which GET /state has whole."""

_COUNTED = "; `rest` counts those that follow"
LIMIT = {
    "limit": {
        "type": "integer",
        "minimum": 1,
        "default": PAGE_SIZE,
        "description": f"how many differences at most{_COUNTED}",
    }
}
AFTER = {"after": {**COUNT, "default": 0, "description": "how many differences to pass over: to go on, as many as were read"}}

Page = tuple[tuple[models.Difference, ...], int]
"""The first differences, and how many follow."""


def page_for(request: ControlRequest, found: list[Difference]) -> Page:
    """Return the page of these differences that a request asks for, and let go of them all.

    Raises:
        BadInput: its `limit` or `after` is no number.
    """
    wanted = page(found[request.number("after", 0) :], limit_of(request))
    let_go(found)
    return wanted


def limit_of(request: ControlRequest) -> int:
    """Return how many differences a request asks for.

    Raises:
        BadInput: its `limit` is no number.
    """
    return request.number("limit", PAGE_SIZE, least=1)


def page(found: Sequence[Difference], limit: int = PAGE_SIZE) -> Page:
    """Return the first of these differences, and how many follow."""
    return tuple(map(_difference, found[:limit])), max(len(found) - limit, 0)


def _difference(found: Difference) -> models.Difference:
    """Return a difference as a record."""
    is_changed = found.before is not None and found.after is not None
    safe = replace(
        found,
        id=_redacted(found.named_by or "", found.id),
        fields={name: tuple(_redacted(name, abridged(it)) for it in pair) for name, pair in found.fields.items()},
    )
    added = redact_body(abridged(found.after)) if found.before is None else None
    removed = redact_body(abridged(found.before)) if found.before is not None and found.after is None else None
    changed = {name: models.Pair(*pair) for name, pair in safe.fields.items()} if is_changed else None
    return models.Difference(safe.vendor, safe.at, safe.id, added, removed, changed, str(safe))


def _redacted(path: str, value: Any) -> Any:
    name = path.rpartition(".")[2]
    return redact_body({name: value})[name]


def abridged(value: Any) -> Any:
    """Return a value whose long texts are cut, and say how long they are."""
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return f"{value[:MAX_TEXT]}… ({len(value):,} characters)"
    if isinstance(value, dict):
        return {name: abridged(part) for name, part in value.items()}
    return [abridged(part) for part in value] if isinstance(value, list) else value
