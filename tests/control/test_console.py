"""The files of the console over HTTP: types, policy, tags, and nothing else that could be read."""

from __future__ import annotations

from pathlib import Path

import pytest

import emulator
from emulator.client.connections import AppResponse, ask
from emulator.server.app import create_app, worlds_of
from emulator.web.guard import CONSOLE, Guard

FILES = sorted(it.name for it in (Path(emulator.__file__).parent / "console").iterdir())
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


def response_to(path: str, method: str = "GET", token: str | None = "a-token", **headers: str) -> AppResponse:
    app = create_app(worlds_of([]), guard=Guard(token=token))
    said = {"host": "localhost:8080", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return ask(app, method, path.encode(), [(name.encode(), value.encode()) for name, value in said.items()])


def headers_of(response: AppResponse) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in response.headers}


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_served_without_a_token_and_with_its_type(name: str) -> None:
    response = response_to(f"{CONSOLE}/{name}")
    assert (response.status, headers_of(response)["content-type"]) == (200, TYPES[Path(name).suffix])


@pytest.mark.parametrize("path", [CONSOLE, f"{CONSOLE}/app.js"])
def test_the_policy_allows_nothing_but_the_own_origin_and_no_text_as_a_program(path: str) -> None:
    headers = headers_of(response_to(path))
    policy = dict(it.strip().split(" ", 1) for it in headers["content-security-policy"].split(";"))
    assert policy.pop("img-src") == "'self' data:"
    assert {*policy.values()} == {"'self'", "'none'"}
    assert [policy[it] for it in ("default-src", "base-uri", "form-action", "frame-ancestors")] == ["'none'"] * 4
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


def test_a_browser_that_has_a_file_is_told_that_it_is_current() -> None:
    headers = headers_of(response_to(CONSOLE))
    assert headers["cache-control"] == "no-cache"
    again = response_to(CONSOLE, if_none_match=headers["etag"])
    assert (again.status, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name", ["", "nothing.js", "..", "../control/app.py", "..%2fcontrol%2fapp.py", "%2e%2e/worlds", "./app.js"]
)
def test_there_is_nothing_else_to_read(name: str) -> None:
    response = response_to(f"{CONSOLE}/{name}")
    assert response.status in (401, 404)
    assert b"import " not in response.content


def test_what_the_page_asks_for_needs_the_token() -> None:
    assert response_to("/_emulator/worlds").status == 401
