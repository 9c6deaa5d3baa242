"""Walks the whole scenario library, looking over the player's shoulder: at each request, and at each world before it goes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx

from emulator.client.transport import InProcess
from emulator.contract.validator import ResponseValidator
from emulator.scenario.client import Headers, NoResponse, ReceivedResponse
from emulator.scenario.player import play
from emulator.sdk.exact_json import dump
from emulator.server.app import create_app, worlds_of
from emulator.vendors import VENDORS
from emulator.web.connection import App, run_sync
from emulator.web.guard import PREFIX
from tests.support.loading import LIBRARY

Look = Callable[["Walker", httpx.Request], Awaitable[None]]


IN_PROCESS = "http://127.0.0.1:8080"


def in_process(app: App) -> httpx.AsyncClient:
    """A client of an application, without a socket."""
    return httpx.AsyncClient(transport=InProcess(app, skip_delays=True), base_url=IN_PROCESS)


class Walker:
    """Shows each request to `look` before it is sent; `look` may ask things itself."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self.worlds = worlds_of([])
        self._inner = InProcess(create_app(self.worlds, validate=ResponseValidator(VENDORS.values())), skip_delays=True)

    def send(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> ReceivedResponse:
        request = httpx.Request(method, IN_PROCESS + target.decode(), headers=[*headers], content=content)
        try:
            return run_sync(self._shown(request))
        except httpx.TransportError as error:
            raise NoResponse(str(error)) from None

    async def _shown(self, request: httpx.Request) -> ReceivedResponse:
        await self._look(self, request)
        reply = await self.pass_on(request)
        return ReceivedResponse(reply.status_code, reply.headers.raw, reply.content)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Asks the control plane; `path` is what follows its prefix."""
        content = None if body is None else dump(body)
        request = httpx.Request(method, f"{IN_PROCESS}{PREFIX}{path}", content=content)
        reply = await self._inner.handle_async_request(request)
        text = await reply.aread()
        assert reply.is_success, text
        return json.loads(text, parse_float=Decimal) if text else None

    async def pass_on(self, request: httpx.Request) -> httpx.Response:
        """The real reply to a request, read to its end."""
        reply = await self._inner.handle_async_request(request)
        await reply.aread()
        return reply


def walk(name: str, look: Look) -> None:
    """Plays a shipped scenario, which must go as it says."""
    assert play(LIBRARY.get(name), Walker(look)).differences == []


def world_that_goes(request: httpx.Request) -> str | None:
    """The path of the world that a request is about to drop."""
    path = request.url.path.removeprefix(PREFIX)
    return path if request.method == "DELETE" and path.startswith("/worlds/") else None
