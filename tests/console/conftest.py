"""A server of each test's own, with the world of the first run, and its console in a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from emulator.server.app import create_app, library, worlds_of
from emulator.server.server import ThreadedServer
from tests.console.browser import PATIENCE, Console, Watch, running_browser


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture
def server() -> Iterator[ThreadedServer]:
    with ThreadedServer(create_app(worlds_of([library().get("first-run")]))) as server:
        yield server


@pytest.fixture
def console(browser: Browser, server: ThreadedServer) -> Iterator[Console]:
    """The console, which must do nothing that it must not until the test ends."""
    context = browser.new_context(viewport={"width": 1360, "height": 900})
    context.set_default_timeout(PATIENCE)
    watch = Watch(server.url)
    watch.over(context)
    yield Console(context.new_page(), server.url)
    context.close()
    assert watch.found == []
