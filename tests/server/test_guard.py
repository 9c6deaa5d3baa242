"""Who may ask what: names, origins and the token, at one choke point for both planes."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests

from emulator.cli.main import main
from emulator.client.adapter import InProcessAdapter
from emulator.client.transport import InProcess
from emulator.control.app import ROUTES
from emulator.server.app import create_app, worlds_of
from emulator.text.redact import redact_text
from emulator.vendors import VENDORS
from emulator.web.guard import NO_SOCKET, OPEN, PREFIX, Guard
from emulator.web.hosts import allowed, is_loopback
from tests.support.commands import invoke
from tests.support.loading import LIBRARY
from tests.support.server import through_a_socket

TOKEN = "a-token-that-nobody-guesses"
ASKED = [(route.method, PREFIX + re.sub(r"\{[^}]*\}", "default", route.path)) for route in ROUTES]
STRIPE = "/v2/core/batch_jobs/x"


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    app = create_app(worlds_of([LIBRARY.get("first-run")]), guard=Guard(allowed(["Emulator.Example"]), TOKEN))
    with httpx.Client(transport=InProcess(through_a_socket(app)), base_url="http://127.0.0.1:8080") as client:
        yield client


@pytest.mark.parametrize(("method", "path"), ASKED)
def test_every_control_route_wants_the_token_but_health_and_readiness(client: httpx.Client, method: str, path: str) -> None:
    response = client.request(method, path)
    wrong = client.request(method, path, headers={"Authorization": "Bearer wrong"})
    expected = 200 if path in OPEN else 401
    assert (response.status_code, wrong.status_code) == (expected, expected)
    if expected == 401:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["www-authenticate"] == "Bearer"
        assert TOKEN not in response.text


def test_the_token_opens_the_control_plane_and_the_vendors_do_not_want_it(client: httpx.Client) -> None:
    assert client.get("/_emulator/worlds", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200
    assert client.get("/live/account?api_key=k").status_code == 200


@pytest.mark.parametrize("name", ["zz", "defalt"])
def test_a_client_without_the_token_is_told_no_name_of_a_world(client: httpx.Client, name: str) -> None:
    for path, headers in (("/live/account?api_key=k", {"Emulator-World": name}), (f"/_files/serpwow/{name}/results/x", {})):
        refused = client.get(path, headers=headers)
        assert (refused.status_code, refused.headers["emulator-error"]) == (404, "no-such-world")
        assert refused.json()["message"].endswith(f" names {name!r}, and no world is called so")


@pytest.mark.parametrize("path", ["/_emulator/worlds", "/_emulator/health", "/live/batches/stopall?api_key=k", "/nothing"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "attacker.example"}, 421),
        ({"Host": "attacker.example:8080"}, 421),
        ({"Host": "127.0.0.1.attacker.example"}, 421),
        ({"Host": "api.stripe.com.attacker.example"}, 421),
        ({"Host": "[::1].attacker.example"}, 421),
        ({"Host": "[::1]attacker"}, 421),
        ({"Host": "127.0.0.1:8080.attacker.example"}, 421),
        ({"Host": "localhost:80@attacker.example"}, 421),
        ({"Host": "attacker.example:.localhost"}, 421),
        ({"Host": "a b"}, 421),
        ({"Host": "foo/bar"}, 421),
        ({"Host": "x@y"}, 421),
        ({"Host": "a?b#c"}, 421),
        ({"Host": '"><script>'}, 421),
        ({"Host": '["><script>]'}, 421),
        ({"Host": "[attacker]"}, 421),
        ({"Host": ""}, 400),
        ({"Origin": "https://attacker.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:9999"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://127.0.0.1:8080.attacker.example"}, 403),
        ({"Origin": "http://127.0.0.1:8080@attacker.example"}, 403),
        ({"Origin": "https://127.0.0.1:8080"}, 403),
        ({"Origin": "http://attacker.example", "Connection": "Upgrade", "Upgrade": "websocket"}, 403),
        ({"Origin": "null", "Content-Type": "application/x-www-form-urlencoded"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site, same-origin"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Referer": "http://attacker.example/"}, 403),
        ({"Referer": "http://attacker.example/page"}, 403),
        ({"Referer": "HTTPS://ATTACKER.EXAMPLE"}, 403),
        ({"Referer": "https://127.0.0.1:8080/"}, 403),
        ({"Referer": "http://127.0.0.1:9999/"}, 403),
        ({"Referer": "http://127.0.0.1/"}, 403),
        ({"Referer": "http://127.0.0.1:8080@attacker.example/"}, 403),
        ({"Referer": "http://attacker.example\\@127.0.0.1:8080/"}, 403),
        ({"Referer": "http://127.0.0.1:8080.attacker.example/"}, 403),
        ({"Referer": "http://attacker.example?http://127.0.0.1:8080/"}, 403),
        ({"Referer": "http://[::1]:8080/"}, 403),
        ({"Referer": "http:127.0.0.1:8080/"}, 403),
        ({"Referer": "//attacker.example/"}, 403),
        ({"Referer": "/\\attacker.example/"}, 403),
        ({"Referer": "attacker.example"}, 403),
        ({"Referer": "null"}, 403),
        ({"Referer": "about:blank"}, 403),
        ({"Host": "192.168.1.5:8080", "Referer": "http://attacker.example/"}, 403),
        ({"Host": "[::1]:8080", "Referer": "http://[::2]:8080/"}, 403),
        ({"X-Forwarded-Host": "attacker.example", "Referer": "http://attacker.example/"}, 421),
    ],
)
def test_a_page_of_another_origin_neither_reads_nor_changes_anything(
    client: httpx.Client, path: str, headers: dict[str, str], status: int
) -> None:
    before = client.get("/live/account?api_key=k").text
    reply = client.get(path, headers={"Authorization": f"Bearer {TOKEN}", **headers})
    assert (reply.status_code, "emulator-error" in reply.headers) == (status, True)
    assert "access-control-allow-origin" not in reply.headers
    assert client.get("/live/account?api_key=k").text == before


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_vendor_lets_the_pages_of_a_browser_in_where_the_real_one_does(vendor: str) -> None:
    assert not [name for name in VENDORS[vendor].headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/_emulator/health", "/live/account?api_key=k", "/nothing"])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Host", ["attacker.example", "localhost"]),
        ("Host", ["localhost", "attacker.example"]),
        ("Host", ["localhost", "localhost"]),
        ("Host", ["", "localhost"]),
        ("Authorization", ["Bearer sk_live_51Habcdef", "Bearer x"]),
        ("Authorization", [f"Bearer {TOKEN}", "Bearer x"]),
    ],
)
def test_what_says_twice_whom_it_is_for_or_who_asks_is_refused(
    client: httpx.Client, path: str, name: str, values: list[str]
) -> None:
    others = {} if name == "Host" else {"Host": "localhost"}
    reply = client.get(path, headers=[*others.items(), *((name, value) for value in values)])
    assert (reply.status_code, reply.headers["emulator-error"]) == (400, "repeated-header")
    assert "live_" not in reply.text


@pytest.mark.parametrize(
    ("http_version", "socket", "status"), [("1.1", True, 400), ("1.0", True, 200), ("1.1", False, 200), ("1.0", False, 200)]
)
def test_over_a_socket_a_request_in_http_1_1_says_whom_it_is_for(http_version: str, socket: bool, status: int) -> None:
    scope: dict[str, Any] = {
        "http_version": http_version,
        "client": ("127.0.0.1", 49_152) if socket else NO_SOCKET,
        "path": "/",
        "scheme": "http",
        "headers": [],
        "query_string": b"",
    }
    refusal = Guard().check(scope)
    assert refusal is None if status == 200 else refusal is not None and refusal[:2] == (status, "no-host")


def test_requests_without_a_socket_says_a_host_of_ones_own_once() -> None:
    with requests.Session() as session:
        session.mount("http://", InProcessAdapter(create_app(worlds_of([]))))
        reply = session.get("http://localhost/v1/customers", headers={"Host": "api.stripe.com"})
    assert (reply.status_code, "request-id" in reply.headers) == (401, True)


@pytest.mark.parametrize("path", ["/_emulator/worlds", "/live/account"])
def test_no_preflight_is_answered_with_leave(client: httpx.Client, path: str) -> None:
    headers = {"Origin": "https://attacker.example", "Access-Control-Request-Method": "POST"}
    reply = client.options(path, headers=headers)
    assert reply.status_code == 403
    assert not [name for name in reply.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost:8080", "[::1]:80", "10.1.2.3", "emulator", "emulator.example:1", "a.localhost", "api.stripe.com"],
)
def test_it_goes_by_its_own_names(client: httpx.Client, host: str) -> None:
    assert client.get("/_emulator/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/live/account", "/_emulator/health"])
@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("host.docker.internal:8080", "host.docker.internal"),
        ("emulator.ns.svc.cluster.local", "emulator.ns.svc.cluster.local"),
        ("Emulator.Dev.", "emulator.dev"),
    ],
)
def test_a_name_that_is_not_allowed_is_refused_with_the_option_that_allows_it(
    client: httpx.Client, path: str, host: str, name: str
) -> None:
    response = client.get(path, headers={"Host": host})
    assert response.status_code == 421
    assert f"--allow-host {name} (EMULATOR_ALLOW_HOST={name})" in response.text


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["a.example.com"], {"a.example.com"}),
        (["A.Example.com.", "b.example.com:8080"], {"a.example.com", "b.example.com"}),
        (["a.example.com, b.example.com,"], {"a.example.com", "b.example.com"}),
        (["*.example.com"], {"*.example.com"}),
        ([".example.com"], {"example.com", "*.example.com"}),
        (["bücher.example"], {"xn--bcher-kva.example"}),
        (["a.example.com b.example.com"], {"a.example.com", "b.example.com"}),
        (["*.internal", ".local"], {"*.internal", "local", "*.local"}),
        (["10.0.0.1", "::1", "[::1]:80"], {"10.0.0.1", "::1"}),
    ],
)
def test_allowed_names_are_read_as_people_write_them(values: list[str], names: set[str]) -> None:
    assert allowed(values) == names
    assert allowed(names) == names


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("http://a.example.com", "write a.example.com"),
        ("https://me@a.example.com:8080/x", "write a.example.com:8080"),
        ("a.example.com/", "write a.example.com"),
        ("http://*.example.com", "write *.example.com"),
        ("a.example.com;b.example.com", "can match no Host header"),
        ("a.*.example.com", "can match no Host header"),
        ("*a.example.com", "can match no Host header"),
        ("*.*.example.com", "can match no Host header"),
        (".", "can match no Host header"),
        ("a.example.com:port", "can match no Host header"),
        ("", "it is empty"),
        (" , ", "it is empty"),
        ("*.com", "would let every site below .com in"),
        (".com", "would let every site below .com in"),
        ("*.COM.", "would let every site below .com in"),
        ("10.0.0.0/8", "addresses are always allowed"),
        ("fd00::/8", "addresses are always allowed"),
        ("//a.example.com", "write a.example.com"),
        ("*", "would let the pages of any site in"),
        ("*.", "would let the pages of any site in"),
    ],
)
def test_a_name_that_could_never_match_is_refused_at_the_start(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        allowed([name])
    result = invoke(main, ["serve", "--allow-host", name])
    assert (result.exit_code, message in " ".join(result.output.split())) == (2, True)


@pytest.mark.parametrize(
    ("name", "host", "may"),
    [
        ("*.example.com", "x.example.com", True),
        ("*.example.com", "y.x.example.com:80", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "xexample.com", False),
        ("*.example.com", "x.example.com.attacker.example", False),
        (".example.com", "example.com", True),
        (".example.com", "x.EXAMPLE.com", True),
        (".example.com", "notexample.com", False),
    ],
)
def test_a_pattern_allows_the_names_below_a_domain(name: str, host: str, may: bool) -> None:
    app = create_app(worlds_of([]), guard=Guard(allowed([name])))
    with httpx.Client(transport=InProcess(through_a_socket(app)), base_url="http://127.0.0.1:8080") as client:
        assert client.get("/_emulator/health", headers={"Host": host}).status_code == (200 if may else 421)


ENCODED = ["/%5Femulator", "/_%65mulator", "/%5femul%61tor", "/_emulator%2F..%2F_emulator", "/%5F%65%6D%75%6C%61%74%6F%72"]


@pytest.mark.parametrize("prefix", ENCODED)
@pytest.mark.parametrize("path", ["/worlds", "/worlds/default/reset", "/scenarios", "%2Fworlds", "/w%6Frlds"])
def test_no_spelling_of_a_control_path_gets_round_the_token(client: httpx.Client, prefix: str, path: str) -> None:
    assert client.get(prefix + path).status_code == 401
    assert client.post(prefix + path, json={}).status_code == 401


def test_an_encoded_control_path_is_the_same_path_with_the_token(client: httpx.Client) -> None:
    assert client.get("/%5Femulator/w%6Frlds", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert client.get("/%5Femulator/he%61lth").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-origin", "Referer": "http://127.0.0.1:8080/x?y#z"},
        {"Sec-Fetch-Site": "none"},
        {"Referer": "http://127.0.0.1:8080"},
        {"Referer": "HTTP://127.0.0.1:8080/"},
        {"Referer": "/live/account"},
        {"Referer": ""},
        {"Host": "Emulator.example:80", "Origin": "http://emulator.example", "Referer": "http://emulator.example/"},
        {"Host": "[::1]:8080", "Origin": "http://[::1]:8080", "Referer": "http://[::1]:8080/x"},
    ],
)
def test_a_page_of_its_own_origin_may_ask(client: httpx.Client, headers: dict[str, str]) -> None:
    assert client.get("/_emulator/worlds", headers={"Authorization": f"Bearer {TOKEN}", **headers}).status_code == 200


@pytest.mark.parametrize("name", ["Origin", "Referer"])
@pytest.mark.parametrize("order", [1, -1])
def test_who_says_twice_where_it_comes_from_is_of_another_site(client: httpx.Client, name: str, order: int) -> None:
    origins = [(name, "http://127.0.0.1:8080"), (name, "http://attacker.example")][::order]
    assert client.get("/live/account?api_key=k", headers=origins).status_code == 403


@pytest.mark.parametrize("key", ["sk_live_51Habcdef", "rk_live_51Habcdef", "sk_org_live_51Habcdef"])
def test_a_live_looking_key_is_refused_with_a_warning_and_not_repeated(client: httpx.Client, key: str) -> None:
    reply = client.get(STRIPE, headers={"Authorization": f"Bearer {key}", "Stripe-Version": "2026-03-25.preview"})
    assert (reply.status_code, reply.headers["emulator-error"]) == (403, "live-key")
    assert key not in reply.text
    assert client.get("/live/account", params={"api_key": key}).headers["emulator-error"] == "live-key"


@pytest.mark.parametrize("path", ["/live/account", "/_emulator/health"])
@pytest.mark.parametrize(
    ("query", "authorization"),
    [
        (b"api_key=sk%5Flive_51Habcdef", ""),
        (b"api_key=sk%5Forg%5Flive%5F51Habcdef", ""),
        (b"api_key=%73k%5flive%5f51Habcdef", ""),
        (b"api_key=k", f"Basic {b64encode(b'sk_live_51Habcdef:').decode()}"),
        (b"api_key=k", f"basic {b64encode(b'rk_live_51Habcdef').decode().rstrip('=')}"),
        (b"api_key=k", f"Basic {b64encode(b'me:sk_live_51Habcdef').decode()}"),
        (b"api_key=sk%255Flive_51Habcdef", ""),
        (b"api_key=k", "Token sk_live_51Habcdef"),
    ],
)
def test_a_live_looking_key_is_known_however_it_is_encoded(
    client: httpx.Client, path: str, query: bytes, authorization: str
) -> None:
    reply = client.get(httpx.URL("http://127.0.0.1:8080" + path, query=query), headers={"Authorization": authorization})
    assert (reply.status_code, reply.headers["emulator-error"]) == (403, "live-key")
    assert "live_" not in reply.text.replace("live_key", "")


@pytest.mark.parametrize("key", ["sk_live_51Habcdef", "rk%5Flive_51Habcdef", "sk%255Flive_51Habcdef"])
@pytest.mark.parametrize("header", ["Stripe-Account", "X-Api-Key", "Cookie", "Proxy-Authorization", "X-Original-URL"])
def test_a_live_looking_key_is_known_in_the_path_and_in_every_header(client: httpx.Client, key: str, header: str) -> None:
    replies = [
        client.get(f"/live/batches/{key}?api_key=k"),
        client.get("/live/account?api_key=k", headers={header: f"a {key}"}),
    ]
    assert [reply.headers["emulator-error"] for reply in replies] == ["live-key", "live-key"]
    assert not [reply for reply in replies if "live_51" in reply.text]


def test_a_name_in_which_a_live_key_seems_to_begin_is_none(client: httpx.Client) -> None:
    assert client.get("/live/batches/task_live_view?api_key=k").headers.get("emulator-error") is None


@pytest.mark.parametrize("authorization", ["Basic !", "Basic", "Basic abcde", "Bearer c2tfbGl2ZV8="])
def test_what_is_no_live_key_is_let_through(client: httpx.Client, authorization: str) -> None:
    reply = client.get("/live/account?api_key=100%25", headers={"Authorization": authorization})
    assert reply.status_code == 200


SECRET = "SECRET-that-nobody-may-read"


@pytest.mark.parametrize(
    "target",
    [
        f"/live/account?api_key={SECRET}",
        f"/live/account?api%5Fkey={SECRET}",
        f"/live/account?a=1&API%5fKEY={SECRET}&b=2",
        f"/live/account?%61%70%69%5F%6B%65%79={SECRET}",
        f"/live/account?x?key={SECRET}",
        f"/live/account?=1&token={SECRET}?x",
    ],
)
def test_no_credential_can_be_read_in_a_target(target: str) -> None:
    assert SECRET[5:] not in redact_text(target)


def test_what_is_no_credential_stays_in_a_target() -> None:
    assert (
        redact_text("/live/batches?page=12345678910&key_id=12345678910") == "/live/batches?page=12345678910&key_id=12345678910"
    )


@pytest.mark.parametrize(
    "text",
    [
        f'{{"success":true,"token":"{SECRET}',
        f'{{"Token" : "{SECRET}", "a": [',
        f'{{"signing_secret":"a\\"{SECRET} {SECRET}","b":',
        f'{{"secret": "words and {SECRET}',
        f"api_key={SECRET}",
        f"a=1&api_key={SECRET}&b=2",
    ],
)
def test_no_credential_can_be_read_in_a_text_that_is_not_whole(text: str) -> None:
    assert SECRET[5:] not in redact_text(text)


def test_what_is_no_credential_stays_in_a_text() -> None:
    assert redact_text('{"status":"idle","tokens":"many of them') == '{"status":"idle","tokens":"many of them'


def test_a_vendors_own_host_name_leads_to_that_vendor(client: httpx.Client) -> None:
    reply = client.get(
        "/v1/customers", headers={"Host": "api.stripe.com", "Authorization": "Bearer sk_test_1", "Stripe-Version": "x"}
    )
    assert (reply.status_code, reply.headers["emulator-error"]) == (404, "no-such-path")
    assert "request-id" in reply.headers


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False), ("example.com", False)],
)
def test_what_listens_on_loopback_only_is_known(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
