"""The index at the root tells each kind of reader where things are, and no more than they may know."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import pytest

from emulator.client.connections import AppResponse, ask
from emulator.control.app import ROUTES
from emulator.control.index import LINKS
from emulator.control.negotiation import preferred
from emulator.server.app import create_app, worlds_of
from emulator.vendors import VENDORS
from emulator.web.guard import CONSOLE, CONTROL_NAMES, PREFIX, Guard
from tests.support.loading import LIBRARY

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
TOKEN = "the-control-token"


def response_to(
    path: str, headers: Mapping[str, str] | None = None, method: str = "GET", token: str | None = None
) -> AppResponse:
    app = create_app(worlds_of([LIBRARY.get("first-run"), LIBRARY.get("serpwow/stopall-23")]), guard=Guard(token=token))
    all_headers = {"host": "localhost:8080", "user-agent": "program/1.0", **(headers or {})}
    return ask(app, method, path.encode(), [(name.encode(), value.encode()) for name, value in all_headers.items()])


def header(response: AppResponse, name: str) -> str:
    return {key.decode(): value.decode() for key, value in response.headers}.get(name, "")


def index_of(path: str, headers: Mapping[str, str] | None = None, token: str | None = None) -> dict[str, Any]:
    index: dict[str, Any] = json.loads(response_to(path, headers, token=token).content)
    return index


@pytest.mark.parametrize("path", ["/", "/_emulator", "/_emulator/"])
def test_the_index_names_vendors_worlds_and_where_everything_is(path: str) -> None:
    index = index_of(path)
    assert index["vendors"] == [
        {"name": "serpwow", "url": "http://localhost:8080/live"},
        {"name": "stripe", "url": "http://localhost:8080"},
        {"name": "6dot50", "url": "http://localhost:8080/za/pay"},
    ]
    assert [world["id"] for world in index["worlds"]] == ["default", "serpwow.stopall-23"]
    assert {"openapi", "scenarios", "journal"} < set(index["links"])


def test_every_link_of_the_index_leads_somewhere() -> None:
    paths = {row.path for row in ROUTES if row.method == "GET"} | {CONSOLE.removeprefix(PREFIX)}
    assert {link.replace("/default/", "/{world}/") for link in LINKS.values()} <= paths
    for world in index_of("/")["worlds"]:
        assert response_to(world["url"].removeprefix("http://localhost:8080")).status == 200


@pytest.mark.parametrize(
    ("headers", "media"),
    [
        ({}, "application/json"),
        ({"accept": "*/*"}, "application/json"),
        ({"accept": "application/json"}, "application/json"),
        ({"accept": "*/*", "user-agent": "curl/8.5.0"}, "text/plain; charset=utf-8"),
        ({"user-agent": "Wget/1.21"}, "text/plain; charset=utf-8"),
        ({"accept": "application/json", "user-agent": "curl/8.5.0"}, "application/json"),
        ({"accept": BROWSER, "user-agent": "Mozilla/5.0"}, "text/html; charset=utf-8"),
        ({"accept": "text/plain"}, "text/plain; charset=utf-8"),
        ({"accept": "text/html;q=0.1, text/*;q=0.5"}, "text/plain; charset=utf-8"),
        ({"accept": "image/png"}, "application/json"),
    ],
)
def test_the_index_takes_the_form_that_its_reader_wants(headers: Mapping[str, str], media: str) -> None:
    response = response_to("/", headers)
    assert (response.status, header(response, "content-type")) == (200, media)
    assert response.content.endswith(b"\n")
    assert b"http://localhost:8080/za/pay" in response.content


class Page(HTMLParser):
    """The names of every tag and attribute of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_the_page_for_a_browser_loads_and_runs_nothing() -> None:
    response = response_to("/", {"accept": BROWSER})
    page = Page(response.content.decode())
    assert not page.tags & {"script", "style", "link", "img", "iframe", "object", "form"}
    assert not {name for name in page.attributes if name.startswith("on") or name in ("src", "style")}
    assert "default-src 'none'" in header(response, "content-security-policy")
    assert header(response, "x-content-type-options") == "nosniff"
    assert header(response, "x-frame-options") == "DENY"


def test_a_host_name_that_is_markup_is_only_text_on_the_page() -> None:
    page = Page(response_to("/", {"accept": BROWSER, "host": "<script>alert(1)</script>"}).content.decode())
    assert "script" not in page.tags


@pytest.mark.parametrize("accept", ["application/json", "text/plain", BROWSER])
def test_no_credential_of_a_world_is_in_the_index(accept: str) -> None:
    app = create_app(worlds := worlds_of([LIBRARY.get("first-run")]))
    content = ask(app, "GET", b"/", [(b"host", b"localhost"), (b"accept", accept.encode())]).content.decode()
    for vendor in VENDORS.values():
        for value in vendor.credentials_of("default", worlds.default.seed).fields.values():
            assert value not in content


def test_a_locked_server_shows_its_worlds_only_to_who_has_the_token() -> None:
    stranger, owner = (index_of("/", headers, TOKEN) for headers in ({}, {"authorization": f"Bearer {TOKEN}"}))
    assert (stranger["worlds"], len(stranger["vendors"])) == (None, 3)
    assert [world["id"] for world in owner["worlds"]] == ["default", "serpwow.stopall-23"]
    assert response_to("/_emulator", token=TOKEN).status == 401
    assert b"default" not in response_to("/", {"user-agent": "curl/8"}, token=TOKEN).content.partition(b"Control plane")[0]


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/?api_key=demo", {}),
        ("GET", "/", {"authorization": "Bearer sk_test_123"}),
        ("GET", "/", {"emulator-world": "default"}),
        ("POST", "/", {}),
        ("DELETE", "/", {}),
    ],
)
def test_a_vendors_client_at_the_root_is_told_that_it_is_astray(method: str, path: str, headers: Mapping[str, str]) -> None:
    for token in (None, TOKEN):
        response = response_to(path, headers, method, token)
        assert (response.status, header(response, "emulator-error")) == (404, "no-such-path")
        assert b"GET / without a credential or a query is the index" in response.content


def test_a_vendors_own_host_name_hears_the_vendor_at_the_root() -> None:
    response = response_to("/", {"host": "api.stripe.com"})
    assert (response.status, json.loads(response.content)["error"]["code"]) == (401, "invalid_api_key")


def test_looking_at_the_index_leaves_no_trace() -> None:
    app = create_app(worlds := worlds_of([LIBRARY.get("first-run")]))
    before = worlds.default.journal.last, worlds.default.clock.now()
    assert ask(app, "GET", b"/", [(b"host", b"localhost")]).status == 200
    assert (worlds.default.journal.last, worlds.default.clock.now()) == before


def test_a_page_of_another_site_may_not_read_the_index() -> None:
    assert response_to("/", {"origin": "https://attacker.example"}).status == 403
    assert response_to("/", {"sec-fetch-site": "cross-site"}).status == 403


def test_who_forgets_the_prefix_is_told_of_it() -> None:
    assert {re.split(r"[/{]", row.path)[1] for row in ROUTES if row.path} | {"console"} == CONTROL_NAMES
    response = response_to("/worlds/default/clock")
    assert response.status == 404
    assert f"{PREFIX}/worlds/default/clock" in response.content.decode()


OFFERED = ("application/json", "text/plain")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/plain", "text/plain"),
        ("text/*", "text/plain"),
        ("TEXT/PLAIN", "text/plain"),
        ("text/plain;charset=utf-8", "text/plain"),
        ("text/plain; q=0.5, application/json; q=0.4", "text/plain"),
        ("text/plain;q=0.4, application/json;q=0.5", "application/json"),
        ("text/plain, */*", "text/plain"),
        ("text/plain, */*;q=0.1", "text/plain"),
        ("application/json;q=0, */*", "text/plain"),
        ("text/plain;q=0", "application/json"),
        ("text/plain;q=0, */*;q=0.1", "application/json"),
        ("text/plain;q=nonsense, application/json;q=0.1", "application/json"),
        ("text/plain;q=nan, application/json;q=0.1", "application/json"),
        ("image/png", "application/json"),
        (",,;", "application/json"),
    ],
)
def test_the_weights_of_an_accept_header_decide(accept: str | None, expected: str) -> None:
    assert preferred(accept, OFFERED) == expected
