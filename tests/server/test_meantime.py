"""While one client asks for what takes long, others are served."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from emulator.scenario.library import Library
from emulator.scenario.parameters import Settings
from emulator.scenario.scenario import Scenario
from emulator.server.app import create_app, library, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from emulator.web.event_loop import in_thread

STUCK = 60
"""Seconds after which a server that answers nobody else counts as stopped; reached only where the test fails."""


class Slow(Library):
    """A library whose files are not read to their end before somebody else has been answered."""

    def __init__(self, folder: Path) -> None:
        super().__init__(VENDORS, (folder,))
        self.reading, self.answered = Event(), Event()

    def get(self, name: str, settings: Settings | None = None) -> Scenario:
        self.reading.set()
        assert self.answered.wait(STUCK), "nobody else was answered meanwhile"
        return super().get(name, settings)


@pytest.mark.parametrize("path", ["/_emulator/scenarios", "/_emulator/scenarios/it"])
def test_others_are_answered_while_scenarios_are_read(path: str, tmp_path: Path) -> None:
    (tmp_path / "it.yaml").write_text("title: It")
    scenarios = Slow(tmp_path)
    with ThreadedServer(create_app(worlds_of([]), scenarios)) as server, ThreadPoolExecutor(1) as pool:
        listing = pool.submit(httpx.get, server.url + path, timeout=None)
        assert scenarios.reading.wait(STUCK)
        assert httpx.get(f"{server.url}/live/account?api_key=any", timeout=STUCK).status_code == 200
        scenarios.answered.set()
        assert listing.result().json()


@pytest.mark.parametrize("path", ["/openapi.json", "/vendors", "/vendors/stripe", "/scenarios/first-run"])
def test_what_takes_long_is_the_same_in_a_thread_and_without_one(path: str) -> None:
    scenarios = library()
    app = create_app(worlds_of([scenarios.get("first-run")]), scenarios)

    async def without_a_socket() -> Any:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            return (await client.get(f"/_emulator{path}")).content

    with ThreadedServer(app) as server:
        assert httpx.get(f"{server.url}/_emulator{path}", timeout=None).content == asyncio.run(without_a_socket())


@pytest.mark.parametrize("path", ["held", "unmatched"])
def test_a_list_of_requests_is_shown_while_its_world_is_busy(path: str) -> None:
    worlds = worlds_of([])
    with ThreadedServer(create_app(worlds)) as server, worlds.default.lock:
        answer = httpx.get(f"{server.url}/_emulator/worlds/default/{path}", timeout=STUCK)
    assert answer.json() == {path: []}


def test_what_is_raised_apart_is_raised_where_it_is_awaited() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(lambda: 1 // 0))
