"""For everybody: no serious finding of axe in any view, light and dark, wide and narrow; the keyboard alone suffices."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from emulator.server.server import ThreadedServer
from tests.console.browser import PATIENCE, Console, Watch
from tests.console.places import CANCEL, QUEUED, VIEWS
from tests.support.installed import from_npm

AXE = "axe-core@4.14.1"
PICTURES = os.environ.get("CONSOLE_PICTURES")
"""A folder for the pictures of each view, kept by whoever wants to look at them."""

SIZES = {"wide": {"width": 1360, "height": 900}, "narrow": {"width": 420, "height": 900}}
STOP = {"method": "GET", "url": f"/live/batches/{QUEUED}/stop?api_key=demo"}


@pytest.fixture(scope="package")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    return (from_npm(AXE, tmp_path_factory) / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


def findings(page: Page, axe: str) -> list[str]:
    """Return what axe finds serious or worse, each with the first place. Its script comes by the debugger, which no policy of the page stops."""
    page.evaluate(axe)
    found = json.loads(
        page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((it) => JSON.stringify(it.violations))")
    )
    return [f"{it['id']}: {it['nodes'][0]['html'][:200]}" for it in found if it["impact"] in ("serious", "critical")]


def ready(page: Page) -> None:
    """Wait until the view has what it shows."""
    expect(page.locator("main")).not_to_be_empty()
    expect(page.locator("main .nothing", has_text="…")).to_have_count(0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_has_a_serious_finding_or_more_than_the_window_is_wide(
    browser: Browser, server: ThreadedServer, axe: str, scheme: str, size: str
) -> None:
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": SIZES[size]["width"], "height": SIZES[size]["height"]},
    )
    context.set_default_timeout(PATIENCE)
    watch = Watch(server.url)
    watch.over(context)
    console = Console(context.new_page(), server.url)
    for request in (STOP, CANCEL):
        console.call(request)
    console.ask(
        "POST", "/worlds/default/faults", {"at": "stripe.batch_jobs.cancel", "where": "after-commit", "do": "drop", "times": 1}
    )
    serious = {}
    for name, place in VIEWS.items():
        page = console.open(place)
        ready(page)
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{scheme}-{size}.png")
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth") and [f"{name} is wider than the window"]
        serious[name] = [*findings(page, axe), *(wide or [])]
    context.close()
    assert {name: found for name, found in serious.items() if found} == {}
    assert watch.found == []


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def go_to(page: Page, name: str) -> None:
    """Press Tab until what has the focus is called so."""
    for _ in range(120):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(it => it.getAttribute('aria-label') || it.textContent.trim() || it.labels?.[0]?.textContent || '')(document.activeElement)"
        )
        if focused.startswith(name):
            return
    raise AssertionError(f"Tab never comes to {name}")


def test_the_keyboard_alone_stops_a_batch_and_looks_back(console: Console) -> None:
    page = console.open("/worlds")
    expect(page.get_by_role("article", name="World default")).to_be_visible()
    go_to(page, "default")
    press(page, "Enter")
    expect(console.rows(name=QUEUED)).to_be_visible()
    go_to(page, "Resources")
    press(page, "ArrowDown", "Enter")
    expect(page.get_by_role("button", name="stop", exact=True)).to_be_visible()
    go_to(page, "stop")
    press(page, "Enter")
    expect(page.get_by_label("Path and query")).to_be_visible()
    go_to(page, "Send")
    press(page, "Space")
    expect(page.get_by_text("It was answered 200")).to_be_visible()
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "now, after entry 1")
    page.reload()
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "now, after entry 1")
    go_to(page, "Look back")
    press(page, "ArrowLeft")
    expect(page.get_by_text("as it was at its beginning")).to_be_visible()
    go_to(page, "Return to now")
    press(page, "Enter")
    expect(page.get_by_text("as it was at its beginning")).to_have_count(0)


def test_a_dialog_takes_the_focus_and_gives_it_back(console: Console) -> None:
    page = console.open("/worlds")
    opener = page.get_by_role("button", name="Reset default")
    opener.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


def test_a_slash_goes_to_the_search_of_a_view(console: Console) -> None:
    page = console.open("/worlds")
    expect(page.get_by_role("article", name="World default")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_every_control_has_a_name(console: Console) -> None:
    nameless = "[...document.querySelectorAll('button, a[href], input, select, textarea')].filter((it) => !(it.getAttribute('aria-label') || it.textContent.trim() || it.labels?.length || it.title)).map((it) => it.outerHTML)"
    for place in VIEWS.values():
        page = console.open(place.replace("entry/1", "beginning").replace("?n=1", ""))
        expect(page.locator("main")).not_to_be_empty()
        assert page.evaluate(nameless) == []
