"""The two doors to a server: an application in this process, with a judge of every reply, or one over the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx

from emulator.app import App, create_app, worlds_of
from emulator.handle.transport import InProcess
from emulator.judge import the_judge
from emulator.reach import reaching
from emulator.vendors import VENDORS
from emulator.web.guard import PREFIX

IN_PROCESS = "http://127.0.0.1:8080"


def in_process(app: App | None = None) -> httpx.AsyncClient:
    """A client of an application of its own, or of the one given; nothing listens anywhere."""
    judged = app or create_app(worlds_of([]), judge=the_judge(*VENDORS))
    return httpx.AsyncClient(transport=InProcess(judged, prompt=True), base_url=IN_PROCESS)


def over_the_wire(url: str, token: str | None = None) -> httpx.AsyncClient:
    """A client of the server at that URL; the token opens its control plane.

    Raises:
        httpx.InvalidURL: it is none.
    """
    hooks = {"request": [_opener(token)]} if token else {}
    return httpx.AsyncClient(base_url=url, timeout=30, event_hooks=hooks, **reaching(url))


def _opener(token: str) -> Callable[[httpx.Request], Awaitable[None]]:
    """Shows the token to the control plane only, for to the vendors Authorization means something else."""

    async def open_control(request: httpx.Request) -> None:
        if request.url.path.startswith(PREFIX):
            request.headers["Authorization"] = f"Bearer {token}"

    return open_control
