"""Listeners to streams of events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

Event = dict[str, Any]


class Listener:
    """The events of a stream, one after the other."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def next(self) -> Event:
        """Return the next event: its fields, and its data as a value."""
        fields: Event = {}
        for line in self._lines:
            if not line and "data" in fields:
                return fields
            name, _, value = line.partition(": ")
            if name in ("id", "event", "data"):
                fields[name] = json.loads(value) if name == "data" else value
        raise EOFError

    def numbers(self, count: int) -> list[int]:
        """Return the numbers of the next entries."""
        return [self.next()["data"]["n"] for _ in range(count)]


@contextmanager
def listening(url: str, path: str, **headers: str) -> Iterator[Listener]:
    with (
        httpx.Client(base_url=f"{url}/_emulator", timeout=None) as client,
        client.stream("GET", path, headers=headers) as response,
    ):
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"] == "text/event-stream"
        yield Listener(response)
