"""A request whose body never comes to its end has one line at most on standard error, and no answer of the plane beside it."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from emulator.server.app import create_app, worlds_of
from emulator.web.access_log import AccessLog

PATHS = ["/_emulator/worlds/default/state", "/_emulator/worlds", "/live/batches", "/_files/stripe/default/upload/x"]


@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_breaks_off_is_neither_answered_nor_told_of_by_a_plane(path: str) -> None:
    lines: list[str] = []
    messages: list[MutableMapping[str, Any]] = []
    incoming: list[MutableMapping[str, Any]] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> MutableMapping[str, Any]:
        return incoming.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        messages.append(message)

    scope: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "method": "PUT" if path.startswith("/_files") else "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "headers": [], "client": None, "server": None,
    }  # fmt: skip
    if path.endswith("/state"):
        scope["method"] = "PATCH"
    asyncio.run(create_app(worlds_of([]), access_log=AccessLog(lines.append))(scope, receive, send))
    assert (lines, messages) == ([], [])
