"""A running server for tests: worlds of their own on it, and what a client needs to reach them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from emulator.web.connection import App, Receive, Scope, Send


def through_a_socket(app: App) -> App:
    """The same application, to which every request seems to come over a socket, so that the guard looks at its host."""

    async def over_socket(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "client": ("127.0.0.1", 49_152)}, receive, send)

    return over_socket


@dataclass(frozen=True)
class World:
    """A world on the running server, and what a client needs to reach it."""

    id: str
    control: httpx.Client
    credentials: Mapping[str, Mapping[str, str]]

    @property
    def serpwow(self) -> Mapping[str, str]:
        return self.credentials["serpwow"]

    @property
    def stripe(self) -> Mapping[str, str]:
        return self.credentials["stripe"]

    @property
    def sixdot50(self) -> Mapping[str, str]:
        return self.credentials["6dot50"]

    def advance(self, by: str) -> list[dict[str, Any]]:
        changes: list[dict[str, Any]] = self._ask("POST", "/clock/advance", {"by": by})["fired"]
        return changes

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self._ask("GET", "/state")
        return state

    def set(self, state: Mapping[str, Any]) -> None:
        self._ask("PATCH", "/state", state)

    def journal(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._ask("GET", "/journal")["entries"]
        return entries

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        reply = self.control.request(method, f"/_emulator/worlds/{self.id}{path}", json=body)
        assert reply.is_success, reply.text
        return json.loads(reply.content, parse_float=Decimal)


@dataclass(frozen=True)
class Live:
    """The running server."""

    url: str
    control: httpx.Client

    def load(self, scenario: str | Mapping[str, Any]) -> World:
        """A new world of a scenario, by name or inline; `title` may be left out."""
        content = scenario if isinstance(scenario, str) else {"title": "A test", **scenario}
        reply = self.control.post("/_emulator/worlds", json={"scenario": content, "claim": False})
        assert reply.status_code == 201, reply.text
        world = reply.json()
        return World(world["id"], self.control, world["credentials"])
