"""Walks the whole scenario library, looking over the player's shoulder: at each request, and at each world before it goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import httpx

from emulator.app import create_app, library, worlds_of
from emulator.doors import IN_PROCESS
from emulator.handle.transport import InProcess
from emulator.judge import the_judge
from emulator.scenario.player import play
from emulator.vendors import VENDORS
from emulator.vendors.vendor import dump
from emulator.web.guard import PREFIX

LIBRARY = library()

Look = Callable[["Walker", httpx.Request], Awaitable[None]]


class Walker(httpx.AsyncBaseTransport):
    """Shows each request to `look` before it is sent; `look` may ask things itself."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._inner = InProcess(create_app(worlds_of([]), judge=the_judge(*VENDORS)), prompt=True)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._look(self, request)
        return await self._inner.handle_async_request(request)

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

    async def run() -> None:
        async with httpx.AsyncClient(transport=Walker(look), base_url=IN_PROCESS) as client:
            assert (await play(LIBRARY.get(name), client)).differences == []

    asyncio.run(run())


def world_that_goes(request: httpx.Request) -> str | None:
    """The path of the world that a request is about to drop."""
    path = request.url.path.removeprefix(PREFIX)
    return path if request.method == "DELETE" and path.startswith("/worlds/") else None
