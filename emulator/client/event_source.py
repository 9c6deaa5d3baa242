"""Server-sent events of the control plane, as a command reads them: one after the other, until the server ends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from emulator.client.http import HttpClient

EVENTS_TYPE = "text/event-stream"

SILENCE = 40.0
"""Seconds without a byte after which a server is taken for gone: it sends a comment more often than that."""


class ServerEvent(NamedTuple):
    """An event: its name, its id, and its data as a value. One without data is a sign that the server is there."""

    name: str
    id: str | None
    data: Any


def listen(client: HttpClient, target: str, last_id: str | None = None) -> Iterator[ServerEvent]:
    """Yield the events of a stream, those after the one of an id, until the server ends it.

    Raises:
        NoResponse: there is no server, or it is gone.
        Refused: it said no, and why.
    """
    headers = [(b"accept", EVENTS_TYPE.encode())]
    if last_id is not None:
        headers.append((b"last-event-id", last_id.encode()))
    return events_in(client.lines(target.encode(), headers, EVENTS_TYPE, SILENCE))


def events_in(lines: Iterable[bytes]) -> Iterator[ServerEvent]:
    """Yield the events that lines come to, and one without data for each comment."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
        elif value or not fields:
            yield ServerEvent("", None, None)
        elif "data" in fields:
            yield ServerEvent(fields.get("event", "message"), fields.get("id"), json.loads(fields["data"]))
            fields = {}
        else:
            fields = {}
