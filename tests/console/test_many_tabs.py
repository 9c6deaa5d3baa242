"""Many tabs: those of a browser share a stream, and however many look, no client is answered otherwise or in another order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, Page, expect

from emulator.kernel.limits import Limits
from emulator.server.app import create_app, library, worlds_of
from emulator.server.server import ThreadedServer
from tests.console.browser import PATIENCE, Console
from tests.console.places import CANCEL, JOB, QUEUED, RUNNING

TABS = 3
LOOKERS = 50
STORY: tuple[tuple[str, str, Any], ...] = (
    ("GET", f"/live/batches/{QUEUED}/stop?api_key=demo", None),
    ("POST", CANCEL["url"], CANCEL["headers"]),
    ("GET", f"/live/batches/{RUNNING}?api_key=demo", None),
    ("POST", "/_emulator/worlds/default/clock/advance", None),
    ("GET", "/live/account?api_key=demo", None),
    ("GET", f"/v2/core/batch_jobs/{JOB}", CANCEL["headers"]),
)
"""Calls of clients, and an hour that passes."""

LOOKS = ("", "/overview", "/resources?vendor=serpwow&kind=batch", "/clock", "/pending", "/numbers", "/journal?newest=50")
"""What an open page asks for."""


@contextmanager
def serving(streams: int) -> Iterator[ThreadedServer]:
    limits = Limits(streams=streams)
    with ThreadedServer(create_app(worlds_of([library().get("first-run")]), limits=limits), limits=limits) as server:
        yield server


@contextmanager
def tabs(browser: Browser, url: str, script: str = "") -> Iterator[list[Page]]:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    context.add_init_script(script)
    pages = [context.new_page() for _ in range(TABS)]
    for page in pages:
        Console(page, url).open("/w/default/state?vendor=serpwow")
    yield pages
    context.close()


def test_the_tabs_of_a_browser_share_one_stream_until_the_last_is_closed(browser: Browser) -> None:
    with serving(streams=1) as server, tabs(browser, server.url) as pages:
        pages.pop(0).close()
        httpx.get(server.url + STORY[0][1])
        for page in pages:
            expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "now, after entry 1")
        assert httpx.get(f"{server.url}/_emulator/stream").status_code == 429


def test_without_a_shared_worker_each_tab_has_a_stream_of_its_own(browser: Browser) -> None:
    with serving(streams=TABS) as server, tabs(browser, server.url, "delete self.SharedWorker") as pages:
        httpx.get(server.url + STORY[0][1])
        for page in pages:
            expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "now, after entry 1")
        assert httpx.get(f"{server.url}/_emulator/stream").status_code == 429


def told(url: str, client: httpx.Client, lookers: int = 0) -> list[str]:
    """Return the answers to the story, and the journal after it, with pages that look before each call."""
    texts = []
    for method, path, headers in STORY:
        for number in range(lookers):
            look = client.get(f"{url}/_emulator/worlds/default{LOOKS[number % len(LOOKS)]}")
            assert look.status_code == 200, look.text
        body = {"by": "1h"} if path.endswith("/advance") else None
        answer = client.request(method, url + path, headers=headers, json=body)
        texts.append(f"{answer.status_code} {answer.text}")
    journal = client.get(f"{url}/_emulator/worlds/default/journal").text
    return [it.replace(urlsplit(url).netloc, "server") for it in (*texts, journal)]


def test_fifty_open_pages_change_no_answer_and_no_order() -> None:
    with serving(LOOKERS) as alone, httpx.Client() as client:
        expected = told(alone.url, client)
    with serving(LOOKERS) as watched, httpx.Client(timeout=None) as client, ExitStack() as open_pages:
        for _ in range(LOOKERS):
            listener = open_pages.enter_context(httpx.Client(timeout=None))
            stream = open_pages.enter_context(listener.stream("GET", f"{watched.url}/_emulator/stream"))
            assert stream.status_code == 200
        assert told(watched.url, client, lookers=LOOKERS) == expected
