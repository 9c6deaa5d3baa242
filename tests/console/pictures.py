"""Pictures of the console.

python -m tests.console.pictures             the picture of README.md and docs/console.md, from a scenario
python -m tests.console.pictures FOLDER      every view, light and dark, wide and narrow
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, expect

from emulator.server.app import create_app, library, worlds_of
from emulator.server.server import ThreadedServer
from tests.console.browser import Console, running_browser
from tests.console.places import CANCEL, QUEUED, VIEWS

PICTURE = Path(__file__).parents[2] / "docs" / "console.png"
SIZES = {"wide": (1360, 900), "narrow": (420, 900)}
SHOWN = "/w/default/state?vendor=stripe&kind=batch_job&status=cancelling"
STOP = {"method": "GET", "url": f"/live/batches/{QUEUED}/stop?api_key=demo"}


def console_of(browser: Browser, url: str, scheme: str, size: tuple[int, int]) -> Console:
    width, height = size
    page = browser.new_page(color_scheme="dark" if scheme == "dark" else "light", viewport={"width": width, "height": height})
    return Console(page, url)


def prepare(console: Console) -> None:
    """Let something happen in the world of the first run."""
    for request in (STOP, CANCEL):
        console.call(request)


def take(console: Console, place: str, path: Path) -> None:
    page = console.open(place)
    expect(page.locator("main")).not_to_be_empty()
    page.wait_for_timeout(1_000)
    page.screenshot(path=path)
    print(path, path.stat().st_size)  # noqa: T201


def main(*folder: str) -> None:
    with ThreadedServer(create_app(worlds_of([library().get("first-run")]))) as server, running_browser() as browser:
        console = console_of(browser, server.url, "light", (1280, 620))
        prepare(console)
        if not folder:
            return take(console, SHOWN, PICTURE)
        for scheme in ("light", "dark"):
            for name, size in SIZES.items():
                looking = console_of(browser, server.url, scheme, size)
                for view, place in VIEWS.items():
                    take(looking, place, Path(folder[0]) / f"{view}-{scheme}-{name}.png")
    return None


if __name__ == "__main__":
    main(*sys.argv[1:])
