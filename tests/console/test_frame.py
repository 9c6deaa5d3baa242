"""The frame of the page: its token, its one stream, its addresses, and what goes wrong in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect

from emulator.server.app import create_app, library, worlds_of
from emulator.server.server import ThreadedServer
from emulator.web.guard import Guard
from tests.console.browser import PATIENCE, Console, Watch
from tests.console.places import QUEUED, QUEUED_BATCH

TOKEN = "a-token-of-the-test"


@contextmanager
def locked_console(browser: Browser) -> Iterator[Console]:
    """The console of a server that demands a control token."""
    app = create_app(worlds_of([library().get("first-run")]), guard=Guard(token=TOKEN))
    with ThreadedServer(app) as server:
        context = browser.new_context()
        context.set_default_timeout(PATIENCE)
        watch = Watch(server.url)
        watch.over(context)
        yield Console(context.new_page(), server.url)
        context.close()
        assert watch.found == []


def test_the_token_is_asked_for_and_forgotten_with_the_page(browser: Browser) -> None:
    with locked_console(browser) as console:
        page = console.page
        for given in ("wrong", TOKEN):
            page.goto(f"{console.url}/_emulator/console#/w/default/state")
            page.get_by_label("Control token").fill(given)
            page.get_by_role("button", name="Unlock").click()
            if given == "wrong":
                expect(page.get_by_text("The server does not take this token.")).to_be_visible()
                page.reload()
                page.get_by_role("button", name="Cancel").click()
                page.goto("about:blank")
        expect(console.rows(name=QUEUED)).to_be_visible()
        expect(page.locator("#stream")).to_have_text("live")
        assert TOKEN not in page.url
        assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
        page.reload()
        expect(page.get_by_label("Control token")).to_be_visible()


def test_the_root_of_the_server_leads_to_the_console(console: Console) -> None:
    console.page.goto(f"{console.url}/")
    expect(console.page.locator("#stream")).to_have_text("live")
    assert console.page.url.startswith(f"{console.url}/_emulator/console")


def test_a_request_sent_with_a_token_set_carries_no_token_to_a_vendor(browser: Browser) -> None:
    with locked_console(browser) as console:
        page = console.page
        page.goto(f"{console.url}/_emulator/console#{QUEUED_BATCH}")
        page.get_by_label("Control token").fill(TOKEN)
        page.get_by_role("button", name="Unlock").click()
        page.get_by_role("button", name="stop", exact=True).click()
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_text("It was answered 200")).to_be_visible()
        page.get_by_role("link", name="Entry 1 of the journal").click()
        expect(page.get_by_role("complementary", name="Entry")).to_contain_text("serpwow.batches.stop")
        assert TOKEN not in page.content()


def test_tabs_of_a_browser_share_one_stream(console: Console) -> None:
    pages = [console.page, *(console.page.context.new_page() for _ in range(9))]
    for page in pages:
        Console(page, console.url).open("/w/default/state?vendor=serpwow&kind=batch")
    console.page.request.get(f"{console.url}/live/batches/{QUEUED}/stop?api_key=demo")
    for page in pages:
        expect(page.get_by_role("link", name="queued 0")).to_be_visible()


def test_open_pages_change_no_answer_and_no_order(console: Console) -> None:
    before = console.ask("GET", "/worlds/default/state")
    for place in (
        "/worlds",
        "/w/default/state",
        "/w/default/time",
        "/w/default/journal",
        "/w/default/faults",
        "/w/default/deliveries",
        "/scenarios",
        "/evidence",
    ):
        console.open(place)
    assert console.ask("GET", "/worlds/default/state") == before
    assert console.entries() == []


def test_the_page_lives_on_when_its_server_is_gone_and_comes_back(browser: Browser) -> None:
    app = create_app(worlds_of([library().get("first-run")]))
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    with ThreadedServer(app) as server:
        Console(page, server.url).open("/w/default/state")
    expect(page.locator("#stream")).to_have_text("reconnecting")
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#said")).to_contain_text("The server does not answer. Is it running?")
    context.close()


def test_a_world_that_there_is_not_is_told_in_words(console: Console) -> None:
    page = console.open("/w/nobody/state")
    expect(page.locator("#said")).to_contain_text("nobody")


@pytest.mark.parametrize("place", ["constructor", "__proto__", "toString"])
def test_an_address_that_names_no_place_leads_to_one_that_there_is(console: Console, place: str) -> None:
    expect(console.open(f"/w/default/{place}").get_by_role("link", name="State")).to_have_attribute("aria-current", "page")
    expect(console.open(f"/{place}").get_by_role("heading", name="Worlds")).to_be_visible()
    expect(console.open(f"/w/default/faults?where={place}").get_by_role("button", name="Lay it")).to_be_visible()


def test_a_world_that_is_dropped_while_one_looks_is_left(console: Console) -> None:
    console.ask("POST", "/worlds", {"id": "gone", "scenario": "first-run", "claim": False})
    page = console.open("/w/gone/state")
    expect(console.rows().first).to_be_visible()
    console.ask("DELETE", "/worlds/gone")
    expect(page.get_by_role("heading", name="Worlds")).to_be_visible()


def test_the_way_back_in_the_browser_goes_back(console: Console) -> None:
    page = console.open("/w/default/state?vendor=serpwow&kind=batch")
    console.rows(name=QUEUED).click()
    expect(page.get_by_role("complementary", name="Resource")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("complementary", name="Resource")).to_be_hidden()
