"""Differences as records: a page at a time, long texts abridged, no credential readable."""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from typing import Any

from emulator.control import journal_models as models
from emulator.control.record import COUNT
from emulator.control.route import ControlRequest
from emulator.kernel.resource import structs
from emulator.sdk.json_pieces import Room
from emulator.state.diff import Difference, let_go
from emulator.text.redact import Known, redact_body

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
    room = Room(request.context.limits.answer)
    wanted = page(found[request.number("after", 0) :], room, limit_of(request))
    let_go(found)
    return wanted


def limit_of(request: ControlRequest) -> int:
    """Return how many differences a request asks for.

    Raises:
        BadInput: its `limit` is no number.
    """
    return request.number("limit", PAGE_SIZE, least=1)


def page(found: Sequence[Difference], room: Room, limit: int = PAGE_SIZE) -> Page:
    """Return the first of these differences, and how many follow.

    Raises:
        TooMany: there is no room for them.
    """
    known: Known = {}
    return tuple([_difference(it, room, known) for it in found[:limit]]), max(len(found) - limit, 0)


def shown(value: Any, room: Room) -> Any:
    """Return a value of the state with its long texts abridged, in which no credential can be read.

    Raises:
        TooMany: there is no room for it.
    """
    _take_room(value, room)
    return redact_body(abridged(value), 0, {})


def _difference(found: Difference, room: Room, known: Known) -> models.Difference:
    """Return a difference as a record; parts that it shares with others are shared in these records, too."""
    for shown in (found.before, found.after) if found.before is None or found.after is None else found.fields.values():
        _take_room(shown, room)
    is_changed = found.before is not None and found.after is not None
    safe = structs.replace(
        found,
        id=_redacted(found.named_by or "", found.id, known),
        fields={name: tuple(_redacted(name, abridged(it), known) for it in pair) for name, pair in found.fields.items()},
    )
    added = redact_body(abridged(found.after), 0, known) if found.before is None else None
    removed = redact_body(abridged(found.before), 0, known) if found.before is not None and found.after is None else None
    changed = {name: models.Pair(*pair) for name, pair in safe.fields.items()} if is_changed else None
    return models.Difference(safe.vendor, safe.at, safe.id, added, removed, changed, str(safe))


def _redacted(path: str, value: Any, known: Known) -> Any:
    name = path.rpartition(".")[2]
    return next(iter(redact_body({name: value}, 0, known).values()))


def _take_room(value: Any, room: Room) -> None:
    """Take the room that a value has as JSON at least, once it is abridged: what is shared here is written out there.

    Raises:
        TooMany: there is none.
    """
    waiting: list[Any] = [(value,)]
    while waiting:
        parts, size = waiting.pop(), len("{}")
        if isinstance(parts, dict):
            size += sum(map(len, parts))
            parts = parts.values()
        for part in parts:
            if isinstance(part, (dict, list, tuple)):
                waiting.append(part)
            else:
                size += min(len(part), MAX_TEXT) if isinstance(part, str) else 1
        room.take_bytes(size)


def abridged(value: Any) -> Any:
    """Return a value whose long texts are cut, and say how long they are; a part without such texts is that very part."""
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return f"{value[:MAX_TEXT]}… ({len(value):,} characters)"
    if isinstance(value, dict):
        parts = {name: abridged(part) for name, part in value.items()}
        return value if all(map(is_, parts.values(), value.values())) else parts
    if isinstance(value, list):
        items = [abridged(part) for part in value]
        return value if all(map(is_, items, value)) else items
    return value
