"""Server-sent events of the control plane, as a command reads them: one after the other, until the server ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from emulator.client.http import HttpClient, Refused
from emulator.scenario.client import fits, read_foreign

EVENTS_TYPE = "text/event-stream"

SILENCE = 40.0
"""Seconds without a byte after which a server is taken for gone: it sends a comment more often than that."""


FIELDS = frozenset({"id", "event", "data"})
"""The fields of an event that are read."""

_NUMBER = (int, type(None))
_TEXT = (str, type(None))
_CHANGE = {"resource": str, "id": str, "from": str, "to": str}
_ENTRY = {"n": int, "at": str, "type": str}
_CONSEQUENCES = {"changes": [_CHANGE], "faults": [{"do": str, "where": str, "id": str}]}
ENTRIES = {
    "exchange": {"method": str, "target": str, "status": int, "answer": str, "delivered": (bool, type(None)), **_CONSEQUENCES},
    "change": {"vendor": str, "why": str, **_CHANGE},
    "attempt": {"event": str, "url": _TEXT, "status": _NUMBER, "error": _TEXT, **_CONSEQUENCES},
}
"""The shapes of entries, by their types, as far as they are read."""

OTHERS: dict[str, Any] = {"reset": {"last": int}, "gap": {"after": int, "before": int}, "dropped": {}}
"""The shapes of other events, by their names."""


class ServerEvent(NamedTuple):
    """An event: its name, its id, and its data as a value. One without data is a sign that the server is there."""

    name: str
    id: str | None
    data: Any


SIGN = ServerEvent("", None, None)


def listen(client: HttpClient, target: str, last_id: str | None = None) -> Iterator[ServerEvent]:
    """Yield the events of a stream, those after the one of an id, until the server ends it.

    Raises:
        NoResponse: there is no server, or it is gone.
        Refused: it said no, and why, or is no emulator.
    """
    headers = [(b"accept", EVENTS_TYPE.encode())]
    if last_id is not None:
        headers.append((b"last-event-id", last_id.encode()))
    return events_in(client.lines(target.encode(), headers, EVENTS_TYPE, SILENCE))


def events_in(lines: Iterable[bytes]) -> Iterator[ServerEvent]:
    """Yield the events that lines come to, and one without data for each comment, and for each event of another name.

    Raises:
        Refused: one of them has not the shape of an emulator's.
    """
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(":")
        if name in FIELDS:
            if name != "id" or _can_be_sent(value):
                fields[name] = value.removeprefix(" ")
        elif name:
            continue
        elif value or not fields:
            yield SIGN
        elif "data" in fields:
            yield _event(fields.get("event", "message"), fields.get("id"), fields["data"])
            fields = {}
        else:
            fields = {}


def _can_be_sent(id: str) -> bool:
    """Tell whether an id can stand in the header with which the events after it are asked for."""
    return id.isascii() and id.isprintable()


def _event(name: str, id: str | None, text: str) -> ServerEvent:
    if name != "message" and name not in OTHERS:
        return SIGN
    try:
        data = read_foreign(text.encode())
    except ValueError:
        data = None
    if not _is_ours(name, data):
        raise Refused("it sends events that are none of an emulator's journal: watch the URL of one")
    return ServerEvent(name, id, data)


def _is_ours(name: str, data: Any) -> bool:
    """Tell whether the data of an event have the shape of an emulator's."""
    if name in OTHERS:
        return fits(data, OTHERS[name])
    return fits(data, _ENTRY) and fits(data, ENTRIES.get(data["type"], type(None)))
