"""The two doors to a server: an application in this process, with a judge of every reply, or one over the wire."""

from __future__ import annotations

import httpx

from emulator.app import App, create_app, worlds_of
from emulator.judge import the_judge
from emulator.vendors import VENDORS

IN_PROCESS = "http://127.0.0.1:8080"


def in_process(app: App | None = None) -> httpx.AsyncClient:
    """A client of an application of its own, or of the one given; nothing listens anywhere."""
    judged = app or create_app(worlds_of([]), judge=the_judge(*VENDORS))
    return httpx.AsyncClient(transport=httpx.ASGITransport(judged), base_url=IN_PROCESS)


def over_the_wire(url: str) -> httpx.AsyncClient:
    """A client of the server at that URL."""
    return httpx.AsyncClient(base_url=url, timeout=30)
