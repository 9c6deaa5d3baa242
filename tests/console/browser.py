"""A browser of this machine, driven as a person would, and a watch over what its pages do that they must not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NETWORK_NOTE = "Failed to load resource: the server responded with a status of 4"
"""The browser's own note of a refusal, which the page tells in words."""

VIOLATIONS = (
    "addEventListener('securitypolicyviolation', (it) => console.error(`POLICY ${it.violatedDirective} ${it.blockedURI}`))"
)
PATIENCE = 120_000
"""Milliseconds after which what never comes is given up: no test is about how fast a machine is."""

expect.set_options(timeout=PATIENCE)


def executable() -> str:
    """Return the path of a browser; without one, skip, or fail where CONSOLE_TESTS demands one."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None and os.environ.get("CONSOLE_TESTS") == "required":
        pytest.fail("CONSOLE_TESTS=required, and this machine has no Chromium: apt-get install chromium")
    if found is None:
        pytest.skip(f"no browser here: none of {', '.join(NAMES)}")
    return found


@contextmanager
def running_browser() -> Iterator[Browser]:
    path = executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*OPTIONS])
        yield browser
        browser.close()


@dataclass
class Watch:
    """What pages of a context did that they must not: errors, breaches of the policy, requests to others."""

    origin: str
    found: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.add_init_script(VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", lambda it: self.found.append(f"error: {it.error}"))
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(NETWORK_NOTE):
            self.found.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob") and f"{url.scheme}://{url.netloc}" != self.origin:
            self.found.append(f"foreign: {request.url}")


@dataclass(frozen=True)
class Console:
    """The console of a server in a page of a browser."""

    page: Page
    url: str

    def open(self, place: str = "/worlds") -> Page:
        """Go to a place of the page, such as `/w/default/state`."""
        self.page.goto(f"{self.url}/_emulator/console#{place}")
        expect(self.page.locator("#stream")).to_have_text("live")
        return self.page

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the control plane, as somebody else would meanwhile."""
        options = {"data": body} if body is not None else {}
        reply = self.page.request.fetch(f"{self.url}/_emulator{path}", method=method, **options)
        assert reply.ok, reply.text()
        return reply.json() if reply.text() else None

    def call(self, request: Mapping[str, Any]) -> None:
        """Call a vendor, as a client would meanwhile."""
        body = {"data": request["body"]} if "body" in request else {}
        self.page.request.fetch(
            f"{self.url}{request['url']}", method=request["method"], headers=request.get("headers", {}), **body
        )

    def entries(self, world: str = "default") -> list[Any]:
        found: list[Any] = self.ask("GET", f"/worlds/{world}/journal")["entries"]
        return found

    def rows(self, name: str | None = None) -> Locator:
        """The rows of the list in sight, or those that have a text in them."""
        return self.page.get_by_role("listbox").get_by_role("option", name=name)

    @property
    def place(self) -> str:
        """The place that the address names."""
        return urlsplit(self.page.url).fragment
